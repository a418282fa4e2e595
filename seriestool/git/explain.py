# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a hunk found no place: what it expected, and what the tree has where it comes closest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from seriestool.git.words import code, has_word, ordered_words
from seriestool.model.series import Hunk

_FREQUENT = 400  # a line that occurs more often than this (a brace, an empty line) tells nothing about a place
_SHOWN = 4  # names that are not in the file


@dataclass(frozen=True, slots=True)
class Explanation:
    """One line of cause, and the first lines that differ at the closest place, ``line`` (1-based, None if none)."""

    cause: str
    expected: str | None = None
    found: str | None = None
    line: int | None = None


def explain(data: bytes, lines: Sequence[bytes], hunk: Hunk) -> Explanation:
    """Compare *hunk* with the file it was rejected by, *data*, split into *lines*."""
    strangers = strange_words(data, hunk)
    absent = f"not in this file: {', '.join(strangers[:_SHOWN])}" if strangers else ""
    start = closest(lines, hunk)
    if start is None:
        expected = next((line for line in hunk.old if line.strip()), None)
        return Explanation(absent or "no line of its context is in this file", _text(expected))
    wanted, found, at = _first_difference(hunk.old, lines, start)
    if wanted is None:
        return Explanation("its place was changed by an earlier hunk, or is not at the end it needs", line=start + 1)
    cause = f"context differs at line {at}" + (f"; {absent}" if absent else "")
    return Explanation(cause, _text(wanted), _text(found) if found is not None else "(end of file)", at)


def closest(lines: Sequence[bytes], hunk: Hunk) -> int | None:
    """Return the start (from 0) where most lines of the pre-image are where they should be, None without any."""
    places: dict[bytes, list[int]] = {line: [] for line in hunk.old if line.strip()}
    for at, line in enumerate(lines):
        if line in places:
            places[line].append(at)
    votes: Counter[int] = Counter()
    for number, line in enumerate(hunk.old):
        found = places.get(line, [])
        if len(found) <= _FREQUENT:
            votes.update(max(at - number, 0) for at in found)
    if not votes:
        return None
    expected = hunk.new_start - 1
    return min(votes, key=lambda at: (-votes[at], abs(at - expected)))


def strange_words(data: bytes, hunk: Hunk) -> list[str]:
    """Return the identifiers that the code of the pre-image and the section name have and the file has not."""
    section = hunk.section.encode("utf-8", "surrogateescape")
    wanted = dict.fromkeys(word for line in (section, *hunk.old) for word in ordered_words(code(line)))
    return [word.decode() for word in wanted if not has_word(data, word)]


def _first_difference(
    old: Sequence[bytes], lines: Sequence[bytes], start: int
) -> tuple[bytes | None, bytes | None, int]:
    """Align the pre-image with the file around *start*.

    Returns the first line that is missing or has something in front of it, what is there instead, and where (1-based).
    """
    low = max(start - len(old), 0)
    window = lines[low : start + 2 * len(old)]
    blocks = SequenceMatcher(None, old, window, autojunk=False).get_matching_blocks()
    first = next(block for block in blocks if block.size or block.a == len(old))
    if first.a:  # the leading context differs: what stands in its place is right above
        at = max(first.b - first.a, 0)
        return old[0], window[at] if at < len(window) else None, low + at + 1
    end_old, end = first.a + first.size, first.b + first.size
    if end_old == len(old):
        return None, None, low + first.b + 1
    return old[end_old], window[end] if end < len(window) else None, low + end + 1


def _text(line: bytes | None) -> str | None:
    return None if line is None else line.decode("utf-8", "replace").rstrip("\r\n")
