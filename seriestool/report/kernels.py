# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of the kernels of a run: one row per tree, arch and state, and what failed in them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from seriestool.model.run import KernelState, RunRecord, Stage, StageResult, Status
from seriestool.model.testing import TestResult, TestStatus
from seriestool.report.view import NOTHING, Cell, Tone, in_order, kernel_name, place, seconds

_NOT_GOOD = (TestStatus.FAIL, TestStatus.ERROR)
_FAILING_NAMES = 2


@dataclass(frozen=True, slots=True)
class KernelRow:
    """One kernel: the tree, arch and state it is, and its cells."""

    tree: str
    arch: str
    state: KernelState
    build: Cell
    boot: Cell
    guard: Cell
    selftests: Cell
    stages: tuple[StageResult, ...]


class Baseline(StrEnum):
    """What the same test does on the base commit."""

    PASSES = "passes on the base"
    FAILS = "fails on the base too"
    OTHER = "neither passes nor fails on the base"
    NONE = "no baseline"


@dataclass(frozen=True, slots=True)
class Failure:
    """One test that failed, in all states of one tree and arch; ``said`` has its diagnostics, once where they agree."""

    tree: str
    arch: str
    stage: Stage
    name: str
    states: tuple[KernelState, ...]
    baseline: Baseline
    said: tuple[tuple[tuple[KernelState, ...], tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test and its result in each state of a ``TestTable``, None where it did not run."""

    __test__ = False

    name: str
    results: tuple[TestStatus | None, ...]
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class TestTable:
    """All tests of one stage on one tree and arch."""

    __test__ = False

    tree: str
    arch: str
    stage: Stage
    states: tuple[KernelState, ...]
    rows: tuple[TestRow, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """What a table's cell has no room for: the stage, and what it said."""

    where: str
    text: str
    tone: Tone


def kernel_rows(record: RunRecord) -> tuple[KernelRow, ...]:
    """Return one row per kernel that a stage is about: by tree, arch (in the order asked for), and state."""
    stages = [stage for stage in record.stages if stage.arch is not None and stage.state is not None]
    rows = []
    for tree, arch in _tested(record):
        for state in KernelState:
            mine = tuple(each for each in stages if (each.tree, each.arch, each.state) == (tree, arch, state))
            if mine:
                rows.append(_row(tree, arch, state, mine))
    return tuple(rows)


def failures(record: RunRecord) -> tuple[Failure, ...]:
    """Return what failed, the guard before the selftests; a test that fails in several states comes once."""
    found = []
    for tree, arch in _tested(record):
        for stage in (Stage.BOOT, Stage.SELFTEST):
            leaves = _leaves_by_state(record, tree, arch, stage)
            names = dict.fromkeys(name for results in leaves.values() for name in results)
            for name in names:
                failed = {state: each[name] for state, each in leaves.items() if _failed(each.get(name))}
                if failed:
                    base = leaves.get(KernelState.BASE, {}).get(name)
                    found.append(Failure(tree, arch, stage, name, tuple(failed), _baseline(base), _said(failed)))
    return tuple(found)


def without_baseline(record: RunRecord) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return, per arch, the selftests that the base does not have."""
    found = []
    for tree, arch in _tested(record):
        names: dict[KernelState, dict[str, None]] = {}
        for stage in _stages(record, tree, arch, Stage.SELFTEST):
            assert stage.state is not None
            names.setdefault(stage.state, {}).update(dict.fromkeys(test.name for test in stage.tests))
        base = names.pop(KernelState.BASE, {})
        new = [name for name in dict.fromkeys(name for each in names.values() for name in each) if name not in base]
        if new:
            found.append((kernel_name(record, tree, arch), tuple(new)))
    return tuple(found)


def test_tables(record: RunRecord) -> tuple[TestTable, ...]:
    """Return every test that ran, the guard before the selftests, with its result in each state."""
    failed = {(each.tree, each.arch, each.stage, each.name): each for each in failures(record)}
    found = []
    for tree, arch in _tested(record):
        for stage in (Stage.BOOT, Stage.SELFTEST):
            by_state = _leaves_by_state(record, tree, arch, stage)
            names = dict.fromkeys(name for results in by_state.values() for name in results)
            rows = tuple(
                TestRow(
                    name,
                    tuple(each[name].status if name in each else None for each in by_state.values()),
                    failed.get((tree, arch, stage, name)),
                )
                for name in names
            )
            if rows:
                found.append(TestTable(tree, arch, stage, tuple(by_state), rows))
    return tuple(found)


def remarks(record: RunRecord) -> tuple[Remark, ...]:
    """Return what stages said that failed without naming a test, could not tell, or were skipped (once per reason)."""
    found = []
    skipped: dict[str, list[StageResult]] = {}
    for stage in record.stages:
        if stage.status is Status.SKIPPED:
            skipped.setdefault(stage.detail, []).append(stage)
        elif stage.status is Status.ERROR:
            found.append(Remark(stage_name(record, stage), stage.detail, Tone.UNCLEAR))
        elif stage.status is Status.FAILED and stage.arch is not None and not _any_failed(stage):
            found.append(Remark(stage_name(record, stage), stage.detail, Tone.BAD))
    for reason, stages in skipped.items():
        where = stage_name(record, stages[0]) if len(stages) == 1 else f"{len(stages)} stages"
        found.append(Remark(f"{where} skipped", reason, Tone.QUIET))
    return tuple(found)


def stage_name(record: RunRecord, stage: StageResult) -> str:
    """Name a stage: "arm series: boot"."""
    where = place(record, stage)
    return f"{where}: {stage.stage}" if where else stage.stage.value


def count(tests: Sequence[TestResult]) -> str:
    """Count leaves by status: "2 pass 6 fail"."""
    counts = Counter(leaf.status for test in tests for leaf in test.leaves())
    return " ".join(f"{counts[status]} {status}" for status in TestStatus if counts[status])


def leaves(tests: Sequence[TestResult], prefix: str = "") -> Iterator[tuple[str, TestResult]]:
    """Yield each result without subtests under its full name: "sigtrap_threads.enable_event"."""
    for test in tests:
        # The kselftest harness puts the program's name in front of its subtests' names; once is enough.
        name = test.name if not prefix or test.name.startswith(f"{prefix}.") else f"{prefix}.{test.name}"
        if test.subtests:
            yield from leaves(test.subtests, name)
        else:
            yield name, test


def _tested(record: RunRecord) -> Iterator[tuple[str, str]]:
    stages = [stage for stage in record.stages if stage.state is not None]
    for tree in in_order((stage.tree for stage in stages), [tree.tree for tree in record.trees]):
        for arch in in_order((stage.arch for stage in stages if stage.tree == tree), record.arches):
            yield tree, arch


def _stages(record: RunRecord, tree: str, arch: str, stage: Stage) -> tuple[StageResult, ...]:
    found = [each for each in record.stages if (each.tree, each.arch, each.stage) == (tree, arch, stage)]
    return tuple(each for state in KernelState for each in found if each.state is state)


def _row(tree: str, arch: str, state: KernelState, stages: tuple[StageResult, ...]) -> KernelRow:
    last = {stage.stage: stage for stage in stages}
    selftests = [stage for stage in stages if stage.stage is Stage.SELFTEST]
    boot = last.get(Stage.BOOT)
    build = _build_cell(last.get(Stage.BUILD))
    return KernelRow(tree, arch, state, build, _boot_cell(boot), _guard_cell(boot), _selftest_cell(selftests), stages)


def _build_cell(stage: StageResult | None) -> Cell:
    if stage is None:
        return NOTHING
    if stage.status in (Status.PASSED, Status.FAILED):
        word, tone = ("ok", Tone.GOOD) if stage.status is Status.PASSED else ("FAILED", Tone.BAD)
        return Cell(f"{word}, {'cached' if stage.cached else seconds(stage.seconds)}", tone)
    return _without_result(stage)


def _boot_cell(stage: StageResult | None) -> Cell:
    if stage is None:
        return NOTHING
    if stage.status is Status.ERROR:
        return Cell("lost guest" if "lost guest" in stage.detail else "cannot tell", Tone.UNCLEAR)
    if stage.status is Status.SKIPPED:
        return _without_result(stage)
    if stage.status is Status.FAILED and not stage.tests:
        return Cell("FAILED", Tone.BAD)
    return Cell(f"ok, {'cached' if stage.cached else seconds(stage.seconds)}", Tone.GOOD)


def _guard_cell(stage: StageResult | None) -> Cell:
    if stage is None or stage.status is Status.SKIPPED:
        return NOTHING
    results = list(leaves(stage.tests))
    failed = [name.rpartition(".")[2] for name, leaf in results if leaf.status in _NOT_GOOD]
    if failed:
        more = f" +{len(failed) - _FAILING_NAMES}" if len(failed) > _FAILING_NAMES else ""
        return Cell(f"FAIL {', '.join(failed[:_FAILING_NAMES])}{more}", Tone.BAD)
    if stage.status is Status.ERROR:
        return Cell("cannot tell", Tone.UNCLEAR)
    if not results:
        return NOTHING
    passed = all(leaf.status is TestStatus.PASS for _, leaf in results)
    return Cell("pass" if passed else count(stage.tests), Tone.GOOD)


def _selftest_cell(stages: Sequence[StageResult]) -> Cell:
    tests = [test for stage in stages for test in stage.tests]
    unclear = [stage for stage in stages if stage.status is Status.ERROR]
    if unclear:
        return Cell(f"cannot tell{' (' + count(tests) + ')' if tests else ''}", Tone.UNCLEAR)
    if tests:
        failed = any(stage.status is Status.FAILED for stage in stages)
        return Cell(count(tests), Tone.BAD if failed else Tone.GOOD)
    if any(stage.status is Status.FAILED for stage in stages):
        return Cell("FAILED", Tone.BAD)
    return _without_result(stages[0]) if stages else NOTHING


def _without_result(stage: StageResult) -> Cell:
    if stage.status is Status.ERROR:
        return Cell("cannot tell", Tone.UNCLEAR)
    return Cell("skipped", Tone.QUIET) if stage.status is Status.SKIPPED else NOTHING


def _leaves_by_state(record: RunRecord, tree: str, arch: str, stage: Stage) -> dict[KernelState, dict[str, TestResult]]:
    found: dict[KernelState, dict[str, TestResult]] = {}
    for each in _stages(record, tree, arch, stage):
        assert each.state is not None
        found.setdefault(each.state, {}).update(leaves(each.tests))
    return found


def _failed(test: TestResult | None) -> bool:
    return test is not None and test.status in _NOT_GOOD


def _any_failed(stage: StageResult) -> bool:
    return any(_failed(leaf) for _, leaf in leaves(stage.tests))


def _baseline(base: TestResult | None) -> Baseline:
    if base is None:
        return Baseline.NONE
    if base.status is TestStatus.PASS:
        return Baseline.PASSES
    return Baseline.FAILS if base.status in _NOT_GOOD else Baseline.OTHER


def _said(failed: dict[KernelState, TestResult]) -> tuple[tuple[tuple[KernelState, ...], tuple[str, ...]], ...]:
    said: dict[tuple[str, ...], list[KernelState]] = {}
    for state, test in failed.items():
        lines = test.diagnostics or (("the plan promised it, and no result came",) if _promised(test) else ())
        said.setdefault(lines, []).append(state)
    return tuple((tuple(states), lines) for lines, states in said.items())


def _promised(test: TestResult) -> bool:
    return test.status is TestStatus.ERROR
