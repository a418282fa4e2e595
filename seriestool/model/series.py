# SPDX-License-Identifier: GPL-2.0-or-later
"""A series as it was posted: patches, their text, who said what in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Person:
    """A name and a mail address, as in a From header; the name may be empty."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Trailer:
    """One trailer line of a commit message (git-interpret-trailers(1)); ``value`` keeps comments such as ``# m68k``."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Change(StrEnum):
    """What a patch does to one file, as git's extended headers tell it."""

    MODIFY = "modify"
    ADD = "add"
    DELETE = "delete"
    RENAME = "rename"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class HunkLine:
    """One body line of a hunk: ``sign`` is " ", "-" or "+"; ``text`` has its line ending, or none at end of file."""

    sign: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk; starts are 1-based line numbers as in the ``@@`` line, ``section`` is what follows it."""

    old_start: int
    new_start: int
    section: str
    lines: tuple[HunkLine, ...]

    @property
    def old(self) -> tuple[bytes, ...]:
        """Lines of the pre-image: context and removed."""
        return tuple(line.text for line in self.lines if line.sign != "+")

    @property
    def new(self) -> tuple[bytes, ...]:
        """Lines of the post-image: context and added."""
        return tuple(line.text for line in self.lines if line.sign != "-")


@dataclass(frozen=True, slots=True)
class BinaryHunk:
    """One direction of a ``GIT binary patch``: "literal" or "delta", inflated size in bytes, deflated data."""

    method: str
    size: int
    deflated: bytes


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a patch does to one file.

    Paths are relative to the top of the tree, ``None`` on the side where the file does not exist. Modes are git's
    (0o100644, 0o100755, 0o120000) or None where the patch does not say. ``old_blob`` and ``new_blob`` are the
    abbreviated ids of the index line. ``binary`` holds the forward and, where given, the reverse data.
    """

    change: Change
    old_path: str | None
    new_path: str | None
    old_mode: int | None = None
    new_mode: int | None = None
    old_blob: str | None = None
    new_blob: str | None = None
    hunks: tuple[Hunk, ...] = ()
    binary: tuple[BinaryHunk, ...] = ()
    binary_without_data: bool = False

    @property
    def path(self) -> str:
        """The path a person would name it by: the new one, or the old one of a deleted file."""
        path = self.new_path if self.new_path is not None else self.old_path
        assert path is not None
        return path


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch of a series.

    ``number`` is two digits within the tracked series ("01"; follow-ups count on: "11"). ``subject`` has no prefix.
    ``message`` is the commit message as ``git am`` would write it, subject line first and trailers last.
    ``date`` is git's raw form ("1617878165 +0200"). ``diff`` is the diff as mailed, ``patch_id`` that of
    ``git patch-id --stable``.
    """

    number: str
    subject: str
    author: Person
    date: str
    message: str
    message_id: str
    trailers: tuple[Trailer, ...]
    files: tuple[FileDiff, ...]
    diff: bytes = field(repr=False)
    patch_id: str


@dataclass(frozen=True, slots=True)
class Series:
    """One revision of a series: what one posting holds, in order."""

    title: str
    revision: int
    patches: tuple[Patch, ...]
    cover: str | None = None
    cover_message_id: str | None = None
    base_commit: str | None = None
    change_id: str | None = None
    prerequisites: tuple[str, ...] = ()
    """patch-ids named by ``prerequisite-patch-id:`` (git-format-patch(1))."""
    dependencies: tuple[Dependency, ...] = ()
    """Everything the cover letter and the patches say they need."""


class Variant(StrEnum):
    """In which form a patch is taken."""

    POSTED = "posted"
    """As it was mailed."""
    LANDED = "landed"
    """As upstream has it, from the mail of its commit notice or from a git history."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A patch as it landed: ``patch`` has upstream's message and diff, ``commit`` is the 40 hex digits of its id.

    ``branch`` is what the notice calls the branch ("perf/core branch of tip"), ``notice`` the notice's message-id, None
    where the commit itself was read from a history.
    """

    patch: Patch
    commit: str
    branch: str
    notice: str | None


class DependencyKind(StrEnum):
    """How a patch or a cover letter says what it needs, by the words it uses."""

    BASE_COMMIT = "base-commit"
    PATCH_ID = "prerequisite-patch-id"
    CHANGE_ID = "prerequisite-change-id"
    MESSAGE_ID = "prerequisite-message-id"
    BASED_ON = "Based-on"
    STABLE = "Cc: stable"
    FIXES = "Fixes"
    DEPENDS_ON = "Depends-on"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing that a posting says it needs.

    ``value`` is a commit (abbreviated or whole), patch-id, change-id, or message-id without angle brackets, as ``kind``
    demands; ``Based-on`` and ``Depends-on`` may name any of them, or a URL that names no message. ``patch`` is the
    number of the patch that says so, None for the whole series. ``subject`` is that of the commit where it is said;
    ``versions`` what ``Cc: stable # 5.10.x`` limits it to, as written, or the revision of a change-id ("v3").
    """

    kind: DependencyKind
    value: str
    patch: str | None = None
    subject: str | None = None
    versions: str | None = None


class FollowUpReason(StrEnum):
    """Why a later change belongs to a series."""

    FIXES = "fixes"
    """It has a ``Fixes:`` to one of the upstream commits."""
    SIBLING = "sibling"
    """It was posted together with one that does."""
    SAME_LINES = "same-lines"
    """It changes the same lines of a user-space header before the release that first had them."""
    NAMED = "named"
    """``series.toml`` names it as known."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A later change that was found to belong to a series: one patch, from a mail or from a history.

    ``amends`` are the numbers of the tracked patches it is about, ``evidence`` says in one line why it belongs,
    ``exposes`` what a tree with the series and without this would have, in one sentence.
    """

    title: str
    message_id: str | None
    commit: str | None
    reason: FollowUpReason
    amends: tuple[str, ...]
    evidence: str
    exposes: str
    posting: str | None = None
    """Title of the series it was posted in, where it was not alone."""
    posting_id: str | None = None
    """Message-id of that series' cover letter."""
    patch_id: str | None = None
    """That of the posted patch, where its mail could be read."""


class Role(StrEnum):
    """Why a patch stands in ``series.toml``."""

    SERIES = "series"
    FIX = "fix"
    """A follow-up that is part of the job: applied in the state ``fixed``."""
    FOLLOW_UP = "follow-up"
    """Known, applied on request (``--with-follow-ups``), named as missing otherwise."""


@dataclass(frozen=True, slots=True)
class TrackedPatch:
    """One ``[[patch]]`` or ``[[follow-up]]`` of ``series.toml``."""

    number: str
    role: Role
    subject: str
    message_id: str
    patch_id: str | None = None
    upstream: str | None = None
    """Upstream commit, 12 to 40 hex digits."""
    file: str | None = None
    """For a series that lives in the workspace: the patch file, relative to the series' directory."""
    note: str | None = None
    released: str | None = None
    """The release that first had the upstream commit ("v5.13")."""
    notice: str | None = None
    """Message-id of the commit notice, where that is in another thread."""


@dataclass(frozen=True, slots=True)
class KnownFollowUp:
    """A later change the tracked series knows about without carrying it; named as missing in reports."""

    title: str
    message_id: str
    note: str


@dataclass(frozen=True, slots=True)
class TrackedSeries:
    """``patches/<slug>/series.toml``: what a workspace tracks."""

    slug: str
    title: str
    revision: int
    patches: tuple[TrackedPatch, ...]
    cover_message_id: str | None = None
    known: tuple[KnownFollowUp, ...] = ()
    trees: tuple[str, ...] = ()
    selftests: tuple[str, ...] = ()
    """kselftest directories below tools/testing/selftests that belong to the series."""
    selftest_arches: tuple[str, ...] = ()
    """Arches whose guest can run them; empty for all."""
    fragments: tuple[str, ...] = ()
    """Feature fragments of kernel-configs/ that the series needs."""
    released_on: str | None = None
    """Date (ISO 8601) of the release that first shipped the series: what changed before it is one ABI."""
