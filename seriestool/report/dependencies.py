# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series says it needs, and what became of that on each tree, on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from seriestool.model.needs import DependencyAnswer, DependencyState, ResolvedDependency
from seriestool.report.view import clean_line, ranges

_ID = re.compile(r"[0-9a-f]{13,}")
_GAP = 2  # blanks between columns
_STYLES = {DependencyState.MISSING: "bold red", DependencyState.UNKNOWN: "yellow"}


def render_dependencies(dependencies: Sequence[ResolvedDependency]) -> Iterable[RenderableType]:
    """Yield a short section: each kind and value once, with the patches that say it, and a line per answer.

    Trees of which the same is true share a line; they are named where others are told something else. Nothing is
    yielded for no dependencies.
    """
    if not dependencies:
        return
    saying: dict[tuple[str, str, tuple[DependencyAnswer, ...]], list[str]] = {}
    for each in dependencies:
        need = each.dependency
        value = need.value[:12] if _ID.fullmatch(need.value) else need.value
        remark = " ".join(part for part in (need.versions, need.subject) if part)
        what = f"{value}{' ' * _GAP}{remark}" if remark else value
        numbers = saying.setdefault((need.kind.value, what, each.answers), [])
        if need.patch is not None:
            numbers.append(need.patch)
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for (kind, what, answers), numbers in saying.items():
        said = Group(Text(clean_line(what), overflow="fold"), *_answers(answers))
        table.add_row(Text(ranges(numbers)), Text(kind), said)
    for column in table.columns[:2]:
        column.no_wrap = True
    yield from (Text(""), Text("declared dependencies", style="bold"), table)


def _answers(answers: Sequence[DependencyAnswer]) -> Iterator[Text]:
    alike: dict[tuple[DependencyState, str], list[str]] = {}
    for answer in answers:
        alike.setdefault((answer.state, answer.reason), []).append(answer.tree)
    for (state, reason), trees in alike.items():
        where = f"{', '.join(trees)}: " if len(alike) > 1 else ""
        text = Text.assemble((clean_line(where), "dim"), (state.value, _STYLES.get(state, "dim")))
        yield text.append(f": {clean_line(reason)}", style="dim")
