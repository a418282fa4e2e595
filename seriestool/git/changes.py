# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits that were made by applying: read again, written with another message, and shown as git shows them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore
from seriestool.model.series import Person

# The whole ids make the text independent of how many objects a store has, and are what a binary patch needs.
_DIFF = ("diff-tree", "-r", "--no-color", "--no-ext-diff", "--no-textconv", "--full-index", "--summary", "--stat=72")
_SETTINGS = ("core.quotePath=true",)
_AUTHOR = re.compile(rb"^author (.*?) ?<([^<>\n]*)> (\d+ [+-]\d{4})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CommitText:
    """What a commit says: author, date in git's raw form, message."""

    author: Person
    date: str
    message: str


def read_commit(store: ObjectStore, commit: str) -> CommitText:
    """Return what the commit says. Raises MachineFault when it is not there."""
    header, _, message = store.read(commit, "commit").partition(b"\n\n")
    match = _AUTHOR.search(header)
    assert match is not None, f"{commit} has no author"
    name, email = (part.decode("utf-8", "surrogateescape") for part in match.group(1, 2))
    return CommitText(Person(name, email), match[3].decode(), message.decode("utf-8", "surrogateescape"))


def write_change(store: ObjectStore, text: CommitText, *, tree: str, parent: str, committer: Person) -> str:
    """Write a commit of *tree* on *parent*, committed by *committer* at the author's date, and return its id."""
    headers = [
        f"tree {tree}",
        f"parent {parent}",
        f"author {text.author.name} <{text.author.email}> {text.date}",
        f"committer {committer.name} <{committer.email}> {text.date}",
    ]
    return store.write_commit("\n".join([*headers, "", text.message]).encode("utf-8", "surrogateescape"))


def show_change(store: ObjectStore, before: str, after: str, *, renames: bool) -> bytes:
    """Return diffstat and diff between two tree objects, as git-format-patch(1) puts them behind ``---``."""
    found = "-M" if renames else "--no-renames"
    said = run_git(git_at(store.path), *_DIFF, found, "-p", "--binary", before, after, settings=_SETTINGS)
    return os.fsencode(said) + b"\n"


def show_stat(store: ObjectStore, before: str, after: str) -> str:
    """Return the diffstat between two tree objects."""
    return run_git(git_at(store.path), *_DIFF, "-M", before, after, settings=_SETTINGS)
