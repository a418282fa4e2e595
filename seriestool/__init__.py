# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux kernel patch series: apply, build, boot, test, and say why."""

__version__ = "0.1.0"
