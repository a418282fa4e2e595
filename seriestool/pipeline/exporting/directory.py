# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory of files, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from seriestool.errors import UsageError
from seriestool.git.objects import disk_fault
from seriestool.model.export import OutFile

_NEW, _OLD = ".seriestool-new", ".seriestool-old"


def check_directory(path: Path, *, force: bool, ours: Callable[[str], bool]) -> None:
    """Raise UsageError unless *path* can become a directory of our own files.

    It can where nothing is there, or an empty directory; with *force*, also where everything in it is *ours* by name.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir():
        raise UsageError(f"{path} is there and no directory")
    names = _names(path) or []
    foreign = next((name for name in names if not ours(name) or not (path / name).is_file()), None)
    if names and not force:
        raise UsageError(f"{path} is not empty", hint="name another directory, or --force to replace an earlier export")
    if foreign is not None:
        raise UsageError(f"{path} holds what no export wrote: {foreign}", hint="name another directory")


def write_directory(path: Path, files: Sequence[OutFile]) -> None:
    """Make the directory *path* hold exactly *files*; what was there is gone when they are whole.

    A directory that is there stays that very directory: somebody may be in it, or a disk be mounted there. Raises
    UsageError where another export came first, MachineFault when the files cannot be written; then everything is as
    before.
    """
    target = path.resolve()  # a link stays a link
    made = [folder for folder in target.parents if not folder.exists()]
    seen = _names(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.parent):
            if _names(target) != seen:
                raise UsageError(f"{path}: another export was just written there", hint="name another directory")
            if seen is None:
                _make(target, files)
            else:
                _refill(target, files)
    except OSError as error:
        raise disk_fault(error, path) from error
    finally:
        _remove_empty(made)


def _make(target: Path, files: Sequence[OutFile]) -> None:
    """Make the directory beside its place, and put it there."""
    partial = target.with_name(f".{target.name}.partial")
    with _removed(partial):
        _fill(partial, files)
        partial.replace(target)


def _refill(target: Path, files: Sequence[OutFile]) -> None:
    """Put *files* into the place of what is in a directory."""
    new, old = target / _NEW, target / _OLD
    shutil.rmtree(old, ignore_errors=True)
    with _removed(new):
        _fill(new, files)
        old.mkdir()
        moved: list[tuple[Path, Path]] = []
        try:
            for name in _names(target) or ():
                moved.append((target / name, old / name))
                (target / name).replace(old / name)
            for file in files:
                moved.append((new / file.name, target / file.name))
                (new / file.name).replace(target / file.name)
        except BaseException:
            for source, goal in reversed(moved):
                if goal.exists():
                    goal.replace(source)
            old.rmdir()
            raise
        shutil.rmtree(old, ignore_errors=True)


def _fill(directory: Path, files: Sequence[OutFile]) -> None:
    directory.mkdir()
    for file in files:
        (directory / file.name).write_bytes(file.data)


def _names(directory: Path) -> list[str] | None:
    """Return what is in *directory*, but for what a killed export left; None where there is none."""
    if not directory.is_dir():
        return None
    return sorted(each.name for each in directory.iterdir() if each.name not in (_NEW, _OLD))


@contextmanager
def _removed(directory: Path) -> Iterator[None]:
    """Remove *directory* before and after the block: what a killed export left, and what this one leaves."""
    shutil.rmtree(directory, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep other exports from writing into *directory*, where its file system can do that."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove the folders that were made for nothing, innermost first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
