# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series says it needs, on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from seriestool.model.series import Dependency
from seriestool.report.view import clean_line, ranges

_ID = re.compile(r"[0-9a-f]{13,}")
_GAP = 2  # blanks between columns


def render_dependencies(dependencies: Sequence[Dependency]) -> Iterable[RenderableType]:
    """Yield a short section, one line for each kind and value, with the patches that say it; nothing for none."""
    if not dependencies:
        return
    saying: dict[tuple[str, ...], list[str]] = {}
    for need in dependencies:
        value = need.value[:12] if _ID.fullmatch(need.value) else need.value
        remark = " ".join(part for part in (need.versions, need.subject) if part)
        numbers = saying.setdefault((need.kind.value, value, remark), [])
        if need.patch is not None:
            numbers.append(need.patch)
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for (kind, value, remark), numbers in saying.items():
        table.add_row(*(Text(clean_line(text)) for text in (ranges(numbers), kind, value, remark)))
    for column in table.columns[:2]:
        column.no_wrap = True
    table.columns[2].overflow = "fold"
    yield from (Text(""), Text("declared dependencies", style="bold"), table)
