# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel trees: what ``seriestool.toml`` says, and what it was imported as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DebianSource:
    """A Debian source-tree package such as linux-source-5.10; ``version`` None means the suite's newest."""

    package: str
    suite: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class GitSource:
    """A git repository, URL or path, and a revision in it."""

    url: str
    ref: str


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
