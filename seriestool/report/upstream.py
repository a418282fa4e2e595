# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``apply`` says beside its matrix: in which form patches were taken, and which follow-ups are missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group as Renderables
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import FollowUpReason, Variant
from seriestool.model.upstream import Closure, FollowUpState, FormDifference
from seriestool.report.view import clean, clean_line, ranges


@dataclass(frozen=True, slots=True)
class Group:
    """Follow-ups that were posted together, or one alone; no ``message_id`` where only a history tells of it."""

    title: str
    message_id: str
    states: tuple[FollowUpState, ...]


def group(states: Sequence[FollowUpState]) -> tuple[Group, ...]:
    """Put together what has one cover letter; the title then tells how many there are."""
    parts: dict[object, list[FollowUpState]] = {}
    for number, state in enumerate(states):
        parts.setdefault(state.follow_up.posting_id or number, []).append(state)
    return tuple(_group(part) for part in parts.values())


def _group(states: Sequence[FollowUpState]) -> Group:
    first = states[0].follow_up
    title = f"{first.posting} ({len(states)} patches)" if len(states) > 1 else first.title
    message_id = (first.posting_id if len(states) > 1 else first.message_id) or first.posting_id or ""
    return Group(title, message_id, tuple(states))


def note_of(one: Group) -> str:
    """Say in one line why a group belongs and what a tree without it exposes, by its strongest member."""
    told = [state.follow_up for state in one.states]
    best = next((each for each in told if each.reason is not FollowUpReason.SIBLING), told[0])
    return "; ".join(text for text in (best.evidence, best.exposes) if text)


def form_sentence(trees: Sequence[TreeOutcome], differences: Sequence[FormDifference] = ()) -> str | None:
    """Say in which form patches were taken; None where all were as posted and nothing else is known."""
    forms = {each.number: each.variant for tree in trees for each in tree.patches if not each.is_prerequisite}
    landed = [number for number, form in forms.items() if form is Variant.LANDED]
    posted = [number for number, form in forms.items() if form is Variant.POSTED]
    others = [one.number for one in differences if one.number in forms]
    parts = [f"{ranges(landed)} as upstream has them"] if landed else []
    if posted and (landed or others):
        parts.append(f"{ranges(posted)} as posted")
    if others:
        verb = "differs" if len(others) == 1 else "differ"
        hint = "" if any(one.range_diff for one in differences) else " (--range-diff shows how)"
        parts.append(f"upstream's form of {ranges(others)} {verb} from the posting{hint}")
    return "; ".join(parts) or None


def range_diff_lines(differences: Sequence[FormDifference]) -> Iterator[str]:
    """Yield what git range-diff says of each, line by line: cut or folded, it would be another diff."""
    for one in differences:
        if one.range_diff is not None:
            yield ""
            yield from (clean_line(line) for line in one.range_diff.rstrip("\n").split("\n"))


def render_form(trees: Sequence[TreeOutcome], differences: Sequence[FormDifference] = ()) -> RenderableType:
    """Return the line that says in which form patches were taken; nothing where there is nothing to say."""
    sentence = form_sentence(trees, differences)
    lines = (Text(""), Text.assemble(("form: ", "bold"), clean(sentence))) if sentence else ()
    return Renderables(*lines)


def render_missing(closure: Closure, *, several: bool) -> RenderableType:
    """Return the follow-ups that were not applied, nothing where none is missing; *several* trees are named."""
    return Renderables(*_missing(closure, several=several))


def _missing(closure: Closure, *, several: bool) -> Iterator[RenderableType]:
    lacking = [state for state in closure.states if state.missing_on]
    if not lacking:
        return
    yield from (Text(""), Text("follow-ups that were not applied", style="bold yellow"))
    for one in group(lacking):
        trees = sorted({tree for state in one.states for tree in state.missing_on})
        text = Text(clean(one.title + (f" (on {', '.join(trees)})" if several else "")))
        lines = [f"{one.message_id}: {note_of(one)}" if one.message_id else note_of(one)]
        if len(one.states) > 1:
            lines += [f"{state.number or '-'} {state.follow_up.title}" for state in one.states]
        for line in lines:
            text.append(f"\n{clean(line)}", style="dim")
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row("-", text)
        yield grid
    yield Text(f"looked for in {clean(closure.searched)}", style="dim")
