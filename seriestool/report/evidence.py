# SPDX-License-Identifier: GPL-2.0-or-later
"""On what it rests that a tree has a patch, for people. Pure."""

from __future__ import annotations

from seriestool.model.outcome import EvidenceClass, PatchOutcome
from seriestool.report.view import Cell, Tone

_EVIDENCE = {
    EvidenceClass.CONTAINED: "in its history",
    EvidenceClass.PATCH_ID: "same patch-id in its history",
    EvidenceClass.NAMED: "named in its history",
    EvidenceClass.AUTHOR_SUBJECT: "same author and subject in its history",
    EvidenceClass.RELEASE: "by its release",
    EvidenceClass.TEXT: "likely, by its text",
}


def evidence_cell(outcome: PatchOutcome) -> Cell | None:
    """Return on what it rests that a tree has a patch; None for any other outcome."""
    if outcome.evidence_class is None:
        return None
    likely = outcome.evidence_class is EvidenceClass.TEXT
    return Cell(_EVIDENCE[outcome.evidence_class], Tone.UNCLEAR if likely else Tone.GOOD)


def evidence_text(outcome: PatchOutcome) -> str:
    """Return the evidence without the words in front of it that ``evidence_cell`` says."""
    text = outcome.evidence.removeprefix("likely: ")
    return text if outcome.evidence_class is None else text.removeprefix(f"{outcome.evidence_class}: ")
