# SPDX-License-Identifier: GPL-2.0-or-later
"""What a step does without a break, in a line; ABIs of which the same is said share it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seriestool.model.abi import AbiMatrix, AbiVerdict, Change, ChangeKind
from seriestool.report.abi.groups import AbiGroup
from seriestool.report.abi.notes import abi_names
from seriestool.report.abi.story import story
from seriestool.report.abi.words import what_changed
from seriestool.report.view import ranges

_CHANGES = 3  # in one line


@dataclass(frozen=True, slots=True)
class Addition:
    """One line: the step, what it does on which ABIs, and the groups that it stands for, the first in detail."""

    step: str
    text: str
    groups: tuple[AbiGroup, ...]


def additions(matrix: AbiMatrix, groups: Sequence[AbiGroup]) -> tuple[Addition, ...]:
    """Return a line for all of *groups* that break nothing, in their order."""
    alike: dict[tuple[str, str], list[AbiGroup]] = {}
    for group in groups:
        alike.setdefault((group.step, _what(group)), []).append(group)
    lines = []
    for (step, what), same in alike.items():
        abis = abi_names(matrix, (abi for group in same for abi in group.abis))
        lines.append(Addition(step, f"{abis}: {what}", tuple(same)))
    return tuple(lines)


def _what(group: AbiGroup) -> str:
    """Say what is new and what else there is: "cures 05; struct siginfo: si_perf added (offset 16, 4 bytes)"."""
    changes = [told.change for told in story(group).told]
    if group.cures:
        changes = [each for each in changes if "as in the base again" not in _reason(group, each)]
    changes.sort(key=lambda each: (each.kind is not ChangeKind.ADDED, each.member is None))
    parts = [f"cures {ranges(group.cures)}"] if group.cures else []
    if group.verdict is not AbiVerdict.EXTENDS:
        parts.append(str(group.verdict))
    shown, kind = changes[:_CHANGES], ""
    for each in shown:
        parts.append(what_changed(each) if each.type == kind else f"{each.type}: {what_changed(each)}")
        kind = each.type
    if len(changes) > _CHANGES:
        parts.append(f"and {len(changes) - _CHANGES} more")
    return "; ".join(parts)


def _reason(group: AbiGroup, change: Change) -> str:
    return next((told.why for told in group.changes if told.change == change), "")
