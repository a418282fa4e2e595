# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series does to the user-space layout, on a terminal.

Everything that comes from a header, a compiler or a patch goes through ``view.clean`` and is a ``Text``, never markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seriestool.model.abi import AbiMatrix, AbiVerdict, Sides
from seriestool.report.abi.groups import AbiGroup, Told, final_groups, patch_groups, reference_groups
from seriestool.report.abi.layouts import LayoutRow, folded
from seriestool.report.abi.notes import Note, addition, notes
from seriestool.report.abi.rows import patch_rows
from seriestool.report.abi.sentence import abi_sentence, is_quiet
from seriestool.report.abi.table import AbiTable
from seriestool.report.abi.words import before_after, fate, more
from seriestool.report.pieces import GAP, STYLES, list_item, new_table, plain
from seriestool.report.view import Tone, clean, clean_line, ranges

_INDENT = 4
_CHANGES = 8  # of one group
_TYPES = 3  # side by side, of one group
_ROWS = 24  # of one pair of layouts
_GROUPS = 12  # of breaks, and of additions
_LINES = 10  # of a list


def render(matrix: AbiMatrix) -> RenderableType:
    """Return the whole page; one line where there is nothing to say."""
    if is_quiet(matrix):
        return plain(f"{matrix.tree}: {abi_sentence(matrix)}")
    return Group(*_page(matrix))


def render_matrix(matrix: AbiMatrix) -> RenderableType:
    """Return the matrix alone, with the patches for which nothing was compiled below it."""
    return Group(_headline(matrix), Text(""), AbiTable(matrix), *_untouched(matrix))


def _page(matrix: AbiMatrix) -> Iterator[RenderableType]:
    yield render_matrix(matrix)
    groups = patch_groups(matrix)
    breaks = [group for group in groups if group.verdict is AbiVerdict.BREAKS] + list(final_groups(matrix, groups))
    yield from _breaks(breaks)
    yield from _reference(matrix)
    yield from _additions(matrix, [group for group in groups if group.verdict is not AbiVerdict.BREAKS])
    for note in notes(matrix):
        yield from _note(note)


def _headline(matrix: AbiMatrix) -> Text:
    about = clean(f"{matrix.series}, {matrix.tree}, {matrix.version}")
    return Text.assemble(("user-space layout", "bold"), (f"  {about}", "dim"))


def _untouched(matrix: AbiMatrix) -> Iterator[Text]:
    reasons: dict[str, list[str]] = {}
    for row in patch_rows(matrix):
        if row.untouched:
            reasons.setdefault(row.untouched, []).append(row.label)
    for reason, labels in reasons.items():
        yield Text(clean(f"{ranges(labels)} same: {reason}"), style="dim")


def _breaks(groups: Sequence[AbiGroup]) -> Iterator[RenderableType]:
    for group in groups[:_GROUPS]:
        yield Text("")
        yield Text.assemble((clean(", ".join(group.abis)), "bold red"), f": {clean(fate(group))}")
        if not group.like:
            yield _indented(_details(group))
    if len(groups) > _GROUPS:
        yield from (Text(""), Text(more(len(groups) - _GROUPS), style="dim"))


def _reference(matrix: AbiMatrix) -> Iterator[RenderableType]:
    if matrix.reference_tree is None:
        return
    groups = reference_groups(matrix)
    tree = clean(matrix.reference_tree)
    if groups:
        yield from (Text(""), Text(f"against {tree}", style="bold"))
    for group in groups[:_GROUPS]:
        yield Text.assemble((clean(", ".join(group.abis)), "bold red"), f": not as {tree} has it")
        yield _indented(_details(group))
    if len(groups) > _GROUPS:
        yield Text(more(len(groups) - _GROUPS), style="dim")


def _details(group: AbiGroup) -> Iterator[RenderableType]:
    if group.subject:
        yield Text(clean(group.subject), style="dim")
    kind = None
    for told in group.changes[:_CHANGES]:
        if told.change.type != kind:
            kind = told.change.type
            yield _type_line(told)
        yield _indented([_change(told)], 2)
        if told.why:
            yield _indented([Text(clean(f"why: {told.why}"), style="dim")], 4)
    if len(group.changes) > _CHANGES:
        yield Text(more(len(group.changes) - _CHANGES), style="dim")
    for sides in group.sides[:_TYPES]:
        yield from (Text(""), _sides(sides, group.states))
    if len(group.sides) > _TYPES:
        yield Text(clean(f"side by side: {more(len(group.sides) - _TYPES)}"), style="dim")


def _type_line(told: Told) -> Text:
    header = told.change.header
    return Text.assemble(clean(told.change.type), (f"  {clean(header)}" if header else "", "dim"))


def _change(told: Told) -> Text:
    change = told.change
    parts = [change.member or "(the type itself)", before_after(change)]
    if told.along:
        parts.append(f"({told.along} {'member' if told.along == 1 else 'members'} in it likewise)")
    return Text(clean("  ".join(parts))) if change.breaks else Text(clean("  ".join(parts)), style="dim")


def _sides(sides: Sides, states: tuple[str, str]) -> RenderableType:
    table = new_table()
    table.expand = True
    for header in (f"  {sides.type}, {states[0]}", f"  {states[1]}"):
        table.add_column(Text(clean_line(header)), ratio=1, overflow="fold")
    rows = folded(sides)
    for row in rows[:_ROWS]:
        table.add_row(*_pair(row))
    if len(rows) > _ROWS:
        table.add_row(Text(more(sum(max(row.hidden, 1) for row in rows[_ROWS:])), style="dim"), Text(""))
    return table


def _pair(row: LayoutRow) -> tuple[Text, Text]:
    if row.hidden:
        return Text(f"  ... {row.hidden} lines that are alike", style="dim"), Text("")
    return (_side(row.before, row.changed, "-", "red"), _side(row.after, row.changed, "+", "green"))


def _side(line: str, changed: bool, sign: str, colour: str) -> Text:
    if not line:
        return Text("")
    return Text(f"{sign} {clean_line(line)}", style=colour) if changed else Text(f"  {clean_line(line)}", style="dim")


def _additions(matrix: AbiMatrix, groups: Sequence[AbiGroup]) -> Iterator[RenderableType]:
    if not groups:
        return
    yield from (Text(""), Text("without a break", style="bold"))
    table = Table.grid(padding=(0, GAP, 0, 0))
    for group in groups[:_GROUPS]:
        table.add_row(Text(clean(group.step), no_wrap=True), plain(addition(matrix, group)))
    yield table
    if len(groups) > _GROUPS:
        yield Text(more(len(groups) - _GROUPS), style="dim")


def _note(note: Note) -> Iterator[RenderableType]:
    yield from (Text(""), Text(note.heading, style="bold"))
    for line in note.lines[:_LINES]:
        yield list_item(Text(clean(line.text), style=STYLES[line.tone]))
    if len(note.lines) > _LINES:
        yield list_item(Text(more(len(note.lines) - _LINES), style=STYLES[Tone.QUIET]))


def _indented(parts: Iterable[RenderableType], columns: int = _INDENT) -> Padding:
    return Padding(Group(*parts), (0, 0, 0, columns))
