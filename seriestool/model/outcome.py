# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of a patch on a tree: ten named outcomes and the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seriestool.model.series import Variant


class Outcome(StrEnum):
    """Outcomes of applying one patch to one tree."""

    APPLIES = "applies"
    APPLIES_REDUCED = "applies-reduced"
    THREE_WAY = "three-way"
    ADAPTED = "adapted"
    ALREADY = "already"
    ALREADY_EVOLVED = "already-evolved"
    PARTIAL = "partial"
    CONFLICT = "conflict"
    MISSING_FILE = "missing-file"
    BLOCKED = "blocked"

    @property
    def usable(self) -> bool:
        """Whether the tree then has what the patch is for."""
        return self in _USABLE


_USABLE = frozenset(
    {
        Outcome.APPLIES,
        Outcome.APPLIES_REDUCED,
        Outcome.THREE_WAY,
        Outcome.ADAPTED,
        Outcome.ALREADY,
        Outcome.ALREADY_EVOLVED,
    }
)


class EvidenceClass(StrEnum):
    """What says that a tree has a patch, strongest first."""

    CONTAINED = "contained"
    """The upstream commit is in the tree's history."""
    PATCH_ID = "patch-id"
    """A commit of the history has the same patch-id."""
    NAMED = "named"
    """A commit of the history says ``commit <sha> upstream.`` or ``(cherry picked from commit <sha>)``."""
    AUTHOR_SUBJECT = "author-subject"
    """A commit of the history has the same author and subject."""
    RELEASE = "release"
    """The tree's version is not older than the release that first had the upstream commit; its text agrees."""
    TEXT = "text"
    """Lines and names that the patch brings are there; called "likely" wherever it is shown."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """A commit of some known history that brought lines a hunk expects: a candidate for a prerequisite.

    ``needed`` tells that the hunk finds its place with this commit and not without it; None means not tried.
    ``history`` is the tree in whose history it was found.
    """

    commit: str
    subject: str
    history: str
    needed: bool | None = None


@dataclass(frozen=True, slots=True)
class HunkOutcome:
    """Where one hunk went, or why it did not.

    ``number`` is 1-based within its file (0 for a fault of the whole file). ``line`` is the 1-based line it matched
    at, ``offset`` how far from where the patch said, both None when it was rejected. ``cause`` says in one line why
    it was rejected; ``expected`` and ``found`` are the first lines that differ.

    A rejected hunk also tells: ``wanted`` is its whole pre-image and ``there`` what stands at the closest place, which
    begins at line ``closest`` (1-based) and has the fraction ``closeness`` (0 to 1) of the pre-image's lines;
    ``absent`` are names it needs that the tree does not have, ``elsewhere`` the other known trees in which it would
    find its place, ``introduced`` the commits that brought there what it misses here.
    """

    path: str
    number: int
    applied: bool
    line: int | None = None
    offset: int | None = None
    cause: str | None = None
    expected: str | None = None
    found: str | None = None
    wanted: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    closest: int | None = None
    closeness: float | None = None
    absent: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    introduced: tuple[Introduction, ...] = ()


@dataclass(frozen=True, slots=True)
class PatchOutcome:
    """One patch on one tree. ``commit`` is the state after it (also when only some hunks went in).

    ``evidence_class`` tells on what an ``already`` or ``already-evolved`` rests. ``variant`` is the form of the patch
    that was tried. ``context`` is the number of context lines that an ``applies-reduced`` needed.
    """

    number: str
    subject: str
    message_id: str
    outcome: Outcome
    evidence: str
    hunks: tuple[HunkOutcome, ...]
    commit: str
    tree_object: str
    evidence_class: EvidenceClass | None = None
    variant: Variant = Variant.POSTED
    context: int | None = None

    @property
    def is_prerequisite(self) -> bool:
        """Whether it is no patch of the series, but a commit that went in front of it ("P1")."""
        return self.number.startswith("P")


@dataclass(frozen=True, slots=True)
class TreeOutcome:
    """All patches on one tree; ``commit`` is the tree's own commit, before any patch."""

    tree: str
    version: str
    commit: str
    patches: tuple[PatchOutcome, ...]

    @property
    def applies(self) -> bool:
        """Whether every patch is in."""
        return all(patch.outcome.usable for patch in self.patches)
