/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
#ifndef FAKEINFO_H
#define FAKEINFO_H

struct fakeinfo {
	int number;
	void *address;
};

#endif
