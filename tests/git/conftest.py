# SPDX-License-Identifier: GPL-2.0-or-later
"""One store per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seriestool.git.objects import ObjectStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """An empty object store."""
    with open_store(tmp_path / "kernel.git") as opened:
        yield opened
