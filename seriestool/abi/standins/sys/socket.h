/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <sys/types.h>
#include <linux/socket.h>
typedef __kernel_sa_family_t sa_family_t;
struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};
#define sockaddr_storage __kernel_sockaddr_storage
#define MSG_FIN 0x200
