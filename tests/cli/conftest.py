# SPDX-License-Identifier: GPL-2.0-or-later
"""The fake kernel's workspace, for commands that need a tree."""

from __future__ import annotations

from tests.pipeline.conftest import bench

__all__ = ["bench"]
