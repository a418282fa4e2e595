# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel trees: what ``seriestool.toml`` says, and what it was imported as."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DebianSource:
    """A Debian source-tree package such as linux-source-5.10; ``version`` None means the suite's newest."""

    package: str
    suite: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class GitSource:
    """A git repository, URL or path, and a revision in it.

    ``history`` is what may be known of the commits before it: all (True), none (False), those that are not in a
    revision ("v5.10"). None leaves it to the place: all for a path, whose history lies there anyway, none for a URL.
    """

    url: str
    ref: str
    # The same commit with or without its history: no part of the name under which it is imported.
    history: bool | str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TarballSource:
    """A release tarball, path or URL."""

    location: str


Source = DebianSource | GitSource | TarballSource


@dataclass(frozen=True, slots=True)
class TreeSpec:
    """``[trees."<name>"]`` of seriestool.toml."""

    name: str
    source: Source


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree in the object store: a commit, its tree object, and the version a person knows it by ("5.10.262-1")."""

    name: str
    version: str
    commit: str
    tree_object: str
