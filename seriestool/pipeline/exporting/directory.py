# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory of files, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from seriestool.errors import UsageError
from seriestool.git.objects import disk_fault
from seriestool.model.export import OutFile


def check_directory(path: Path, *, force: bool, ours: Callable[[str], bool]) -> None:
    """Raise UsageError unless *path* can become a directory of our own files.

    It can where nothing is there, or an empty directory; with *force*, also where everything in it is *ours* by name.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir():
        raise UsageError(f"{path} is there and no directory")
    names = sorted(each.name for each in path.iterdir())
    foreign = next((name for name in names if not ours(name) or not (path / name).is_file()), None)
    if names and not force:
        raise UsageError(f"{path} is not empty", hint="name another directory, or --force to replace an earlier export")
    if foreign is not None:
        raise UsageError(f"{path} holds what no export wrote: {foreign}", hint="name another directory")


def write_directory(path: Path, files: Sequence[OutFile]) -> None:
    """Make the directory *path* hold exactly *files*, in one step; what was there is gone when they are whole.

    Raises MachineFault when they cannot be written; then everything is as before.
    """
    target = path.resolve()  # a link stays a link
    partial, old = (target.with_name(f".{target.name}.{word}") for word in ("partial", "old"))
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        shutil.rmtree(partial, ignore_errors=True)  # what a killed export left
        partial.mkdir(parents=True)
        for file in files:
            (partial / file.name).write_bytes(file.data)
        if target.exists() and any(target.iterdir()):
            shutil.rmtree(old, ignore_errors=True)
            target.replace(old)
        partial.replace(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.replace(target)
        raise disk_fault(error, path) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        _remove_empty(made)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove the folders that were made for nothing, innermost first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
