# SPDX-License-Identifier: GPL-2.0-or-later
"""From a worktree to a kernel image, user-space headers and test programs, with the machine's own make and gcc."""
