# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in a tree object, and what differs, as the real git says it."""

from __future__ import annotations

from seriestool.git.listing import changes, walk
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import EXECUTABLE, FILE, SYMLINK
from tests.git.world import EMPTY, Files, git, write

BEFORE: Files = {
    "a": (FILE, b"a\n"),
    "both/one": (FILE, b"1\n"),
    "both/same/deep": (FILE, b"deep\n"),
    "both/two": (FILE, b"2\n"),
    "changes/kind": (FILE, b"in a folder\n"),
    "gone/er": (FILE, b"gone\n"),
    "link": (SYMLINK, b"a"),
}
AFTER: Files = {
    "a": (EXECUTABLE, b"a\n"),
    "both/one": (FILE, b"one\n"),
    "both/same/deep": (FILE, b"deep\n"),
    "both/three": (FILE, b"3\n"),
    "changes": (FILE, b"a file\n"),
    "link/er": (FILE, b"er\n"),
    "new/er": (FILE, b"new\n"),
}


def gits(store: ObjectStore, *words: str) -> list[tuple[str, ...]]:
    said = git(store.path, *words).stdout.decode()
    return [tuple(line.replace("\t", " ").split(" ")) for line in said.splitlines()]


def test_walk_lists_what_git_lists(store: ObjectStore) -> None:
    tree = write(store, AFTER)
    listed = [(f"{entry.mode:06o}", "blob", entry.oid, path) for path, entry in walk(store, tree)]
    assert sorted(listed) == sorted(gits(store, "ls-tree", "-r", tree))


def test_walk_enters_what_it_is_told_to(store: ObjectStore) -> None:
    entered: list[str] = []

    def enter(folder: str) -> bool:
        entered.append(folder)
        return folder == "both"

    assert [path for path, _ in walk(store, write(store, BEFORE), enter=enter)] == ["a", "both/one", "both/two", "link"]
    assert entered == ["both", "both/same", "changes", "gone"]


def test_changes_are_gits(store: ObjectStore) -> None:
    before, after = write(store, BEFORE), write(store, AFTER)
    ours = {
        (path, *((f"{entry.mode:06o}", str(entry.oid)) if entry else ("000000", "0" * 40) for entry in (old, new)))
        for path, old, new in changes(store, before, after)
    }
    theirs = {
        (path, (modes[1:], old), (mode, new))
        for modes, mode, old, new, _, path in gits(store, "diff-tree", "-r", "--no-renames", before, after)
    }
    assert ours == theirs


def test_changes_read_only_folders_that_differ(store: ObjectStore) -> None:
    entered: list[str] = []

    def enter(folder: str) -> bool:
        entered.append(folder)
        return True

    list(changes(store, write(store, BEFORE), write(store, AFTER), enter=enter))
    assert entered == ["both", "changes", "gone", "link", "new"]
    assert list(changes(store, EMPTY, EMPTY)) == []
