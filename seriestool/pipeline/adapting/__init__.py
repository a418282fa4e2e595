# SPDX-License-Identifier: GPL-2.0-or-later
"""The adapt command's steps: open, record, abandon, show."""
