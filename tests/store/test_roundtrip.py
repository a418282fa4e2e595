# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into the store comes out equal, and in order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seriestool.model.abi import (
    AbiMatrix,
    AbiResult,
    AbiVerdict,
    Change,
    ChangeKind,
    CompatMismatch,
    CompatResult,
    ExpectationResult,
    Expected,
    HeaderFailure,
    PatchAbi,
    Sides,
    SidesRow,
)
from seriestool.model.outcome import HunkOutcome, Outcome, PatchOutcome, TreeOutcome
from seriestool.model.run import Finding, KernelState, PatchStatus, RunRecord, Stage, StageResult, Status
from seriestool.model.series import KnownFollowUp, Role, TrackedPatch
from seriestool.model.testing import TestResult, TestStatus
from seriestool.store import Store, open_store
from tests.records import as_posted, flagship, hostile, killed, several_trees


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "state.sqlite") as opened:
        yield opened


def begin(store: Store, record: RunRecord) -> int:
    return store.begin_run(
        slug=record.slug, title=record.title, revision=record.revision, arches=record.arches, command=record.command,
        started=record.started, patches=record.patches, known=record.known,
    )  # fmt: skip


def write(store: Store, record: RunRecord) -> int:
    run_id = begin(store, record)
    for tree in record.trees:
        store.record_tree(run_id, tree)
    for stage in record.stages:
        store.record_stage(run_id, stage)
    for matrix in record.abi:
        store.record_abi(run_id, matrix)
    if record.finished is not None:
        store.finish_run(run_id, record.findings, record.verdict, record.exit_code, record.finished)
    return run_id


@pytest.mark.parametrize("make", [flagship, as_posted, killed, several_trees, hostile])
def test_a_record_comes_out_equal(store: Store, make: Callable[[], RunRecord]) -> None:
    record = make()
    run_id = write(store, record)
    assert store.load_run(run_id) == replace(record, id=run_id)


# Text as databases can hold it: no lone surrogates (hypothesis leaves them out by itself), no NUL.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
maybe = st.none() | text
number = st.integers(min_value=-(2**31), max_value=2**31 - 1)
maybe_number = st.none() | number
seconds = st.floats(min_value=0, max_value=1e6)


def tuples(items: st.SearchStrategy[object], size: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(items, max_size=size).map(tuple)


tests = st.recursive(
    st.builds(TestResult, text, st.sampled_from(TestStatus), tuples(text)),
    lambda inner: st.builds(TestResult, text, st.sampled_from(TestStatus), tuples(text), tuples(inner)),
    max_leaves=4,
)
hunks = st.builds(HunkOutcome, text, number, st.booleans(), maybe_number, maybe_number, maybe, maybe, maybe)
outcomes = st.builds(PatchOutcome, text, text, text, st.sampled_from(Outcome), text, tuples(hunks), text, text)
trees = st.builds(TreeOutcome, text, text, text, tuples(outcomes))
stages = st.builds(
    StageResult, st.sampled_from(Stage), st.sampled_from(Status), text, seconds, maybe, maybe,
    st.none() | st.sampled_from(KernelState), maybe, maybe, st.booleans(), maybe, maybe, tuples(text), tuples(tests),
)  # fmt: skip
tracked = st.builds(TrackedPatch, text, st.sampled_from(Role), text, text, maybe, maybe, maybe, maybe)
patches = st.builds(PatchStatus, tracked, text, tuples(text, 3))
verdicts = st.sampled_from(AbiVerdict)
changes = st.builds(
    Change, text, maybe, st.sampled_from(ChangeKind), maybe, maybe, st.booleans(), text, text
)  # fmt: skip
sides = st.builds(Sides, text, tuples(st.builds(SidesRow, text, text, st.booleans())))
results = st.builds(
    AbiResult, text, verdicts, tuples(changes), tuples(sides), tuples(st.builds(HeaderFailure, text, text)), text,
    tuples(text), maybe,
)  # fmt: skip
mismatches = st.builds(CompatMismatch, text, maybe, maybe)
compat = st.builds(CompatResult, text, text, maybe, text, verdicts, tuples(mismatches), text, st.booleans())
expected = st.builds(Expected, text, maybe, text, maybe_number, maybe_number, maybe_number, text)
expectations = st.builds(ExpectationResult, expected, maybe_number, st.none() | st.booleans(), text)
matrices = st.builds(
    AbiMatrix, text, text, text, tuples(text), tuples(st.builds(PatchAbi, text, text, tuples(results))),
    tuples(results), tuples(compat), maybe, tuples(results), tuples(expectations),
)  # fmt: skip
records = st.builds(
    RunRecord, st.just(1), text, text, number, text, text, tuples(text), tuples(patches),
    tuples(st.builds(KnownFollowUp, text, text, text)), tuples(trees), tuples(stages),
    tuples(st.builds(Finding, text, st.booleans())), text, st.integers(0, 255), text, tuples(matrices, 1),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(records)
def test_any_record_comes_out_equal(record: RunRecord) -> None:
    with tempfile.TemporaryDirectory() as directory, open_store(Path(directory) / "state.sqlite") as store:
        assert store.load_run(write(store, record)) == record


def test_what_no_database_can_hold_is_replaced_and_the_stage_kept(store: Store) -> None:
    run_id = begin(store, killed())
    test = TestResult("siginfo", TestStatus.FAIL, ("\udcff\0",))
    store.record_stage(run_id, StageResult(Stage.BOOT, Status.FAILED, "a\0b\udcff", 1.0, tests=(test,)))
    record = store.load_run(run_id)
    assert record is not None
    assert record.stages[0].detail == "a\ufffdb\ufffd"
    assert record.stages[0].tests == (test,)


def test_a_run_that_never_ended_says_so(store: Store) -> None:
    record = store.load_run(write(store, killed()))
    assert record is not None
    assert (record.finished, record.verdict, record.exit_code) == (None, "", 125)
    assert len(record.stages) == len(killed().stages)


def test_an_old_run_keeps_what_the_archive_knew_then(store: Store) -> None:
    before = flagship()
    status = before.patches[0]
    after = replace(before, patches=(replace(status, trailers=(*status.trailers, "Tested-by: A <a@example.com>")),))
    first, second = write(store, before), write(store, after)
    loaded = [store.load_run(run_id) for run_id in (first, second)]
    assert [len(run.patches[0].trailers) for run in loaded if run is not None] == [2, 3]


def test_runs_are_found_by_series_newest_first(store: Store) -> None:
    flag, other = flagship(), replace(flagship(), slug="other", title="Another", revision=1)
    ids = [write(store, record) for record in (flag, other, replace(flag, revision=5))]
    latest = store.latest_run(flag.slug)
    assert latest is not None
    assert (latest.id, latest.revision) == (ids[2], 5)
    assert [run.id for run in store.runs(flag.slug)] == [ids[2], ids[0]]
    assert [run.id for run in store.runs()] == ids[::-1]
    assert store.slugs() == ("other", "synchronous-perf-signals")


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.load_run(1) is None
    assert store.latest_run("nothing") is None
    assert store.cached_stage("nothing") is None
    assert store.runs() == ()
    assert store.slugs() == ()


def test_only_verdicts_are_taken_from_earlier_runs_and_the_newest_wins(store: Store) -> None:
    def result(status: Status, detail: str) -> StageResult:
        return StageResult(Stage.BUILD, status, detail, 1.5, key="k", arch="arm", state=KernelState.BASE)

    first, second = begin(store, flagship()), begin(store, flagship())
    store.record_stage(first, result(Status.PASSED, "old"))
    store.record_stage(first, result(Status.FAILED, "new"))
    for status in (Status.ERROR, Status.SKIPPED):
        store.record_stage(second, result(status, "could not tell"))
        store.record_stage(second, replace(result(status, "other key"), key="l"))
    store.record_stage(second, replace(result(Status.PASSED, "no key"), key=None))
    assert store.cached_stage("k") == result(Status.FAILED, "new")
    assert store.cached_stage("l") is None
