# SPDX-License-Identifier: GPL-2.0-or-later
"""Where in a tree a file of some name is, whatever folder it has moved to."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore

_MOST = 3  # a name that more files have (Makefile, Kconfig) says nothing about where one of them went


def same_name(store: ObjectStore, tree: str, path: str) -> tuple[str, ...]:
    """Return the files of the tree object *tree* with the name of *path*, none where many have it.

    Raises MachineFault when git cannot be run.
    """
    name = path.rpartition("/")[2]
    found = tuple(file for file in _files(store.path, tree).get(name, ()) if file != path)
    return found if len(found) <= _MOST else ()


@lru_cache(maxsize=1)
def _files(git_dir: Path, tree: str) -> dict[str, tuple[str, ...]]:
    """Return the paths of a tree by their last part."""
    listed = run_git(git_at(git_dir), "ls-tree", "-r", "-z", "--name-only", tree)
    names: dict[str, tuple[str, ...]] = {}
    for path in listed.split("\0"):
        name = path.rpartition("/")[2]
        if len(known := names.get(name, ())) <= _MOST:
            names[name] = (*known, path)
    return names
