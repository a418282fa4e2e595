# SPDX-License-Identifier: GPL-2.0-or-later
"""ABIs on which one step makes the same changes, told once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict, Change, ChangeKind, Sides
from seriestool.report.abi.rows import final_label


@dataclass(frozen=True, slots=True)
class Told:
    """A change to tell, and how many members inside its own move along with it and are not told."""

    change: Change
    along: int = 0


@dataclass(frozen=True, slots=True)
class AbiGroup:
    """What one step (a patch, the whole series, the reference) does alike on some ABIs.

    ``like`` names the patch that was told before and does exactly this. ``whys`` explain the changes, each once.
    """

    step: str
    subject: str
    number: int
    """1-based, among the groups of its step."""
    abis: tuple[str, ...]
    verdict: AbiVerdict
    changes: tuple[Told, ...]
    whys: tuple[str, ...]
    sides: tuple[Sides, ...]
    cures: tuple[str, ...]
    cured_by: str | None
    states: tuple[str, str]
    """What the two sides of a layout are called: "before 05", "with 05"."""
    like: str = ""

    @property
    def lead(self) -> Told | None:
        """The change that says most: what breaks before what does not, a member before a whole type."""
        return min(self.changes, key=lambda told: (not told.change.breaks, told.change.member is None), default=None)


def patch_groups(matrix: AbiMatrix) -> tuple[AbiGroup, ...]:
    """Return the groups of every patch that changes something, what breaks before what does not."""
    return tuple(
        group
        for patch in matrix.patches
        for group in step_groups(
            patch.number, patch.subject, patch.results, (f"before {patch.number}", f"with {patch.number}")
        )
    )


def final_groups(matrix: AbiMatrix) -> tuple[AbiGroup, ...]:
    """Return what the series as a whole breaks; what a patch was already told to do on these ABIs points to it."""
    before = patch_groups(matrix)
    found = []
    for group in step_groups(final_label(matrix), "the series as a whole", matrix.final, ("base", "the whole series")):
        if group.verdict is AbiVerdict.BREAKS:
            same = (each for each in before if each.changes == group.changes and set(group.abis) <= set(each.abis))
            found.append(replace(group, like=next((each.step for each in same), "")))
    return tuple(found)


def reference_groups(matrix: AbiMatrix) -> tuple[AbiGroup, ...]:
    """Return where the series puts something elsewhere than the reference tree has it."""
    tree = matrix.reference_tree or ""
    groups = step_groups(tree, "", matrix.reference, (tree, "this series"))
    return tuple(group for group in groups if group.verdict is AbiVerdict.BREAKS)


def step_groups(
    step: str, subject: str, results: Sequence[AbiResult], states: tuple[str, str]
) -> tuple[AbiGroup, ...]:
    """Put together the ABIs with the same changes and the same layouts, in the matrix's order."""
    alike: dict[tuple[object, ...], list[AbiResult]] = {}
    for result in results:
        if result.changes or result.verdict is AbiVerdict.BREAKS:
            changes = tuple(replace(change, why="") for change in result.changes)
            key = (result.verdict, changes, result.sides, result.cures, result.cured_by)
            alike.setdefault(key, []).append(result)
    parts = sorted(alike.values(), key=lambda part: part[0].verdict is not AbiVerdict.BREAKS)
    return tuple(_group(step, subject, number, part, states) for number, part in enumerate(parts, 1))


def outline(changes: Sequence[Change]) -> tuple[Told, ...]:
    """Leave out the members that moved because what they are in moved as far; count them there."""
    told: list[Told] = []
    for change in changes:
        outer = next((index for index, each in enumerate(told) if _moves_along(change, each.change)), None)
        if outer is None:
            told.append(Told(change))
        else:
            told[outer] = replace(told[outer], along=told[outer].along + 1)
    return tuple(told)


def _group(
    step: str, subject: str, number: int, part: Sequence[AbiResult], states: tuple[str, str]
) -> AbiGroup:
    first = part[0]
    told = outline([replace(change, why="") for change in first.changes])
    changes = tuple(sorted(told, key=lambda each: not each.change.breaks))
    return AbiGroup(
        step, subject, number, tuple(result.abi for result in part), first.verdict, changes,
        tuple(dict.fromkeys(_whys(part))), first.sides, first.cures, first.cured_by, states,
    )  # fmt: skip


def _moves_along(inner: Change, outer: Change) -> bool:
    if inner.kind is not ChangeKind.OFFSET or outer.kind is not ChangeKind.OFFSET or inner.type != outer.type:
        return False
    inside = outer.member is not None and (inner.member or "").startswith(f"{outer.member}.")
    return inside and _distance(inner) is not None and _distance(inner) == _distance(outer)


def _distance(change: Change) -> int | None:
    numbers = [re.fullmatch(r"(\d+)(?: bytes)?", text or "") for text in (change.before, change.after)]
    before, after = numbers
    return int(after[1]) - int(before[1]) if before is not None and after is not None else None


def _whys(part: Sequence[AbiResult]) -> Iterator[str]:
    """Yield why each change is, once for all ABIs of *part* where only the ABI's name differs."""
    for index in range(len(part[0].changes)):
        by_form: dict[str, list[tuple[str, str]]] = {}
        for result in part:
            why = result.changes[index].why
            form = re.sub(rf"(?<![\w-]){re.escape(result.abi)}(?![\w-])", "\0", why)
            by_form.setdefault(form, []).append((result.abi, why))
        for form, told in by_form.items():
            (_, why), others = told[0], [abi for abi, _ in told[1:]]
            if why:
                likewise = f"; likewise on {', '.join(others)}" if others and "\0" in form else ""
                yield f"{why}{likewise}"
