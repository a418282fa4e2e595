# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix patch x ABI as rows of cells, whatever form it is shown in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict
from seriestool.report.view import NOTHING, Cell, Tone, ranges

_TONES = {
    AbiVerdict.BREAKS: Tone.BAD,
    AbiVerdict.EXTENDS: Tone.CHANGED,
    AbiVerdict.SAME: Tone.QUIET,
    AbiVerdict.UNAVAILABLE: Tone.UNCLEAR,
}


@dataclass(frozen=True, slots=True)
class AbiRow:
    """One row: a patch, all of them together, or the reference; one cell and one result per ABI of the matrix.

    ``untouched`` says why nothing was compiled for it, where that holds for every ABI.
    """

    label: str
    subject: str
    results: tuple[AbiResult | None, ...]
    untouched: str = ""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What stands in the row."""
        return tuple(NOTHING if result is None else verdict_cell(result) for result in self.results)


def verdict_cell(result: AbiResult) -> Cell:
    """Return one word; what cures an earlier patch says so, unless it breaks something itself."""
    if result.cures and result.verdict in (AbiVerdict.SAME, AbiVerdict.EXTENDS):
        return Cell(f"cures {ranges(result.cures)}", Tone.GOOD)
    return Cell(result.verdict.value, _TONES[result.verdict])


def patch_rows(matrix: AbiMatrix) -> tuple[AbiRow, ...]:
    """Return one row per patch."""
    return tuple(_row(matrix, patch.number, patch.subject, patch.results) for patch in matrix.patches)


def end_rows(matrix: AbiMatrix) -> tuple[AbiRow, ...]:
    """Return the row of the final state, and that of the reference where there is one."""
    subject = "the series as a whole" if matrix.old is None else "all user-space headers"
    rows = [_row(matrix, final_label(matrix), subject, matrix.final)] if matrix.final else []
    if matrix.reference_tree is not None:
        rows.append(_row(matrix, f"vs {matrix.reference_tree}", "as the reference has it", matrix.reference))
    return tuple(rows)


def final_label(matrix: AbiMatrix) -> str:
    """Name the final state: "base..11"; of two trees, both: "stable-5.10..stable-6.1"."""
    if matrix.old is not None:
        return f"{matrix.old.tree}..{matrix.tree}"
    return f"base..{matrix.patches[-1].number}" if matrix.patches else "base"


def unavailable_throughout(matrix: AbiMatrix) -> dict[str, str]:
    """Return each ABI of which nothing could be told that had to be compiled, with the reason."""
    rows = compiled_rows(matrix)
    found = {}
    for index, abi in enumerate(matrix.abis):
        results = [each for row in rows if (each := row.results[index]) is not None]
        reasons = {each.reason for each in results if each.verdict is AbiVerdict.UNAVAILABLE}
        if len(reasons) == 1 and all(each.verdict is AbiVerdict.UNAVAILABLE for each in results):
            found[abi] = reasons.pop()
    return found


def compiled_rows(matrix: AbiMatrix) -> tuple[AbiRow, ...]:
    """Return the rows but those of patches for which nothing had to be compiled."""
    return (*(row for row in patch_rows(matrix) if not row.untouched), *end_rows(matrix))


def _row(matrix: AbiMatrix, label: str, subject: str, results: Sequence[AbiResult]) -> AbiRow:
    by_abi = {result.abi: result for result in results}
    return AbiRow(label, subject, tuple(by_abi.get(abi) for abi in matrix.abis), _untouched(results))


def _untouched(results: Sequence[AbiResult]) -> str:
    """Return the one reason for which nothing was compiled; an ABI that has no compiler does not count."""
    told = [result for result in results if result.verdict is not AbiVerdict.UNAVAILABLE]
    reasons = {result.reason for result in told}
    quiet = all(result.verdict is AbiVerdict.SAME and not result.failures and not result.cures for result in told)
    return reasons.pop() if told and quiet and len(reasons) == 1 else ""
