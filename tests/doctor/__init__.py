# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines made of a few scripts on PATH."""

from __future__ import annotations

import textwrap
from pathlib import Path


def put_program(path: Path, body: str) -> None:
    """Write a shell script that poses as a program; it may use the real /bin/sh and nothing else by name."""
    path.write_text(f"#!/bin/sh\n{textwrap.dedent(body)}\n")
    path.chmod(0o755)
