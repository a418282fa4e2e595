#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Poses as the kernel's script of this name: a header of the tree in, what user space gets of it out.
leak=$(grep -o 'CONFIG_[A-Z0-9_]*' "$1" | head -n 1)
if [ -n "$leak" ]; then
	echo "error: $1: leak $leak to user-space" >&2
	exit 1
fi
sed -e '/^#ifdef __KERNEL__/,/^#endif/d' -e 's/ __user / /g' -e 's/^\(#[a-z]* \)_UAPI/\1/' "$1" >"$2"
