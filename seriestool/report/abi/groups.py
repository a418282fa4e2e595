# SPDX-License-Identifier: GPL-2.0-or-later
"""ABIs on which one step makes the same changes, told once. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict, Change, ChangeKind, Sides
from seriestool.report.abi.rows import final_label

_WHAT = attrgetter("type", "member", "kind", "before", "after", "breaks", "header")
"""All of a change but its reason, which names the ABI."""
_Move = tuple[str, str, int]
PLACES = frozenset({ChangeKind.OFFSET, ChangeKind.BIT, ChangeKind.VALUE})


@dataclass(frozen=True, slots=True)
class Told:
    """A change to tell, and how many members inside its own move along with it and are not told.

    ``why`` is its reason for all ABIs of a group.
    """

    change: Change
    along: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class AbiGroup:
    """What one step (a patch, the whole series, the reference) does alike on some ABIs.

    ``sides`` are the layouts of the first ABI: others may differ from it where nothing changes. ``like`` names the
    patch that was told before and does exactly this.
    """

    step: str
    subject: str
    number: int
    """1-based, among the groups of its step."""
    abis: tuple[str, ...]
    verdict: AbiVerdict
    changes: tuple[Told, ...]
    sides: tuple[Sides, ...]
    cures: tuple[str, ...]
    cured_by: str | None
    states: tuple[str, str]
    """What the two sides of a layout are called: "before 05", "with 05"."""
    like: str = ""

    @property
    def lead(self) -> Told | None:
        """The change that says most: what breaks before what does not, a member that moved before a whole type."""
        return min(self.changes, key=lambda told: _rank(told.change), default=None)


def patch_groups(matrix: AbiMatrix) -> tuple[AbiGroup, ...]:
    """Return the groups of every patch that changes something, what breaks before what does not.

    Between two trees there is one step, as of one patch.
    """
    if matrix.old is not None:
        return step_groups(final_label(matrix), "", matrix.final, (matrix.old.tree, matrix.tree))
    return tuple(
        group
        for patch in matrix.patches
        for group in step_groups(
            patch.number, patch.subject, patch.results, (f"before {patch.number}", f"with {patch.number}")
        )
    )


def final_groups(matrix: AbiMatrix, before: Sequence[AbiGroup]) -> tuple[AbiGroup, ...]:
    """Return what the series as a whole breaks; what one of *before* was told to do on these ABIs points to it."""
    found: list[AbiGroup] = []
    if matrix.old is not None:
        return ()
    for group in step_groups(final_label(matrix), "the series as a whole", matrix.final, ("base", "the whole series")):
        if group.verdict is AbiVerdict.BREAKS:
            same = (each for each in before if set(group.abis) <= set(each.abis) and _alike(each, group))
            found.append(replace(group, like=next((each.step for each in same), "")))
    return tuple(found)


def reference_groups(matrix: AbiMatrix) -> tuple[AbiGroup, ...]:
    """Return where the series puts something elsewhere than the reference tree has it."""
    tree = matrix.reference_tree or ""
    groups = step_groups(tree, "", matrix.reference, ("this series", tree))
    return tuple(group for group in groups if group.verdict is AbiVerdict.BREAKS)


def step_groups(
    step: str, subject: str, results: Sequence[AbiResult], states: tuple[str, str]
) -> tuple[AbiGroup, ...]:
    """Put together the ABIs with the same changes, in the matrix's order; layouts are those of the first."""
    alike: dict[tuple[object, ...], list[AbiResult]] = {}
    for result in results:
        if result.changes or result.verdict is AbiVerdict.BREAKS:
            key = (result.verdict, tuple(map(_WHAT, result.changes)), result.cures, result.cured_by)
            alike.setdefault(key, []).append(result)
    parts = sorted(alike.values(), key=lambda part: part[0].verdict is not AbiVerdict.BREAKS)
    return tuple(_group(step, subject, number, part, states) for number, part in enumerate(parts, 1))


def outline(changes: Sequence[Change]) -> tuple[Told, ...]:
    """Leave out the members that moved because what they are in moved as far; count them there. No reasons yet."""
    moved = {key for change in changes if (key := _move(change, change.member)) is not None}
    told: list[Change] = []
    along: Counter[_Move] = Counter()
    for change in changes:
        parts = (change.member or "").split(".")
        outers = (_move(change, ".".join(parts[:depth])) for depth in range(1, len(parts)))
        outer = next((key for key in outers if key in moved), None)
        if outer is None:
            told.append(change)
        else:
            along[outer] += 1
    return tuple(Told(change, along[key] if (key := _move(change, change.member)) else 0) for change in told)


def _move(change: Change, member: str | None) -> _Move | None:
    """Return what says that *member* moved as *change* did: the type, the member, and how far."""
    before, after = change.before or "", change.after or ""
    if change.kind is not ChangeKind.OFFSET or member is None or not (before.isdecimal() and after.isdecimal()):
        return None
    return change.type, member, int(after) - int(before)


def _group(
    step: str, subject: str, number: int, part: Sequence[AbiResult], states: tuple[str, str]
) -> AbiGroup:
    first = part[0]
    reasons = {
        change: _why([(each.abi, each.changes[index].why) for each in part])
        for index, change in enumerate(first.changes)
    }
    told = sorted(outline(first.changes), key=lambda each: not each.change.breaks)
    changes = tuple(Told(replace(each.change, why=""), each.along, reasons[each.change]) for each in told)
    return AbiGroup(
        step, subject, number, tuple(result.abi for result in part), first.verdict, changes, first.sides,
        first.cures, first.cured_by, states,
    )  # fmt: skip


def _alike(one: AbiGroup, other: AbiGroup) -> bool:
    """Tell whether the changes are the same, whatever their reasons name."""
    both = ([(told.change, told.along) for told in each.changes] for each in (one, other))
    first, second = both
    return first == second


def _why(told: Sequence[tuple[str, str]]) -> str:
    """Return one reason for several ABIs: that of the first, with all their names where only these differ."""
    forms: dict[str, tuple[str, list[str]]] = {}
    for abi, text in told:
        form = re.sub(rf"(?<![\w-]){re.escape(abi)}(?![\w-])", "\0", text)
        forms.setdefault(form, (text, []))[1].append(abi)
    if len(forms) > 1:
        return "; ".join(f"{', '.join(abis)}: {text}" for text, abis in forms.values() if text)
    ((form, (why, abis)),) = forms.items()
    if len(abis) == 1:
        return why
    names = f"{', '.join(abis[:-1])} and {abis[-1]}"
    return form.replace("\0 aligns ", f"{names} align ").replace("\0", names)


def _rank(change: Change) -> tuple[bool, bool, bool, int]:
    depth = (change.member or "").count(".")
    if change.breaks:
        return False, change.member is None, change.kind not in PLACES, depth
    return True, change.kind is not ChangeKind.ADDED, change.member is None, depth
