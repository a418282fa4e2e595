# SPDX-License-Identifier: GPL-2.0-or-later
"""What came after a series: fixes, what was posted with them, and what changed the same user-space lines."""
