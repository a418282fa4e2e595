# SPDX-License-Identifier: GPL-2.0-or-later
"""Adaptations as text and as JSON: one that was opened, one that was recorded, and those that are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation, ShownAdaptation, Verification
from seriestool.model.outcome import HunkOutcome, Outcome
from seriestool.report.view import clean, clean_line

Json = dict[str, object]


def opened_json(worktree: str, outcome: Outcome, rejected: Sequence[HunkOutcome]) -> Json:
    """Return what ``adapt`` opened."""
    return {
        "worktree": worktree,
        "outcome": str(outcome),
        "rejected": [{"path": hunk.path, "hunk": hunk.number, "cause": hunk.cause} for hunk in rejected],
    }


def adaptation_json(adaptation: Adaptation) -> Json:
    """Return an adaptation without the lines it edits."""
    return {
        "patch_id": adaptation.patch_id,
        "tree": adaptation.tree,
        "made_on": adaptation.made_on,
        "author": adaptation.author,
        "date": adaptation.date,
        "reason": adaptation.reason,
        "hunks": [
            {"file": hunk.file, "hunk": hunk.number, "does": what_it_does(hunk), "reason": hunk.reason}
            for hunk in adaptation.hunks
        ],
        "extras": [
            {"file": extra.file, "does": what_it_does(extra), "reason": extra.reason} for extra in adaptation.extras
        ],
    }


def shown_json(slug: str, tree: str, shown: Sequence[ShownAdaptation]) -> Json:
    """Return what ``adapt --show`` shows."""
    return {
        "series": slug,
        "tree": tree,
        "adaptations": [
            {
                "number": one.number,
                "subject": one.subject,
                "file": one.path,
                **adaptation_json(one.adaptation),
                "used": one.used,
                "note": one.note,
                "range_diff": one.range_diff,
                "verified": [
                    {
                        "run": found.run,
                        "arch": found.arch,
                        "state": found.state,
                        "stages": [
                            {"stage": stage, "status": status, "detail": detail}
                            for stage, status, detail in found.stages
                        ],
                    }
                    for found in one.verified
                ],
            }
            for one in shown
        ],
    }


def what_it_does(part: HunkAdaptation | ExtraChange) -> str:
    """Say in a word or two what a part of an adaptation does."""
    if isinstance(part, ExtraChange):
        return "added" if part.lines else f"mode {part.mode:o}"
    if part.omit:
        return "left out"
    return "edited" if part.edits else f"put at line {part.at}"


def parts(adaptation: Adaptation) -> Iterator[str]:
    """Yield one line for each part of an adaptation."""
    both: tuple[HunkAdaptation | ExtraChange, ...] = (*adaptation.hunks, *adaptation.extras)
    for part in both:
        number = f" hunk {part.number}" if isinstance(part, HunkAdaptation) and part.number else ""
        yield clean(f"{part.file}{number}: {what_it_does(part)}: {part.reason}")


def render_shown(slug: str, tree: str, shown: Sequence[ShownAdaptation]) -> Iterator[str]:
    """Yield the lines of ``adapt --show``."""
    for one in shown:
        adaptation = one.adaptation
        yield clean(f"{one.number} {one.subject}")
        yield f"  {one.path}"
        made = f"made on {adaptation.tree} {adaptation.made_on} by {adaptation.author}, {adaptation.date}"
        yield f"  {clean(made)}"
        yield f"  {clean(adaptation.reason)}"
        yield from (f"  - {line}" for line in parts(adaptation))
        yield f"  {clean(one.note)}"
        yield from (f"  verified: {clean(_verified(found))}" for found in one.verified)
        if one.used and not one.verified:
            yield f"  not built yet: seriestool run {slug} --tree {tree}"
        yield from (f"    {clean_line(line)}".rstrip() for line in one.range_diff.splitlines())
        yield ""


def _verified(found: Verification) -> str:
    stages = ", ".join(
        f"{stage} {status}{f' ({detail})' if status != 'passed' and detail else ''}"
        for stage, status, detail in found.stages
    )
    return f"run {found.run}: {found.arch} {found.state}: {stages}"
