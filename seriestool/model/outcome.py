# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of a patch on a tree: ten named outcomes and the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class HunkOutcome:
    """Where one hunk went, or why it did not.

    ``number`` is 1-based within its file (0 for a fault of the whole file). ``line`` is the 1-based line it matched
    at, ``offset`` how far from where the patch said, both None when it was rejected. ``cause`` says in one line why
    it was rejected; ``expected`` and ``found`` are the first lines that differ.
    """

    path: str
    number: int
    applied: bool
    line: int | None = None
    offset: int | None = None
    cause: str | None = None
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, slots=True)
class PatchOutcome:
    """One patch on one tree. ``commit`` is the state after it (also when only some hunks went in)."""

    number: str
    subject: str
    message_id: str
    outcome: Outcome
    evidence: str
    hunks: tuple[HunkOutcome, ...]
    commit: str
    tree_object: str


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
