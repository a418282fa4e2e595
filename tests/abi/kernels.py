# SPDX-License-Identifier: GPL-2.0-or-later
"""States of the fake kernel as commits of a store, and what their headers must be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from seriestool.abi.installed import Installed, InstallFailure
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE
from tests.fakebin import FAKE_KERNEL
from tests.git.world import commit

ARCHES = ("x86", "arm")
GENERIC = "include/uapi/asm-generic/fakeinfo.h"

Changes = Mapping[str, str | None]


@cache
def _kernel() -> dict[str, tuple[int, bytes]]:
    files = (path for path in sorted(FAKE_KERNEL.rglob("*")) if path.is_file())
    return {path.relative_to(FAKE_KERNEL).as_posix(): (FILE, path.read_bytes()) for path in files}


def text_of(path: str) -> str:
    """Return a file of the fake kernel."""
    return _kernel()[path][1].decode()


def state(store: ObjectStore, changes: Changes | None = None) -> str:
    """Return a commit of the fake kernel with *changes*: path -> new text, None for a file that is not there."""
    files = _kernel() | {path: (FILE, (text or "").encode()) for path, text in (changes or {}).items()}
    return commit(
        store, {path: file for path, file in files.items() if (changes or {}).get(path, "") is not None}
    ).commit


def contents(installed: Installed | InstallFailure) -> dict[str, bytes]:
    """Return all that a compiler finds below an include tree, by path."""
    assert isinstance(installed, Installed), installed
    files = (path for path in installed.include.rglob("*") if path.is_file())
    return {path.relative_to(installed.include).as_posix(): path.read_bytes() for path in files}


def plain_install(source: Path) -> dict[str, bytes]:
    """Return the same for what make has installed at *source* (INSTALL_HDR_PATH)."""
    files = (path for path in (source / "include").rglob("*") if path.is_file())
    return {path.relative_to(source / "include").as_posix(): path.read_bytes() for path in files}
