# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows to values and back; what goes in comes out equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import EvidenceClass, HunkOutcome, Introduction, Outcome, PatchOutcome, TreeOutcome
from seriestool.model.plain import from_plain, to_plain
from seriestool.model.run import Finding, KernelState, PatchStatus, RunRecord, Stage, StageResult, Status
from seriestool.model.series import KnownFollowUp, Role, TrackedPatch, Variant
from seriestool.model.testing import TestResult, TestStatus
from seriestool.store.tables import (
    AbiMatrixRow,
    FindingRow,
    Json,
    PatchOutcomeRow,
    PatchRow,
    RunRow,
    StageResultRow,
    TrailerRow,
    TreeOutcomeRow,
)

# The form of each JSON column is written and read here only, so a cast on reading claims what writing made sure of.


def known_to_json(known: Sequence[KnownFollowUp]) -> list[Json]:
    """Write known follow-ups."""
    return [{"title": item.title, "message_id": item.message_id, "note": item.note} for item in known]


def patch_to_row(patch: PatchStatus) -> PatchRow:
    """Write one patch with its trailers."""
    tracked = patch.tracked
    return PatchRow(
        number=tracked.number,
        role=tracked.role.value,
        subject=tracked.subject,
        message_id=tracked.message_id,
        patch_id=tracked.patch_id,
        upstream=tracked.upstream,
        file=tracked.file,
        note=tracked.note,
        author=patch.author,
        released=tracked.released,
        notice=tracked.notice,
        trailers=[TrailerRow(line=line) for line in patch.trailers],
    )


def tree_to_row(run_id: int, tree: TreeOutcome) -> TreeOutcomeRow:
    """Write the outcome of all patches on one tree."""
    return TreeOutcomeRow(
        run_id=run_id,
        tree=tree.tree,
        version=tree.version,
        commit=tree.commit,
        patches=[
            PatchOutcomeRow(
                number=patch.number,
                subject=patch.subject,
                message_id=patch.message_id,
                outcome=patch.outcome.value,
                evidence=patch.evidence,
                hunks=[_hunk_to_json(hunk) for hunk in patch.hunks],
                commit=patch.commit,
                tree_object=patch.tree_object,
                evidence_class=None if patch.evidence_class is None else patch.evidence_class.value,
                variant=patch.variant.value,
                context=patch.context,
            )
            for patch in tree.patches
        ],
    )


def stage_to_row(run_id: int, result: StageResult) -> StageResultRow:
    """Write one stage's result."""
    return StageResultRow(
        run_id=run_id,
        stage=result.stage.value,
        status=result.status.value,
        detail=result.detail,
        seconds=result.seconds,
        tree=result.tree,
        arch=result.arch,
        state=None if result.state is None else result.state.value,
        commit=result.commit,
        key=result.key,
        cached=result.cached,
        command=result.command,
        log=result.log,
        warnings=list(result.warnings),
        tests=[_test_to_json(test) for test in result.tests],
    )


def matrix_to_row(run_id: int, matrix: AbiMatrix) -> AbiMatrixRow:
    """Write what a series does to the user-space layout of one tree."""
    return AbiMatrixRow(run_id=run_id, tree=matrix.tree, matrix=to_plain(matrix))


def finding_to_row(run_id: int, finding: Finding) -> FindingRow:
    """Write one finding."""
    return FindingRow(run_id=run_id, text=finding.text, against=finding.against)


def run_from_row(row: RunRow) -> RunRecord:
    """Read a whole run. Raises ValueError, KeyError or TypeError for what was never written here."""
    return RunRecord(
        id=row.id,
        slug=row.series.slug,
        title=row.series.title,
        revision=row.series.revision,
        started=row.started,
        finished=row.finished,
        arches=_strings(row.arches),
        patches=tuple(_patch_from_row(patch) for patch in row.patches),
        known=tuple(KnownFollowUp(**cast(dict[str, str], item)) for item in _items(row.known)),
        trees=tuple(_tree_from_row(tree) for tree in row.trees),
        stages=tuple(stage_from_row(stage) for stage in row.stages),
        findings=tuple(Finding(finding.text, finding.against) for finding in row.findings),
        verdict=row.verdict,
        exit_code=row.exit_code,
        command=row.command,
        abi=tuple(from_plain(AbiMatrix, each.matrix) for each in row.abi),
    )


def stage_from_row(row: StageResultRow) -> StageResult:
    """Read one stage's result. Raises as ``run_from_row``."""
    return StageResult(
        stage=Stage(row.stage),
        status=Status(row.status),
        detail=row.detail,
        seconds=row.seconds,
        tree=row.tree,
        arch=row.arch,
        state=None if row.state is None else KernelState(row.state),
        commit=row.commit,
        key=row.key,
        cached=row.cached,
        command=row.command,
        log=row.log,
        warnings=_strings(row.warnings),
        tests=tuple(_test_from_json(test) for test in _items(row.tests)),
    )


def _patch_from_row(row: PatchRow) -> PatchStatus:
    tracked = TrackedPatch(
        number=row.number,
        role=Role(row.role),
        subject=row.subject,
        message_id=row.message_id,
        patch_id=row.patch_id,
        upstream=row.upstream,
        file=row.file,
        note=row.note,
        released=row.released,
        notice=row.notice,
    )
    return PatchStatus(tracked, row.author, tuple(trailer.line for trailer in row.trailers))


def _tree_from_row(row: TreeOutcomeRow) -> TreeOutcome:
    patches = tuple(
        PatchOutcome(
            number=patch.number,
            subject=patch.subject,
            message_id=patch.message_id,
            outcome=Outcome(patch.outcome),
            evidence=patch.evidence,
            hunks=tuple(_hunk_from_json(hunk) for hunk in _items(patch.hunks)),
            commit=patch.commit,
            tree_object=patch.tree_object,
            evidence_class=None if patch.evidence_class is None else EvidenceClass(patch.evidence_class),
            variant=Variant(patch.variant),
            context=patch.context,
        )
        for patch in row.patches
    )
    return TreeOutcome(row.tree, row.version, row.commit, patches)


def _hunk_to_json(hunk: HunkOutcome) -> Json:
    return {
        "path": hunk.path,
        "number": hunk.number,
        "applied": hunk.applied,
        "line": hunk.line,
        "offset": hunk.offset,
        "cause": hunk.cause,
        "expected": hunk.expected,
        "found": hunk.found,
        "wanted": list(hunk.wanted),
        "there": list(hunk.there),
        "closest": hunk.closest,
        "closeness": hunk.closeness,
        "absent": list(hunk.absent),
        "elsewhere": list(hunk.elsewhere),
        "introduced": [
            {"commit": each.commit, "subject": each.subject, "history": each.history, "needed": each.needed}
            for each in hunk.introduced
        ],
    }


def _hunk_from_json(value: dict[str, Json]) -> HunkOutcome:
    return HunkOutcome(
        path=cast(str, value["path"]),
        number=cast(int, value["number"]),
        applied=cast(bool, value["applied"]),
        line=cast("int | None", value["line"]),
        offset=cast("int | None", value["offset"]),
        cause=cast("str | None", value["cause"]),
        expected=cast("str | None", value["expected"]),
        found=cast("str | None", value["found"]),
        # From here on, what a run of an older version did not write yet.
        wanted=_strings(value.get("wanted", [])),
        there=_strings(value.get("there", [])),
        closest=cast("int | None", value.get("closest")),
        closeness=cast("float | None", value.get("closeness")),
        absent=_strings(value.get("absent", [])),
        elsewhere=_strings(value.get("elsewhere", [])),
        introduced=tuple(_introduction_from_json(each) for each in _items(value.get("introduced", []))),
    )


def _introduction_from_json(value: dict[str, Json]) -> Introduction:
    return Introduction(
        commit=cast(str, value["commit"]),
        subject=cast(str, value["subject"]),
        history=cast(str, value["history"]),
        needed=cast("bool | None", value["needed"]),
    )


def _test_to_json(test: TestResult) -> Json:
    return {
        "name": test.name,
        "status": test.status.value,
        "diagnostics": list(test.diagnostics),
        "subtests": [_test_to_json(subtest) for subtest in test.subtests],
    }


def _test_from_json(value: dict[str, Json]) -> TestResult:
    return TestResult(
        name=cast(str, value["name"]),
        status=TestStatus(cast(str, value["status"])),
        diagnostics=_strings(value["diagnostics"]),
        subtests=tuple(_test_from_json(subtest) for subtest in _items(value["subtests"])),
    )


def _strings(value: Json) -> tuple[str, ...]:
    return tuple(cast(list[str], value))


def _items(value: Json) -> list[dict[str, Json]]:
    return cast("list[dict[str, Json]]", value)
