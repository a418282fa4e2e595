# SPDX-License-Identifier: GPL-2.0-or-later
"""What results mean: each case a handful of stages by hand."""

from __future__ import annotations

from seriestool.model.run import KernelState, Stage, StageResult, Status
from seriestool.model.series import Role, TrackedPatch, TrackedSeries
from seriestool.model.testing import TestResult, TestStatus
from seriestool.pipeline.verdict import Verdict, judge
from tests.records import adapted_tree, conflicting_tree

SERIES = TrackedSeries(
    "demo", "demo", 1, (TrackedPatch("01", Role.SERIES, "a", "a@x"), TrackedPatch("02", Role.FIX, "b", "b@x"))
)
PASS, FAIL, ERROR = TestStatus.PASS, TestStatus.FAIL, TestStatus.ERROR


def stage(kind: Stage, state: KernelState, status: Status, *tests: TestStatus, detail: str = "detail") -> StageResult:
    """Return a result on the one tree and arch of these tests."""
    leaves = tuple(TestResult(f"t{number}", each, ("why",)) for number, each in enumerate(tests, 1))
    return StageResult(
        kind, status, detail, 1.0, tree="stable-5.10", arch="arm", state=state,
        tests=(TestResult("guard", PASS, (), leaves),) if tests else (),
    )  # fmt: skip


def verdict(*stages: StageResult) -> Verdict:
    """Judge *stages* of a series that applies."""
    return judge(SERIES, [adapted_tree()], stages, ["arm"])


def boots(base: TestStatus, series: TestStatus, fixed: TestStatus) -> list[StageResult]:
    """Return three boots with one test each."""
    wanted = zip(KernelState, (base, series, fixed), strict=True)
    return [stage(Stage.BOOT, state, Status.PASSED if test is PASS else Status.FAILED, test) for state, test in wanted]


def test_cured() -> None:
    found = verdict(*boots(PASS, FAIL, PASS))
    assert found.exit_code == 1
    assert found.sentence == "the series breaks 32-bit Arm user space (t1: why), the fix (02) cures it"


def test_not_cured() -> None:
    found = verdict(*boots(PASS, FAIL, FAIL))
    assert found.exit_code == 1
    assert found.sentence.endswith("the fix (02) does not cure it")


def test_the_fix_may_break_what_the_series_did_not() -> None:
    found = verdict(*boots(PASS, PASS, FAIL))
    assert found.exit_code == 1
    assert found.sentence == "the fix (02) breaks 32-bit Arm user space (t1: why)"


def test_what_the_base_fails_is_nobodys_fault() -> None:
    found = verdict(*boots(FAIL, FAIL, FAIL))
    assert found.exit_code == 0
    assert any("of the base itself" in finding.text for finding in found.findings)


def test_a_test_that_vanished_is_worse_than_one_that_passed() -> None:
    assert verdict(*boots(PASS, ERROR, PASS)).exit_code == 1


def test_lost_fix_leaves_the_cure_open() -> None:
    base, series, _ = boots(PASS, FAIL, PASS)
    lost = stage(Stage.BOOT, KernelState.FIXED, Status.ERROR, detail="lost guest: silence")
    found = verdict(base, series, lost)
    assert found.exit_code == 1
    assert "cure" not in found.sentence
    assert any("lost guest" in finding.text for finding in found.findings)


def test_series_that_does_not_build() -> None:
    states = zip(KernelState, (Status.PASSED, Status.FAILED, Status.PASSED), strict=True)
    found = verdict(*(stage(Stage.BUILD, state, status, detail="a.c:1: oops") for state, status in states))
    assert found.exit_code == 1
    assert found.sentence == "the series breaks the arm build (a.c:1: oops), the fix (02) cures it"


def test_base_that_does_not_build_tells_nothing() -> None:
    found = verdict(*(stage(Stage.BUILD, state, Status.FAILED, detail="a.c:1: oops") for state in KernelState))
    assert found.exit_code == 125
    assert found.sentence.startswith("cannot tell: build stable-5.10 arm base")


def test_series_that_does_not_apply() -> None:
    found = judge(SERIES, [conflicting_tree()], [], ["arm"])
    assert found.exit_code == 3
    assert found.sentence == "the series does not apply to stable-5.10"


def test_selftests_of_the_series_have_no_baseline() -> None:
    skipped = stage(Stage.SELFTEST, KernelState.BASE, Status.SKIPPED)
    failed = stage(Stage.SELFTEST, KernelState.SERIES, Status.FAILED, PASS, FAIL)
    found = verdict(*boots(PASS, PASS, PASS), skipped, failed)
    assert found.exit_code == 0
    assert any("no baseline" in finding.text for finding in found.findings)


def test_selftest_that_the_base_passes_is_judged() -> None:
    passed = stage(Stage.SELFTEST, KernelState.BASE, Status.PASSED, PASS, PASS)
    failed = stage(Stage.SELFTEST, KernelState.SERIES, Status.FAILED, PASS, FAIL)
    found = verdict(*boots(PASS, PASS, PASS), passed, failed)
    assert found.exit_code == 1
    assert "(t2: why)" in found.sentence


def test_a_skip_is_no_pass() -> None:
    found = verdict(*boots(PASS, PASS, PASS)[:1], stage(Stage.BOOT, KernelState.SERIES, Status.PASSED, TestStatus.SKIP))
    assert found.exit_code == 1
    assert "(t1: skipped)" in found.sentence


def test_a_result_that_is_not_there_is_no_pass() -> None:
    base = stage(Stage.BOOT, KernelState.BASE, Status.PASSED, PASS, PASS)
    found = verdict(base, stage(Stage.BOOT, KernelState.SERIES, Status.PASSED, PASS))
    assert found.exit_code == 1
    assert "(t2: no result)" in found.sentence


def test_what_was_only_built_is_not_said_to_boot() -> None:
    builds = [stage(Stage.BUILD, state, Status.PASSED) for state in KernelState]
    assert verdict(*builds).sentence == "the series applies and builds"
