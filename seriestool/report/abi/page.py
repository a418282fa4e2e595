# SPDX-License-Identifier: GPL-2.0-or-later
"""The user-space layout as a section of a page: rows whose cells lead to what they stand for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seriestool.model.abi import AbiMatrix, AbiVerdict
from seriestool.report.abi.additions import additions
from seriestool.report.abi.groups import AbiGroup, final_groups, patch_groups, reference_groups
from seriestool.report.abi.notes import Note, notes
from seriestool.report.abi.rows import AbiRow, end_rows, final_label, patch_rows
from seriestool.report.abi.sentence import abi_sentence, is_quiet
from seriestool.report.abi.story import Seen, Story, story
from seriestool.report.abi.words import fate
from seriestool.report.view import Cell

_MANY = 9  # ABIs, from which on there is no room for subjects


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell: the word, and the anchor of its detail where it has one; ``name`` is what a screen reader says."""

    cell: Cell
    target: str | None
    name: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row of the heat map."""

    label: str
    subject: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """A group of ABIs with the same changes, under its anchor."""

    anchor: str
    heading: str
    group: AbiGroup
    story: Story


@dataclass(frozen=True, slots=True)
class AbiSection:
    """Everything that the page shows of one matrix."""

    matrix: AbiMatrix
    sentence: str
    rows: tuple[HeatRow, ...]
    ends: tuple[HeatRow, ...]
    breaks: tuple[Detail, ...]
    reference: tuple[Detail, ...]
    additions: tuple[Detail, ...]
    notes: tuple[Note, ...]

    @property
    def many(self) -> bool:
        """Whether there are more ABIs than leave room for subjects."""
        return len(self.matrix.abis) >= _MANY

    @property
    def quiet(self) -> bool:
        """Whether the sentence says it all."""
        return is_quiet(self.matrix)


def abi_sections(matrices: Sequence[AbiMatrix]) -> tuple[AbiSection, ...]:
    """Return one section per matrix, with anchors that are unique on the page."""
    return tuple(_section(matrix, f"abi{number}") for number, matrix in enumerate(matrices, 1))


def _section(matrix: AbiMatrix, prefix: str) -> AbiSection:
    steps = {patch.number: f"{prefix}-{index}" for index, patch in enumerate(matrix.patches, 1)}
    steps[final_label(matrix)] = f"{prefix}-final"
    groups = patch_groups(matrix)
    final = final_groups(matrix, groups)
    breaking = [each for each in groups if each.verdict is AbiVerdict.BREAKS]
    breaking += [each for each in final if not each.like]
    seen: Seen = {}
    breaks = tuple(_detail(f"{steps[each.step]}-{each.number}", each, seen) for each in breaking)
    reference = tuple(
        Detail(
            f"{prefix}-reference-{each.number}", f"{', '.join(each.abis)}: not as {each.step} has it", each,
            story(each, seen),
        )
        for each in reference_groups(matrix)
    )  # fmt: skip
    others = additions(matrix, [each for each in groups if each.verdict is not AbiVerdict.BREAKS])
    added = tuple(
        Detail(f"{steps[each.step]}-{group.number}", f"{each.step} {each.text}", group, story(group))
        for each in others
        for group in each.groups[:1]
    )
    targets = _targets(final, breaks, reference)
    return AbiSection(
        matrix, abi_sentence(matrix),
        tuple(_row(matrix, row, targets) for row in patch_rows(matrix)),
        tuple(_row(matrix, row, targets) for row in end_rows(matrix)), breaks, reference, added, notes(matrix),
    )  # fmt: skip


def _detail(anchor: str, group: AbiGroup, seen: Seen) -> Detail:
    return Detail(anchor, f"{', '.join(group.abis)}: {fate(group)}", group, story(group, seen))


def _targets(
    final: Sequence[AbiGroup], breaks: Sequence[Detail], reference: Sequence[Detail]
) -> dict[tuple[str, str], str]:
    """Return the anchor by label of the row and ABI; a break of the final state that a patch made is told there."""
    found = {(each.group.step, abi): each.anchor for each in breaks for abi in each.group.abis}
    for group in final:
        for abi in group.abis:
            if (group.like, abi) in found:
                found.setdefault((group.step, abi), found[group.like, abi])
    for each in reference:
        found |= {(f"vs {each.group.step}", abi): each.anchor for abi in each.group.abis}
    return found


def _row(matrix: AbiMatrix, row: AbiRow, targets: dict[tuple[str, str], str]) -> HeatRow:
    cells = []
    for abi, cell, result in zip(matrix.abis, row.cells, row.results, strict=True):
        target = None
        if result is not None and result.verdict is AbiVerdict.BREAKS:
            target = targets.get((row.label, abi))
        elif result is not None and result.cures:
            target = targets.get((result.cures[0], abi))
        cells.append(HeatCell(cell, target, f"{row.label} {cell.text}, {abi}"))
    return HeatRow(row.label, row.subject, tuple(cells))
