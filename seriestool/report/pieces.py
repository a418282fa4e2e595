# SPDX-License-Identifier: GPL-2.0-or-later
"""What every page on a terminal is made of: cells, tables, list items. Text in them is text, never markup."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from seriestool.report.view import Cell, Tone, clean

STYLES = {
    Tone.PLAIN: "",
    Tone.QUIET: "dim",
    Tone.GOOD: "",
    Tone.CHANGED: "yellow",
    Tone.UNCLEAR: "yellow",
    Tone.BAD: "bold red",
}
GAP = 2  # blanks between columns
_LEAST = 8


def plain(value: str) -> Text:
    """Return *value* without what could steer a terminal."""
    return Text(clean(value))


def cell_text(cell: Cell) -> Text:
    """Return a cell in its colour."""
    return Text(clean(cell.text), style=STYLES[cell.tone])


def labelled(label: str, text: str, tone: Tone) -> Text:
    """Return a line with a label in front, in the colour of *tone*."""
    return Text.assemble((f"{clean(label)}: ", STYLES[tone]), clean(text))


def list_item(text: Text) -> Table:
    """Return one item of a list."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row("-", text)
    return grid


def new_table(*headers: str) -> Table:
    """Return an empty table in the house's look."""
    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True, header_style="bold")
    for header in headers:
        made.add_column(Text(header))
    return made


@dataclass(frozen=True, slots=True)
class Elastic:
    """A table in which one column takes what room is left and ends in an ellipsis; the others are never cut."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    elastic: int
    right: frozenset[int] = frozenset()
    """Columns of numbers."""

    def room(self, width: int) -> int:
        """Return how many columns of the terminal are left for the elastic one."""
        others = [index for index in range(len(self.headers)) if index != self.elastic]
        widths = [max(cell_len(self.headers[index]), *(row[index].cell_len for row in self.rows)) for index in others]
        return width - sum(widths) - GAP * len(others)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        made = new_table(*self.headers)
        for index, column in enumerate(made.columns):
            column.no_wrap = True
            column.justify = "right" if index in self.right else "left"
        made.columns[self.elastic].overflow = "ellipsis"
        made.columns[self.elastic].max_width = max(self.room(options.max_width), _LEAST)
        for row in self.rows:
            made.add_row(*row)
        yield made
