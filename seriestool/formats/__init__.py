# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes to model and back, pure: what mail, patches, configurations, logs and test streams look like."""
