# SPDX-License-Identifier: GPL-2.0-or-later
"""What is recorded for a tree: the adapted patch beside upstream's, and which stages of which runs verified it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seriestool.errors import UsageError
from seriestool.formats.adaptation import adapt
from seriestool.git.objects import ObjectStore
from seriestool.git.range_diff import range_diff
from seriestool.model.adaptation import ShownAdaptation, Verification
from seriestool.model.outcome import Outcome, PatchOutcome
from seriestool.model.run import RunRecord, Stage, StageResult
from seriestool.model.series import Patch, Role, Variant
from seriestool.model.tree import Tree, TreeSpec
from seriestool.pipeline.adapting.recorded import Recorded, in_order, recorded
from seriestool.pipeline.apply import apply_tree
from seriestool.pipeline.context import Context, find_tree
from seriestool.pipeline.library import Library, open_library
from seriestool.pipeline.series import Job, open_series
from seriestool.pipeline.terms import Terms
from seriestool.store import open_store as open_database

_STAGES = (Stage.BUILD, Stage.BOOT, Stage.SELFTEST)


def show(
    ctx: Context, series: str, number: str | None, tree_name: str, variant: Variant = Variant.LANDED
) -> tuple[Job, tuple[ShownAdaptation, ...]]:
    """Return the adaptations recorded for a tree, and those of other trees that make patches fit there.

    *variant* is the form in which patches are taken.

    Raises UsageError for names that do not exist and where nothing is recorded, MachineFault as the apply stage does.
    """
    spec = find_tree(ctx, tree_name)
    job = open_series(ctx, series, variant=variant)
    chosen = number and number.zfill(2)
    with open_library(ctx) as library:
        patches = {patch.number: patch for patch in job.selected(with_follow_ups=True)}
        if chosen and chosen not in patches:
            raise UsageError(f"no patch {number} in {job.tracked.slug}", hint=f"patches: {', '.join(patches)}")
        tree, outcomes = _outcomes(library, spec, job)
        found = [
            record
            for record in _records(job, tree, patches, outcomes)
            if chosen in (None, record.number)
        ]
        if not found:
            what = f"patch {chosen} of {job.tracked.slug}" if chosen else job.tracked.slug
            raise UsageError(
                f"no adaptation of {what} for {tree.name}",
                hint=f"seriestool adapt {job.tracked.slug} {chosen or 'NUMBER'} --tree {tree.name} makes one",
            )
        runs = _runs(ctx, job.tracked.slug)
        shown = tuple(
            _shown(library.store, job, tree, record, patches[record.number], outcomes[record.number], runs)
            for record in found
        )
    return job, shown


def _outcomes(library: Library, spec: TreeSpec, job: Job) -> tuple[Tree, dict[str, PatchOutcome]]:
    """Apply the series as a run does, and the follow-ups, which a run leaves out, behind."""
    whole, series = (
        apply_tree(library, job, spec, Terms(variant=job.variant, with_follow_ups=follow_ups))
        for follow_ups in (True, False)
    )
    done = (*whole.outcome.patches, *series.outcome.patches)
    return whole.tree, {outcome.number: outcome for outcome in done}


def _records(
    job: Job, tree: Tree, patches: dict[str, Patch], outcomes: dict[str, PatchOutcome]
) -> Iterator[Recorded]:
    """Yield the tree's own records, and for a patch that another tree's makes fit that one, by number."""
    ordered = in_order(recorded(job), tree)
    for number, patch in patches.items():
        mine = [record for record in ordered if record.number == number and record.adaptation.tree == tree.name]
        yield from mine
        fits = outcomes[number].outcome is Outcome.ADAPTED
        if fits and not any(record.adaptation.patch_id == patch.patch_id for record in mine):
            yield from [
                record
                for record in ordered
                if record.number == number and record.adaptation.patch_id == patch.patch_id
            ][:1]


def _shown(
    store: ObjectStore,
    job: Job,
    tree: Tree,
    record: Recorded,
    patch: Patch,
    outcome: PatchOutcome,
    runs: Sequence[RunRecord],
) -> ShownAdaptation:
    adaptation = record.adaptation
    form = job.variant_of(patch.number)
    same = adaptation.patch_id == patch.patch_id
    used = same and outcome.outcome is Outcome.ADAPTED
    if used:
        note = f"in use on {tree.name} {tree.version}: commit {outcome.commit[:12]}"
    elif same:
        note = f"not used: {tree.name}: {outcome.outcome}: {outcome.evidence}"
    else:
        note = f"not used: it is for the patch-id {adaptation.patch_id}, the patch as {form} has {patch.patch_id}"
    return ShownAdaptation(
        number=record.number,
        subject=patch.subject,
        path=str(record.path),
        adaptation=adaptation,
        used=used,
        note=note,
        range_diff=range_diff(store, patch, _in_file_order(adapt(patch, adaptation))) if same else "",
        verified=tuple(_verified(job, tree, outcome, runs)) if used else (),
    )


def _in_file_order(patch: Patch) -> Patch:
    """Put changes beside the patch where they stand in their files."""
    files = tuple(
        replace(file, hunks=tuple(sorted(file.hunks, key=lambda hunk: hunk.new_start))) for file in patch.files
    )
    return replace(patch, files=files)


def _runs(ctx: Context, slug: str) -> Sequence[RunRecord]:
    if not ctx.workspace.database.is_file():
        return ()
    with open_database(ctx.workspace.database) as database:
        return database.runs(slug)


def _verified(job: Job, tree: Tree, outcome: PatchOutcome, runs: Sequence[RunRecord]) -> Iterator[Verification]:
    """Yield what each run, the newest first, found out about kernels that have exactly this state of the patch."""
    roles = {patch.number: patch.role for patch in job.tracked.patches}
    states = {"series", "fixed"} if roles[outcome.number] is Role.SERIES else {"fixed"}
    for run in runs:
        had = any(
            (patch.number, patch.outcome, patch.tree_object) == (outcome.number, outcome.outcome, outcome.tree_object)
            for one in run.trees
            if one.tree == tree.name
            for patch in one.patches
        )
        stages: dict[tuple[str, str], list[StageResult]] = {}
        for result in run.stages if had else ():
            if result.tree == tree.name and result.stage in _STAGES and result.arch and str(result.state) in states:
                stages.setdefault((result.arch, str(result.state)), []).append(result)
        for (arch, state), results in stages.items():
            told = tuple((str(one.stage), str(one.status), one.detail) for one in results)
            yield Verification(run.id, arch, state, told)
