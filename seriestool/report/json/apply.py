# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``apply --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import Dependency
from seriestool.model.upstream import Closure, FollowUpState, FormDifference
from seriestool.report.json.outcomes import TreeJson, tree_json


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
        "trees": [tree_json(tree) for tree in trees],
        "form_differences": [_difference(one) for one in differences],
        "follow_ups": [_follow_up(one) for one in closure.states] if closure else [],
        "follow_ups_searched": closure.searched if closure else None,
    }


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
