# SPDX-License-Identifier: GPL-2.0-or-later
"""User-space layout of a tree for one ABI, and the difference of two."""
