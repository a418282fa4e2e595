# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``fetch --json`` prints."""

from __future__ import annotations

from typing import TypedDict

from seriestool.model.fetched import Fetched, FetchedPatch, NewFollowUp
from seriestool.model.series import Landed


class LandedJson(TypedDict):
    """How a patch landed; ``notice`` is a message-id, ``differs`` tells that the form is not the posted one."""

    commit: str
    branch: str
    notice: str | None
    differs: bool


class LacksJson(TypedDict):
    """What was found for keys that ``series.toml`` does not have."""

    upstream: str | None
    released: str | None
    notice: str | None


class FetchedPatchJson(TypedDict):
    """One patch, read again."""

    number: str
    subject: str
    message_id: str
    patch_id: str
    author: str
    trailers: list[str]
    landed: LandedJson | None
    lacks: LacksJson


class NewFollowUpJson(TypedDict):
    """A follow-up that ``series.toml`` does not know; ``lines`` are what one would add to it."""

    title: str
    message_id: str | None
    commit: str | None
    reason: str
    amends: list[str]
    evidence: str
    exposes: str
    lines: list[str]


class FetchJson(TypedDict):
    """A series, read again."""

    series: str
    revision: int
    patches: list[FetchedPatchJson]
    follow_ups: list[NewFollowUpJson]
    follow_ups_searched: str
    updated: bool


def fetch_json(fetched: Fetched) -> FetchJson:
    """Return what reading a series again tells (fetch.schema.json)."""
    return {
        "series": fetched.slug,
        "revision": fetched.revision,
        "patches": [_patch(one) for one in fetched.patches],
        "follow_ups": [_follow_up(one) for one in fetched.follow_ups],
        "follow_ups_searched": fetched.searched,
        "updated": fetched.updated,
    }


def _patch(one: FetchedPatch) -> FetchedPatchJson:
    patch, landed, lacks = one.patch, one.landed, dict(one.lacks)
    return {
        "number": patch.number,
        "subject": patch.subject,
        "message_id": patch.message_id,
        "patch_id": patch.patch_id,
        "author": str(patch.author),
        "trailers": list(one.trailers),
        "landed": None if landed is None else _landed(landed, differs=one.differs),
        "lacks": {
            "upstream": lacks.get("upstream"),
            "released": lacks.get("released"),
            "notice": lacks.get("notice"),
        },
    }


def _landed(landed: Landed, *, differs: bool) -> LandedJson:
    return {"commit": landed.commit, "branch": landed.branch, "notice": landed.notice, "differs": differs}


def _follow_up(new: NewFollowUp) -> NewFollowUpJson:
    one = new.follow_up
    return {
        "title": one.title,
        "message_id": one.message_id,
        "commit": one.commit,
        "reason": one.reason.value,
        "amends": list(one.amends),
        "evidence": one.evidence,
        "exposes": one.exposes,
        "lines": list(new.lines),
    }
