# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a patch fit by hand: conflicts in a sparse worktree, and what a person made of them as an adaptation."""
