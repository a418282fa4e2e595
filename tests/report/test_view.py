# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said, before any form says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from seriestool.model.outcome import HunkOutcome, Outcome
from seriestool.model.run import Finding, KernelState, RunRecord, Stage, StageResult, Status
from seriestool.model.testing import TestResult, TestStatus
from seriestool.report import REPORTS
from seriestool.report.kernels import (
    Baseline,
    count,
    failures,
    kernel_rows,
    leaves,
    remarks,
    test_tables,
    without_baseline,
)
from seriestool.report.view import (
    Cell,
    Tone,
    clean,
    clean_line,
    differing,
    findings,
    missing,
    outcome_tone,
    ranges,
    seconds,
    time,
    verdict,
    warnings,
)
from tests.records import TREE, as_posted, flagship, several_trees

tables_of = test_tables  # under a name that pytest does not take for a test
del test_tables


def stage(kind: Stage, status: Status, state: KernelState, *tests: TestResult, detail: str = "why") -> StageResult:
    return StageResult(kind, status, detail, 1.0, tree=TREE, arch="arm", state=state, tests=tests)


def record(*stages: StageResult) -> RunRecord:
    return replace(flagship(), stages=stages)


def test_every_report_renders_under_its_own_name_and_suffix() -> None:
    assert [report.name for report in REPORTS] == ["terminal", "json", "html"]
    assert len({report.suffix for report in REPORTS}) == len(REPORTS)
    for report in REPORTS:
        text = report.render(flagship())
        assert "fb6cc127e0b6" in text
        assert text.endswith("\n")


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("a\tb\r\n c ", "a b c"),
        ("\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        ("\u202eevil\u2066", "\ufffdevil\ufffd"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("\udcff", "\ufffd"),
        ("Jörg Müller, 山田, क्\u200dष", "Jörg Müller, 山田, क्\u200dष"),
    ],
)
def test_clean_keeps_text_and_nothing_else(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


def test_clean_line_keeps_white_space() -> None:
    assert clean_line("\tint  a;\x1b\x0c\r\n") == "        int  a;\ufffd\ufffd"


def test_lines_that_differ_in_white_space_show_it() -> None:
    hunk = HunkOutcome("a", 1, False, expected="\tint a;", found="        int a;")
    (_, expected), (_, found) = differing(hunk)
    assert expected != found
    assert differing(HunkOutcome("a", 1, False, expected="\tx;\n")) == (("expected:", "x;"),)


@pytest.mark.parametrize(
    ("numbers", "short"),
    [
        (["01"], "01"),
        (["01", "02"], "01, 02"),
        (["01", "02", "03", "07", "08", "10"], "01-03, 07, 08, 10"),
        (["99", "100", "101"], "99-101"),
        ([], ""),
    ],
)
def test_numbers_are_written_in_short(numbers: Sequence[str], short: str) -> None:
    assert ranges(numbers) == short


@pytest.mark.parametrize(
    ("value", "text"), [(0.94, "0.9 s"), (9.94, "9.9 s"), (9.96, "10 s"), (75.2, "75 s"), (702.0, "12 min")]
)
def test_durations_are_short(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("2026-10-21T09:00:00+00:00", "2026-10-21 09:00 UTC"), ("2026-10-21T09:00:00", "2026-10-21 09:00"), ("x", "x")],
)
def test_times_are_for_people(value: str, text: str) -> None:
    assert time(value) == text


def test_every_outcome_that_is_not_usable_is_bad() -> None:
    assert {each for each in Outcome if outcome_tone(each) is Tone.BAD} == {
        Outcome.PARTIAL, Outcome.CONFLICT, Outcome.MISSING_FILE, Outcome.BLOCKED
    }  # fmt: skip


@pytest.mark.parametrize(("code", "tone"), [(0, Tone.GOOD), (1, Tone.BAD), (3, Tone.BAD), (125, Tone.UNCLEAR)])
def test_the_verdict_is_as_loud_as_the_exit_code(code: int, tone: Tone) -> None:
    assert verdict(replace(flagship(), exit_code=code)).tone is tone
    assert verdict(replace(flagship(), exit_code=code, finished=None)).tone is Tone.UNCLEAR


def test_findings_do_not_repeat_what_stands_elsewhere() -> None:
    assert [finding.text for finding in findings(flagship())] == [
        "stable-5.10: 03, 04, 05, 06, 09, 10 applied with recorded adaptations",
        "x86_64: 6 subtests of the series' own selftests fail; no baseline to judge them by",
    ]
    assert findings(as_posted()) == ()
    news = Finding("the moon is full", True)
    assert findings(replace(as_posted(), findings=(news,))) == (news,)


def test_a_follow_up_is_missing_only_where_it_was_not_applied() -> None:
    whole = several_trees()
    assert [(item.number, item.trees) for item in missing(whole)] == [("12", ()), (None, ())]
    first, *others = whole.trees
    twelfth = replace(first.patches[-1], number="12")
    partly = replace(whole, trees=(replace(first, patches=(*first.patches, twelfth)), *others))
    assert missing(partly)[0].trees == ("stable-6.1", "stable-6.12", "mainline-7.2")
    only = replace(partly, trees=partly.trees[:1])
    assert [item.number for item in missing(only)] == [None]


def test_a_warning_is_said_once_with_all_its_kernels() -> None:
    ((text, places),) = warnings(flagship())
    assert "perf_sigtrap" in text
    assert places == ("arm series, fixed",)


def test_kernels_come_by_arch_as_asked_for_and_by_state() -> None:
    rows = kernel_rows(replace(flagship(), arches=("x86_64", "arm"), stages=flagship().stages[::-1]))
    assert [(row.arch, row.state.value) for row in rows] == [
        (arch, state) for arch in ("x86_64", "arm") for state in ("base", "series", "fixed")
    ]


def test_the_guard_tells_what_fails() -> None:
    cells = {(row.arch, row.state.value): row.guard for row in kernel_rows(flagship())}
    assert cells["arm", "series"] == Cell("FAIL waitid, sigqueue +1", Tone.BAD)
    for other in cells.keys() - {("arm", "series")}:
        assert cells[other] == Cell("pass", Tone.GOOD)


def row_of(*stages: StageResult) -> tuple[str, str, str, str]:
    (row,) = kernel_rows(record(*stages))
    return row.build.text, row.boot.text, row.guard.text, row.selftests.text


PASS, FAIL = TestResult("t.a", TestStatus.PASS), TestResult("t.b", TestStatus.FAIL)
SKIP, PROMISED = TestResult("t.c", TestStatus.SKIP), TestResult("t.d", TestStatus.ERROR)


@pytest.mark.parametrize(
    ("result", "cells"),
    [
        ((Stage.BUILD, Status.PASSED), ("ok, 1.0 s", "-", "-", "-")),
        ((Stage.BUILD, Status.FAILED), ("FAILED, 1.0 s", "-", "-", "-")),
        ((Stage.BUILD, Status.ERROR), ("cannot tell", "-", "-", "-")),
        ((Stage.BUILD, Status.SKIPPED), ("skipped", "-", "-", "-")),
        ((Stage.BOOT, Status.PASSED, PASS), ("-", "ok, 1.0 s", "pass", "-")),
        ((Stage.BOOT, Status.PASSED, PASS, SKIP), ("-", "ok, 1.0 s", "1 pass 1 skip", "-")),
        ((Stage.BOOT, Status.PASSED), ("-", "ok, 1.0 s", "-", "-")),
        ((Stage.BOOT, Status.FAILED, PASS, FAIL), ("-", "ok, 1.0 s", "FAIL b", "-")),
        ((Stage.BOOT, Status.FAILED), ("-", "FAILED", "-", "-")),
        ((Stage.BOOT, Status.ERROR, PASS), ("-", "cannot tell", "cannot tell", "-")),
        ((Stage.BOOT, Status.ERROR, PROMISED), ("-", "cannot tell", "FAIL d", "-")),
        ((Stage.BOOT, Status.SKIPPED), ("-", "skipped", "-", "-")),
        ((Stage.SELFTEST, Status.FAILED, PASS, FAIL, SKIP), ("-", "-", "-", "1 pass 1 fail 1 skip")),
        ((Stage.SELFTEST, Status.ERROR, PASS), ("-", "-", "-", "cannot tell (1 pass)")),
        ((Stage.SELFTEST, Status.FAILED), ("-", "-", "-", "FAILED")),
        ((Stage.SELFTEST, Status.SKIPPED), ("-", "-", "-", "skipped")),
        ((Stage.SELFTEST, Status.PASSED), ("-", "-", "-", "-")),
    ],
)
def test_silence_is_never_a_pass(
    result: tuple[Stage, Status, *tuple[TestResult, ...]], cells: tuple[str, str, str, str]
) -> None:
    kind, status, *tests = result
    assert row_of(stage(kind, status, KernelState.BASE, *tests)) == cells


def test_a_lost_guest_is_called_that() -> None:
    lost = stage(Stage.BOOT, Status.ERROR, KernelState.SERIES, detail="lost guest: no end after 60 s")
    assert row_of(lost)[1] == "lost guest"
    ((where, text),) = [(remark.where, remark.text) for remark in remarks(record(lost))]
    assert (where, text) == ("arm series: boot", "lost guest: no end after 60 s")


def test_remarks_leave_out_what_the_list_of_failing_tests_says() -> None:
    named = stage(Stage.BOOT, Status.FAILED, KernelState.SERIES, FAIL)
    unnamed = stage(Stage.BUILD, Status.FAILED, KernelState.SERIES, detail="no rule to make target")
    assert [remark.text for remark in remarks(record(named, unnamed))] == ["no rule to make target"]


def test_skips_with_one_reason_are_said_once() -> None:
    assert [(each.where, each.text) for each in remarks(as_posted())] == [
        ("18 stages skipped", "the series does not apply")
    ]


def test_a_failure_is_judged_by_the_same_test_on_the_base() -> None:
    def both(base: TestStatus) -> RunRecord:
        return record(
            stage(Stage.SELFTEST, Status.PASSED, KernelState.BASE, replace(FAIL, status=base)),
            stage(Stage.SELFTEST, Status.FAILED, KernelState.SERIES, FAIL),
        )

    def judged(of: RunRecord) -> tuple[Baseline, tuple[KernelState, ...]]:
        (failure,) = failures(of)
        return failure.baseline, failure.states

    series = (KernelState.SERIES,)
    assert judged(both(TestStatus.PASS)) == (Baseline.PASSES, series)
    assert judged(both(TestStatus.FAIL)) == (Baseline.FAILS, (KernelState.BASE, KernelState.SERIES))
    assert judged(both(TestStatus.SKIP)) == (Baseline.OTHER, series)
    assert judged(record(stage(Stage.SELFTEST, Status.FAILED, KernelState.SERIES, FAIL))) == (Baseline.NONE, series)


def test_what_states_say_alike_is_kept_once_and_what_differs_apart() -> None:
    def said(*lines: str) -> tuple[tuple[tuple[KernelState, ...], tuple[str, ...]], ...]:
        states = zip((KernelState.SERIES, KernelState.FIXED), lines, strict=True)
        stages = [
            stage(Stage.SELFTEST, Status.FAILED, state, replace(FAIL, diagnostics=(line,))) for state, line in states
        ]
        (failure,) = failures(record(*stages))
        return failure.said

    assert said("# a", "# a") == (((KernelState.SERIES, KernelState.FIXED), ("# a",)),)
    assert said("# a", "# b") == (((KernelState.SERIES,), ("# a",)), ((KernelState.FIXED,), ("# b",)))


def test_a_promised_result_that_never_came_says_so() -> None:
    (failure,) = failures(record(stage(Stage.BOOT, Status.ERROR, KernelState.SERIES, PROMISED)))
    assert failure.said[0][1] == ("the plan promised it, and no result came",)


def test_selftests_that_the_base_lacks_have_no_baseline() -> None:
    assert without_baseline(flagship()) == (("x86_64", ("sigtrap_threads", "remove_on_exec")),)
    same = record(*(stage(Stage.SELFTEST, Status.FAILED, state, FAIL) for state in KernelState))
    assert without_baseline(same) == ()


def test_names_are_whole_and_without_doubles() -> None:
    inner = (TestResult("sigtrap_threads.a", TestStatus.PASS), TestResult("b", TestStatus.XFAIL))
    test = TestResult("sigtrap_threads", TestStatus.FAIL, subtests=inner)
    assert [name for name, _ in leaves([test])] == ["sigtrap_threads.a", "sigtrap_threads.b"]
    assert count([test, FAIL, SKIP, PROMISED]) == "1 pass 1 fail 1 skip 1 xfail 1 error"


def test_the_table_of_tests_has_a_column_per_state() -> None:
    table = next(table for table in tables_of(flagship()) if table.stage is Stage.SELFTEST)
    assert [state.value for state in table.states] == ["base", "series", "fixed"]
    first, second = table.rows[:2]
    assert (first.name, first.results) == ("sigtrap_threads.remain_disabled", (None, TestStatus.PASS, TestStatus.PASS))
    assert second.failure is not None
