# SPDX-License-Identifier: GPL-2.0-or-later
"""A series on its way out again: what of it is sent, in which words, and what is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from seriestool.model.outcome import PatchOutcome
from seriestool.model.series import Person, TrackedSeries
from seriestool.model.tree import Tree


class ExportFormat(StrEnum):
    """What a series is written as."""

    MBOX = "mbox"
    """One mail per file, as git-format-patch(1) writes them."""
    QUILT = "quilt"
    """A quilt series with DEP-3 headers."""
    GIT = "git"
    """A branch of commits."""


class UpstreamStyle(StrEnum):
    """The two ways of naming the upstream commit (Documentation/process/stable-kernel-rules.rst, option 3)."""

    COMMIT = "commit"
    """``commit <sha1> upstream.``"""
    BRACKET = "bracket"
    """``[ Upstream commit <sha1> ]``"""


@dataclass(frozen=True, slots=True)
class OutFile:
    """One file of an export: its name within the directory, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExportedPatch:
    """One patch that changes the tree.

    ``position`` counts from 1 among those that are exported. ``title`` is the commit message's first paragraph,
    ``message`` the whole of it as it goes out, upstream's name and notes included. ``upstream`` are the digits of the
    upstream commit that are known, ``released`` the release that first had it. ``notes`` are the deviations that the
    message tells. ``change`` is diffstat and diff as git-format-patch(1) puts them behind ``---``. ``before`` and
    ``after`` are tree objects; ``commit`` has ``after`` and ``message``. ``last_change`` is an ISO 8601 date.
    """

    position: int
    verdict: PatchOutcome
    author: Person
    date: str
    title: str
    message: str = field(repr=False)
    upstream: str | None
    released: str | None
    notes: tuple[str, ...]
    change: bytes = field(repr=False)
    before: str
    after: str
    commit: str
    last_change: str
    posted: str | None = None
    """Message-id of the posting, None for a patch that lives in the workspace."""


@dataclass(frozen=True, slots=True)
class NotIncluded:
    """A later change that belongs to the series and is not exported with it."""

    title: str
    message_id: str | None
    commit: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Export:
    """A series on one tree, ready to be written.

    ``base`` names the tree in words, ``base_commit`` is a commit that others can have too (a git tree's), None for an
    imported package. ``prefix`` is what stands in the subject's brackets before the count ("PATCH 5.10.y").
    ``left_out`` are the patches that the tree has already. ``stat`` is the diffstat of all patches together.
    ``command`` repeats the export.
    """

    series: TrackedSeries
    tree: Tree
    base: str
    base_commit: str | None
    signer: Person
    prefix: str
    reroll: int | None
    patches: tuple[ExportedPatch, ...]
    left_out: tuple[PatchOutcome, ...]
    not_included: tuple[NotIncluded, ...]
    stat: str
    command: str

    @property
    def commit(self) -> str:
        """The last commit."""
        return self.patches[-1].commit
