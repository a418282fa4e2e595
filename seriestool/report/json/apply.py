# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``apply --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from seriestool.model.needs import ResolvedDependency, TreePrerequisites
from seriestool.model.outcome import TreeOutcome
from seriestool.model.upstream import Closure, FollowUpState, FormDifference
from seriestool.report.json.outcomes import TreeJson, tree_json


class DependencyAnswerJson(TypedDict):
    """What became of a dependency on one tree."""

    tree: str
    state: str
    reason: str


class DependencyJson(TypedDict):
    """One thing that the posting says it needs."""

    kind: str
    value: str
    patch: str | None
    subject: str | None
    versions: str | None
    trees: list[DependencyAnswerJson]


class NeededCommitJson(TypedDict):
    """A commit that goes in front of the series."""

    commit: str
    subject: str
    history: str
    needed_by: list[str]


class PrerequisitesJson(TypedDict):
    """The commits that one tree needs in front of the series; ``conflicts`` do not apply even with them."""

    tree: str
    applied: bool
    commits: list[NeededCommitJson]
    conflicts: list[str]
    gave_up: str | None


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
    prerequisites: list[PrerequisitesJson]
    trees: list[TreeJson]
    form_differences: list[FormDifferenceJson]
    follow_ups: list[FollowUpJson]
    follow_ups_searched: str | None


def apply_json(
    slug: str,
    revision: int,
    trees: Sequence[TreeOutcome],
    *,
    dependencies: Sequence[ResolvedDependency] = (),
    prerequisites: Sequence[TreePrerequisites] = (),
    differences: Sequence[FormDifference] = (),
    closure: Closure | None = None,
) -> ApplyJson:
    """Return what a series needs, the verdicts, and what upstream has beyond the posting (apply.schema.json)."""
    return {
        "series": slug,
        "revision": revision,
        "dependencies": [_dependency(each) for each in dependencies],
        "prerequisites": [_prerequisites(each) for each in prerequisites],
        "trees": [tree_json(tree) for tree in trees],
        "form_differences": [_difference(one) for one in differences],
        "follow_ups": [_follow_up(one) for one in closure.states] if closure else [],
        "follow_ups_searched": closure.searched if closure else None,
    }


def _dependency(resolved: ResolvedDependency) -> DependencyJson:
    need = resolved.dependency
    return {
        "kind": need.kind.value,
        "value": need.value,
        "patch": need.patch,
        "subject": need.subject,
        "versions": need.versions,
        "trees": [
            {"tree": each.tree, "state": each.state.value, "reason": each.reason} for each in resolved.answers
        ],
    }


def _prerequisites(found: TreePrerequisites) -> PrerequisitesJson:
    return {
        "tree": found.tree,
        "applied": found.applied,
        "commits": [
            {
                "commit": each.commit,
                "subject": each.subject,
                "history": each.history,
                "needed_by": list(each.needed_by),
            }
            for each in found.commits
        ],
        "conflicts": list(found.conflicts),
        "gave_up": found.gave_up or None,
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
