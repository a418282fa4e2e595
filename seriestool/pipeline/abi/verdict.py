# SPDX-License-Identifier: GPL-2.0-or-later
"""How an abi stage ends: its result in a run, its exit code alone, and the one line that says what is missing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from seriestool.arch.abi import Abi
from seriestool.errors import ExitCode, MachineFault
from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict
from seriestool.model.run import Stage, StageResult, Status
from seriestool.report.abi import abi_sentence


def stage_result(
    matrix: AbiMatrix, insisted: Collection[str], *, seconds: float, commit: str, cached: bool
) -> StageResult:
    """Return the result of the abi stage on one tree: an error where it could not tell."""
    status = Status.FAILED if matrix.broken else Status.ERROR if untold(matrix, insisted) else Status.PASSED
    return StageResult(
        Stage.ABI, status, abi_sentence(matrix), seconds, tree=matrix.tree, commit=commit, cached=cached
    )


def exit_code(matrices: Sequence[AbiMatrix], insisted: Collection[str], *, applies: bool) -> ExitCode:
    """Return how a command ends: what does not apply before a verdict, a verdict before what could not be told."""
    if not applies:
        return ExitCode.DOES_NOT_APPLY
    if any(matrix.broken for matrix in matrices):
        return ExitCode.VERDICT
    if any(untold(matrix, insisted) for matrix in matrices):
        return ExitCode.CANNOT_TELL
    return ExitCode.PASSED


def untold(matrix: AbiMatrix, insisted: Collection[str]) -> str | None:
    """Return the first thing that had to be told and could not, with its reason; None where there is none.

    Every ABI of *insisted* has to be told, in all its steps; of the others at least one as a whole.
    """
    for result in _results(matrix):
        if result.abi in insisted and result.verdict is AbiVerdict.UNAVAILABLE:
            return f"{result.abi}: {result.reason}"
    if matrix.final and all(result.verdict is AbiVerdict.UNAVAILABLE for result in matrix.final):
        return f"no ABI could be told: {matrix.final[0].abi}: {matrix.final[0].reason}"
    return next(
        (
            f"{each.expected.type} on {each.expected.abi}: {each.reason}"
            for each in matrix.expectations
            if each.met is None and each.expected.abi in insisted
        ),
        None,
    )


def fault(matrices: Sequence[AbiMatrix], insisted: Collection[str], missing: Sequence[Abi]) -> MachineFault:
    """Return the one error line for exit code 125; *missing* are the ABIs without a compiler, which the hint names."""
    reason = next(text for matrix in matrices if (text := untold(matrix, insisted)))
    packages = sorted({abi.compiler_package for abi in missing})
    several = len(matrices) > 1
    where = next((f"{matrix.tree}: " for matrix in matrices if untold(matrix, insisted)), "") if several else ""
    return MachineFault(
        f"{where}{reason}", hint=f"apt-get install --no-install-recommends {' '.join(packages)}" if packages else None
    )


def _results(matrix: AbiMatrix) -> Iterator[AbiResult]:
    yield from matrix.final
    for patch in matrix.patches:
        yield from patch.results
    yield from matrix.reference
