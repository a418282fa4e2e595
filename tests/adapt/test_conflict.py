# SPDX-License-Identifier: GPL-2.0-or-later
"""Rejected hunks as conflicts: where they stand, what they show, and what counts as a marker that is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.adapt.conflict import Conflict, Labels, conflicts, marker_lines
from seriestool.adapt.replay import start_from
from seriestool.apply.view import View
from seriestool.model.adaptation import Adaptation, HunkAdaptation, LineEdit
from tests.git.room import Blob, Files, Room, patch_of

BASE = "".join(f"line {number}\n" for number in range(40))
LABELS = Labels("stable-1.0", "01", "core: change things")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "repository")


def found(room: Room, old: Files, new: Files, before: Files, *options: str) -> list[Conflict]:
    first, second, third = room.trees(old, new, before)
    patch = patch_of(room.diff(first, second, *options))
    view = View(room.store, third)
    start = start_from(view, patch, None)
    return list(conflicts(view, start.view, start.results, LABELS, start.numbers))


def texts(room: Room, old: str, new: str, before: str) -> Conflict:
    (conflict,) = found(room, {"a.c": Blob(old.encode())}, {"a.c": Blob(new.encode())}, {"a.c": Blob(before.encode())})
    return conflict


def marked(there: str, expected: str, wanted: str, hunk: int = 1) -> str:
    return (
        f"<<<<<<< stable-1.0\n{there}||||||| expected by 01 (a.c hunk {hunk})\n{expected}=======\n{wanted}"
        ">>>>>>> 01: core: change things\n"
    )


def test_less_than_the_hunk_where_lines_agree(room: Room) -> None:
    new = BASE.replace("line 20\n", "line twenty\n")
    conflict = texts(room, BASE, new, BASE.replace("line 21\n", "line XXI\n"))
    expected = marked("line 20\nline XXI\n", "line 20\nline 21\n", "line twenty\nline 21\n")
    assert conflict.data.decode() == BASE.replace("line 20\nline 21\n", expected)
    assert conflict.places == {1: 21}
    assert conflict.ours == BASE.replace("line 21\n", "line XXI\n").encode()
    assert conflict.base == BASE.encode()
    assert conflict.theirs == new.encode()


def test_hunks_that_fit_are_taken(room: Room) -> None:
    new = BASE.replace("line 5\n", "line five\n").replace("line 30\n", "line thirty\n")
    conflict = texts(room, BASE, new, "top\n" + BASE.replace("line 30\n", "line XXX\n"))
    assert conflict.ours is not None
    assert b"line five\n" in conflict.ours
    expected = marked("line XXX\n", "line 30\n", "line thirty\n", 2)
    assert conflict.data.decode() == "top\n" + new.replace("line thirty\n", expected)


def test_two_conflicts_do_not_overlap(room: Room) -> None:
    new = BASE.replace("line 15\n", "line fifteen\n").replace("line 24\n", "line twenty-four\n")
    less = BASE.replace("line 15\n", "line XV\n").replace("line 24\n", "line XXIV\n")
    conflict = texts(room, BASE, new, "".join(less.splitlines(True)[:17] + less.splitlines(True)[22:]))
    assert sorted(conflict.places) == [1, 2]
    lines = conflict.data.decode().splitlines()
    assert [lines[at - 1] for at in conflict.places.values()] == ["<<<<<<< stable-1.0"] * 2
    assert lines.count("line XV") == lines.count("line XXIV") == 1


def test_a_function_that_is_not_there(room: Room) -> None:
    gone = "".join(f"other {number}\n" for number in range(10))
    conflict = texts(room, BASE, BASE.replace("line 5\n", "line five\n"), gone)
    assert conflict.data.decode().count("other") == 10
    assert conflict.data.decode().index("<<<<<<<") == len("other 0\nother 1\n")


def test_the_last_line_without_line_feed(room: Room) -> None:
    conflict = texts(room, "a\nb\nc", "a\nb\nC", "a\nb\nd")
    assert conflict.data.decode() == "a\nb\n" + marked("d\n", "c\n", "C\n")
    assert (conflict.ours, conflict.base, conflict.theirs) == (b"a\nb\nd", b"a\nb\nc", b"a\nb\nC")


def test_whole_files(room: Room) -> None:
    old = {"gone": Blob(b"1\n2\n"), "missing": Blob(b"m\n")}
    new = {"missing": Blob(b"M\n"), "new": Blob(b"n\n")}
    before = {"gone": Blob(b"1\n3\n"), "new": Blob(b"o\n", 0o100755)}
    gone, missing, made = found(room, old, new, before, "--no-renames")
    assert (gone.ours, gone.base, gone.theirs) == (b"1\n3\n", b"1\n2\n", None)
    assert (missing.ours, missing.base, missing.theirs) == (None, b"m\n", b"M\n")
    assert (made.ours, made.base, made.theirs, made.mode) == (b"o\n", None, b"n\n", 0o100755)
    assert [conflict.data.count(b"<<<<<<<") for conflict in (gone, missing, made)] == [1, 1, 1]


def test_what_is_no_text_is_left_alone(room: Room) -> None:
    old, new, before = ({"a": Blob(b"\0" + text)} for text in (b"1", b"2", b"3"))
    assert found(room, old, new, before) == []
    link, other, third = ({"l": Blob(text, 0o120000)} for text in (b"a", b"b", b"c"))
    assert found(room, link, other, third) == []


def test_markers_that_are_left() -> None:
    before = b"Title\n=======\n\n<<<<<<< shown to the reader\n"
    data = before + b"<<<<<<< stable-1.0\n||||||| expected\n=======x\n>>>>>>> 01: a\n"
    assert marker_lines(data, before, []) == [5, 6, 8]
    assert marker_lines(b"a\n=======\n", b"", []) == [2]
    assert marker_lines(b"a\n=======\n", b"", [b"=======\n"]) == []
    assert marker_lines(before, before, []) == []


def adaptation(patch_id: str, *hunks: HunkAdaptation) -> Adaptation:
    return Adaptation(patch_id, "stable-1.0", "1.0", "A <a@example.com>", "2026-11-22", "why", hunks)


def test_an_older_adaptation_is_taken_where_it_holds(room: Room) -> None:
    new = BASE.replace("line 10\n", "line ten\n").replace("line 30\n", "line thirty\n")
    tree = BASE.replace("line 9\n", "line IX\n").replace("line 29\n", "line XXIX\n")
    first, second, third = room.trees(*({"a.c": Blob(text.encode())} for text in (BASE, new, tree)))
    patch = patch_of(room.diff(first, second))
    good = HunkAdaptation("a.c", 1, "nine", edits=(LineEdit(3, (" line IX",)),))
    bad = HunkAdaptation("a.c", 2, "twenty-nine", edits=(LineEdit(3, (" line 29b",)),))
    for patch_id in (patch.patch_id, "0" * 40):
        start = start_from(View(room.store, third), patch, adaptation(patch_id, good, bad))
        assert (start.used, start.unused) == ((good,), (bad,))
        assert [place is not None for place in start.results[0].places] == [True, False]


def test_an_edit_of_a_hunk_that_changed_is_not_taken(room: Room) -> None:
    new = BASE.replace("line 10\n", "line ten\n")
    first, second, third = room.trees(
        *({"a.c": Blob(text.encode())} for text in (BASE, new, BASE.replace("line 9\n", "line IX\n")))
    )
    patch = patch_of(room.diff(first, second))
    other = HunkAdaptation("a.c", 1, "nine", edits=(LineEdit(3, (" line IX",)),), posted="0" * 12)
    start = start_from(View(room.store, third), patch, adaptation("0" * 40, other))
    assert (start.used, start.unused) == ((), (other,))
    assert start.results[0].places == (None,)


def test_what_fits_as_posted_is_not_left_out(room: Room) -> None:
    first, second = room.trees({"a.c": Blob(BASE.encode())}, {"a.c": Blob(BASE.replace("10\n", "ten\n").encode())})
    patch = patch_of(room.diff(first, second))
    start = start_from(View(room.store, first), patch, adaptation("0" * 40, HunkAdaptation("a.c", 1, "no", omit=True)))
    assert start.used == ()
    assert start.view.write() == second
