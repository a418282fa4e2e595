# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``run --json`` prints."""

from __future__ import annotations

from typing import TypedDict

from seriestool.model.run import PatchStatus, RunRecord, StageResult
from seriestool.model.testing import TestResult
from seriestool.report.json.abi import AbiJson, matrix_json
from seriestool.report.json.findings import FindingJson, MissingJson, findings_json, missing_json
from seriestool.report.json.outcomes import TreeJson, tree_json


class PatchJson(TypedDict):
    """One patch as the archive knows it."""

    number: str
    role: str
    subject: str
    message_id: str
    patch_id: str | None
    upstream: str | None
    author: str
    trailers: list[str]
    note: str | None


class TestJson(TypedDict):
    """One test with its subtests."""

    name: str
    status: str
    diagnostics: list[str]
    subtests: list[TestJson]


class StageJson(TypedDict):
    """One stage."""

    stage: str
    status: str
    detail: str
    seconds: float
    tree: str | None
    arch: str | None
    state: str | None
    commit: str | None
    key: str | None
    cached: bool
    command: str | None
    log: str | None
    warnings: list[str]
    tests: list[TestJson]


class RunJson(TypedDict):
    """What ``run --json`` prints."""

    series: str
    revision: int
    title: str
    run: int
    started: str
    finished: str | None
    command: str
    arches: list[str]
    verdict: str
    exit_code: int
    findings: list[FindingJson]
    missing: list[MissingJson]
    patches: list[PatchJson]
    trees: list[TreeJson]
    abi: list[AbiJson]
    stages: list[StageJson]


def run_json(record: RunRecord) -> RunJson:
    """Return everything a run found (run.schema.json)."""
    return {
        "series": record.slug,
        "revision": record.revision,
        "title": record.title,
        "run": record.id,
        "started": record.started,
        "finished": record.finished,
        "command": record.command,
        "arches": list(record.arches),
        "verdict": record.verdict,
        "exit_code": record.exit_code,
        "findings": findings_json(record.findings),
        "missing": missing_json(record),
        "patches": [_patch(patch) for patch in record.patches],
        "trees": [tree_json(tree) for tree in record.trees],
        "abi": [matrix_json(matrix) for matrix in record.abi],
        "stages": [_stage(stage) for stage in record.stages],
    }


def _patch(patch: PatchStatus) -> PatchJson:
    tracked = patch.tracked
    return {
        "number": tracked.number,
        "role": tracked.role.value,
        "subject": tracked.subject,
        "message_id": tracked.message_id,
        "patch_id": tracked.patch_id,
        "upstream": tracked.upstream,
        "author": patch.author,
        "trailers": list(patch.trailers),
        "note": tracked.note,
    }


def _stage(stage: StageResult) -> StageJson:
    return {
        "stage": stage.stage.value,
        "status": stage.status.value,
        "detail": stage.detail,
        "seconds": round(stage.seconds, 3),
        "tree": stage.tree,
        "arch": stage.arch,
        "state": None if stage.state is None else stage.state.value,
        "commit": stage.commit,
        "key": stage.key,
        "cached": stage.cached,
        "command": stage.command,
        "log": stage.log,
        "warnings": list(stage.warnings),
        "tests": [_test(test) for test in stage.tests],
    }


def _test(test: TestResult) -> TestJson:
    return {
        "name": test.name,
        "status": test.status.value,
        "diagnostics": list(test.diagnostics),
        "subtests": [_test(subtest) for subtest in test.subtests],
    }
