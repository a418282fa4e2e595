# SPDX-License-Identifier: GPL-2.0-or-later
"""A local mirror of public-inbox v2 as the archive, and its index."""
