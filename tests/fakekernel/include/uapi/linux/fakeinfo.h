/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_FAKEINFO_H
#define _UAPI_LINUX_FAKEINFO_H

#include <asm/fakebits.h>
#include <asm/fakeinfo.h>

#endif
