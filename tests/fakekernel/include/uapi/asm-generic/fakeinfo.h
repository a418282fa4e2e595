/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
#ifndef _UAPI_ASM_GENERIC_FAKEINFO_H
#define _UAPI_ASM_GENERIC_FAKEINFO_H

struct fakeinfo {
	int number;
	int code;
	union {
		struct {
			int pid;
			unsigned int uid;
		} from;
		struct {
			void __user *address;
			short lsb;
		} fault;
	} fields;
};

#ifdef __KERNEL__
#define FAKEINFO_IN_KERNEL 1
#endif

#endif
