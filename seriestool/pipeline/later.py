# SPDX-License-Identifier: GPL-2.0-or-later
"""Follow-ups out of git histories, beside those of mail: the same change counts once, whichever tells of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seriestool.errors import InputRefused
from seriestool.formats.commit_references import KEY
from seriestool.formats.patch_id import patch_id
from seriestool.git.history import History, Logged
from seriestool.model.series import FollowUp, Patch
from seriestool.pipeline.series import Job
from seriestool.sources.landed import links
from seriestool.sources.later.fixes import Upstream, fixes_in_history, upstream_of
from seriestool.sources.later.revisions import seconds_of

_SHOWN = 12  # digits of a commit
_DAY = 24 * 60 * 60  # seconds that clocks may be wrong


@dataclass(frozen=True, slots=True)
class _Found:
    """A follow-up, and the commit of a history that tells of it."""

    follow_up: FollowUp
    history: History
    logged: Logged


def with_histories(job: Job, mail: Sequence[FollowUp], histories: Sequence[History]) -> tuple[FollowUp, ...]:
    """Return the follow-ups of *mail* and those of *histories*, each change once, and of mail where that tells of it.

    It is the same change by the upstream commit, a link to the mail, the patch-id or the title. Raises MachineFault
    where a history cannot be read.
    """
    others = [Upstream(one.commit, one.title, frozenset(one.amends), follows=True) for one in mail if one.commit]
    joined = list(mail)
    for found in _search(job, others, histories):
        at = next((at for at, one in enumerate(joined) if _is_same(one, found)), None)
        where = f"{found.logged.commit[:_SHOWN]} in the history of {found.history.name}"
        if at is None:
            one = found.follow_up
            joined.append(replace(one, evidence=f"{one.evidence}; {where}", patch_id=_patch_id(found)))
        elif joined[at].commit is None:
            one = joined[at]
            joined[at] = replace(one, commit=found.follow_up.commit, evidence=f"{one.evidence}; {where}")
    return tuple(joined)


def _search(job: Job, others: Sequence[Upstream], histories: Sequence[History]) -> Iterator[_Found]:
    """Ask every history for the commits that name what is known, then for those that name what was found."""
    known = {one.commit for one in (*upstream_of(job.tracked, job.landed), *others)}
    asked: set[str] = set()
    logged: dict[str, tuple[History, Logged]] = {}
    found: dict[str, FollowUp] = {}
    while fresh := known - asked:
        for history, each in _naming(job, fresh, histories):
            logged.setdefault(each.commit, (history, each))
        asked |= fresh
        messages = ((commit, each.message) for commit, (_, each) in logged.items())
        found = fixes_in_history(messages, job.tracked, job.landed, others)
        known |= {one.commit for one in found.values() if one.commit}
    for commit, follow_up in found.items():
        yield _Found(follow_up, *logged[commit])


def _naming(job: Job, commits: Collection[str], histories: Sequence[History]) -> Iterator[tuple[History, Logged]]:
    """Yield what may name one of *commits*; what two trees of one repository have in common is walked once.

    What all of them have behind them names none. Where a repository lacks one of them, the day of the first patch is
    the bound.
    """
    seconds = min((seconds_of(patch.date) for patch in _forms(job)), default=0)
    walked: dict[Path, list[str]] = {}
    for history in histories:
        oids = {oid for commit in commits if (oid := history.resolve(commit))}
        base = history.common_base(oids) if len(oids) == len(commits) else None
        before = walked.setdefault(history.source.git_dir, [])
        found = history.naming(
            {commit[:KEY] for commit in commits},
            without=[*([base] if base else []), *before],
            not_before=0 if base else max(seconds - _DAY, 0),
        )
        yield from ((history, each) for each in found)
        if history.source.after is None:
            before.append(history.source.commit)


def _forms(job: Job) -> Iterator[Patch]:
    yield from job.patches
    yield from (landed.patch for landed in job.landed.values())


def _is_same(one: FollowUp, found: _Found) -> bool:
    if one.title.lower().split() == found.follow_up.title.lower().split():
        return True
    if one.message_id and one.message_id in links(found.logged.message):
        return True
    return one.patch_id is not None and one.patch_id == _patch_id(found)


def _patch_id(found: _Found) -> str | None:
    diff = found.history.diffs([found.logged.commit], renames=True).get(found.logged.commit)
    try:
        return patch_id(diff) if diff else None
    except InputRefused:
        return None
