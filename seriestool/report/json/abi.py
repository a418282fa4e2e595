# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``abi --json`` prints, and ``run --json`` below ``abi``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from seriestool.model.abi import AbiMatrix, AbiResult, Change, CompatResult, ExpectationResult, Sides
from seriestool.report.abi.layouts import near_changes, unified
from seriestool.report.abi.sentence import abi_sentence


class ChangeJson(TypedDict):
    """One difference of two layouts; ``member`` is null for the type itself."""

    type: str
    member: str | None
    kind: str
    before: str | None
    after: str | None
    breaks: bool
    header: str | None
    why: str | None


class LayoutJson(TypedDict):
    """What changed about the layout of one type: lines that begin with "-", "+" or a blank; "@@" counts what is alike.

    A line is the offset, the size in bytes, and the declaration.
    """

    type: str
    diff: list[str]


class HeaderFailureJson(TypedDict):
    """A header that no layout could be read of."""

    header: str
    error: str


class AbiResultJson(TypedDict):
    """What one step does under one ABI."""

    verdict: str
    changes: list[ChangeJson]
    reason: str | None
    cures: list[str]
    cured_by: str | None
    layouts: list[LayoutJson]
    failures: list[HeaderFailureJson]


class PatchAbiJson(TypedDict):
    """One patch under every ABI."""

    number: str
    subject: str
    abis: dict[str, AbiResultJson]


class MismatchJson(TypedDict):
    """A member that kernel and programs have at different places; null where one does not have it."""

    member: str
    kernel: str | None
    user: str | None


class CompatJson(TypedDict):
    """A compat type of a 64-bit kernel held against 32-bit programs; ``number`` is null for the base."""

    abi: str
    kernel: str
    number: str | None
    type: str
    verdict: str
    mismatches: list[MismatchJson]
    reason: str | None
    new: bool


class ReferenceJson(TypedDict):
    """The series held against a tree that has it; ``before`` is the series, ``after`` the reference."""

    tree: str
    abis: dict[str, AbiResultJson]


class ExpectationJson(TypedDict):
    """One line of ``expect.toml`` and what became of it; ``met`` is null where it could not be told."""

    type: str
    member: str | None
    abi: str
    offset: int | None
    size: int | None
    bit: int | None
    source: str | None
    found: int | None
    met: bool | None
    reason: str | None


class TreeVersionJson(TypedDict):
    """A tree, and which version of it."""

    tree: str
    version: str


class AbiJson(TypedDict):
    """One series on one tree; or two trees, and then ``series`` is null and ``old`` the one to begin with."""

    series: str | None
    tree: str
    version: str
    old: TreeVersionJson | None
    abis: list[str]
    summary: str
    broken: bool
    patches: list[PatchAbiJson]
    final: dict[str, AbiResultJson]
    compat: list[CompatJson]
    reference: ReferenceJson | None
    expectations: list[ExpectationJson]


class SeveralAbiJson(TypedDict):
    """One series on several trees."""

    series: str
    trees: list[AbiJson]


def abi_json(matrices: Sequence[AbiMatrix]) -> AbiJson | SeveralAbiJson:
    """Return what was found on one tree, or below ``trees`` what was found on each of several (abi.schema.json).

    Raises ValueError without any matrix.
    """
    if not matrices:
        raise ValueError("no matrix")
    trees = [matrix_json(matrix) for matrix in matrices]
    return trees[0] if len(trees) == 1 else {"series": matrices[0].series, "trees": trees}


def matrix_json(matrix: AbiMatrix) -> AbiJson:
    """Return what was found on one tree."""
    tree = matrix.reference_tree
    return {
        "series": matrix.series or None,
        "tree": matrix.tree,
        "version": matrix.version,
        "old": {"tree": matrix.old.tree, "version": matrix.old.version} if matrix.old is not None else None,
        "abis": list(matrix.abis),
        "summary": abi_sentence(matrix),
        "broken": matrix.broken,
        "patches": [
            {"number": patch.number, "subject": patch.subject, "abis": _by_abi(patch.results)}
            for patch in matrix.patches
        ],
        "final": _by_abi(matrix.final),
        "compat": [_compat(each) for each in matrix.compat],
        "reference": None if tree is None else {"tree": tree, "abis": _by_abi(matrix.reference)},
        "expectations": [_expectation(each) for each in matrix.expectations],
    }


def _by_abi(results: Sequence[AbiResult]) -> dict[str, AbiResultJson]:
    return {result.abi: _result(result) for result in results}


def _result(result: AbiResult) -> AbiResultJson:
    return {
        "verdict": result.verdict.value,
        "changes": [_change(change) for change in result.changes],
        "reason": result.reason or None,
        "cures": list(result.cures),
        "cured_by": result.cured_by,
        "layouts": [_layout(sides) for sides in result.sides],
        "failures": [{"header": each.header, "error": each.error} for each in result.failures],
    }


def _change(change: Change) -> ChangeJson:
    return {
        "type": change.type,
        "member": change.member,
        "kind": change.kind.value,
        "before": change.before,
        "after": change.after,
        "breaks": change.breaks,
        "header": change.header or None,
        "why": change.why or None,
    }


def _layout(sides: Sides) -> LayoutJson:
    lines = unified(near_changes(sides))
    return {
        "type": sides.type,
        "diff": [f"@@ {line.text} @@" if line.sign == "." else f"{line.sign} {line.text}" for line in lines],
    }


def _compat(result: CompatResult) -> CompatJson:
    return {
        "abi": result.abi,
        "kernel": result.kernel,
        "number": result.number,
        "type": result.type,
        "verdict": result.verdict.value,
        "mismatches": [
            {"member": each.member, "kernel": each.kernel, "user": each.user} for each in result.mismatches
        ],
        "reason": result.reason or None,
        "new": result.new,
    }


def _expectation(result: ExpectationResult) -> ExpectationJson:
    wanted = result.expected
    return {
        "type": wanted.type,
        "member": wanted.member,
        "abi": wanted.abi,
        "offset": wanted.offset,
        "size": wanted.size,
        "bit": wanted.bit,
        "source": wanted.source or None,
        "found": result.found,
        "met": result.met,
        "reason": result.reason or None,
    }
