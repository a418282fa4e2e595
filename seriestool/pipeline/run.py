# SPDX-License-Identifier: GPL-2.0-or-later
"""All stages one after the other, each stored as soon as it ends, so that a killed run continues where it was."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass, field, replace

from seriestool.arch import find_arch
from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import TreeOutcome
from seriestool.model.run import RunRecord, Stage, StageResult, Status
from seriestool.model.series import Variant
from seriestool.pipeline.abi import AbiRequest, Guard
from seriestool.pipeline.apply import apply_tree
from seriestool.pipeline.context import Context, find_tree, workspace_lock
from seriestool.pipeline.follow_ups import known_follow_ups, search_follow_ups
from seriestool.pipeline.library import open_library
from seriestool.pipeline.series import Job, open_series
from seriestool.pipeline.states import ArchRun
from seriestool.pipeline.terms import Terms
from seriestool.pipeline.verdict import judge
from seriestool.store import Store
from seriestool.store import open_store as open_database


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is asked to do; ``until`` is its last stage, BUILD or SELFTEST, ``abi`` None leaves layouts out."""

    series: str
    trees: tuple[str, ...]
    arches: tuple[str, ...]
    command: str
    until: Stage = Stage.SELFTEST
    terms: Terms = field(default_factory=Terms)
    abi: AbiRequest | None = field(default_factory=AbiRequest)


def run(ctx: Context, request: RunRequest) -> RunRecord:
    """Run the stages up to ``request.until`` and return the stored record.

    Raises UsageError for a series, tree or arch that is not known, before anything is fetched or built; InputRefused
    and MachineFault as the stages do. What was finished by then is stored.
    """
    specs = [find_tree(ctx, name) for name in request.trees]
    arches = [find_arch(name) for name in request.arches]
    guard = Guard(ctx, request.abi, request.series, request.terms)
    with (
        workspace_lock(ctx.workspace),
        open_database(ctx.workspace.database) as database,
        open_library(ctx) as library,
    ):
        started = time.monotonic()
        job = open_series(ctx, request.series, refresh=request.terms.refresh, variant=request.terms.variant)
        known = known_follow_ups(search_follow_ups(library, job), job.tracked)
        job = replace(job, tracked=replace(job.tracked, known=known))
        recorder = _begin(ctx, database, job, request)
        recorder.stage(_fetch_result(job, time.monotonic() - started))
        for spec in specs:
            applied = apply_tree(library, job, spec, request.terms)
            recorder.tree(applied.outcome)
            recorder.stage(applied.result)
            recorder.abi(*guard.check(library, job, applied))
            for arch in arches:
                ArchRun(
                    ctx, library.store, job.tracked, applied, arch, logs=recorder.logs, until=request.until,
                    record=recorder.stage, earlier=recorder.earlier,
                ).run()  # fmt: skip
        return recorder.finish(request)


class Recorder:
    """Stores every result at once, and remembers it for the verdict."""

    def __init__(self, ctx: Context, database: Store, job: Job, run_id: int) -> None:
        self._database = database
        self._reuse = ctx.reuse
        self._job = job
        self.run_id = run_id
        self.logs = ctx.workspace.runs / str(run_id)
        self._stages: list[StageResult] = []
        self._trees: list[TreeOutcome] = []
        self._matrices: list[AbiMatrix] = []

    def stage(self, result: StageResult) -> StageResult:
        """Store one stage's result and return it."""
        self._database.record_stage(self.run_id, result)
        self._stages.append(result)
        return result

    def tree(self, outcome: TreeOutcome) -> None:
        """Store the outcomes on one tree."""
        self._database.record_tree(self.run_id, outcome)
        self._trees.append(outcome)

    def abi(self, result: StageResult, matrix: AbiMatrix | None) -> None:
        """Store what the abi stage found on one tree; nothing but its result where it was left out."""
        if matrix is not None:
            self._database.record_abi(self.run_id, matrix)
            self._matrices.append(matrix)
        self.stage(result)

    def earlier(self, key: str) -> StageResult | None:
        """Return the result of an earlier run under the same key, marked as taken from there."""
        found = self._database.cached_stage(key) if self._reuse else None
        return replace(found, cached=True) if found is not None else None

    def finish(self, request: RunRequest) -> RunRecord:
        """Judge what was found, store the verdict and return the whole record."""
        verdict = judge(self._job.tracked, self._trees, self._stages, request.arches, self._matrices)
        self._database.finish_run(
            self.run_id,
            findings=verdict.findings,
            verdict=verdict.sentence,
            exit_code=int(verdict.exit_code),
            finished=now(),
        )
        record = self._database.load_run(self.run_id)
        assert record is not None
        return record


def now() -> str:
    """Return the time in UTC, ISO 8601, in seconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _begin(ctx: Context, database: Store, job: Job, request: RunRequest) -> Recorder:
    tracked = job.tracked
    run_id = database.begin_run(
        slug=tracked.slug, title=tracked.title, revision=tracked.revision, arches=request.arches,
        command=request.command, started=now(), patches=job.statuses, known=tracked.known,
    )  # fmt: skip
    return Recorder(ctx, database, job, run_id)


def _fetch_result(job: Job, seconds: float) -> StageResult:
    detail = f"{len(job.patches)} patches"
    landed = [patch.number for patch in job.patches if job.variant_of(patch.number) is Variant.LANDED]
    if landed:
        detail += f", {len(landed)} of them as they landed"
    if job.differing:
        detail += f"; landed in another form than posted: {', '.join(patch.number for patch, _ in job.differing)}"
    return StageResult(stage=Stage.FETCH, status=Status.PASSED, detail=detail, seconds=seconds)
