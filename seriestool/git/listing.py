# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in a tree object, and what differs between two, read no deeper than is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import Entry


def walk(
    store: ObjectStore, tree: str, *, enter: Callable[[str], bool] = lambda folder: True, prefix: str = ""
) -> Iterator[tuple[str, Entry]]:
    """Yield path and entry of everything in a tree object that is no folder, in order of names.

    A folder is read only where *enter* says so of its path. *prefix* is put in front of every path. Paths are what
    the object says: who writes them anywhere checks them. Raises MachineFault when an object is missing.
    """
    for name, entry in sorted(store.read_tree(tree).items()):
        path = prefix + name
        if not entry.is_tree:
            yield path, entry
        elif enter(path):
            yield from walk(store, entry.oid, enter=enter, prefix=f"{path}/")


def changes(
    store: ObjectStore, before: str, after: str, *, enter: Callable[[str], bool] = lambda folder: True, prefix: str = ""
) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """Yield path, old and new entry (None: not there) of all that differs between two tree objects, but folders.

    Folders that are the same are not read; the others where *enter* says so. Raises MachineFault like ``walk``.
    """
    old, new = (store.read_tree(tree) for tree in (before, after))
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        path = prefix + name
        folders = [each.oid if each is not None and each.is_tree else store.empty_tree for each in (one, other)]
        files = [each if each is not None and not each.is_tree else None for each in (one, other)]
        if files != [None, None]:
            yield path, files[0], files[1]
        if folders[0] != folders[1] and enter(path):
            yield from changes(store, *folders, enter=enter, prefix=f"{path}/")
