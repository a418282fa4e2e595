/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <seriestool/types.h>
#include <linux/signal.h>
#include <linux/if.h>
#include <asm/sigcontext.h>
#include <asm/ipcbuf.h>
