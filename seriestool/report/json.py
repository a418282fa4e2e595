# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON contracts: docs/reference/schema/ describes them, and a test holds the two together.

A key is never renamed or removed without a new major version; new keys may come. Every object has all of its keys,
``null`` where there is nothing to say, always in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from seriestool.model.outcome import HunkOutcome, PatchOutcome, TreeOutcome
from seriestool.model.run import Finding, PatchStatus, RunRecord, StageResult
from seriestool.model.series import Dependency
from seriestool.model.testing import TestResult
from seriestool.model.upstream import Closure, FollowUpState, FormDifference
from seriestool.report.view import missing


class IntroductionJson(TypedDict):
    """A commit that brought what a hunk expects."""

    commit: str
    subject: str
    history: str
    needed: bool | None


class HunkJson(TypedDict):
    """One hunk: where it went, or why it did not."""

    path: str
    number: int
    applied: bool
    line: int | None
    offset: int | None
    cause: str | None
    expected: str | None
    found: str | None
    wanted: list[str]
    there: list[str]
    closest: int | None
    closeness: float | None
    absent: list[str]
    elsewhere: list[str]
    introduced: list[IntroductionJson]


class PatchOutcomeJson(TypedDict):
    """One patch on one tree."""

    number: str
    subject: str
    message_id: str
    outcome: str
    evidence: str
    evidence_class: str | None
    variant: str
    context: int | None
    commit: str
    hunks: list[HunkJson]


class TreeJson(TypedDict):
    """All patches on one tree."""

    tree: str
    commit: str
    patches: list[PatchOutcomeJson]


class DependencyJson(TypedDict):
    """One thing that the posting says it needs."""

    kind: str
    value: str
    patch: str | None
    subject: str | None
    versions: str | None
    state: str | None
    reason: str | None
class FormDifferenceJson(TypedDict):
    """A patch that landed in another form than it was posted."""

    number: str
    commit: str
    posted_patch_id: str
    landed_patch_id: str
    range_diff: str | None


class FollowUpJson(TypedDict):
    """A later change that belongs to the series; ``missing_on`` are trees with what it amends and without it."""

    number: str | None
    title: str
    message_id: str | None
    commit: str | None
    reason: str
    amends: list[str]
    evidence: str
    exposes: str
    posting: str | None
    posting_id: str | None
    missing_on: list[str]


class ApplyJson(TypedDict):
    """What ``apply --json`` prints."""

    series: str
    revision: int
    dependencies: list[DependencyJson]
    trees: list[TreeJson]
    form_differences: list[FormDifferenceJson]
    follow_ups: list[FollowUpJson]
    follow_ups_searched: str | None


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


class FindingJson(TypedDict):
    """One finding."""

    text: str
    against: bool


class MissingJson(TypedDict):
    """A follow-up that was not applied; ``trees`` is empty where that holds for all of them."""

    number: str | None
    title: str
    message_id: str
    note: str
    trees: list[str]


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
    stages: list[StageJson]


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


def apply_json(
    slug: str,
    revision: int,
    trees: Sequence[TreeOutcome],
    *,
    dependencies: Sequence[Dependency] = (),
    differences: Sequence[FormDifference] = (),
    closure: Closure | None = None,
) -> ApplyJson:
    """Return what a series needs, the verdicts, and what upstream has beyond the posting (apply.schema.json)."""
    return {
        "series": slug,
        "revision": revision,
        "dependencies": [_dependency(need) for need in dependencies],
        "trees": [_tree(tree) for tree in trees],
        "form_differences": [_difference(one) for one in differences],
        "follow_ups": [_follow_up(one) for one in closure.states] if closure else [],
        "follow_ups_searched": closure.searched if closure else None,
    }


def _difference(one: FormDifference) -> FormDifferenceJson:
    return {
        "number": one.number,
        "commit": one.commit,
        "posted_patch_id": one.posted,
        "landed_patch_id": one.landed,
        "range_diff": one.range_diff,
    }


def _follow_up(state: FollowUpState) -> FollowUpJson:
    found = state.follow_up
    return {
        "number": state.number,
        "title": found.title,
        "message_id": found.message_id,
        "commit": found.commit,
        "reason": found.reason.value,
        "amends": list(found.amends),
        "evidence": found.evidence,
        "exposes": found.exposes,
        "posting": found.posting,
        "posting_id": found.posting_id,
        "missing_on": list(state.missing_on),
    }


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
        "findings": _findings(record.findings),
        "missing": _missing(record),
        "patches": [_patch(patch) for patch in record.patches],
        "trees": [_tree(tree) for tree in record.trees],
        "stages": [_stage(stage) for stage in record.stages],
    }


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
        "findings": _findings(record.findings),
        "missing": _missing(record),
        "patches": [_patch_status(patch, record.trees) for patch in record.patches],
        "stages": [_stage_status(stage) for stage in record.stages],
    }


def status_list_json(records: Sequence[RunRecord]) -> StatusListJson:
    """Return where all series stand (status.schema.json too)."""
    return {"all": [status_json(record) for record in records]}


def _dependency(need: Dependency) -> DependencyJson:
    return {
        "kind": need.kind.value,
        "value": need.value,
        "patch": need.patch,
        "subject": need.subject,
        "versions": need.versions,
        "state": None,
        "reason": None,
    }


def _tree(tree: TreeOutcome) -> TreeJson:
    return {"tree": tree.tree, "commit": tree.commit, "patches": [_outcome(patch) for patch in tree.patches]}


def _outcome(patch: PatchOutcome) -> PatchOutcomeJson:
    return {
        "number": patch.number,
        "subject": patch.subject,
        "message_id": patch.message_id,
        "outcome": patch.outcome.value,
        "evidence": patch.evidence,
        "evidence_class": None if patch.evidence_class is None else patch.evidence_class.value,
        "variant": patch.variant.value,
        "context": patch.context,
        "commit": patch.commit,
        "hunks": [_hunk(hunk) for hunk in patch.hunks],
    }


def _hunk(hunk: HunkOutcome) -> HunkJson:
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


def _stage_status(stage: StageResult) -> StageStatusJson:
    return {
        "stage": stage.stage.value,
        "status": stage.status.value,
        "detail": stage.detail,
        "tree": stage.tree,
        "arch": stage.arch,
        "state": None if stage.state is None else stage.state.value,
    }


def _test(test: TestResult) -> TestJson:
    return {
        "name": test.name,
        "status": test.status.value,
        "diagnostics": list(test.diagnostics),
        "subtests": [_test(subtest) for subtest in test.subtests],
    }


def _findings(findings: Sequence[Finding]) -> list[FindingJson]:
    return [{"text": finding.text, "against": finding.against} for finding in findings]


def _missing(record: RunRecord) -> list[MissingJson]:
    return [
        {
            "number": item.number,
            "title": item.title,
            "message_id": item.message_id,
            "note": item.note,
            "trees": list(item.trees),
        }
        for item in missing(record)
    ]
