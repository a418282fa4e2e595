# SPDX-License-Identifier: GPL-2.0-or-later
"""What was expected beside what is there: aligned, folded, and with white space seen where nothing else differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seriestool.model.outcome import HunkOutcome
from seriestool.report.sides import SideRow, sides


def hunk(wanted: tuple[str, ...], there: tuple[str, ...]) -> HunkOutcome:
    return HunkOutcome("a.c", 1, False, wanted=wanted, there=there, closest=10, closeness=0.5)


def test_what_is_alike_stands_beside_itself_and_the_rest_is_marked() -> None:
    rows = sides(hunk(("\tone;", "\ttwo;", "\tthree;"), ("\tone;", "\tthree;", "\t\tfour;")))
    assert rows == (
        SideRow("one;", "one;"),
        SideRow("two;", None, changed=True),
        SideRow("three;", "three;"),
        SideRow(None, "        four;", changed=True),
    )


def test_lines_that_replace_others_stand_beside_them() -> None:
    assert sides(hunk(("a", "b", "z"), ("c", "z"))) == (
        SideRow("a", "c", changed=True), SideRow("b", None, changed=True), SideRow("z", "z"),
    )  # fmt: skip


def test_of_more_lines_than_there_are_those_stand_together_that_are_alike() -> None:
    wanted = ("build_id       :  1,", "__reserved_1   : 29;", "x")
    assert sides(hunk(wanted, ("__reserved_1   : 30;", "x")))[:2] == (
        SideRow("build_id       :  1,", None, changed=True),
        SideRow("__reserved_1   : 29;", "__reserved_1   : 30;", changed=True),
    )


def test_many_lines_that_are_alike_are_folded() -> None:
    lines = tuple(f"line {number}" for number in range(20))
    rows = sides(hunk(("first", *lines, "last"), ("erste", *lines, "last", "more")))
    assert [row.hidden for row in rows if row.hidden] == [15]
    assert [row.wanted for row in rows if not row.changed] == [
        "line 0", "line 1", "line 2", None, "line 18", "line 19", "last",
    ]  # fmt: skip
    at_the_end = sides(hunk(("first", *lines), ("erste", *lines)))
    assert (at_the_end[-1].hidden, len(at_the_end)) == (17, 5)


def test_white_space_is_seen_where_nothing_else_differs() -> None:
    assert sides(hunk(("int a;", "x"), ("int\ta;", "x")))[0] == SideRow("int·a;", "int→    a;", changed=True)


def test_what_would_steer_the_page_is_taken_out() -> None:
    (row,) = sides(hunk(("a\u202e\nb",), ("c",)))
    assert row.wanted == "a\ufffd\ufffdb"


def test_without_a_place_or_a_difference_there_are_no_sides() -> None:
    assert sides(HunkOutcome("a.c", 1, False, wanted=("a",))) == ()
    assert sides(hunk(("a",), ("a",))) == ()


_LINES = st.lists(st.sampled_from(["a", "b", "\tc", "", "  d"]), max_size=12).map(tuple)


@given(_LINES, _LINES)
def test_no_line_is_lost(wanted: tuple[str, ...], there: tuple[str, ...]) -> None:
    rows = sides(hunk(wanted, there))
    if wanted != there:
        hidden = sum(row.hidden for row in rows)
        assert sum(row.wanted is not None for row in rows) + hidden == len(wanted)
        assert sum(row.there is not None for row in rows) + hidden == len(there)
        assert all(row.changed or row.hidden or row.wanted == row.there for row in rows)
