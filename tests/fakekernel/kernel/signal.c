/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/fakeinfo.h>

static int fake_unused; /* gcc-warning: 'fake_unused' defined but not used */

int fake_signals(void)
{
	return 0;
}
