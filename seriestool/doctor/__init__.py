# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine lacks, and the one command that installs it.

The table is in ``needs``, one line per need; a new one needs nothing else.
"""

from __future__ import annotations

from seriestool.doctor.apt import install, install_command
from seriestool.doctor.needs import Need
from seriestool.doctor.probe import Result, examine

__all__ = ["Need", "Result", "examine", "install", "install_command"]
