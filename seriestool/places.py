# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are: the workspace, the cache, and the data that seriestool carries with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import UsageError

WORKSPACE_FILE = "seriestool.toml"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A directory with a ``seriestool.toml``; everything of one team's series lives below it."""

    root: Path

    @property
    def config(self) -> Path:
        """Trees, arches and defaults, written by people."""
        return self.root / WORKSPACE_FILE

    @property
    def patches(self) -> Path:
        """One directory per tracked series, named by its slug."""
        return self.root / "patches"

    @property
    def state(self) -> Path:
        """State of this workspace, git-ignored."""
        return self.root / ".seriestool"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.state / "state.sqlite"

    @property
    def runs(self) -> Path:
        """Logs and reports, one directory per run."""
        return self.state / "runs"


@dataclass(frozen=True, slots=True)
class Cache:
    """What can be made again: safe to delete at any time when no seriestool runs."""

    root: Path

    @property
    def store(self) -> Path:
        """The one bare git repository for all kernel trees."""
        return self.root / "kernel.git"

    @property
    def downloads(self) -> Path:
        """Fetched packages, tarballs and mail."""
        return self.root / "downloads"

    @property
    def worktrees(self) -> Path:
        """One git worktree per tree and arch."""
        return self.root / "worktrees"

    @property
    def builds(self) -> Path:
        """One kernel build directory (``O=``) per tree and arch."""
        return self.root / "build"

    @property
    def layouts(self) -> Path:
        """Installed user-space headers, their layouts under each ABI, and what was found out about a series."""
        return self.root / "layouts"

    @property
    def artifacts(self) -> Path:
        """Kernel images, test programs and guest images, by the key of what they were made from."""
        return self.root / "artifacts"


def find_workspace(start: Path) -> Workspace:
    """Return the workspace *start* is in: the nearest directory upwards with a ``seriestool.toml``.

    Raises UsageError where there is none.
    """
    for directory in (start, *start.parents):
        if (directory / WORKSPACE_FILE).is_file():
            return Workspace(directory)
    raise UsageError(
        f"not in a seriestool workspace: no {WORKSPACE_FILE} in {start} or above",
        hint=f"create one: touch {WORKSPACE_FILE} (the trees that come with seriestool are known there)",
    )


def default_cache() -> Cache:
    """Return the user's cache: ``$XDG_CACHE_HOME/seriestool`` (XDG Base Directory Specification 0.8)."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")
    # The specification: a relative path is to be ignored.
    return Cache((base if base.is_absolute() else Path.home() / ".cache") / "seriestool")


def data_dirs(workspace: Workspace, name: str) -> tuple[Path, ...]:
    """Return the directories called *name* ("kernel-configs", "patches/siginfo-guard"), the workspace's own first.

    Behind it comes what is installed with the package; in a checkout that is the checkout's own directory.
    """
    package = Path(__file__).parent
    candidates = (workspace.root / name, package / "data" / name, package.parent / name)
    seen: dict[Path, None] = {path.resolve(): None for path in candidates if path.is_dir()}
    return tuple(seen)
