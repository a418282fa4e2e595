# SPDX-License-Identifier: GPL-2.0-or-later
"""Less context counts only on request, in one place only, and takes the lines away that ``git apply -C<n>`` does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seriestool.apply.filediff import apply_files
from seriestool.apply.hunks import leading, trailing
from seriestool.apply.reduced import reduced, with_context
from seriestool.apply.series import apply_series
from seriestool.apply.view import View
from seriestool.formats.patch import parse_diff
from seriestool.git.objects import ObjectStore
from seriestool.model.outcome import Outcome, PatchOutcome
from seriestool.model.series import Hunk
from tests.git.room import Blob, Room, temporary_room
from tests.git.world import commit, diff, patch, plain, read

LINES = [f"line {number}\n" for number in range(30)]


def changed(**lines: str) -> str:
    """The text with the lines l<number> replaced; an empty one is taken out."""
    return "".join(lines.get(f"l{number}", line) for number, line in enumerate(LINES))


def judged(store: ObjectStore, target: str, context: int | None, before: str = "".join(LINES)) -> PatchOutcome:
    after = before.replace("line 10\n", "patched\n")
    one = patch("01", diff(store, plain(f=before), plain(f=after)))
    (done,) = apply_series(store, commit(store, plain(f=target)), [one], context=context, three_way=False).patches
    return done


@pytest.mark.parametrize(
    ("asked", "outcome"), [(None, "conflict"), (3, "conflict"), (2, "applies-reduced"), (1, "applies-reduced")]
)
def test_only_on_request_and_no_less_than_that(store: ObjectStore, asked: int | None, outcome: str) -> None:
    target = changed(l7="other\n")  # the outermost of three lines
    done = judged(store, target, asked)
    assert done.outcome == outcome
    if outcome == "conflict":
        assert done.context is None
        return
    assert done.context == 2
    assert done.evidence == "2 of 3 context lines, f hunk 1: must be built before it counts"
    assert [(hunk.applied, hunk.line, hunk.offset, hunk.cause) for hunk in done.hunks] == [
        (True, 9, 0, "2 of 3 context lines")
    ]
    assert read(store, done.tree_object)["f"][1] == target.replace("line 10\n", "patched\n").encode()


def test_a_conflict_says_what_less_context_would_find(store: ObjectStore) -> None:
    done = judged(store, changed(l7="other\n"), None)
    assert done.hunks[0].cause == "context differs at line 8; -C 2 would find one place, line 9"


def test_two_places_are_none(store: ObjectStore) -> None:
    twin = "".join(["line 9\n", "line 10\n", "line 11\n"])
    target = changed(l8="other\n", l20=twin)
    assert judged(store, target, None).hunks[0].cause == "context differs at line 9"
    done = judged(store, target, 1)
    assert done.outcome is Outcome.CONFLICT
    assert done.hunks[0].cause == "context differs at line 9; with 1 of 3 context lines at several places, lines 10, 21"


def test_a_hunk_without_any_line_left_has_no_place(store: ObjectStore) -> None:
    before = "".join(LINES)
    after = before.replace("line 10\n", "line 10\nadded\n")
    one = patch("01", diff(store, plain(f=before), plain(f=after)))
    target = commit(store, plain(f="nothing\nof it\n"))
    (done,) = apply_series(store, target, [one], context=0, three_way=False).patches
    assert done.outcome is Outcome.CONFLICT
    assert str(done.hunks[0].cause).startswith("no line of its context is in this file; nor with -C 0")


def test_all_of_a_patch_or_nothing(store: ObjectStore) -> None:
    """One hunk would fit with less context, the other not at all: neither is taken."""
    before = "".join(LINES)
    after = before.replace("line 5\n", "five\n").replace("line 25\n", "twenty-five\n")
    one = patch("01", diff(store, plain(f=before), plain(f=after)))
    target = changed(l2="other\n", l25="gone\n")
    (done,) = apply_series(store, commit(store, plain(f=target)), [one], context=1, three_way=False).patches
    assert (done.outcome, done.context) == (Outcome.CONFLICT, None)
    assert read(store, done.tree_object)["f"][1] == target.encode()


def test_a_hunk_that_has_to_stand_at_the_end(store: ObjectStore) -> None:
    before = "".join(LINES)
    one = patch("01", diff(store, plain(f=before), plain(f=before + "the end\n")))
    target = commit(store, plain(f=before + "more\n"))
    (done,) = apply_series(store, target, [one], context=2, three_way=False).patches
    assert (done.outcome, done.context) == (Outcome.APPLIES_REDUCED, 2)
    assert read(store, done.tree_object)["f"][1].endswith(b"line 29\nthe end\nmore\n")


# --- agreement with git apply -C<n> ------------------------------------------------------------------------------

TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n", b"\n", b"{\n"]), min_size=1, max_size=16)
SETTINGS = settings(
    max_examples=150, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
CONTEXT = re.compile(r"Context reduced to \((\d+)/(\d+)\) to apply fragment at (\d+)")


@st.composite
def edits(draw: st.DrawFn, lines: list[bytes], most: int) -> list[bytes]:
    """Some lines of a text replaced, taken out or put in."""
    edited = list(lines)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, len(edited)))
        edited[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from([b"new\n", b"a\n"]), max_size=2))
    return edited


CASES = TEXTS.flatmap(lambda lines: st.tuples(st.just(lines), edits(lines, 1), edits(lines, 2)))


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with temporary_room() as made:
        yield made


@given(case=CASES, least=st.integers(0, 3))
@SETTINGS
def test_as_git_does(room: Room, case: tuple[list[bytes], list[bytes], list[bytes]], least: int) -> None:
    """Where git finds a place that is the only one, so do we, with the same bytes; where git finds none, nor do we."""
    old, new, target = room.trees(*({"f": Blob(b"".join(lines))} for lines in case))
    text = room.diff(old, new)
    if not text:
        return
    expected = room.git_applies(target, text, f"-C{least}")
    files = parse_diff(text)
    view = View(room.store, target)
    (result,) = apply_files(view, files, with_context(least))
    if result.whole:
        assert (expected.whole, expected.tree) == (True, str(view.write())), text
        return
    if expected.whole:  # git took the nearest of several places, or one where nothing was left to match
        shown = [tuple(map(int, found)) for found in CONTEXT.findall(expected.said)]
        rests = [rest(hunk, *kept) for hunk in files[0].hunks for *kept, _ in shown]
        rests += [list(hunk.old) for hunk in files[0].hunks if not shown]  # it only left the beginning or the end
        assert any(places(case[2], lines) != 1 or not b"".join(lines).strip() for lines in rests), text


def rest(hunk: Hunk, before: int, behind: int) -> list[bytes]:
    """What is left of a pre-image with so much of its context."""
    return list(hunk.old[leading(hunk) - before : len(hunk.old) - trailing(hunk) + behind])


def places(text: list[bytes], lines: list[bytes]) -> int:
    return sum(text[at : at + len(lines)] == lines for at in range(len(text) - len(lines) + 1))


def test_the_context_is_the_largest_that_git_takes(room: Room) -> None:
    before = b"".join(line.encode() for line in LINES)
    for changed_lines in ([7], [8], [7, 8], [13], [12, 13], [7, 13], [8, 12]):
        lines = [b"other\n" if at in changed_lines else line.encode() for at, line in enumerate(LINES)]
        old, new, target = room.trees(
            {"f": Blob(before)}, {"f": Blob(before.replace(b"line 10\n", b"patched\n"))}, {"f": Blob(b"".join(lines))}
        )
        text = room.diff(old, new)
        (hunk,) = parse_diff(text)[0].hunks
        found = reduced(lines, hunk, b"", 0)
        assert found is not None
        taken = [least for least in range(4) if room.git_applies(target, text, f"-C{least}").whole]
        assert found.context == max(taken), changed_lines
