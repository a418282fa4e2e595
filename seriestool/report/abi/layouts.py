# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts with the lines folded that say nothing new: those that are alike, those that only move. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seriestool.model.abi import Sides, SidesRow

_CONTEXT = 3  # lines shown around those that differ, and in front of those that only move
_ELIDED = re.compile(r"\s*\.\.\. (\d+) lines alike")
_PLACE = re.compile(r"(\s*\d+)(\s.*)")


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """One row: a line of each layout, or the number of those ``hidden`` in its place.

    These are alike, or they all begin ``moved`` bytes further on.
    """

    before: str = ""
    after: str = ""
    changed: bool = False
    hidden: int = 0
    moved: int = 0

    @property
    def fold(self) -> str:
        """What is said of the hidden lines."""
        if not self.moved:
            return f"{self.hidden} lines alike"
        by = f"{abs(self.moved)} byte{'' if abs(self.moved) == 1 else 's'}"
        return f"{self.hidden} more lines, each {by} {'further on' if self.moved > 0 else 'further up'}"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff: "-", "+" or " ", and what it says; of a fold, "." and its words."""

    sign: str
    text: str


def folded(sides: Sides) -> tuple[LayoutRow, ...]:
    """Return ``near_changes`` with only the beginning of each stretch that moves as one; the rest is counted."""
    return tuple(_without_moves(near_changes(sides)))


def near_changes(sides: Sides) -> tuple[LayoutRow, ...]:
    """Return the rows that differ with those next to them, and count the rest; everything where nothing is marked."""
    near = [any(row.changed for row in _around(sides.rows, index)) for index in range(len(sides.rows))]
    return tuple(_rows(sides, near) if any(near) else (_shown(row) for row in sides.rows))


def difference(sides: Sides) -> tuple[SidesRow, ...]:
    """Return only what differs: two ABIs of which this is the same need not both be shown."""
    return tuple(row for row in sides.rows if row.changed)


def unified(rows: Sequence[LayoutRow]) -> tuple[DiffLine, ...]:
    """Return *rows* below each other: of those that differ, first what was, then what is."""
    lines: list[DiffLine] = []
    gone: list[DiffLine] = []
    new: list[DiffLine] = []
    for row in (*rows, LayoutRow()):
        if row.changed:
            gone += [DiffLine("-", row.before)] if row.before else []
            new += [DiffLine("+", row.after)] if row.after else []
            continue
        lines += [*gone, *new]
        gone, new = [], []
        if row.hidden:
            lines.append(DiffLine(".", row.fold))
        elif row.after:
            lines.append(DiffLine(" ", row.after))
    return tuple(lines)


def _around(rows: tuple[SidesRow, ...], index: int) -> tuple[SidesRow, ...]:
    return rows[max(index - _CONTEXT, 0) : index + _CONTEXT + 1]


def _rows(sides: Sides, near: list[bool]) -> Iterator[LayoutRow]:
    skipped: list[SidesRow] = []
    for row, shown in zip(sides.rows, near, strict=True):
        if shown and not _ELIDED.fullmatch(row.before):
            yield from _fold(skipped)
            skipped.clear()
            yield _shown(row)
        else:
            skipped.append(row)
    yield from _fold(skipped)


def _fold(rows: list[SidesRow]) -> Iterator[LayoutRow]:
    number = sum(int(found[1]) if (found := _ELIDED.fullmatch(row.before)) else 1 for row in rows)
    if number > 1:
        yield LayoutRow(hidden=number)
    else:
        yield from map(_shown, rows)


def _without_moves(rows: Sequence[LayoutRow]) -> Iterator[LayoutRow]:
    """Give *rows* with only the beginning of each stretch that moves as one."""
    start = 0
    while start < len(rows):
        by = _move(rows[start])
        end = start + 1
        while by and end < len(rows) and (_move(rows[end]) == by or _closes(rows[end])):
            end += 1
        hidden = end - start - _CONTEXT
        if hidden > 1:
            yield from rows[start : start + _CONTEXT]
            yield LayoutRow(hidden=hidden, moved=by)
        else:
            yield from rows[start:end]
        start = end


def _move(row: LayoutRow) -> int:
    """Return how many bytes further on the line is, if nothing else about it differs; else 0."""
    before, after = _PLACE.fullmatch(row.before), _PLACE.fullmatch(row.after)
    if before is None or after is None or before[2] != after[2]:
        return 0
    return int(after[1]) - int(before[1])


def _closes(row: LayoutRow) -> bool:
    return not row.changed and not row.hidden and row.after.lstrip().startswith("}")


def _shown(row: SidesRow) -> LayoutRow:
    return LayoutRow(row.before, row.after, row.changed)
