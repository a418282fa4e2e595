# SPDX-License-Identifier: GPL-2.0-or-later
"""The program on real kernels, in a workspace of its own, with the user's real cache: downloads are not repeated."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.places import Cache
from tests.conftest import ROOT, SHARED

# Before any test is sealed: these tests are about the real machine.
_REAL = dict(os.environ)
REAL_PATH = _REAL.get("PATH", os.defpath)


def real_cache() -> Cache:
    """Return the cache of the user who runs the tests."""
    return Cache(Path(_REAL.get("XDG_CACHE_HOME") or f"{_REAL['HOME']}/.cache") / "seriestool")


@dataclass(frozen=True)
class Workspace:
    """A workspace that knows the series and trees of this checkout."""

    root: Path

    def program(
        self, *words: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the program; progress goes to the terminal, because a kernel takes minutes."""
        whole = {**_REAL, "PYTHONPATH": str(ROOT), "SERIESTOOL_LORE": str(SHARED / "lore"), **(environment or {})}
        return subprocess.run(
            [sys.executable, "-m", "seriestool", *words], cwd=self.root, env=whole, stdout=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One workspace for all tests with real kernels: what one has built, the next need not."""
    root = tmp_path_factory.mktemp("workspace")
    (root / "seriestool.toml").touch()
    return Workspace(root)
