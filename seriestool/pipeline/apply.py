# SPDX-License-Identifier: GPL-2.0-or-later
"""The apply stage: every patch on a tree, no checkout, a commit for every state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from seriestool.apply.landing import find_landings
from seriestool.apply.proposal import with_introductions
from seriestool.apply.series import apply_series, commit_of
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.outcome import TreeOutcome
from seriestool.model.run import KernelState, Stage, StageResult, Status
from seriestool.model.series import Variant
from seriestool.model.tree import Tree, TreeSpec
from seriestool.pipeline.adapting.recorded import load_adaptations
from seriestool.pipeline.context import Context, find_tree
from seriestool.pipeline.histories import known_upstream, open_histories
from seriestool.pipeline.prerequisites import Needs, find_needs, tell_needs
from seriestool.pipeline.series import Job, open_series
from seriestool.trees import import_tree, known_tree


@dataclass(frozen=True, slots=True)
class Applied:
    """A series on one tree: the verdicts, the commit of each kernel state, and what had to go in front or would."""

    tree: Tree
    outcome: TreeOutcome
    states: dict[KernelState, str]
    result: StageResult
    needs: Needs = field(default_factory=Needs)


def apply_trees(
    ctx: Context,
    series: str,
    trees: Sequence[str],
    *,
    with_follow_ups: bool,
    adapt: bool,
    refresh: bool,
    context: int | None = None,
    variant: Variant = Variant.LANDED,
    with_prerequisites: bool = False,
) -> tuple[Job, tuple[TreeOutcome, ...]]:
    """Apply the series called *series* onto each of *trees*; nothing is stored but commits.

    Raises what ``open_series`` and ``apply_tree`` raise, and UsageError for a tree that is not known.
    """
    specs = [find_tree(ctx, name) for name in trees]
    job = open_series(ctx, series, refresh=refresh, variant=variant)
    with open_store(ctx.cache.store) as store:
        applied = [
            apply_tree(
                ctx, store, job, spec, with_follow_ups=with_follow_ups, adapt=adapt, context=context,
                with_prerequisites=with_prerequisites,
            ).outcome
            for spec in specs
        ]  # fmt: skip
    return job, tuple(applied)


def apply_tree(
    ctx: Context,
    store: ObjectStore,
    job: Job,
    spec: TreeSpec,
    *,
    with_follow_ups: bool,
    adapt: bool = True,
    context: int | None = None,
    with_prerequisites: bool = False,
) -> Applied:
    """Import the tree if it is not there yet, and apply the series onto it, with recorded adaptations if *adapt*.

    With *context*, a patch may also fit with only so many lines of it. With *with_prerequisites*, what the series needs
    and some history has goes in front, as patches "P1", "P2".

    Raises MachineFault (no network, disk full) and UsageError (a wrong adaptation file).
    """
    tree = import_tree(spec, store=store, cache=ctx.cache, progress=ctx.progress)
    started = time.monotonic()
    patches, known = job.selected(with_follow_ups=with_follow_ups), known_upstream(job)
    adaptations = load_adaptations(job, tree) if adapt else {}
    # What a series gives without its adaptations, or with less context, is an answer, and no state to go on from.
    prefix = _ref_prefix(job, spec) if adapt and context is None else None
    others = [other for each in ctx.config.trees if (other := known_tree(each, store))]
    with open_histories(ctx, store, spec, tree) as histories:
        landings = find_landings(tree, patches, known, histories)
        outcome = apply_series(
            store, tree, patches, landings=landings, adaptations=adaptations, ref_prefix=prefix,
            others=others, context=context,
        )  # fmt: skip
        needs = find_needs(
            store, tree, patches, outcome, histories,
            known=known, adaptations=adaptations, landings=landings, dependencies=job.dependencies,
        )  # fmt: skip
    found = needs.prerequisites
    tell_needs(needs, spec.name, ctx.progress, applied=with_prerequisites)
    if with_prerequisites and found.commits:
        outcome = apply_series(
            store, tree, [*found.patches, *patches],
            landings=landings | found.landings, adaptations=adaptations,
            ref_prefix=f"{prefix}+prerequisites" if prefix else None, others=others, context=context,
        )  # fmt: skip
    outcome = with_introductions(outcome, found)
    outcome = replace(
        outcome, patches=tuple(replace(each, variant=job.variant_of(each.number)) for each in outcome.patches)
    )
    states = {
        state: commit_of(outcome, number)
        for state, number in job.last_numbers(with_follow_ups=with_follow_ups).items()
    }
    result = StageResult(
        stage=Stage.APPLY,
        status=Status.PASSED if outcome.applies else Status.FAILED,
        detail=_summary(outcome),
        seconds=time.monotonic() - started,
        tree=spec.name,
        commit=outcome.patches[-1].commit if outcome.patches else tree.commit,
    )
    return Applied(tree, outcome, states, result, needs)


def _ref_prefix(job: Job, spec: TreeSpec) -> str:
    """Return where the states of *job* on a tree are kept; those of another variant are other states."""
    form = job.variant if job.landed else Variant.POSTED
    return f"refs/seriestool/applied/{job.tracked.slug}/v{job.tracked.revision}/{spec.name}/{form}"


def _summary(outcome: TreeOutcome) -> str:
    """Count the outcomes in the order they first appear: "5 applies, 6 adapted"."""
    counts = Counter(patch.outcome for patch in outcome.patches)
    return ", ".join(f"{count} {name}" for name, count in counts.items())
