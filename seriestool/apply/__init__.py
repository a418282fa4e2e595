# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply a series to a tree of the object store, without a checkout: judge, explain, merge, know what is there."""
