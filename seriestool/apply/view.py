# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree object with changes on top that are not written yet."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import TREE, Entry, Oid


@dataclass(frozen=True, slots=True)
class File:
    """A file as a patch meets it: git's mode and its bytes (a symlink's are its target)."""

    mode: int
    data: bytes


class View:
    """What the files of a tree are while one patch is tried; ``write`` makes a tree object of it."""

    def __init__(self, store: ObjectStore, tree: str) -> None:
        self._store = store
        self.tree = tree
        self._changes: dict[str, File | None] = {}

    def before(self, path: str) -> File | None:
        """Return the file as the tree has it, without the changes."""
        entry = self._store.entry(self.tree, path)
        if entry is None or entry.mode not in _FILES:
            return None
        return File(entry.mode, self._store.read_blob(entry.oid))

    def get(self, path: str) -> File | None:
        """Return the file at *path* now, None where there is none."""
        return self._changes[path] if path in self._changes else self.before(path)

    def put(self, path: str, file: File | None) -> None:
        """Change the file at *path*; None removes it."""
        self._changes[path] = file

    def taken(self, path: str) -> str | None:
        """Say in a few words what stands in the way of a new file at *path*, None when nothing does."""
        if self.get(path) is not None:
            return "the file exists already"
        entry = None if path in self._changes else self._store.entry(self.tree, path)
        if entry is not None:
            return "a folder of that name exists" if entry.mode == TREE else "a submodule of that name exists"
        folder = path
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if self.get(folder) is not None:
                return f"{folder} is a file or a symbolic link"
        return None

    def fresh(self) -> View:
        """Return a view of the same tree without the changes."""
        return View(self._store, self.tree)

    def write(self) -> Oid:
        """Store the changed blobs and trees and return the new tree object."""
        changes = {
            path: None if file is None else Entry(file.mode, self._store.write_blob(file.data))
            for path, file in self._changes.items()
        }
        return self._store.update_tree(self.tree, changes) if changes else Oid(self.tree)


_FILES = frozenset({0o100644, 0o100755, 0o120000, 0o100664})
