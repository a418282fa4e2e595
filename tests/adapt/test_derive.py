# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person made of a patch is found again: derived, written, read and applied it gives the same tree object."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.adapt.derive import Derived, derive, tree_after
from seriestool.apply.filediff import apply_files
from seriestool.apply.view import View
from seriestool.formats.adaptation import adapt, read_adaptation
from seriestool.formats.adaptation_writer import write_adaptation
from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation, LineEdit
from seriestool.model.series import Change, Patch
from tests.apply.test_agreement import RENAMES, SETTINGS, changed, diffs, edited, trees
from tests.git.room import Blob, Files, Room, patch_of, temporary_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with temporary_room() as made:
        yield made


def found(room: Room, patch: Patch, before: str, after: str) -> Derived:
    """Derive, and check that the file which says it gives the same tree object."""
    derived = derive(room.store, before, patch, after, lambda path, number: f"{path} {number}")
    if not derived.hunks and not derived.extras:
        assert tree_after(room.store, before, patch, derived) == after
        return derived
    adaptation = Adaptation(
        patch.patch_id, "base", "1.0", "A <a@example.com>", "2026-11-22", "it is so", tuple(derived.hunks),
        tuple(derived.extras),
    )  # fmt: skip
    read = read_adaptation(write_adaptation(adaptation), "01.toml")
    assert read == adaptation
    assert tree_after(room.store, before, patch, derived) == after, write_adaptation(adaptation)
    if after != before:
        view = View(room.store, before)
        assert all(result.whole for result in apply_files(view, adapt(patch, read).files))
        assert view.write() == after
    return derived


@st.composite
def stories(draw: st.DrawFn) -> tuple[Files, Files, Files, Files]:
    """A tree and what a patch makes of it, the tree it has to go onto, and something that is done to the result."""
    old = draw(trees())
    new = draw(changed(old))
    other = draw(st.one_of(st.just(old), changed(old)))
    return old, new, other, draw(changed(other))


@given(story=stories(), renames=RENAMES, context=st.sampled_from([3, 3, 3, 1, 0]), unrelated=st.booleans())
@SETTINGS
def test_any_result_of_any_patch(
    room: Room, story: tuple[Files, Files, Files, Files], renames: str, context: int, unrelated: bool
) -> None:
    old, new, before, after = room.trees(*story)
    for diff in diffs(room, [old, new], [renames, f"-U{context}"]):
        patch = patch_of(diff)
        if not unrelated:
            view = View(room.store, before)
            apply_files(view, patch.files)
            after = view.write()
        found(room, patch, before, after)


NUMBERED = tuple(b"line %d\n" % number for number in range(60))


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Blob, ...]:
    """The same with one long file, in which hunks move, fit and are edited."""
    base = Blob(b"".join(NUMBERED))
    new, other = draw(edited(base)), draw(edited(base))
    return base, new, other, draw(edited(other)), draw(edited(new))


@given(blobs=tellings(), partly=st.booleans())
@SETTINGS
def test_any_result_in_a_long_file(room: Room, blobs: tuple[Blob, ...], partly: bool) -> None:
    old, new, before, after, redone = room.trees(*({"a.c": blob} for blob in blobs))
    for diff in diffs(room, [old, new], []):
        patch = patch_of(diff)
        if partly:
            view = View(room.store, before)
            apply_files(view, patch.files)
            after = view.write()
        found(room, patch, before, after)
        found(room, patch, before, redone)


BASE = "".join(f"line {number}\n" for number in range(40))


def states(room: Room, *texts: str | None) -> list[str]:
    return room.trees(*({} if text is None else {"a.c": Blob(text.encode())} for text in texts))


def patched(text: str) -> str:
    return text.replace("line 10\n", "line 10\nnew ten\n").replace("line 30\n", "LINE 30\n")


def test_nothing_is_said_of_hunks_that_do_what_they_did(room: Room) -> None:
    other = "top\n" + BASE
    old, new, before, after = states(room, BASE, patched(BASE), other, patched(other))
    assert found(room, patch_of(room.diff(old, new)), before, after) == Derived()


def test_another_line_of_context(room: Room) -> None:
    other = BASE.replace("line 9\n", "line nine\n")
    old, new, before, after = states(room, BASE, patched(BASE), other, patched(other))
    derived = found(room, patch_of(room.diff(old, new)), before, after)
    (hunk,) = derived.hunks
    assert (hunk.file, hunk.number, hunk.edits) == ("a.c", 1, (LineEdit(2, (" line nine",)),))
    assert (hunk.reason, len(hunk.pre_image or "")) == ("a.c 1", 40)
    assert derived.extras == []


def test_a_hunk_that_is_not_wanted(room: Room) -> None:
    old, new, after = states(room, BASE, patched(BASE), BASE.replace("line 30\n", "LINE 30\n"))
    derived = found(room, patch_of(room.diff(old, new)), old, after)
    assert [(hunk.number, hunk.omit, hunk.edits) for hunk in derived.hunks] == [(1, True, ())]


def test_a_hunk_in_another_place(room: Room) -> None:
    other = BASE.replace("line 10\n", "").replace("line 20\n", "line 20\nline 10\n")
    old, new, before, after = states(room, BASE, patched(BASE), other, patched(other))
    derived = found(room, patch_of(room.diff(old, new)), before, after)
    (hunk,) = derived.hunks
    assert (hunk.number, hunk.omit) == (1, False)
    assert not derived.extras


def test_a_change_beside_the_patch(room: Room) -> None:
    old, new, after = states(room, BASE, patched(BASE), patched(BASE).replace("line 20\n", "line twenty\n"))
    derived = found(room, patch_of(room.diff(old, new)), old, after)
    assert derived.hunks == []
    (extra,) = derived.extras
    assert (extra.at, extra.lines[3:5], len(extra.lines)) == (19, ("-line 20", "+line twenty"), 8)


def test_a_line_more_in_a_hunk(room: Room) -> None:
    old, new, after = states(room, BASE, patched(BASE), patched(BASE).replace("new ten\n", "new ten\nand more\n"))
    derived = found(room, patch_of(room.diff(old, new)), old, after)
    assert [hunk.edits for hunk in derived.hunks] == [(LineEdit(4, ("+and more",), after=True),)]


def test_the_end_of_a_file(room: Room) -> None:
    old, new, after = states(room, "a\nb\nc\n", "a\nb\nc\nd\n", "a\nb\nc\nd")
    (hunk,) = found(room, patch_of(room.diff(old, new)), old, after).hunks
    assert hunk.edits == (
        LineEdit(4, ()),
        LineEdit(4, ("+d", "\\ No newline at end of file"), after=True),
    )


def test_text_that_is_not_utf_8(room: Room) -> None:
    old, new, after = room.trees(
        {"a": Blob(b"a\nb\n")}, {"a": Blob(b"a\nb\nc\n")}, {"a": Blob(b"a\nb\n\xe9\0\r\n")}
    )
    (hunk,) = found(room, patch_of(room.diff(old, new)), old, after).hunks
    assert (hunk.encoding, hunk.edits) == ("latin-1", (LineEdit(3, ("+\xe9\0\r",)),))


def test_whole_files(room: Room) -> None:
    old, new, before, after = room.trees(
        {"a": Blob(b"a\n"), "gone": Blob(b"1\n")},
        {"a": Blob(b"A\n"), "gone": Blob(b"2\n"), "new": Blob(b"n\n")},
        {"a": Blob(b"a\n"), "mode": Blob(b"m\n"), "old": Blob(b"o\n")},
        {"a": Blob(b"A\n", 0o100755), "mode": Blob(b"m\n", 0o100755), "other": Blob(b"n\n")},
    )
    derived = found(room, patch_of(room.diff(old, new)), before, after)
    assert [(hunk.file, hunk.number, hunk.omit) for hunk in derived.hunks] == [("gone", 0, True), ("new", 0, True)]
    assert [(extra.file, extra.change, extra.mode, extra.lines) for extra in derived.extras] == [
        ("a", Change.MODIFY, 0o100755, ()),
        ("mode", Change.MODIFY, 0o100755, ()),
        ("old", Change.DELETE, None, ("-o",)),
        ("other", Change.ADD, None, ("+n",)),
    ]
    assert isinstance(derived.hunks[0], HunkAdaptation)
    assert isinstance(derived.extras[0], ExtraChange)
