# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge one patch on one tree object: try it as posted, adapted, and backwards, and name what was seen."""

from __future__ import annotations

from collections.abc import Sequence

from seriestool.apply.adapted import adapted_hunks, made_here, other_pre_images
from seriestool.apply.evolved import gather
from seriestool.apply.filediff import FileResult, apply_files, reverse_files
from seriestool.apply.judgement import Case, Judgement
from seriestool.apply.landing import Landing
from seriestool.apply.outcomes import evidence_of_offsets, found_hunks, hunk_outcomes, merged_hunks
from seriestool.apply.rejection import without_exact_place
from seriestool.apply.threeway import three_way
from seriestool.apply.view import View
from seriestool.apply.whereabouts import begun_already, doubts, strays, surely_there, went_astray
from seriestool.formats.adaptation import adapt
from seriestool.model.adaptation import Adaptation
from seriestool.model.outcome import EvidenceClass, HunkOutcome, Outcome
from seriestool.model.series import FileDiff


def judge(case: Case) -> Judgement:
    """Say what becomes of the patch of *case* on its tree.

    A patch that the tree's history or version has is not applied a second time, even where it would fit. What fits as
    posted is taken so, unless somebody decided otherwise for exactly these files. Adaptations of other trees are tried
    only when nothing says that the tree has the patch.
    """
    aids = case.aids
    if aids.landing is not None and aids.landing.evidence_class is not None:
        return _landed(case, aids.landing)
    view = case.view()
    results = apply_files(view, case.patch.files)
    if all(result.whole for result in results):
        decided = _adapted(case, [one for one in aids.own if made_here(view, one)])
        if decided is not None:
            return decided
        after = view.write()
        if after == case.tree and case.patch.files:
            return _there(case, Outcome.ALREADY, "the tree has it: nothing would change", hunk_outcomes(results))
        return _applies(case, view, results, after)
    return (
        _adapted(case, aids.own)
        or _already(case)
        or _evolved(case)
        or _adapted(case, aids.others, travelled=True)
        or without_exact_place(case, view, results)
    )


def _applies(case: Case, view: View, results: Sequence[FileResult], after: str) -> Judgement:
    """Name the outcome of a patch that fits, *after* being the tree then.

    One that fits a second time is there already, or may be. One that fits in the wrong place is merged where its base
    is known.
    """
    doubt = doubts(case.view(), results)
    again = _again(case, case.patch.files, results)
    if isinstance(again, Judgement):
        return again
    if doubt and case.aids.known is not None and not case.aids.own:
        merge = three_way(view, results, case.aids.known)
        if merge.files:
            evidence = "; ".join([*map(str, merge.files), f"as it fits, {doubt}"])
            return Judgement(Outcome.THREE_WAY, evidence, merged_hunks(results, merge.files), view.write())
    evidence = "; ".join(filter(None, [evidence_of_offsets(results), doubt, again]))
    return Judgement(Outcome.APPLIES, evidence, hunk_outcomes(results), after)


def _again(
    case: Case, diffs: Sequence[FileDiff], results: Sequence[FileResult], what: str = "patch"
) -> Judgement | str:
    """Judge what fits although the tree has it; say what speaks for that where it is not sure, "" for nothing."""
    back = apply_files(case.view(), reverse_files(diffs))
    whole = any(diff.hunks for diff in diffs) and all(result.whole for result in back)
    if not whole or strays(case.view(), back):
        return ""
    begun = begun_already(case.view(), diffs)
    if begun or (went_astray(case.view(), results) and surely_there(case.view(), back)):
        why = f"{', '.join(begun)} would be there twice" if begun else doubts(case.view(), results)
        evidence = f"the {what} reverses cleanly; git apply would take it a second time: {why}"
        return _there(case, Outcome.ALREADY, evidence, found_hunks(case.view(), back))
    return "it reverses cleanly as well: the tree may have it already"


def _adapted(case: Case, adaptations: Sequence[Adaptation], *, travelled: bool = False) -> Judgement | None:
    """Try the recorded adaptations that were made for exactly this patch."""
    for adaptation in adaptations:
        if adaptation.patch_id != case.patch.patch_id:
            continue
        view = case.view()
        diffs = adapt(case.patch, adaptation).files
        results = apply_files(view, diffs)
        if not all(result.whole for result in results):
            if there := _has_adapted(case, diffs, adaptation):
                return there
            continue
        again = _again(case, diffs, results, f"patch as adapted for {adaptation.tree}")
        if isinstance(again, Judgement):
            return again
        hunks = adapted_hunks(case.patch, results, adaptation)
        note = f" (recorded for {adaptation.tree}, fits here)" if travelled else other_pre_images(view, adaptation)
        evidence = "; ".join(filter(None, [adaptation.reason + note, doubts(view, results), again]))
        return Judgement(Outcome.ADAPTED, evidence, hunks, view.write())
    return None


def _has_adapted(case: Case, diffs: Sequence[FileDiff], adaptation: Adaptation) -> Judgement | None:
    """Judge a tree that has the patch in the form of *adaptation*: somebody took that since."""
    back = apply_files(case.view(), reverse_files(diffs))
    if not back or not all(result.whole for result in back) or strays(case.view(), back):
        return None
    evidence = f"the patch as adapted for {adaptation.tree} reverses cleanly"
    posted = apply_files(case.view(), reverse_files(case.patch.files))
    return _there(case, Outcome.ALREADY, evidence, found_hunks(case.view(), posted))


def _already(case: Case) -> Judgement | None:
    results = apply_files(case.view(), reverse_files(case.patch.files))
    if not results or not all(result.whole for result in results):
        return None
    if strays(case.view(), results):  # what looks like it stands in other functions
        return None
    return _there(case, Outcome.ALREADY, "the patch reverses cleanly", found_hunks(case.view(), results))


def _landed(case: Case, landing: Landing) -> Judgement:
    """Name the outcome of a patch that the tree has by its history or version: as it was, or moved on from."""
    assert landing.evidence_class is not None
    results = apply_files(case.view(), reverse_files(case.patch.files))
    hunks = found_hunks(case.view(), results)
    if results and all(result.whole for result in results) and not strays(case.view(), results):
        evidence = f"{landing.sentence}; the patch reverses cleanly"
        return _there(case, Outcome.ALREADY, evidence, hunks, landing.evidence_class)
    return _there(case, Outcome.ALREADY_EVOLVED, landing.sentence, hunks, landing.evidence_class)


def _evolved(case: Case) -> Judgement | None:
    """Look for the patch in the text, unless the history says that it was taken back."""
    if case.aids.landing is not None and case.aids.landing.reverted:
        return None
    evidence = gather(case.view(), case.patch.files)
    text = str(evidence)
    if not evidence.strong:
        if not evidence.weak or not case.aids.series_is_there():
            return None
        text += "; most of its series is there"
    reversed_results = apply_files(case.view(), reverse_files(case.patch.files))
    return _there(case, Outcome.ALREADY_EVOLVED, text, found_hunks(case.view(), reversed_results))


def _there(
    case: Case,
    outcome: Outcome,
    evidence: str,
    hunks: tuple[HunkOutcome, ...],
    evidence_class: EvidenceClass = EvidenceClass.TEXT,
) -> Judgement:
    """Return the judgement on a patch that the tree has: nothing changes, nothing is missing."""
    return Judgement(outcome, evidence, hunks, case.tree, evidence_class=evidence_class)
