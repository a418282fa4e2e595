# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run found and what is missing, in JSON: the part that ``run`` and ``status`` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from seriestool.model.run import Finding, RunRecord
from seriestool.report.view import missing


class FindingJson(TypedDict):
    """One finding."""

    text: str
    against: bool


class MissingJson(TypedDict):
    """A follow-up that was not applied; ``trees`` is empty where that holds for all of them."""

    number: str | None
    title: str
    message_id: str
    note: str
    trees: list[str]


def findings_json(findings: Sequence[Finding]) -> list[FindingJson]:
    """Return what a run found."""
    return [{"text": finding.text, "against": finding.against} for finding in findings]


def missing_json(record: RunRecord) -> list[MissingJson]:
    """Return what was not applied."""
    return [
        {
            "number": item.number,
            "title": item.title,
            "message_id": item.message_id,
            "note": item.note,
            "trees": list(item.trees),
        }
        for item in missing(record)
    ]
