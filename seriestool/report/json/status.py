# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``status --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from seriestool.model.outcome import TreeOutcome
from seriestool.model.run import PatchStatus, RunRecord, StageResult
from seriestool.report.json.findings import FindingJson, MissingJson, findings_json, missing_json


class PlaceJson(TypedDict):
    """What became of one patch on one tree, in short."""

    tree: str
    outcome: str
    evidence: str


class PatchStatusJson(TypedDict):
    """One patch with its trailers and its outcomes."""

    number: str
    role: str
    subject: str
    message_id: str
    upstream: str | None
    author: str
    trailers: list[str]
    outcomes: list[PlaceJson]


class StageStatusJson(TypedDict):
    """How one stage ended, without its tests."""

    stage: str
    status: str
    detail: str
    tree: str | None
    arch: str | None
    state: str | None


class StatusJson(TypedDict):
    """What ``status --json`` prints for one series."""

    series: str
    revision: int
    title: str
    run: int
    started: str
    finished: str | None
    command: str
    verdict: str
    exit_code: int
    findings: list[FindingJson]
    missing: list[MissingJson]
    patches: list[PatchStatusJson]
    stages: list[StageStatusJson]


class StatusListJson(TypedDict):
    """What ``status --json`` prints for all series."""

    all: list[StatusJson]


def status_json(record: RunRecord) -> StatusJson:
    """Return where a series stands (status.schema.json)."""
    return {
        "series": record.slug,
        "revision": record.revision,
        "title": record.title,
        "run": record.id,
        "started": record.started,
        "finished": record.finished,
        "command": record.command,
        "verdict": record.verdict,
        "exit_code": record.exit_code,
        "findings": findings_json(record.findings),
        "missing": missing_json(record),
        "patches": [_patch_status(patch, record.trees) for patch in record.patches],
        "stages": [_stage_status(stage) for stage in record.stages],
    }


def status_list_json(records: Sequence[RunRecord]) -> StatusListJson:
    """Return where all series stand (status.schema.json too)."""
    return {"all": [status_json(record) for record in records]}


def _patch_status(patch: PatchStatus, trees: Sequence[TreeOutcome]) -> PatchStatusJson:
    tracked = patch.tracked
    return {
        "number": tracked.number,
        "role": tracked.role.value,
        "subject": tracked.subject,
        "message_id": tracked.message_id,
        "upstream": tracked.upstream,
        "author": patch.author,
        "trailers": list(patch.trailers),
        "outcomes": [
            {"tree": tree.tree, "outcome": each.outcome.value, "evidence": each.evidence}
            for tree in trees
            for each in tree.patches
            if each.number == tracked.number
        ],
    }


def _stage_status(stage: StageResult) -> StageStatusJson:
    return {
        "stage": stage.stage.value,
        "status": stage.status.value,
        "detail": stage.detail,
        "tree": stage.tree,
        "arch": stage.arch,
        "state": None if stage.state is None else stage.state.value,
    }
