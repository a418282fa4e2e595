# SPDX-License-Identifier: GPL-2.0-or-later
"""Rejected hunks as conflicts in the file they were meant for, in the form of ``git merge --conflict=diff3``.

No text is merged: a conflict shows what stands at the closest place, what the hunk expected and what it makes of it,
less the lines that all three have in common. Two words of git's merges do not hold here: there is no commit whose
whole file is the base or theirs, so both are the tree's file with only the conflicts as expected, or as wanted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from seriestool.adapt.regions import place_hunks
from seriestool.apply.explain import closest
from seriestool.apply.filediff import Fault, FileResult
from seriestool.apply.hunks import split_lines
from seriestool.apply.view import View
from seriestool.git.treeobject import SYMLINK
from seriestool.model.series import Change, FileDiff, Hunk, HunkLine

OURS, BASE, SPLIT, THEIRS = b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One file with conflicts: its content with markers, and the three sides, None where a side has no such file.

    ``places`` has the line (1-based) of each conflict's first marker, by hunk number; 0 is the whole file.
    """

    path: str
    mode: int
    data: bytes
    ours: bytes | None
    base: bytes | None
    theirs: bytes | None
    places: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands behind the markers."""

    tree: str
    number: str
    subject: str

    def expected(self, path: str, hunk: int) -> str:
        """Name the side that a hunk expected."""
        return f"expected by {self.number} ({path}{f' hunk {hunk}' if hunk else ''})"

    @property
    def theirs(self) -> str:
        """Name the side that the patch wants."""
        return f"{self.number}: {self.subject}"


def conflicts(
    before: View, after: View, results: Sequence[FileResult], labels: Labels, numbers: Mapping[str, Sequence[int]]
) -> Iterator[Conflict]:
    """Yield the files of *results* that were not wholly taken, as far as text can show what is left.

    *after* has what was taken, *numbers* are the numbers of each file's hunks in the posted patch.
    """
    paths = [result.diff.path for result in results]
    for result in results:
        if not result.whole and paths.count(result.diff.path) == 1:
            conflict = _conflict(before, after, result, labels, numbers.get(result.diff.path, ()))
            if conflict is not None:
                yield conflict


def _conflict(
    before: View, after: View, result: FileResult, labels: Labels, numbers: Sequence[int]
) -> Conflict | None:
    diff = result.diff
    file = before.before(diff.old_path or diff.path)
    made = after.get(diff.path) or file
    mode = made.mode if made else diff.new_mode or 0o100644
    if mode == SYMLINK or result.fault in (Fault.WRONG_TYPE, Fault.BINARY):
        return None
    if result.fault is Fault.MISSING:
        return _missing(diff, mode, labels, numbers) if diff.hunks and diff.new_path else None
    if result.fault is Fault.IN_THE_WAY:
        if file is None or diff.change is not Change.ADD:
            return None
        wanted = b"".join(line for hunk in diff.hunks for line in hunk.new)
        return _whole(diff.path, mode, labels, file.data, None, wanted)
    if file is None:
        return None
    if diff.change is Change.DELETE:
        expected = b"".join(line for hunk in diff.hunks for line in hunk.old)
        return _whole(diff.path, mode, labels, file.data, expected, None)
    return _hunks(split_lines(file.data), diff, mode, labels, numbers, result)


def _whole(
    path: str, mode: int, labels: Labels, ours: bytes, base: bytes | None, theirs: bytes | None
) -> Conflict:
    """Return a conflict about all of a file."""
    sides = (split_lines(ours), split_lines(base or b""), split_lines(theirs or b""))
    return Conflict(path, mode, b"".join(_marked(*sides, path, 0, labels)), ours, base, theirs, {0: 1})


def _missing(diff: FileDiff, mode: int, labels: Labels, numbers: Sequence[int]) -> Conflict:
    """Return the conflicts of a file that is not there: one below the other, nothing on our side."""
    lines: list[bytes] = []
    places = {}
    for number, hunk in zip(numbers, diff.hunks, strict=False):
        places[number] = len(lines) + 1
        lines += _marked((), hunk.old, hunk.new, diff.path, number, labels)
    base, theirs = (b"".join(line for hunk in diff.hunks for line in side(hunk)) for side in (_old, _new))
    return Conflict(diff.path, mode, b"".join(lines), None, base, theirs, places)


def _old(hunk: Hunk) -> Sequence[bytes]:
    return hunk.old


def _new(hunk: Hunk) -> Sequence[bytes]:
    return hunk.new


def _hunks(
    before: Sequence[bytes],
    diff: FileDiff,
    mode: int,
    labels: Labels,
    numbers: Sequence[int],
    result: FileResult,
) -> Conflict:
    image = place_hunks(before, diff.hunks)
    taken = list(image.ranges.values())
    spots = []
    for number, hunk, place in zip(numbers, diff.hunks, result.places, strict=False):
        if place is None:
            start, end, lines = _spot(before, hunk, taken)
            taken.append((start, end))
            spots.append((start, end, number, lines))
    origins = [-1 if origin is None else origin for origin in image.origin]
    known = [at for at, origin in enumerate(origins) if origin >= 0]
    olds = [origins[at] for at in known]
    sides: list[list[bytes]] = [[], [], [], []]
    places: dict[int, int] = {}
    at = 0
    for start, end, number, lines in sorted(spots, key=lambda spot: spot[:3]):
        index = bisect_left(olds, start)
        first = max(known[index] if index < len(known) else len(image.lines), at)
        for side in sides:
            side.extend(image.lines[at:first])
        there = image.lines[first : first + end - start]
        expected = [line.text for line in lines if line.sign != "+"]
        wanted = [line.text for line in lines if line.sign != "-"]
        places[number] = len(sides[0]) + 1
        marked = list(_marked(there, expected, wanted, diff.path, number, labels))
        for side, text in zip(sides, (marked, there, expected, wanted), strict=True):
            side.extend(text)
        at = first + len(there)
    data, ours, base, theirs = (b"".join([*side, *image.lines[at:]]) for side in sides)
    return Conflict(diff.path, mode, data, ours, base, theirs, places)


def _spot(
    before: Sequence[bytes], hunk: Hunk, taken: Sequence[tuple[int, int]]
) -> tuple[int, int, Sequence[HunkLine]]:
    """Return the range of the file where *hunk* comes closest, and those of its lines that are not as there."""
    start, end = _outside(*_region(before, hunk), taken)
    lines = list(hunk.lines)
    while start < end and lines and lines[0].sign == " " and lines[0].text == before[start]:
        start, lines = start + 1, lines[1:]
    while start < end and lines and lines[-1].sign == " " and lines[-1].text == before[end - 1]:
        end, lines = end - 1, lines[:-1]
    return start, end, lines


def _region(before: Sequence[bytes], hunk: Hunk) -> tuple[int, int]:
    old = hunk.old
    start = closest(before, hunk)
    if start is None:
        start = min(max(hunk.new_start - 1, 0), len(before))
        return start, start
    low = max(start - len(old), 0)
    window = before[low : start + 2 * len(old)]
    blocks = [
        block
        for block in SequenceMatcher(None, old, window, autojunk=False).get_matching_blocks()
        if any(any(char > 0x40 for char in line) for line in old[block.a : block.a + block.size])
    ]
    if not blocks:
        return start, min(start + len(old), len(before))
    first, last = blocks[0], blocks[-1]
    begin = max(low + first.b - first.a, 0)
    end = low + last.b + len(old) - last.a
    return begin, max(begin, min(end, len(before)))


def _outside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return what of a range no other hunk has: its part in front of the first one, or behind."""
    for first, last in sorted(taken):
        if first < end and start < last:
            if first > start:
                end = first
            else:
                start, end = last, max(end, last)
    return start, end


def _marked(
    there: Sequence[bytes],
    expected: Sequence[bytes],
    wanted: Sequence[bytes],
    path: str,
    number: int,
    labels: Labels,
) -> Iterator[bytes]:
    """Yield the lines of one conflict; a side that ends without a line feed gets one, a marker needs it."""
    yield _marker(OURS, labels.tree)
    yield from _ended(there)
    yield _marker(BASE, labels.expected(path, number))
    yield from _ended(expected)
    yield SPLIT + b"\n"
    yield from _ended(wanted)
    yield _marker(THEIRS, labels.theirs)


def _marker(sign: bytes, label: str) -> bytes:
    return b"%s %s\n" % (sign, label.encode("utf-8", "surrogateescape"))


def _ended(lines: Sequence[bytes]) -> list[bytes]:
    return [line if line.endswith(b"\n") else line + b"\n" for line in lines]


def marker_lines(data: bytes, before: bytes, wanted: Sequence[bytes]) -> list[int]:
    """Return the lines (1-based) of *data* that are markers of a conflict.

    What looks like one and stands in the file *before*, or among the lines *wanted* by the patch, is text: an underline
    of a heading, a document about git.
    """
    known = {*split_lines(before), *wanted}
    return [
        number
        for number, line in enumerate(split_lines(data), 1)
        if line not in known and (line.startswith((OURS + b" ", BASE + b" ", THEIRS + b" ")) or line == SPLIT + b"\n")
    ]
