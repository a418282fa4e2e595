# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rejected hunk expected beside what stands where it comes closest, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from textwrap import dedent

from seriestool.model.outcome import HunkOutcome
from seriestool.report.excerpt import differ_in_space_only, with_space_seen
from seriestool.report.view import clean_line

_CONTEXT = 3  # lines that are alike, shown around those that are not
_LIKE = 0.6  # part of two lines that is the same, from which on one is taken for the other
_PAIRS = 900  # pairs of lines that are compared letter by letter


@dataclass(frozen=True, slots=True)
class SideRow:
    """One row: the line expected and the one there, None where one side has none; both are the same unless *changed*.

    A row that stands for ``hidden`` lines that are alike has neither.
    """

    wanted: str | None
    there: str | None
    changed: bool = False
    hidden: int = 0


def sides(hunk: HunkOutcome) -> tuple[SideRow, ...]:
    """Return the hunk's pre-image beside its closest place; () where no place is known, or where it does not differ."""
    if hunk.closest is None or hunk.wanted == hunk.there:
        return ()
    texts = dedent("\n".join(clean_line(line) for line in (*hunk.wanted, *hunk.there))).split("\n")
    wanted, there = texts[: len(hunk.wanted)], texts[len(hunk.wanted) :]
    opcodes = SequenceMatcher(None, hunk.wanted, hunk.there, autojunk=False).get_opcodes()
    rows: list[SideRow] = []
    for number, (tag, low, high, start, end) in enumerate(opcodes):
        if tag == "equal":
            lines = wanted[low:high]
            rows += _alike(lines, before=number > 0, behind=number < len(opcodes) - 1)
        else:
            old, new = hunk.wanted[low:high], hunk.there[start:end]
            left, right = wanted[low:high], there[start:end]
            if differ_in_space_only(old, new):
                left, right = ([clean_line(with_space_seen(line)) for line in side] for side in (old, new))
            rows += [SideRow(*pair, changed=True) for pair in _paired(left, right)]
    return tuple(rows)


def _paired(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Put lines beside those that are most like them, in order; what is like no other stands alone."""
    if len(left) * len(right) > _PAIRS or len(left) == len(right):
        yield from zip_longest(left, right)
        return
    scores = {
        (old, new): SequenceMatcher(None, one, other, autojunk=False).ratio()
        for old, one in enumerate(left)
        for new, other in enumerate(right)
    }
    best = max(scores, key=lambda pair: scores[pair], default=None)
    if best is None or scores[best] < _LIKE:
        yield from zip_longest(left, right)
        return
    old, new = best
    yield from _paired(left[:old], right[:new])
    yield left[old], right[new]
    yield from _paired(left[old + 1 :], right[new + 1 :])


def _alike(lines: Sequence[str], *, before: bool, behind: bool) -> Iterator[SideRow]:
    """Yield lines that are alike; of many, those next to what differs *before* and *behind* them."""
    head, tail = _CONTEXT if before else 0, _CONTEXT if behind else 0
    hidden = len(lines) - head - tail
    if hidden <= 1:
        yield from (SideRow(line, line) for line in lines)
        return
    yield from (SideRow(line, line) for line in lines[:head])
    yield SideRow(None, None, hidden=hidden)
    yield from (SideRow(line, line) for line in lines[len(lines) - tail :])
