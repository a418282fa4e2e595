/* SPDX-License-Identifier: GPL-2.0-or-later */
void start_fake_kernel(void)
{
	fake_signals();
}
