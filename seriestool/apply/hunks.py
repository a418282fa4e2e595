# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a hunk goes in a file: pure matching, by exactly the rules of ``git apply``.

The behaviour follows git's apply.c (``find_pos``, ``match_fragment``, ``update_image``) without ``--unidiff-zero``,
``--allow-overlap`` and whitespace options: full context, any offset, the nearest place first.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from seriestool.apply.memo import Memo
from seriestool.model.series import Hunk, HunkLine


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one hunk matched: ``line`` counts from 1, ``offset`` is in lines from where the hunk said.

    ``context`` is None for a whole match, else the largest N with which ``git apply -C<N>`` finds the place.
    """

    line: int
    offset: int
    context: int | None = None


@dataclass(frozen=True, slots=True)
class Patched:
    """A file after its hunks; ``places`` has None for each hunk that found no place and was left out."""

    data: bytes
    places: tuple[Placed | None, ...]


_MEMO: Memo[tuple[bytes, tuple[Hunk, ...]], Patched] = Memo(48 << 20)


def split_lines(data: bytes) -> list[bytes]:
    """Split at line feeds only, keeping them; the last line may lack one."""
    return io.BytesIO(data).readlines()


Finder = Callable[[Sequence[bytes], Hunk, bytearray], tuple[Placed, Hunk] | None]
"""From a file's lines, a hunk, and a flag for each line that hunks have written: the place, and what of the hunk goes
there."""


def exactly(lines: Sequence[bytes], hunk: Hunk, touched: bytearray) -> tuple[Placed, Hunk] | None:
    """Find the place of the whole hunk: the finder of ``git apply``."""
    place = find_place(lines, hunk, touched)
    return None if place is None else (place, hunk)


def apply_hunks(data: bytes, hunks: Sequence[Hunk], find: Finder = exactly) -> Patched:
    """Apply each hunk that finds a place, in order, and leave out the others (``git apply --reject``)."""
    if not hunks:
        return Patched(data, ())
    if find is not exactly:
        return _apply(data, hunks, find)
    key = data, tuple(hunks)
    return _MEMO.get(key, lambda: _apply(data, hunks, find), lambda made: len(data) + len(made.data))


def _apply(data: bytes, hunks: Sequence[Hunk], find: Finder) -> Patched:
    lines = split_lines(data)
    touched = bytearray(len(lines))  # lines a hunk has written do not match again (apply.c, LINE_PATCHED)
    places: list[Placed | None] = []
    for hunk in hunks:
        found = find(lines, hunk, touched)
        places.append(found[0] if found else None)
        if found:
            place, taken = found
            start, end = place.line - 1, place.line - 1 + len(taken.old)
            lines[start:end] = taken.new
            touched[start:end] = b"\1" * len(taken.new)
    return Patched(b"".join(lines) if any(places) else data, tuple(places))


def find_place(lines: Sequence[bytes], hunk: Hunk, touched: bytes | bytearray = b"") -> Placed | None:
    """Return the place ``git apply`` would choose for *hunk*, None when there is none."""
    expected = max(hunk.new_start - 1, 0)
    at_start, at_end = hunk.old_start <= 1, not trailing(hunk)
    start = next(matches(lines, hunk.old, expected, touched, at_start=at_start, at_end=at_end), None)
    return None if start is None else Placed(start + 1, start - expected)


def matches(
    lines: Sequence[bytes],
    old: Sequence[bytes],
    expected: int,
    touched: bytes | bytearray = b"",
    *,
    at_start: bool = False,
    at_end: bool = False,
) -> Iterator[int]:
    """Yield the starts (from 0) at which *old* stands in *lines*, in git's order seen from *expected*."""
    for start in _candidates(lines, old, expected, at_start=at_start, at_end=at_end):
        if _matches(lines, old, start, at_end=at_end) and not any(touched[start : start + len(old)]):
            yield start


def reverse_hunk(hunk: Hunk) -> Hunk:
    """Return the hunk that undoes *hunk* (``git apply -R``)."""
    swap = {"+": "-", "-": "+", " ": " "}
    lines = tuple(HunkLine(swap[line.sign], line.text) for line in hunk.lines)
    return replace(hunk, old_start=hunk.new_start, new_start=hunk.old_start, lines=lines)


def leading(hunk: Hunk) -> int:
    """Count the context lines before the first change."""
    return _context(hunk.lines)


def trailing(hunk: Hunk) -> int:
    """Count the context lines behind the last change; a hunk without any belongs at the end of the file."""
    return _context(hunk.lines[::-1])


def _context(lines: Sequence[HunkLine]) -> int:
    return next((number for number, line in enumerate(lines) if line.sign != " "), len(lines))


def _candidates(
    lines: Sequence[bytes], old: Sequence[bytes], expected: int, *, at_start: bool, at_end: bool
) -> Iterator[int]:
    """Yield the starts worth a look in git's order: the expected one, then outwards, forward before backward."""
    last = len(lines) - len(old)
    if last < 0:
        return
    if at_start or at_end:
        # Only one place can match, wherever the search starts; both wanted means the whole file.
        only = 0 if at_start else last
        if not (at_start and at_end) or last == 0:
            yield only
        return
    expected = min(expected, len(lines))
    if expected <= last:
        yield expected
    if not old:
        return
    starts = [at for at in _starts(lines, old, last) if at != expected]
    yield from sorted(starts, key=lambda at: (abs(at - expected), at < expected))


def _starts(lines: Sequence[bytes], old: Sequence[bytes], last: int) -> Iterator[int]:
    """Yield, upwards, the starts up to *last* at which the longest line of *old* is where it should be."""
    whole = [number for number, line in enumerate(old) if line.endswith(b"\n")]
    if not whole:  # one line without line feed, which matches more than its equals
        yield from range(last + 1)
        return
    anchor = max(whole, key=lambda number: len(old[number]))  # braces and empty lines are everywhere
    at = anchor - 1
    while True:
        try:
            at = lines.index(old[anchor], at + 1, last + anchor + 1)
        except ValueError:
            return
        yield at - anchor


def _matches(lines: Sequence[bytes], old: Sequence[bytes], start: int, *, at_end: bool) -> bool:
    there = lines[start : start + len(old)]
    if not old or list(there) == list(old):
        return True
    # git compares bytes up to the end of the pre-image: one that ends without a line feed also matches a last line
    # that has one, or trailing white space, unless the hunk has to end the file.
    final = old[-1]
    return (
        not at_end
        and not final.endswith(b"\n")
        and list(there[:-1]) == list(old[:-1])
        and there[-1].startswith(final)
        and not there[-1][len(final) :].strip()
    )
