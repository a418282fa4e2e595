# SPDX-License-Identifier: GPL-2.0-or-later
"""A PATH with nothing on it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make PATH one empty directory, and return it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory
