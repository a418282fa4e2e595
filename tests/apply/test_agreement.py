# SPDX-License-Identifier: GPL-2.0-or-later
"""The apply engine and the real ``git apply`` agree: on what fits, hunk by hunk, and on every byte of the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seriestool.apply.series import apply_series
from seriestool.errors import InputRefused
from seriestool.formats.mail import read_patch
from seriestool.formats.patch import parse_diff
from seriestool.model.outcome import Outcome
from seriestool.model.series import Change, FileDiff
from seriestool.model.tree import Tree
from tests.git.room import Answer, Blob, Files, GitDied, Room, patch_of, temporary_room
from tests.mails import real_messages

PATHS = ("a", "b.c", "d/e", "d/f.h", "d/g/h", "two words", "\u00fcml", 'q"uote', "k/Kconfig")
LINES = (b"a\n", b"b\n", b"\n", b"{\n", b"}\n", b"\ttab\n", b"dos\r\n", b"a \n", b"\xe9\n", b"-x\n", b"@@\n")
LINE = st.sampled_from(LINES)
RENAMES = st.sampled_from(["--no-renames", "-M", "-C"])
SETTINGS = settings(
    max_examples=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    text = b"".join(draw(st.lists(LINE, max_size=24)))
    return text[:-1] if draw(st.integers(0, 5)) == 0 else text


BINARY = st.binary(max_size=40).map(lambda data: data[:20] + b"\0" + data[20:] * 9)
MODE = st.sampled_from([0o100644, 0o100644, 0o100644, 0o100755])
PLAIN = st.builds(Blob, st.one_of(texts(), texts(), texts(), BINARY), MODE)
LINKS = st.builds(Blob, st.sampled_from([b"b.c", b"d/e", b"nowhere"]), st.just(0o120000))


@st.composite
def edited(draw: st.DrawFn, blob: Blob) -> Blob:
    """A file that is mostly what it was."""
    if blob.mode == 0o120000:
        return draw(LINKS)
    lines = blob.data.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(st.lists(LINE, max_size=3))
    data = b"".join(lines)
    if draw(st.integers(0, 6)) == 0:
        data = data.removesuffix(b"\n")
    return Blob(data, draw(st.sampled_from([blob.mode] * 4 + [0o100644, 0o100755])))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Blob]:
    paths = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique=True))
    return {path: draw(st.one_of(PLAIN, PLAIN, PLAIN, LINKS)) for path in paths}


@st.composite
def changed(draw: st.DrawFn, files: Files) -> dict[str, Blob]:
    """The next state of a tree: files edited, renamed, copied, removed and added."""
    after = dict(files)
    for path in files:
        for action in draw(st.lists(st.sampled_from(["edit", "edit", "edit", "delete", "rename", "copy"]), max_size=2)):
            other = draw(st.sampled_from(PATHS))
            if path not in after:
                break
            if action == "edit":
                after[path] = draw(edited(after[path]))
            elif action == "delete":
                del after[path]
            elif other not in after:
                after[other] = draw(edited(after[path])) if draw(st.booleans()) else after[path]
                if action == "rename":
                    del after[path]
    if draw(st.integers(0, 2)) == 0:
        after[draw(st.sampled_from(PATHS))] = draw(st.one_of(PLAIN, LINKS))
    return after


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Blob]]:
    """Three or four states, one after the other, and last a tree that went another way from the first."""
    states = [draw(trees())]
    for _ in range(draw(st.integers(2, 3))):
        states.append(draw(changed(states[-1])))
    return [*states, draw(st.one_of(st.just(states[0]), changed(states[0])))]


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with temporary_room() as made:
        yield made


def diffs(room: Room, ids: Sequence[str], words: Sequence[str]) -> list[bytes]:
    """The patches between successive trees, without those that are refused before they come near a tree."""
    found = []
    for old, new in pairwise(ids):
        diff = room.diff(old, new, *words)
        try:
            parse_diff(diff)
        except InputRefused as refused:
            assert "symbolic link" in refused.message, diff
            continue
        if diff:
            found.append(diff)
    return found


@given(history=histories(), renames=RENAMES, context=st.sampled_from([3, 3, 1, 0]))
@SETTINGS
def test_generated_patches(room: Room, history: list[dict[str, Blob]], renames: str, context: int) -> None:
    *ids, tree = room.trees(*history)
    copies = ["--find-copies-harder"] if renames == "-C" else []
    for diff in diffs(room, ids, [renames, f"-U{context}", *copies]):
        try:
            after = agreed(room, tree, diff)
            expected = room.git_applies(tree, diff, "-R")
        except GitDied:
            return
        if renames != "-C":  # backwards, git makes one file of two copies
            back = room.ours_applies(tree, diff, reverse=True)
            assert (back.whole, back.hunks) == (expected.whole, expected.hunks), diff
        tree = after.tree


@pytest.mark.parametrize(("path", "mode"), [("a", 0o100755), ("d/e", 0o100644), ("d/e", 0o100755)])
def test_a_new_name_or_mode_without_the_hunks(room: Room, path: str, mode: int) -> None:
    """A file gets them even where git rejects every hunk."""
    lines = [b"line %d\n" % number for number in range(30)]
    wanted = b"".join([*lines[:15], b"one more\n", *lines[15:]])
    unfit = b"".join([*lines[:14], b"another line\n", *lines[15:]])
    old, new, tree, after = room.trees(
        {"a": Blob(b"".join(lines))}, {path: Blob(wanted, mode)}, {"a": Blob(unfit)}, {path: Blob(unfit, mode)}
    )
    found = agreed(room, tree, room.diff(old, new, "-M"))
    assert found == Answer(whole=False, hunks=(False,), tree=after)


def agreed(room: Room, tree: str, diff: bytes) -> Answer:
    """Apply *diff* both ways, compare, and return our answer."""
    ours, expected = room.ours_applies(tree, diff), room.git_applies(tree, diff)
    assert (ours.whole, ours.hunks) == (expected.whole, expected.hunks), diff
    # Where a file turns into a link, git makes the link even if it must not remove the file. We do not.
    assert ours.tree == expected.tree or (turns_type(diff) and not ours.whole), diff
    return ours


def turns_type(diff: bytes) -> bool:
    paths = [file.path for file in parse_diff(diff)]
    return len(paths) > len(set(paths))


@given(states=trees().flatmap(lambda files: st.tuples(st.just(files), changed(files))), renames=st.booleans())
@SETTINGS
def test_back_and_forth_is_where_it_was(room: Room, states: tuple[Files, Files], renames: bool) -> None:
    old, new = room.trees(*states)
    for diff in diffs(room, [old, new], ["-M" if renames else "--no-renames"]):
        forth = room.ours_applies(old, diff)
        assert (forth.whole, forth.tree) == (True, new), diff
        back = room.ours_applies(new, diff, reverse=True)
        assert (back.whole, back.tree) == (True, old), diff


SPECIAL = {
    "a file of CRLF": ({"f": b"one\r\ntwo\r\nthree\r\n"}, {"f": b"one\r\nzwei\r\nthree\r\n"}),
    "CRLF becomes LF": ({"f": b"one\r\ntwo\r\nthree\r\n"}, {"f": b"one\ntwo\nthree\n"}),
    "a binary delta": ({"f": bytes(range(256)) * 40}, {"f": bytes(range(256)) * 20 + b"more" + bytes(range(256)) * 20}),
    "a binary literal": ({"f": b"\0one"}, {"f": b"\0" + bytes(range(200))}),
    "binary becomes text": ({"f": b"\0" * 50}, {"f": b"text\n"}),
    "a new empty file": ({"g": b"g\n"}, {"g": b"g\n", "f": b""}),
    "an empty file goes": ({"g": b"g\n", "f": b""}, {"g": b"g\n"}),
    "an empty file gets lines": ({"f": b""}, {"f": b"one\ntwo"}),
    "a file becomes empty": ({"f": b"one\ntwo"}, {"f": b""}),
    "the last line feed goes": ({"f": b"one\ntwo\n"}, {"f": b"one\ntwo"}),
    "the last line feed comes": ({"f": b"one\ntwo"}, {"f": b"one\ntwo\n"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("damaged", [False, True])
def test_special_files(room: Room, name: str, damaged: bool) -> None:
    """On the file it was made for, on another one, and back."""
    before, after = ({path: Blob(data) for path, data in files.items()} for files in SPECIAL[name])
    other = {path: Blob(b"other\r\n" + blob.data.replace(b"\r\n", b"\n")) for path, blob in before.items()}
    old, new, third = room.trees(before, after, other)
    diff = room.diff(old, new)
    found = agreed(room, third if damaged else old, diff)
    if not damaged:
        assert (found.whole, found.tree) == (True, new)
        assert room.ours_applies(new, diff, reverse=True) == Answer(whole=True, hunks=(), tree=old)


@given(history=histories())
@SETTINGS
def test_a_series_goes_on_as_git_does(room: Room, history: list[dict[str, Blob]]) -> None:
    """The state after each patch of a series is what ``git apply --reject`` leaves, conflicts included."""
    *ids, start = room.trees(*history)
    patches = [patch_of(diff, f"{number:02}") for number, diff in enumerate(diffs(room, ids, ["--no-renames"]), 1)]
    base = Tree("base", "1", room.git("commit-tree", start, "-m", "base"), start)
    tree = start
    for patch, found in zip(patches, apply_series(room.store, base, patches, three_way=False).patches, strict=True):
        try:
            expected = room.git_applies(tree, patch.diff)
        except GitDied:
            return
        if found.outcome in (Outcome.ALREADY, Outcome.ALREADY_EVOLVED):
            assert found.tree_object == tree  # git has no word for it: it rejects, or changes nothing
        elif not turns_type(patch.diff) or expected.whole:
            assert (found.outcome is Outcome.APPLIES) is expected.whole, patch.diff
            assert found.tree_object == expected.tree, patch.diff
        tree = found.tree_object


def pre_images(files: Sequence[FileDiff]) -> dict[str, Blob]:
    """Rebuild from its context lines a tree that a patch fits; what it does not show is filled up."""
    found: dict[str, Blob] = {}
    for diff in files:
        if diff.old_path is None:
            continue
        lines: list[bytes] = []
        for hunk in diff.hunks:
            # Numbered lines: no hunk may match anywhere but in its place.
            name = diff.old_path.encode()
            lines += [b"filler %d of %s\n" % (at, name) for at in range(len(lines), hunk.old_start - 1)]
            lines += hunk.old
        ends = diff.hunks and [line.sign for line in diff.hunks[-1].lines[-3:]] == [" "] * 3
        if ends and diff.change is not Change.DELETE and lines[-1].endswith(b"\n"):
            lines.append(b"the end\n")
        found[diff.old_path] = Blob(b"".join(lines), diff.old_mode or 0o100644)
    return found


def test_real_mail(room: Room, shared_mail: Path) -> None:
    seen = 0
    for _, message in real_messages(shared_mail):
        try:
            patch = read_patch(message, "01")
        except InputRefused:
            continue  # tests/formats knows which, and why
        files = pre_images(patch.files)
        # The first file is not as the patch wants it.
        other = dict(files)
        for path, blob in list(files.items())[:1]:
            other[path] = Blob(b"another first line\n" + blob.data.replace(b"e", b"\xeb", 40), blob.mode)
        fitting, unfit = room.trees(files, other)
        forth = agreed(room, fitting, patch.diff)
        seen += forth.whole
        if forth.whole:
            assert room.ours_applies(forth.tree, patch.diff, reverse=True).tree == fitting
        if not seen % 3:
            agreed(room, unfit, patch.diff)
    assert seen > 10
