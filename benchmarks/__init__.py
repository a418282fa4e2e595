# SPDX-License-Identifier: GPL-2.0-or-later
"""Measurements, side by side with what they replace. Nothing here passes or fails."""
