# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts side by side, with the lines that are alike folded around those that are not. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seriestool.model.abi import Sides, SidesRow

_CONTEXT = 2  # lines that are alike, shown around those that are not


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """One row: a line of each layout, or in their place the number of lines ``hidden`` because they are alike."""

    before: str = ""
    after: str = ""
    changed: bool = False
    hidden: int = 0


def folded(sides: Sides) -> tuple[LayoutRow, ...]:
    """Return the rows that differ with those next to them, and count the rest; everything where nothing is marked."""
    near = [any(row.changed for row in _around(sides.rows, index)) for index in range(len(sides.rows))]
    return tuple(_rows(sides, near) if any(near) else (_shown(row) for row in sides.rows))


def _around(rows: tuple[SidesRow, ...], index: int) -> tuple[SidesRow, ...]:
    return rows[max(index - _CONTEXT, 0) : index + _CONTEXT + 1]


def _rows(sides: Sides, near: list[bool]) -> Iterator[LayoutRow]:
    skipped: list[SidesRow] = []
    for row, shown in zip(sides.rows, near, strict=True):
        if shown:
            yield from _fold(skipped)
            skipped.clear()
            yield _shown(row)
        else:
            skipped.append(row)
    yield from _fold(skipped)


def _fold(rows: list[SidesRow]) -> Iterator[LayoutRow]:
    if len(rows) > 1:
        yield LayoutRow(hidden=len(rows))
    else:
        yield from map(_shown, rows)


def _shown(row: SidesRow) -> LayoutRow:
    return LayoutRow(row.before, row.after, row.changed)
