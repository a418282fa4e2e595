# SPDX-License-Identifier: GPL-2.0-or-later
"""What every stage is given: places, configuration, the archive, and someone to report progress to."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from seriestool.arch.abi import Abi
from seriestool.arch.abis import ABIS, find_abi
from seriestool.errors import MachineFault, UsageError
from seriestool.formats.config import Config, read_config
from seriestool.formats.series_toml import read_tracked
from seriestool.log import QUIET, Progress
from seriestool.model.series import TrackedSeries
from seriestool.model.tree import TreeSpec
from seriestool.places import Cache, Workspace, data_dirs

# Slugs are directory names and parts of ref names (git-check-ref-format(1)): the safe subset of both.
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SLUG_LENGTH = 100
_POLL = 0.2  # seconds between two looks at a held lock


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one command.

    ``lore`` is the archive's URL or directory, None for the default one; ``jobs`` is make's ``-j``; ``accelerator``
    forces QEMU's ("tcg", "kvm"), None probes; ``reuse`` tells whether results of earlier runs may be taken.
    """

    workspace: Workspace
    cache: Cache
    config: Config
    lore: str | None = None
    progress: Progress = field(default=QUIET)
    jobs: int = 1
    accelerator: str | None = None
    reuse: bool = True


def load_config(workspace: Workspace) -> Config:
    """Read the workspace's ``seriestool.toml`` over the trees that come with seriestool.

    Raises UsageError naming the file and the key that is wrong.
    """
    text = read_text(workspace.config)
    own = read_config(text, str(workspace.config)).anchored(workspace.root)
    shipped = _shipped_config()
    if shipped is None or shipped.resolve() == workspace.config.resolve():
        return own
    return own.over(read_config(read_text(shipped), str(shipped)))


def configured_abis(workspace: Workspace, config: Config) -> tuple[Abi, ...]:
    """Return the ABIs that *workspace*'s file names, in the table's order; raises UsageError for an unknown one."""
    try:
        wanted = {find_abi(name) for name in config.abis}
    except UsageError as error:
        raise UsageError(f"{workspace.config}: abis: {error.message}", hint=error.hint) from error
    return tuple(abi for abi in ABIS if abi in wanted)


def _shipped_config() -> Path | None:
    package = Path(__file__).parent.parent
    candidates = (package / "data" / "seriestool.toml", package.parent / "seriestool.toml")
    return next((path for path in candidates if path.is_file()), None)


def find_tree(ctx: Context, name: str) -> TreeSpec:
    """Return the tree called *name*; raises UsageError, which names the known ones."""
    for spec in ctx.config.trees:
        if spec.name == name:
            return spec
    known = ", ".join(spec.name for spec in ctx.config.trees) or "none"
    raise UsageError(f"unknown tree: {name}", hint=f"known: {known}")


def known_slugs(ctx: Context) -> tuple[str, ...]:
    """Return the slugs of all tracked series, the workspace's and those that come with seriestool, sorted."""
    found = {
        path.parent.name
        for directory in data_dirs(ctx.workspace, "patches")
        for path in directory.glob("*/series.toml")
    }
    return tuple(sorted(found))


def is_slug(name: str) -> bool:
    """Tell whether *name* can be a series' directory and part of a ref."""
    plain = len(name) <= _SLUG_LENGTH and _SLUG.fullmatch(name) is not None
    return plain and not name.endswith((".", ".lock")) and ".." not in name


def series_dir(ctx: Context, slug: str) -> Path | None:
    """Return the directory that holds ``series.toml`` of *slug*, or None where it is not tracked."""
    if not is_slug(slug):
        return None
    for directory in data_dirs(ctx.workspace, "patches"):
        if (directory / slug / "series.toml").is_file():
            return directory / slug
    return None


def load_tracked(ctx: Context, slug: str) -> tuple[TrackedSeries, Path]:
    """Return a tracked series and its directory; raises UsageError, which names the known ones."""
    directory = series_dir(ctx, slug)
    if directory is None:
        known = ", ".join(known_slugs(ctx)) or "none"
        raise UsageError(f"unknown series: {slug}", hint=f"known: {known}")
    return read_tracked(read_text(directory / "series.toml"), slug), directory


def read_text(path: Path) -> str:
    """Return the text of a file that people write; raises UsageError where it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


@contextmanager
def workspace_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace for one writer; raises MachineFault naming the process that has it."""
    with _held(workspace.state / "lock") as holder:
        if holder is not None:
            raise MachineFault(
                f"another seriestool (process {holder}) works in {workspace.root}",
                hint="wait for it, or end it; finished stages are kept",
            )
        yield


@contextmanager
def build_lock(cache: Cache, name: str, progress: Progress) -> Iterator[None]:
    """Hold worktree and build dir *name*, which workspaces with one cache share; wait for them, and say so."""
    path, told = cache.builds / f"{name}.lock", False
    while True:
        with _held(path) as holder:
            if holder is None:
                yield
                return
        if not told:
            progress.note(f"waiting for another seriestool (process {holder}) that builds {name}")
            told = True
        time.sleep(_POLL)


@contextmanager
def _held(path: Path) -> Iterator[str | None]:
    """Try to take flock(2) on *path*; yield None where it was free, else the process that has it.

    The lock goes with the process however that ends, so nothing stale can be left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            return
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield None
    finally:
        os.close(descriptor)
