# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix patch x ABI on a terminal of any width: words are never cut, the table is turned or broken instead.

With room, patches are rows and have their subject; with less, they lose it; with more ABIs than columns, ABIs are rows
and the patches that touch no user-space header are left out; where even that is too wide, it comes in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from seriestool.model.abi import AbiMatrix
from seriestool.report.abi.rows import AbiRow, end_rows, patch_rows, unavailable_throughout
from seriestool.report.pieces import GAP, Elastic, cell_text
from seriestool.report.view import clean

_MIN_SUBJECT = 24
_TIGHT = 1


@dataclass(frozen=True, slots=True)
class AbiTable:
    """The matrix, as wide as the terminal allows."""

    matrix: AbiMatrix

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        whole = _with_subjects(self.matrix)
        if whole.room(width) >= _MIN_SUBJECT:
            yield whole
            return
        straight, turned = _straight(self.matrix), _turned(self.matrix)
        for grid, gap in ((straight, GAP), (straight, _TIGHT), (turned, GAP), (turned, _TIGHT)):
            if grid.width(gap) <= width:
                yield from grid.lines(gap)
                return
        for number, part in enumerate(turned.parts(width)):
            if number:
                yield Text("")
            yield from part.lines(GAP)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Columns of short cells, the first one of names; a row with a ``span`` says one thing across all of them."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    spans: tuple[str, ...]

    def widths(self) -> list[int]:
        cells = [row for row, span in zip(self.rows, self.spans, strict=True) if not span]
        names = max((row[0].cell_len for row in self.rows), default=0)
        widths = [max([cell_len(head), *(row[at].cell_len for row in cells)]) for at, head in enumerate(self.headers)]
        return [max(widths[0], names), *widths[1:]]

    def width(self, gap: int) -> int:
        widths = self.widths()
        return sum(widths) + gap * (len(widths) - 1)

    def lines(self, gap: int) -> Iterator[Text]:
        widths = self.widths()
        yield _line([Text(head, style="bold") for head in self.headers], widths, gap)
        for row, span in zip(self.rows, self.spans, strict=True):
            yield _line([row[0], Text(span, style="yellow")] if span else row, widths, gap)

    def parts(self, width: int) -> Iterator[_Grid]:
        """Break the columns into tables that fit, each with the names in front and at least one column."""
        widths = self.widths()
        start = 1
        while start < len(self.headers):
            end, used = start + 1, widths[0] + GAP + widths[start]
            while end < len(self.headers) and used + GAP + widths[end] <= width:
                used += GAP + widths[end]
                end += 1
            rows = tuple((row[0], *row[start:end]) for row in self.rows)
            yield _Grid((self.headers[0], *self.headers[start:end]), rows, self.spans)
            start = end


def _line(cells: Sequence[Text], widths: Sequence[int], gap: int) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    for index, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        line.append_text(cell)
        if index < len(cells) - 1:
            line.append(" " * (width - cell.cell_len + gap))
    return line


def _with_subjects(matrix: AbiMatrix) -> Elastic:
    rows = [
        (Text(clean(row.label)), Text(clean(row.subject)), *map(cell_text, row.cells))
        for row in (*patch_rows(matrix), *end_rows(matrix))
    ]
    return Elastic(("#", "subject", *map(clean, matrix.abis)), tuple(rows), elastic=1)


def _straight(matrix: AbiMatrix) -> _Grid:
    rows = tuple((Text(clean(row.label)), *map(cell_text, row.cells)) for row in _all_rows(matrix))
    return _Grid(("#", *map(clean, matrix.abis)), rows, ("",) * len(rows))


def _turned(matrix: AbiMatrix) -> _Grid:
    steps = [row for row in _all_rows(matrix) if not row.untouched or not row.label.isdecimal()]
    gone = unavailable_throughout(matrix)
    rows = tuple(
        (Text(clean(abi)), *(cell_text(step.cells[index]) for step in steps)) for index, abi in enumerate(matrix.abis)
    )
    # The command that would help stands below the matrix, whole.
    short = {abi: clean(reason).partition(": apt install ")[0] for abi, reason in gone.items()}
    spans = tuple(f"unavailable: {short[abi]}" if abi in short else "" for abi in matrix.abis)
    return _Grid(("abi", *(clean(step.label) for step in steps)), rows, spans)


def _all_rows(matrix: AbiMatrix) -> tuple[AbiRow, ...]:
    return (*patch_rows(matrix), *end_rows(matrix))
