# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits that are made by applying: written, read again, and shown as git shows them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore
from seriestool.model.series import Patch, Person

# The whole ids make the text independent of how many objects a store has, and are what a binary patch needs.
_DIFF = ("diff-tree", "-r", "--no-color", "--no-ext-diff", "--no-textconv", "--full-index", "--summary", "--stat=72")
_SETTINGS = ("core.quotePath=true",)
_AUTHOR = re.compile(rb"^author (.*?) ?<([^<>\n]*)> (\d+ [+-]\d{4})$", re.MULTILINE)


_DATE = re.compile(r"\d{1,12} [+-]\d{4}")
_COMMITTER = Person("seriestool", "seriestool@localhost")


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


def commit_object(tree: str, parent: str | None, patch: Patch) -> bytes:
    """Return the commit of *patch* as git keeps it: its author, date and message, and a fixed committer."""
    message = patch.message.rstrip("\n").replace("\0", "") + "\n"
    return _commit(CommitText(patch.author, patch.date, message), tree=tree, parent=parent, committer=_COMMITTER)


def write_change(store: ObjectStore, text: CommitText, *, tree: str, parent: str, committer: Person) -> str:
    """Write a commit of *tree* on *parent*, committed by *committer* at the author's date, and return its id."""
    return store.write_commit(_commit(text, tree=tree, parent=parent, committer=committer))


def _commit(text: CommitText, *, tree: str, parent: str | None, committer: Person) -> bytes:
    date = text.date if _DATE.fullmatch(text.date) else "0 +0000"
    headers = [
        f"tree {tree}",
        *([f"parent {parent}"] if parent else []),
        f"author {_identity(text.author)} {date}",
        f"committer {_identity(committer)} {date}",
    ]
    return "\n".join([*headers, "", text.message]).encode("utf-8", "surrogateescape")


def _identity(person: Person) -> str:
    """Write an identity as git can read it: neither part holds angle brackets or line breaks (git's ident.c)."""
    name, email = (re.sub(r"[<>\n\0]", "", part).strip() for part in (person.name, person.email))
    return f"{name or email or 'unknown'} <{email}>"


def show_change(store: ObjectStore, before: str, after: str, *, renames: bool) -> bytes:
    """Return diffstat and diff between two tree objects, as git-format-patch(1) puts them behind ``---``."""
    found = "-M" if renames else "--no-renames"
    said = run_git(git_at(store.path), *_DIFF, found, "-p", "--binary", before, after, settings=_SETTINGS)
    return os.fsencode(said) + b"\n"


def show_stat(store: ObjectStore, before: str, after: str) -> str:
    """Return the diffstat between two tree objects."""
    return run_git(git_at(store.path), *_DIFF, "-M", before, after, settings=_SETTINGS)
