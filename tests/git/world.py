# SPDX-License-Identifier: GPL-2.0-or-later
"""Small trees and patches for the tests of ``seriestool.git``; real git makes the diffs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from seriestool.formats.patch import parse_diff
from seriestool.formats.patch_id import patch_id
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE, Entry, Oid
from seriestool.model.series import Patch, Person
from seriestool.model.tree import Tree

Files = Mapping[str, tuple[int, bytes]]
EMPTY = Oid.of("tree", b"")


def git(directory: Path, *args: str, stdin: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run real git in *directory*, looking for no repository above it."""
    command = ["git", *args]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
    env["GIT_CEILING_DIRECTORIES"] = str(directory.parent)
    return subprocess.run(command, cwd=directory, input=stdin, env=env, check=check, capture_output=True)


def plain(**files: str) -> dict[str, tuple[int, bytes]]:
    """Return regular files; a double underscore in a keyword stands for a slash, one at the end for a dot."""
    return {name.replace("__", "/"): (FILE, text.encode()) for name, text in files.items()}


def write(store: ObjectStore, files: Files) -> Oid:
    """Store *files* as a tree object."""
    return store.update_tree(EMPTY, {path: Entry(mode, store.write_blob(data)) for path, (mode, data) in files.items()})


def read(store: ObjectStore, tree: str, prefix: str = "") -> dict[str, tuple[int, bytes]]:
    """Return all files of a tree object."""
    files: dict[str, tuple[int, bytes]] = {}
    for name, entry in store.read_tree(tree).items():
        if entry.is_tree:
            files |= read(store, entry.oid, f"{prefix}{name}/")
        else:
            files[prefix + name] = (entry.mode, store.read_blob(entry.oid))
    return files


def commit(store: ObjectStore, files: Files) -> Tree:
    """Store *files* as a commit without parents."""
    tree = write(store, files)
    who = "A U Thor <author@example.com> 1617878165 +0200"
    oid = store.write_commit(f"tree {tree}\nauthor {who}\ncommitter {who}\n\nbase\n".encode())
    return Tree("base", "1.0", oid, tree)


def diff(store: ObjectStore, before: Files, after: Files, *options: str) -> bytes:
    """Return what real git writes as the difference of two sets of files."""
    options = ("-r", "-p", "--binary", "--full-index", "-M", *options)
    return git(store.path, "diff-tree", *options, write(store, before), write(store, after)).stdout


def patch(number: str, text: bytes, message: str = "") -> Patch:
    """Return a patch that carries the diff *text*."""
    return Patch(
        number=number,
        subject=f"change {number}",
        author=Person("Ä U Thor", "author@example.com"),
        date="1617878165 +0200",
        message=message or f"change {number}\n\nWhy it is done.\n",
        message_id=f"{number}@example.com",
        trailers=(),
        files=parse_diff(text),
        diff=text,
        patch_id=patch_id(text),
    )
