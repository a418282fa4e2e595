# SPDX-License-Identifier: GPL-2.0-or-later
"""The apply stage: every patch on a tree, no checkout, a commit for every state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from seriestool.apply.landing import find_landings
from seriestool.apply.proposal import with_introductions
from seriestool.apply.series import apply_series, commit_of
from seriestool.model.needs import DependencyAnswer, ResolvedDependency, TreePrerequisites
from seriestool.model.outcome import TreeOutcome
from seriestool.model.run import KernelState, Stage, StageResult, Status
from seriestool.model.series import Variant
from seriestool.model.tree import Tree, TreeSpec
from seriestool.pipeline.adapting.recorded import load_adaptations
from seriestool.pipeline.context import find_tree
from seriestool.pipeline.library import Library
from seriestool.pipeline.prerequisites import Needs, find_needs, known_upstream
from seriestool.pipeline.series import Job, open_series
from seriestool.pipeline.terms import Terms
from seriestool.report.prerequisites import prerequisite_lines
from seriestool.trees import import_tree, known_tree


@dataclass(frozen=True, slots=True)
class Applied:
    """A series on one tree: the verdicts, the commit of each kernel state, and what had to go in front or would."""

    tree: Tree
    outcome: TreeOutcome
    states: dict[KernelState, str]
    result: StageResult
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True, slots=True)
class AppliedSeries:
    """A series on all the trees that were asked for, in their order."""

    job: Job
    trees: tuple[Applied, ...]

    @property
    def outcomes(self) -> tuple[TreeOutcome, ...]:
        """The verdicts, by tree."""
        return tuple(each.outcome for each in self.trees)

    @property
    def dependencies(self) -> tuple[ResolvedDependency, ...]:
        """What the posting declares, with what became of it on each tree."""
        return tuple(
            ResolvedDependency(
                declared,
                tuple(
                    DependencyAnswer(each.tree.name, found.state, each.needs.reason(found))
                    for each in self.trees
                    for found in each.needs.dependencies[position : position + 1]
                ),
            )
            for position, declared in enumerate(self.job.dependencies)
        )

    @property
    def prerequisites(self) -> tuple[TreePrerequisites, ...]:
        """The commits to put in front of the series, by tree."""
        return tuple(each.needs.on(each.tree.name) for each in self.trees)


def apply_trees(library: Library, series: str, trees: Sequence[str], terms: Terms) -> AppliedSeries:
    """Apply the series called *series* onto each of *trees*; nothing is stored but commits.

    Raises what ``open_series`` and ``apply_tree`` raise, and UsageError for a tree that is not known.
    """
    ctx = library.ctx
    specs = [find_tree(ctx, name) for name in trees]
    job = open_series(ctx, series, refresh=terms.refresh, variant=terms.variant)
    return AppliedSeries(job, tuple(apply_tree(library, job, spec, terms) for spec in specs))


def apply_tree(library: Library, job: Job, spec: TreeSpec, terms: Terms, *, unadapted: str | None = None) -> Applied:
    """Import the tree if it is not there yet, and apply the series onto it.

    *unadapted* is the number of a patch whose own adaptations do not count. Raises MachineFault (no network, disk full)
    and UsageError (a wrong adaptation file).
    """
    ctx, store = library.ctx, library.store
    tree = import_tree(spec, store=store, cache=ctx.cache, progress=ctx.progress)
    started = time.monotonic()
    patches, known = job.selected(with_follow_ups=terms.with_follow_ups), known_upstream(job)
    recorded = load_adaptations(job, tree) if terms.adapt else {}
    adaptations = {number: found for number, found in recorded.items() if number != unadapted}
    # What a series gives without its adaptations, or with less context, is an answer, and no state to go on from.
    plain = terms.adapt and terms.context is None and unadapted is None
    prefix = _ref_prefix(job, spec) if plain else None
    others = [other for each in ctx.config.trees if (other := known_tree(each, store))]
    histories = library.around(spec, tree)
    landings = find_landings(tree, patches, known, histories)
    put = partial(apply_series, store, tree, adaptations=adaptations, others=others, context=terms.context)
    outcome = put(patches, landings=landings, ref_prefix=prefix)
    needs = find_needs(
        store, tree, patches, outcome, histories, known=known, adaptations=adaptations, landings=landings,
        dependencies=job.dependencies, context=terms.context,
    )  # fmt: skip
    found = needs.prerequisites
    if terms.with_prerequisites:
        needs = replace(needs, applied=True)
        if found.commits:
            outcome = put(
                [*found.patches, *patches], landings=landings | found.landings,
                ref_prefix=f"{prefix}+prerequisites" if prefix else None,
            )  # fmt: skip
    outcome = _in_form(with_introductions(outcome, found), job)
    numbers = job.last_numbers(with_follow_ups=terms.with_follow_ups)
    states = {state: commit_of(outcome, number) for state, number in numbers.items()}
    return Applied(tree, outcome, states, _result(outcome, needs, time.monotonic() - started), needs)


def _in_form(outcome: TreeOutcome, job: Job) -> TreeOutcome:
    """Say of each patch in which form it was taken; a prerequisite is a commit, and so is as it landed."""
    return replace(
        outcome,
        patches=tuple(
            replace(each, variant=Variant.LANDED if each.is_prerequisite else job.variant_of(each.number))
            for each in outcome.patches
        ),
    )


def _result(outcome: TreeOutcome, needs: Needs, seconds: float) -> StageResult:
    return StageResult(
        stage=Stage.APPLY,
        status=Status.PASSED if outcome.applies else Status.FAILED,
        detail="; ".join([_summary(outcome), *prerequisite_lines(needs.on(outcome.tree))]),
        seconds=seconds,
        tree=outcome.tree,
        commit=outcome.patches[-1].commit if outcome.patches else outcome.commit,
    )


def _ref_prefix(job: Job, spec: TreeSpec) -> str:
    """Return where the states of *job* on a tree are kept; those of another variant are other states."""
    form = job.variant if job.landed else Variant.POSTED
    return f"refs/seriestool/applied/{job.tracked.slug}/v{job.tracked.revision}/{spec.name}/{form}"


def _summary(outcome: TreeOutcome) -> str:
    """Count the outcomes in the order they first appear: "5 applies, 6 adapted"."""
    counts = Counter(patch.outcome for patch in outcome.patches)
    return ", ".join(f"{count} {name}" for name, count in counts.items())
