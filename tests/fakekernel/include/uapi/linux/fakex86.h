/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_FAKEX86_H
#define _UAPI_LINUX_FAKEX86_H

struct fakex86 {
	unsigned long word;
};

#endif
