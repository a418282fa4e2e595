# SPDX-License-Identifier: GPL-2.0-or-later
"""One tree on one arch: every kernel state through build, boot and selftests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from seriestool.arch import Architecture
from seriestool.build.selftests import SelftestBuild, SelftestEnd, SelftestRequest, build_selftests, install_headers
from seriestool.git.objects import ObjectStore
from seriestool.model.run import KernelState, Stage, StageResult, Status
from seriestool.model.series import TrackedSeries
from seriestool.pipeline.apply import Applied
from seriestool.pipeline.build import Builder, Kernel
from seriestool.pipeline.context import Context, build_lock
from seriestool.pipeline.guest import GuestJob, GuestKit, digest, guard_tests, guest_key, run_guest, selftest
from seriestool.vm.image import GuestTest

STAGES = (Stage.BUILD, Stage.BOOT, Stage.SELFTEST)


@dataclass(frozen=True, slots=True)
class _Here:
    """One state of one tree and arch, with the kernel that was built of it."""

    builder: Builder
    kit: GuestKit
    state: KernelState
    commit: str
    kernel: Kernel


@dataclass(frozen=True)
class ArchRun:
    """The stages of one tree and arch; ``record`` stores a result as soon as it is there and returns it."""

    ctx: Context
    store: ObjectStore
    tracked: TrackedSeries
    applied: Applied
    arch: Architecture
    logs: Path
    until: Stage
    record: Callable[[StageResult], StageResult]
    earlier: Callable[[str], StageResult | None]

    def run(self) -> None:
        """Run every stage of every state, and say of each that cannot run why."""
        if not self.applied.outcome.applies:
            for state in self.applied.states:
                self._skip(state, STAGES[: STAGES.index(self.until) + 1], "the series does not apply")
            return
        builder = Builder(
            self.ctx, self.store, self.applied.tree, self.arch, self.tracked.fragments, self.logs, self.earlier
        )
        with build_lock(self.ctx.cache, builder.name, self.ctx.progress):
            self._run(builder)

    def _run(self, builder: Builder) -> None:
        kit = GuestKit(self.ctx, self.arch, self.logs / f"{builder.name}-guest.build.log")
        for state, commit in self.applied.states.items():
            result, kernel = builder.kernel(state, commit)
            self.record(result)
            if self.until is Stage.BUILD:
                continue
            if kernel is None:
                self._skip(state, (Stage.BOOT, Stage.SELFTEST), "the kernel does not build")
                continue
            here = _Here(builder, kit, state, commit, kernel)
            self._boot(here)
            for suite in self.tracked.selftests:
                self._selftest(here, suite)

    def _boot(self, here: _Here) -> None:
        """Boot the kernel with the guard."""
        tests = guard_tests(here.kit)
        key = guest_key(here.kit, here.kernel.key, tests)
        self.record(self._taken(key, here) or run_guest(here.kit, self._job(here, Stage.BOOT, "boot", tests, key)))

    def _selftest(self, here: _Here, suite: str) -> None:
        """Run one kselftest directory of this state's own tree, or say why not."""
        wanted = self.tracked.selftest_arches
        if wanted and self.arch.name not in wanted:
            self._skip(here.state, (Stage.SELFTEST,), f"{suite}: series.toml names other arches for it")
            return
        if not here.builder.has_selftest(here.commit, suite):
            self._skip(here.state, (Stage.SELFTEST,), f"{suite}: not in this state of the tree")
            return
        key = digest("selftest 1", here.kit.key, here.kernel.key, str(self.store.tree_of(here.commit)), suite)
        self.record(self._taken(key, here) or self._run_selftest(here, self._build_selftest(here, suite), key))

    def _build_selftest(self, here: _Here, suite: str) -> SelftestBuild:
        builder = here.builder
        place = self.ctx.cache.artifacts / f"selftests-{builder.name}-{suite.replace('/', '-')}"
        log = self.logs / f"{builder.name}-{here.state}-selftest.build.log"
        with self.ctx.progress.task(f"build {suite} of {builder.tree.name} {self.arch.name} {here.state}"):
            source = builder.move(here.commit)
            headers = install_headers(source, builder.build_dir, self.arch, place / "headers", log)
            return build_selftests(
                SelftestRequest(source, suite, self.arch, headers, place / "programs", log, self.ctx.jobs)
            )

    def _run_selftest(self, here: _Here, build: SelftestBuild, key: str) -> StageResult:
        tests = tuple(selftest(program, build.name, build.files) for program in build.programs)
        if not tests:
            return StageResult(
                stage=Stage.SELFTEST, status=Status.FAILED, detail=_not_built(build), seconds=build.seconds,
                tree=self.applied.tree.name, arch=self.arch.name, state=here.state, commit=here.commit,
                command=build.command,
            )  # fmt: skip
        result = run_guest(here.kit, self._job(here, Stage.SELFTEST, "selftest", tests, key))
        if build.end is SelftestEnd.FAILED:
            return replace(result, status=Status.FAILED, detail=f"{result.detail}; {_not_built(build)}")
        return result

    def _job(self, here: _Here, stage: Stage, name: str, tests: tuple[GuestTest, ...], key: str) -> GuestJob:
        return GuestJob(
            stage=stage, state=here.state, tree=self.applied.tree.name, commit=here.commit, kernel=here.kernel.image,
            tests=tests, key=key, directory=self.logs / f"{here.builder.name}-{here.state}-{name}",
        )  # fmt: skip

    def _taken(self, key: str, here: _Here) -> StageResult | None:
        found = self.earlier(key)
        return replace(found, state=here.state, commit=here.commit, tree=self.applied.tree.name) if found else None

    def _skip(self, state: KernelState, stages: tuple[Stage, ...], reason: str) -> None:
        for stage in stages:
            self.record(
                StageResult(
                    stage=stage, status=Status.SKIPPED, detail=reason, seconds=0.0,
                    tree=self.applied.tree.name, arch=self.arch.name, state=state,
                )
            )


def _not_built(build: SelftestBuild) -> str:
    what = ", ".join(build.missing) or "nothing to run"
    return f"{build.name}: not built: {what}" + (f": {build.errors[0]}" if build.errors else "")
