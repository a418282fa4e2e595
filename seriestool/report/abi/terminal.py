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

from seriestool.model.abi import AbiMatrix, AbiVerdict, Change
from seriestool.report.abi.additions import additions
from seriestool.report.abi.groups import AbiGroup, Told, final_groups, patch_groups, reference_groups
from seriestool.report.abi.layout_text import LayoutText
from seriestool.report.abi.notes import Note, notes
from seriestool.report.abi.rows import patch_rows
from seriestool.report.abi.sentence import abi_sentence, is_quiet
from seriestool.report.abi.story import Seen, story
from seriestool.report.abi.table import AbiTable
from seriestool.report.abi.words import before_after, fate, more
from seriestool.report.pieces import GAP, STYLES, list_item, plain
from seriestool.report.view import Tone, clean, ranges

_INDENT = 4
_CAUSES = 4  # of one group
_CHANGES = 10  # of one group
_TYPES = 3  # whose layouts are shown, of one group
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
    yield from _breaks(breaks, whole=matrix.old is not None)
    yield from _reference(matrix)
    yield from _additions(matrix, [group for group in groups if group.verdict is not AbiVerdict.BREAKS])
    for note in notes(matrix):
        yield from _note(note)


def _headline(matrix: AbiMatrix) -> Text:
    old = matrix.old
    begin = matrix.series if old is None else f"{old.tree}, {old.version} ->"
    about = clean(f"{begin}{', ' if old is None else ' '}{matrix.tree}, {matrix.version}")
    return Text.assemble(("user-space layout", "bold"), (f"  {about}", "dim"))


def _untouched(matrix: AbiMatrix) -> Iterator[Text]:
    reasons: dict[str, list[str]] = {}
    for row in patch_rows(matrix):
        if row.untouched:
            reasons.setdefault(row.untouched, []).append(row.label)
    for reason, labels in reasons.items():
        yield Text(clean(f"{ranges(labels)} same: {reason}"), style="dim")


def _breaks(groups: Sequence[AbiGroup], *, whole: bool) -> Iterator[RenderableType]:
    seen: Seen = {}
    for group in groups[:_GROUPS]:
        yield Text("")
        yield Text.assemble((clean(", ".join(group.abis)), "bold red"), f": {clean(fate(group))}")
        if not group.like:
            yield _indented(_details(group, seen, whole=whole))
    if len(groups) > _GROUPS:
        yield from (Text(""), Text(more(len(groups) - _GROUPS), style="dim"))


def _reference(matrix: AbiMatrix) -> Iterator[RenderableType]:
    if matrix.reference_tree is None:
        return
    groups = reference_groups(matrix)
    tree = clean(matrix.reference_tree)
    if groups:
        yield from (Text(""), Text(f"against {tree}", style="bold"))
    seen: Seen = {}
    for group in groups[:_GROUPS]:
        yield Text.assemble((clean(", ".join(group.abis)), "bold red"), f": not as {tree} has it")
        yield _indented(_details(group, seen))
    if len(groups) > _GROUPS:
        yield Text(more(len(groups) - _GROUPS), style="dim")


def _details(group: AbiGroup, seen: Seen, *, whole: bool = False) -> Iterator[RenderableType]:
    """Give the changes of a group and its layouts, a few of each; with *whole*, everything that breaks."""
    tale = story(group, seen)
    lines = _lines(tale.told)
    most = max(sum(line[0].change.breaks for line in lines), _CHANGES) if whole else _CHANGES
    if group.subject:
        yield Text(clean(group.subject), style="dim")
    for cause in tale.causes[:_CAUSES]:
        yield Text(clean(cause))
    if len(tale.causes) > _CAUSES:
        yield Text(more(len(tale.causes) - _CAUSES), style="dim")
    if tale.causes:
        yield Text("")
    named = None
    for line in lines[:most]:
        if line[0].change.type != named:
            named = line[0].change.type
            yield _type_line(line[0].change)
        yield _indented([_changes(line)], 2)
    if len(lines) > most:
        yield Text(more(sum(map(len, lines[most:]))), style="dim")
    for sides in tale.sides[:_TYPES]:
        yield from (Text(""), LayoutText(sides, group.abis[0], group.states))
    if len(tale.sides) > _TYPES:
        yield Text(clean(f"layouts: {more(len(tale.sides) - _TYPES)}"), style="dim")
    if tale.same:
        yield Text("")
    for kind, abi in tale.same[:_TYPES]:
        yield Text(clean(f"{kind}: the layouts differ as on {abi}"), style="dim")


def _type_line(change: Change) -> Text:
    header = change.header
    return Text.assemble((clean(change.type), "bold"), (f"  {clean(header)}" if header else "", "dim"))


def _lines(told: Sequence[Told]) -> list[list[Told]]:
    """Put what is said of a type itself into one line; every member has its own."""
    lines: list[list[Told]] = []
    for each in told:
        last = lines[-1][-1] if lines else None
        if each.change.member is None and last is not None and _key(last) == _key(each):
            lines[-1].append(each)
        else:
            lines.append([each])
    return lines


def _key(told: Told) -> tuple[str, str | None, bool]:
    return told.change.type, told.change.member, told.change.breaks


def _changes(line: Sequence[Told]) -> Text:
    first = line[0].change
    text = Text(f"{clean(first.member)}  " if first.member else "")
    text.append(clean(", ".join(map(_what, line))))
    text.stylize("" if first.breaks else "dim")
    return text


def _what(told: Told) -> str:
    members = "member" if told.along == 1 else "members"
    along = f", and {told.along} {members} with it" if told.along else ""
    return f"{before_after(told.change)}{along}{f': {told.why}' if told.why else ''}"


def _additions(matrix: AbiMatrix, groups: Sequence[AbiGroup]) -> Iterator[RenderableType]:
    lines = additions(matrix, groups)
    if not lines:
        return
    yield from (Text(""), Text("without a break", style="bold"))
    table = Table.grid(padding=(0, GAP, 0, 0))
    for line in lines[:_GROUPS]:
        table.add_row(Text(clean(line.step), no_wrap=True), plain(line.text))
    yield table
    if len(lines) > _GROUPS:
        yield Text(more(len(lines) - _GROUPS), style="dim")


def _note(note: Note) -> Iterator[RenderableType]:
    yield from (Text(""), Text(note.heading, style="bold"))
    for line in note.lines[:_LINES]:
        yield list_item(Text(clean(line.text), style=STYLES[line.tone]))
    if len(note.lines) > _LINES:
        yield list_item(Text(more(len(note.lines) - _LINES), style=STYLES[Tone.QUIET]))


def _indented(parts: Iterable[RenderableType], columns: int = _INDENT) -> Padding:
    return Padding(Group(*parts), (0, 0, 0, columns))
