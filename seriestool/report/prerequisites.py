# SPDX-License-Identifier: GPL-2.0-or-later
"""The commits that would have to go in front of a series, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from seriestool.model.needs import TreePrerequisites
from seriestool.report.view import clean, ranges


def prerequisite_lines(found: TreePrerequisites) -> tuple[str, ...]:
    """Say what is to be done or was looked for in vain, one line each; commits that are applied speak for themselves.

    Nothing is said of a tree that needs nothing, unless prerequisites were asked for.
    """
    lines = []
    if found.commits and not found.applied:
        named = ", ".join(clean(f"{one.commit[:12]} ({one.subject})") for one in found.commits)
        rest = f"; {ranges(found.conflicts)} would still not apply" if found.conflicts else ""
        lines.append(f"apply --with-prerequisites would put {named} in front{rest}")
    if found.applied and not found.commits:
        lines.append(f"no prerequisites {'were found' if found.conflicts else 'are needed'}")
    if found.gave_up:
        lines.append(f"the search for prerequisites was given up: {found.gave_up}")
    return tuple(lines)


def render_prerequisites(trees: Sequence[TreePrerequisites]) -> Iterable[RenderableType]:
    """Yield a short section, one line for each thing to say of a tree; nothing where there is none."""
    lines = [f"{clean(each.tree)}: {line}" for each in trees for line in prerequisite_lines(each)]
    if lines:
        yield from (Text(""), Text("prerequisites", style="bold"), *map(Text, lines))
