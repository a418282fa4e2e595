# SPDX-License-Identifier: GPL-2.0-or-later
"""A patch that finds no exact place: merge it with known blobs, take less context on request, or say why not."""

from __future__ import annotations

from collections.abc import Sequence

from seriestool.apply.adapted import not_used
from seriestool.apply.blocked import blockers, missed_by
from seriestool.apply.filediff import Fault, FileResult, apply_files
from seriestool.apply.judgement import Case, Judgement
from seriestool.apply.outcomes import evidence_of_context, hunk_outcomes, merged_hunks, name_hunks, reversed_hunks
from seriestool.apply.reduced import with_context
from seriestool.apply.threeway import three_way
from seriestool.apply.view import View
from seriestool.apply.whereabouts import doubts
from seriestool.model.outcome import Outcome


def without_exact_place(case: Case, view: View, results: Sequence[FileResult]) -> Judgement:
    """Judge a patch whose *results* on *view* are not whole.

    Where somebody recorded an adaptation for this tree, no merge and no fuzz may know better: it is a conflict.
    """
    if case.aids.own:
        return _rejected(case, view, results)
    why_not = ""
    if case.aids.known is not None:
        merge = three_way(view, results, case.aids.known)
        if merge.files:
            after = view.write()
            hunks = merged_hunks(results, merge.files)
            evidence = "; ".join(map(str, merge.files))
            if after == case.tree:
                return Judgement(Outcome.ALREADY, f"merging changes nothing: {evidence}", hunks, case.tree)
            return Judgement(Outcome.THREE_WAY, evidence, hunks, after)
        why_not = merge.why_not
    if case.aids.context is None:
        return _rejected(case, view, results, why_not)
    return _reduced(case, case.aids.context) or _rejected(case, view, results, why_not, case.aids.context)


def _reduced(case: Case, least: int) -> Judgement | None:
    """Apply with down to *least* context lines: the whole patch, or nothing of it."""
    view = case.view()
    results = apply_files(view, case.patch.files, with_context(least, meant_only=True))
    if not all(result.whole for result in results):
        return None
    used = min(place.context for result in results for place in result.places if place and place.context is not None)
    evidence = evidence_of_context(results)
    return Judgement(Outcome.APPLIES_REDUCED, evidence, hunk_outcomes(results), view.write(), context=used)


def _rejected(
    case: Case, view: View, results: Sequence[FileResult], why_not: str = "", context: int | None = None
) -> Judgement:
    """Name the kind of rejection: a missing file, a part that is there, an earlier patch's fault, a conflict.

    *why_not* tells why it was not merged, *context* how many context lines it was tried with.
    """
    before = case.view()
    there = reversed_hunks(before, results)
    hunks = hunk_outcomes(results, before=before, there=there, context=context)
    after = view.write()
    missing = [result.diff.old_path or result.diff.path for result in results if result.fault is Fault.MISSING]
    rejected = name_hunks(hunk for hunk in hunks if not hunk.applied and (hunk.path, hunk.number) not in there)
    earlier = blockers(before, results, case.aids.missed, there)
    left = missed_by(case.patch, results, there)
    if earlier:
        evidence = f"{rejected}: needs what is missing of {', '.join(earlier)}"
        return Judgement(Outcome.BLOCKED, evidence, hunks, after, left)
    if missing:
        return Judgement(Outcome.MISSING_FILE, ", ".join(missing), hunks, after, left)
    doubt = doubts(before, results)
    tried = not_used(case.patch, case.aids.own, case.aids.others)
    tried += "".join(f"; {said}" for said in (why_not, doubt) if said)
    if there:
        in_tree = name_hunks(hunk for hunk in hunks if (hunk.path, hunk.number) in there)
        evidence = f"in the tree: {in_tree}" + (f"; conflict: {rejected}" if rejected else "")
        return Judgement(Outcome.PARTIAL, evidence + tried, hunks, after, left)
    return Judgement(Outcome.CONFLICT, rejected + tried, hunks, after, left)
