/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <asm/byteorder.h>
#define htonl(x) __cpu_to_be32(x)
#define htons(x) __cpu_to_be16(x)
#define ntohl(x) __be32_to_cpu(x)
#define ntohs(x) __be16_to_cpu(x)
