# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts on a terminal: side by side where there is room for every line, else as a unified diff.

Everything goes through ``view.clean_line`` and is a ``Text``, never markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from seriestool.model.abi import Sides
from seriestool.report.abi.layouts import LayoutRow, folded, unified
from seriestool.report.abi.words import more
from seriestool.report.pieces import GAP, new_table
from seriestool.report.view import clean_line

_BESIDE = 104  # columns, from which on two layouts may stand side by side
_ROWS = 40  # of one pair side by side
_LINES = 60  # of one diff
_SIGN = 2  # columns of a sign and the blank behind it
_STYLES = {"-": "red", "+": "green", " ": "dim"}


@dataclass(frozen=True, slots=True)
class LayoutText:
    """The layouts of one type under one ABI; ``states`` is what they are called ("before 05", "with 05")."""

    sides: Sides
    abi: str
    states: tuple[str, str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = folded(self.sides)
        width = options.max_width
        column = max((max(cell_len(row.before), cell_len(row.after)) for row in rows), default=0) + _SIGN
        if width >= _BESIDE and 2 * column + GAP <= width:
            yield self._beside(rows)
        else:
            yield from self._diff(rows)

    def _beside(self, rows: Sequence[LayoutRow]) -> Padding:
        table = new_table()
        for header in (f"  {self.sides.type} on {self.abi}, {self.states[0]}", f"  {self.states[1]}"):
            table.add_column(Text(clean_line(header)), overflow="fold")
        for row in rows[:_ROWS]:
            table.add_row(*_pair(row))
        if len(rows) > _ROWS:
            table.add_row(Text(_rest(rows[_ROWS:]), style="dim"), Text(""))
        return Padding(table, 0, expand=False)

    def _diff(self, rows: Sequence[LayoutRow]) -> Iterator[Text]:
        lines = unified(rows)
        for sign, state in zip(("---", "+++"), self.states, strict=True):
            yield Text(clean_line(f"{sign} {self.sides.type} on {self.abi}, {state}"), style="bold", overflow="fold")
        for line in lines[:_LINES]:
            if line.sign == ".":
                yield Text(f"  ... {line.text}", style="dim")
            else:
                yield Text(f"{line.sign} {clean_line(line.text)}", style=_STYLES[line.sign], overflow="fold")
        if len(lines) > _LINES:
            yield Text(more(len(lines) - _LINES), style="dim")


def _rest(rows: Sequence[LayoutRow]) -> str:
    return more(sum(max(row.hidden, 1) for row in rows))


def _pair(row: LayoutRow) -> tuple[Text, Text]:
    if row.hidden:
        return Text(f"  ... {row.fold}", style="dim"), Text("")
    return _side(row.before, row.changed, "-"), _side(row.after, row.changed, "+")


def _side(line: str, changed: bool, sign: str) -> Text:
    if not line:
        return Text("")
    sign = sign if changed else " "
    return Text(f"{sign} {clean_line(line)}", style=_STYLES[sign])
