# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of patches on a tree, in JSON: the part that ``apply`` and ``run`` share."""

from __future__ import annotations

from typing import TypedDict

from seriestool.model.outcome import HunkOutcome, PatchOutcome, TreeOutcome


class IntroductionJson(TypedDict):
    """A commit that brought what a hunk expects."""

    commit: str
    subject: str
    history: str
    needed: bool | None


class HunkJson(TypedDict):
    """One hunk: where it went, or why it did not."""

    path: str
    number: int
    applied: bool
    line: int | None
    offset: int | None
    cause: str | None
    expected: str | None
    found: str | None
    wanted: list[str]
    there: list[str]
    closest: int | None
    closeness: float | None
    absent: list[str]
    elsewhere: list[str]
    introduced: list[IntroductionJson]


class PatchOutcomeJson(TypedDict):
    """One patch on one tree."""

    number: str
    subject: str
    message_id: str
    outcome: str
    evidence: str
    evidence_class: str | None
    variant: str
    context: int | None
    commit: str
    hunks: list[HunkJson]


class TreeJson(TypedDict):
    """All patches on one tree."""

    tree: str
    commit: str
    patches: list[PatchOutcomeJson]


def tree_json(tree: TreeOutcome) -> TreeJson:
    """Return all patches on one tree, hunks included."""
    return {"tree": tree.tree, "commit": tree.commit, "patches": [_outcome(patch) for patch in tree.patches]}


def _outcome(patch: PatchOutcome) -> PatchOutcomeJson:
    return {
        "number": patch.number,
        "subject": patch.subject,
        "message_id": patch.message_id,
        "outcome": patch.outcome.value,
        "evidence": patch.evidence,
        "evidence_class": None if patch.evidence_class is None else patch.evidence_class.value,
        "variant": patch.variant.value,
        "context": patch.context,
        "commit": patch.commit,
        "hunks": [_hunk(hunk) for hunk in patch.hunks],
    }


def _hunk(hunk: HunkOutcome) -> HunkJson:
    return {
        "path": hunk.path,
        "number": hunk.number,
        "applied": hunk.applied,
        "line": hunk.line,
        "offset": hunk.offset,
        "cause": hunk.cause,
        "expected": hunk.expected,
        "found": hunk.found,
        "wanted": list(hunk.wanted),
        "there": list(hunk.there),
        "closest": hunk.closest,
        "closeness": hunk.closeness,
        "absent": list(hunk.absent),
        "elsewhere": list(hunk.elsewhere),
        "introduced": [
            {"commit": each.commit, "subject": each.subject, "history": each.history, "needed": each.needed}
            for each in hunk.introduced
        ],
    }
