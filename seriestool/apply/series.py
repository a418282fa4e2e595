# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply a series to a tree of the object store, without a checkout: a named outcome and a commit per patch.

A patch is taken whole where it fits. Where it does not, the hunks that fit are taken and the next patches are judged
on that, as ``git apply --reject`` would leave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from seriestool.apply.blocked import Missed
from seriestool.apply.causes import explain_rejections
from seriestool.apply.evolved import gather
from seriestool.apply.judge import judge
from seriestool.apply.judgement import Aids, Case, Judgement
from seriestool.apply.landing import Landing
from seriestool.apply.threeway import KnownBlobs
from seriestool.apply.view import View
from seriestool.apply.weigh import weigh
from seriestool.git.changes import commit_object
from seriestool.git.objects import ObjectStore
from seriestool.model.adaptation import Adaptation
from seriestool.model.outcome import PatchOutcome, TreeOutcome
from seriestool.model.series import Patch
from seriestool.model.tree import Tree

_UNKNOWN = Landing()


def apply_series(
    store: ObjectStore,
    tree: Tree,
    patches: Sequence[Patch],
    *,
    adaptations: Mapping[str, Sequence[Adaptation]] | None = None,
    landings: Mapping[str, Landing] | None = None,
    ref_prefix: str | None = None,
    others: Sequence[Tree] = (),
    context: int | None = None,
    three_way: bool = True,
) -> TreeOutcome:
    """Apply *patches* to *tree*, one after the other, and say what became of each.

    *adaptations* go by patch number, the first to try first, and count only for a patch that does not fit as posted and
    still has the patch-id they were made for. *landings*, by patch number too, is what the tree's history and version
    say of patches; each is held against the text first. Every state that differs from the one before is a commit with
    the patch's author, date and message and a fixed committer, so the same inputs give the same ids. With *ref_prefix*
    ("refs/seriestool/applied/<slug>/v4/<tree>"), ``<ref_prefix>/<number>`` points at the state after each patch.

    *others* are asked whether a rejected hunk fits there. With *context*, a patch may also fit with only so many lines
    of it (``git apply -C<n>``); with *three_way*, it may be merged with the blobs its index lines name.

    Raises MachineFault when the store cannot be read or written.
    """
    state = _State(tree.commit, tree.tree_object)
    outcomes: list[PatchOutcome] = []
    missed: list[Missed] = []
    known = KnownBlobs(store, patches) if three_way else None
    series_is_there = cache(lambda: _is_there(View(store, tree.tree_object), patches))
    for patch in patches:
        landing = weigh(View(store, state.tree), patch.files, (landings or {}).get(patch.number, _UNKNOWN))
        recorded = (adaptations or {}).get(patch.number, ())
        aids = Aids(
            own=tuple(one for one in recorded if one.tree == tree.name),
            others=tuple(one for one in recorded if one.tree != tree.name),
            missed=missed, series_is_there=series_is_there, known=known, context=context, landing=landing,
        )  # fmt: skip
        judgement = judge(Case(store, state.tree, patch, aids))
        missed.extend(judgement.missed)
        state = _advance(store, state, judgement, patch)
        outcomes.append(_outcome(patch, judgement, state, landing))
    outcomes = explain_rejections(store, tree, patches, outcomes, others=others, context=context)
    if ref_prefix:
        moves = {f"{ref_prefix}/{outcome.number}": outcome.commit for outcome in outcomes}
        store.set_refs({name: (commit, store.resolve(name)) for name, commit in moves.items()})
    return TreeOutcome(tree.name, tree.version, tree.commit, tuple(outcomes))


def _is_there(view: View, patches: Sequence[Patch]) -> bool:
    """Tell whether the tree evidently has most of the series."""
    return 2 * sum(gather(view, patch.files).strong for patch in patches) > len(patches)


def commit_of(outcome: TreeOutcome, number: str | None) -> str:
    """Return the commit after patch *number*, or the tree's own for None.

    Raises KeyError for a number that was not applied.
    """
    if number is None:
        return outcome.commit
    return {patch.number: patch.commit for patch in outcome.patches}[number]


@dataclass(frozen=True, slots=True)
class _State:
    commit: str
    tree: str


def _advance(store: ObjectStore, state: _State, judgement: Judgement, patch: Patch) -> _State:
    """Return the state after *patch*: a new commit where files changed, the same one otherwise."""
    if judgement.tree_object == state.tree:
        return state
    return _State(store.write_commit(commit_object(judgement.tree_object, state.commit, patch)), judgement.tree_object)


def _outcome(patch: Patch, judgement: Judgement, state: _State, landing: Landing) -> PatchOutcome:
    return PatchOutcome(
        number=patch.number,
        subject=patch.subject,
        message_id=patch.message_id,
        outcome=judgement.outcome,
        evidence=f"{landing.note}; {judgement.evidence}" if landing.note else judgement.evidence,
        hunks=judgement.hunks,
        commit=state.commit,
        tree_object=state.tree,
        context=judgement.context,
        evidence_class=judgement.evidence_class,
    )
