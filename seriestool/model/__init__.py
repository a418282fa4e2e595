# SPDX-License-Identifier: GPL-2.0-or-later
"""The frozen nouns of the field. No I/O, no imports of other rooms."""
