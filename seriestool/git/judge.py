# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge one patch on one tree object: try it as posted, adapted, and backwards, and name what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seriestool.formats.adaptation import adapt
from seriestool.git.blocked import Missed, blockers, missed_by
from seriestool.git.evolved import gather
from seriestool.git.filediff import Fault, FileResult, apply_files, reverse_files
from seriestool.git.landing import Landing
from seriestool.git.objects import ObjectStore
from seriestool.git.outcomes import (
    adapted_hunks,
    evidence_of_context,
    evidence_of_offsets,
    found_hunks,
    hunk_outcomes,
    merged_hunks,
    name_hunks,
    reversed_hunks,
)
from seriestool.git.reduced import with_context
from seriestool.git.threeway import KnownBlobs, three_way
from seriestool.git.treeobject import Oid
from seriestool.git.view import View
from seriestool.model.adaptation import Adaptation
from seriestool.model.outcome import EvidenceClass, HunkOutcome, Outcome
from seriestool.model.series import Patch


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of one patch, the tree object after it, and what of it is now missing there.

    ``context`` is the number of context lines that an ``applies-reduced`` needed.
    """

    outcome: Outcome
    evidence: str
    hunks: tuple[HunkOutcome, ...]
    tree_object: str
    missed: tuple[Missed, ...] = ()
    context: int | None = None
    evidence_class: EvidenceClass | None = None


def judge(
    store: ObjectStore,
    tree: str,
    patch: Patch,
    *,
    adaptation: Adaptation | None = None,
    missed: Sequence[Missed] = (),
    series_is_there: Callable[[], bool] = lambda: False,
    known: KnownBlobs | None = None,
    context: int | None = None,
    landing: Landing | None = None,
) -> Judgement:
    """Judge *patch* on *tree*.

    *missed* is what earlier patches of the series could not bring in; *series_is_there* is asked when only weak
    evidence says that the tree has the patch. *landing* is what the tree's history or version says of it, weighed:
    a patch that is there is not applied a second time, even where it would fit.
    With *known*, a patch that does not fit may be merged with these blobs;
    with *context*, it may fit with so many context lines (``git apply -C<n>``), where that leaves one place.
    """
    if landing is not None and landing.evidence_class is not None:
        return _landed(store, tree, patch, landing)
    view = View(store, tree)
    results = apply_files(view, patch.files)
    if all(result.whole for result in results):
        after = view.write()
        if after == tree and patch.files:
            return _there(Outcome.ALREADY, "the tree has it: nothing would change", hunk_outcomes(results), tree)
        return Judgement(Outcome.APPLIES, evidence_of_offsets(results), hunk_outcomes(results), after)
    return (
        _adapted(store, tree, patch, adaptation)
        or _already(store, tree, patch)
        or (None if landing and landing.reverted else _evolved(store, tree, patch, series_is_there))
        or _without_exact_place(store, tree, patch, view, results, missed, adaptation, known, context)
    )


def _adapted(store: ObjectStore, tree: str, patch: Patch, adaptation: Adaptation | None) -> Judgement | None:
    """Try the recorded adaptation, if it was made for exactly this patch."""
    if adaptation is None or adaptation.patch_id != patch.patch_id:
        return None
    adapted = adapt(patch, adaptation)
    view = View(store, tree)
    results = apply_files(view, adapted.files)
    if not all(result.whole for result in results):
        return None
    hunks = adapted_hunks(patch, results, adaptation)
    return Judgement(Outcome.ADAPTED, adaptation.reason + _other_pre_images(view, adaptation), hunks, view.write())


def _other_pre_images(view: View, adaptation: Adaptation) -> str:
    """Name the files that are not as they were when the adaptation was made: it fits, and a person should look."""
    others: dict[str, None] = {}
    for hunk in adaptation.hunks:
        file = view.before(hunk.file)
        if file is not None and hunk.pre_image and not Oid.of("blob", file.data).startswith(hunk.pre_image):
            others[hunk.file] = None
    return f" (made on another version of {', '.join(others)}, and fits)" if others else ""


def _already(store: ObjectStore, tree: str, patch: Patch) -> Judgement | None:
    results = apply_files(View(store, tree), reverse_files(patch.files))
    if not results or not all(result.whole for result in results):
        return None
    evidence = "the patch reverses cleanly"
    return _there(Outcome.ALREADY, evidence, found_hunks(results), tree)


def _there(
    outcome: Outcome,
    evidence: str,
    hunks: tuple[HunkOutcome, ...],
    tree: str,
    evidence_class: EvidenceClass = EvidenceClass.TEXT,
) -> Judgement:
    """Return the judgement on a patch that the tree has: nothing changes, nothing is missing."""
    return Judgement(outcome, evidence, hunks, tree, evidence_class=evidence_class)


def _landed(store: ObjectStore, tree: str, patch: Patch, landing: Landing) -> Judgement:
    """Name the outcome of a patch that the tree has by its history or version: as it was, or moved on from."""
    assert landing.evidence_class is not None
    results = apply_files(View(store, tree), reverse_files(patch.files))
    hunks = found_hunks(results)
    if results and all(result.whole for result in results):
        evidence = f"{landing.sentence}; the patch reverses cleanly"
        return _there(Outcome.ALREADY, evidence, hunks, tree, landing.evidence_class)
    return _there(Outcome.ALREADY_EVOLVED, landing.sentence, hunks, tree, landing.evidence_class)


def _evolved(store: ObjectStore, tree: str, patch: Patch, series_is_there: Callable[[], bool]) -> Judgement | None:
    evidence = gather(View(store, tree), patch.files)
    text = str(evidence)
    if not evidence.strong:
        if not evidence.weak or not series_is_there():
            return None
        text += "; most of its series is there"
    reversed_results = apply_files(View(store, tree), reverse_files(patch.files))
    return _there(Outcome.ALREADY_EVOLVED, text, found_hunks(reversed_results), tree)


def _without_exact_place(
    store: ObjectStore,
    tree: str,
    patch: Patch,
    view: View,
    results: Sequence[FileResult],
    missed: Sequence[Missed],
    adaptation: Adaptation | None,
    known: KnownBlobs | None,
    context: int | None,
) -> Judgement:
    """Merge with known blobs, else take less context where that was asked for, else name the kind of rejection."""
    if adaptation is not None:  # somebody knew better than any merge, if not for just this
        known = context = None
    why_not = ""
    if known is not None:
        merge = three_way(view, results, known)
        if merge.files:
            after = view.write()
            hunks = merged_hunks(results, merge.files)
            evidence = "; ".join(map(str, merge.files))
            if after == tree:
                return Judgement(Outcome.ALREADY, f"merging changes nothing: {evidence}", hunks, tree)
            return Judgement(Outcome.THREE_WAY, evidence, hunks, after)
        why_not = merge.why_not
    if context is not None:
        return _reduced(store, tree, patch, context) or _rejected(
            store, tree, patch, view, results, missed, adaptation, why_not, context
        )
    return _rejected(store, tree, patch, view, results, missed, adaptation, why_not)


def _reduced(store: ObjectStore, tree: str, patch: Patch, least: int) -> Judgement | None:
    """Apply with down to *least* context lines: the whole patch, or nothing of it."""
    view = View(store, tree)
    results = apply_files(view, patch.files, with_context(least))
    if not all(result.whole for result in results):
        return None
    used = min(place.context for result in results for place in result.places if place and place.context is not None)
    evidence = evidence_of_context(results)
    return Judgement(Outcome.APPLIES_REDUCED, evidence, hunk_outcomes(results), view.write(), context=used)


def _rejected(
    store: ObjectStore,
    tree: str,
    patch: Patch,
    view: View,
    results: Sequence[FileResult],
    missed: Sequence[Missed],
    adaptation: Adaptation | None,
    why_not: str = "",
    context: int | None = None,
) -> Judgement:
    """Name the kind of rejection: a missing file, a part that is there, an earlier patch's fault, a conflict.

    *why_not* tells why it was not merged, *context* how many context lines it was tried with.
    """
    before = View(store, tree)
    there = reversed_hunks(before, results)
    hunks = hunk_outcomes(results, before=before, there=there, context=context)
    after = view.write()
    missing = [result.diff.old_path or result.diff.path for result in results if result.fault is Fault.MISSING]
    rejected = name_hunks(hunk for hunk in hunks if not hunk.applied and (hunk.path, hunk.number) not in there)
    earlier = blockers(before, results, missed, there)
    stale = _stale(patch, adaptation) + (f"; {why_not}" if why_not else "")
    left = missed_by(patch, results, there)
    if earlier:
        evidence = f"{rejected}: needs what is missing of {', '.join(earlier)}"
        return Judgement(Outcome.BLOCKED, evidence, hunks, after, left)
    if missing:
        return Judgement(Outcome.MISSING_FILE, ", ".join(missing), hunks, after, left)
    if there:
        in_tree = name_hunks(hunk for hunk in hunks if (hunk.path, hunk.number) in there)
        evidence = f"in the tree: {in_tree}" + (f"; conflict: {rejected}" if rejected else "")
        return Judgement(Outcome.PARTIAL, evidence + stale, hunks, after, left)
    return Judgement(Outcome.CONFLICT, rejected + stale, hunks, after, left)


def _stale(patch: Patch, adaptation: Adaptation | None) -> str:
    if adaptation is None:
        return ""
    if adaptation.patch_id != patch.patch_id:
        return (
            f" (the adaptation is for a patch with the patch-id {adaptation.patch_id}, this one has {patch.patch_id}: "
            "it was not used)"
        )
    return " (the adaptation does not fit this tree)"
