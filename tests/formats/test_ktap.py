# SPDX-License-Identifier: GPL-2.0-or-later
"""Recorded streams, one per trouble, named after it: ``ktap/<trouble>.log`` reads as ``ktap/<trouble>.expected``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.formats.ktap import parse_ktap
from seriestool.model.testing import TestResult, TestStatus

LOGS = sorted((Path(__file__).parent / "ktap").glob("*.log"))

LINES = st.builds(
    "{}{}".format,
    st.sampled_from(["", "  ", "    ", "# ", "  # ", "      "]),
    st.sampled_from(
        [
            "KTAP version 1", "TAP version 13", "1..3", "1..0 # SKIP none", "ok 1 a", "not ok 2 b", "ok 3 c # SKIP",
            "ok", "not ok d", "ok 999999999 e", "# Subtest: s", "Bail out! x", "# Totals: pass:9 fail:1", "prose",
            "---", "  ---", "  ...", "#", "", "\u2028ok 4 g",
        ]
    ),
)  # fmt: skip


def render(results: Iterable[TestResult], indent: str = "") -> Iterator[str]:
    for result in results:
        yield f"{indent}{result.status.value} {result.name}"
        yield from (f"{indent}| {line}" for line in result.diagnostics)
        yield from render(result.subtests, indent + "    ")


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.stem)
def test_recorded_log(log: Path) -> None:
    found = "".join(f"{line}\n" for line in render(parse_ktap(log.read_bytes().decode())))
    assert found == log.with_suffix(".expected").read_text(encoding="utf-8")


def test_a_promise_of_millions_costs_neither_time_nor_memory() -> None:
    results = parse_ktap("TAP version 13\n1..999999999\nok 1 one\n")
    assert results[0].name == "one"
    assert results[-1] == TestResult("999999898 more tests", TestStatus.ERROR, ("no result line",))
    assert len(results) == 102


def test_numbers_too_long_for_a_count_are_prose() -> None:
    assert parse_ktap("1..99999999999999999999\nok 99999999999999999999 x\n") == ()


def test_flood_of_diagnostics_loses_its_middle() -> None:
    noise = "".join(f"# line {number}\n" for number in range(10_000))
    (result,) = parse_ktap(f"TAP version 13\n1..1\n{noise}not ok 1 noisy\n# {'x' * 10_000}\n")
    assert result.diagnostics[0] == "line 0"
    assert "line 9999" in result.diagnostics
    assert len(result.diagnostics) < 210
    assert max(map(len, result.diagnostics)) == 500


def test_nesting_without_end_is_cut() -> None:
    deep = "".join("  " * depth + "KTAP version 1\n" for depth in range(1000))
    (result,) = parse_ktap(deep)
    depth = 0
    while result.subtests:
        (result,), depth = result.subtests, depth + 1
    assert depth == 15
    assert result.status is TestStatus.ERROR


@given(st.lists(LINES, max_size=30))
def test_any_mixture_of_lines_keeps_what_failed(lines: list[str]) -> None:
    results = parse_ktap("\n".join(lines))
    leaves = [leaf for result in results for leaf in result.leaves()]
    if any(line == "not ok 2 b" for line in lines):
        assert any(leaf.status in {TestStatus.FAIL, TestStatus.ERROR} for leaf in leaves)
    for result in results:
        bad = {leaf.status for leaf in result.leaves()} & {TestStatus.FAIL, TestStatus.ERROR}
        assert bool(bad) == (result.status in {TestStatus.FAIL, TestStatus.ERROR})


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    parse_ktap(text)
