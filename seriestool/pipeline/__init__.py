# SPDX-License-Identifier: GPL-2.0-or-later
"""The only room that combines rooms: one module per stage, and run."""
