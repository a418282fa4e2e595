# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a hunk found no place: what it expected, and what the file has where it comes closest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from seriestool.apply.reduced import reduced
from seriestool.formats.words import code, has_word, ordered_words
from seriestool.model.series import Hunk

_FREQUENT = 400  # a line that occurs more often than this (a brace, an empty line) tells nothing about a place
_PLACES = 6  # places with the most lines in their positions, looked at more closely


@dataclass(frozen=True, slots=True)
class Explanation:
    """One line of cause, the first lines that differ at the closest place, and all of that place.

    ``wanted``, ``there``, ``closest`` and ``closeness`` are those of ``HunkOutcome``.
    """

    cause: str
    wanted: tuple[str, ...]
    expected: str | None = None
    found: str | None = None
    there: tuple[str, ...] = ()
    closest: int | None = None
    closeness: float | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines *start* to *end* (from 0) of a file; *matched* of the pre-image's lines stand there, in order."""

    start: int
    end: int
    matched: int
    difference: tuple[int, int] | None
    """The first line of the pre-image that is missing or has something in front of it, and the line there instead."""


def explain(lines: Sequence[bytes], hunk: Hunk, context: int | None = None) -> Explanation:
    """Compare *hunk* with the file it was rejected by, split into *lines*.

    *context* is the number of context lines it was also tried with.
    """
    old = hunk.old
    wanted = tuple(_text(line) for line in old)
    with_less = _tried(lines, hunk, context)
    start = closest(lines, hunk)
    if start is None:
        expected = next((line for line in old if line.strip()), None)
        return Explanation(f"no line of its context is in this file{with_less}", wanted, _maybe(expected))
    place = _align(old, lines, start)
    there = tuple(_text(line) for line in lines[place.start : place.end])
    closeness = round(place.matched / len(old), 3)
    if place.difference is None:
        cause = "its place was changed by an earlier hunk, or is not at the end it needs"
        return Explanation(f"{cause}{with_less}", wanted, None, None, there, place.start + 1, closeness)
    number, at = place.difference
    found = _text(lines[at]) if at < len(lines) else "(end of file)"
    cause = f"context differs at line {at + 1}{with_less}"
    return Explanation(cause, wanted, _text(old[number]), found, there, place.start + 1, closeness)


def closest(lines: Sequence[bytes], hunk: Hunk) -> int | None:
    """Return the start (from 0) of the place that has most of the pre-image's lines in order, None without any."""
    places: dict[bytes, list[int]] = {line: [] for line in hunk.old if line.strip()}
    for at, line in enumerate(lines):
        if line in places:
            places[line].append(at)
    votes: Counter[int] = Counter()
    for number, line in enumerate(hunk.old):
        found = places.get(line, [])
        if len(found) <= _FREQUENT:
            votes.update(max(at - number, 0) for at in found)
    expected = hunk.new_start - 1
    likely = sorted(votes, key=lambda at: (-votes[at], abs(at - expected)))[:_PLACES]
    if not likely:
        return None
    if votes[likely[0]] * 2 > len(hunk.old) or len(likely) == 1:
        return likely[0]
    return max(likely, key=lambda at: (_align(hunk.old, lines, at).matched, -abs(at - expected)))


def strange_words(data: bytes, hunk: Hunk) -> list[str]:
    """Return the identifiers that the code of the pre-image and the section name have and the file has not."""
    section = hunk.section.encode("utf-8", "surrogateescape")
    wanted = dict.fromkeys(word for line in (section, *hunk.old) for word in ordered_words(code(line)))
    return [word.decode() for word in wanted if not has_word(data, word)]


def _tried(lines: Sequence[bytes], hunk: Hunk, context: int | None) -> str:
    """Say what less context did for it where that was asked for, and whether it would help where it was not."""
    less = reduced(lines, hunk, b"", 1 if context is None else context)
    if context is None:
        if less is None or less.placed is None:
            return ""
        return f"; -C {less.context} would find one place, line {less.starts[0] + 1}{less.but}"
    return f"; {less}" if less else f"; nor with -C {context}"


def _align(old: Sequence[bytes], lines: Sequence[bytes], start: int) -> _Place:
    """Align the pre-image with the file around *start*."""
    low = max(start - len(old), 0)
    window = lines[low : start + 2 * len(old)]
    blocks = SequenceMatcher(None, old, window, autojunk=False).get_matching_blocks()[:-1]
    if not blocks:
        return _Place(start, min(start + len(old), len(lines)), 0, (0, start))
    first, last = blocks[0], blocks[-1]
    begin = max(low + first.b - first.a, 0)
    end = min(low + last.b + len(old) - last.a, len(lines))
    matched = sum(block.size for block in blocks)
    if first.a:  # the leading context differs: what stands in its place is right above
        return _Place(begin, end, matched, (0, begin))
    end_old = first.size
    difference = None if end_old == len(old) else (end_old, low + first.b + first.size)
    return _Place(begin, end, matched, difference)


def _maybe(line: bytes | None) -> str | None:
    return None if line is None else _text(line)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
