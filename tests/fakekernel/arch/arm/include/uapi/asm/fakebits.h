/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
#ifndef _UAPI_ASM_ARM_FAKEBITS_H
#define _UAPI_ASM_ARM_FAKEBITS_H

#define FAKE_BITS 32

#endif
