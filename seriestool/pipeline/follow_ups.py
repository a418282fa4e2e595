# SPDX-License-Identifier: GPL-2.0-or-later
"""What came after a series: looked for in mail and histories, and held against what was applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from seriestool.errors import InputRefused, SeriestoolError
from seriestool.formats.mail import Message, read_patch
from seriestool.formats.notice import is_notice
from seriestool.model.outcome import Outcome, PatchOutcome, TreeOutcome
from seriestool.model.series import FollowUp, FollowUpReason, KnownFollowUp, TrackedPatch, TrackedSeries
from seriestool.model.upstream import Closure, FollowUpState
from seriestool.pipeline.context import Context
from seriestool.pipeline.later import with_histories
from seriestool.pipeline.library import Library
from seriestool.pipeline.mirror import mail_about
from seriestool.pipeline.series import Job
from seriestool.report.upstream import group, note_of
from seriestool.sources.archive import open_archive
from seriestool.sources.files import read_mail_file
from seriestool.sources.inbox.mirror import Mirror
from seriestool.sources.later.closure import find_follow_ups
from seriestool.sources.later.fixes import upstream_of

_NOT_BROUGHT = (Outcome.ALREADY, Outcome.ALREADY_EVOLVED, Outcome.MISSING_FILE)


@dataclass(frozen=True, slots=True)
class FoundFollowUps:
    """What was found, and in one phrase where; ``patch_ids`` are those of the mails that can be applied, by id."""

    follow_ups: tuple[FollowUp, ...]
    searched: str
    patch_ids: Mapping[str, str] = field(default_factory=dict)


def search_follow_ups(library: Library, job: Job) -> FoundFollowUps:
    """Look for the follow-ups of *job* in the archive, or in the mail that was kept, and in the histories.

    An archive that cannot be read or searched is told in ``searched``, and stops nothing. Raises MachineFault where a
    history cannot be read.
    """
    upstream = upstream_of(job.tracked, job.landed)
    if not upstream and job.tracked.released_on is None:
        return FoundFollowUps((), "no place: no upstream commit of the series is known")
    found = _in_mail(library.ctx, job)
    histories = library.histories() if upstream else ()
    if not histories:
        return found
    names = ", ".join(history.name for history in histories)
    where = f"{found.searched}, and the histor{'y' if len(histories) == 1 else 'ies'} of {names}"
    return FoundFollowUps(with_histories(job, found.follow_ups, histories), where)


def _in_mail(ctx: Context, job: Job) -> FoundFollowUps:
    try:
        archive = open_archive(ctx.lore, ctx.cache.downloads, ctx.progress)
        if isinstance(archive, Mirror):
            return _among(mail_about(archive, job), job, f"the archive {ctx.lore}")
        if archive is not None:
            return _among(archive.messages(), job, f"the archive {ctx.lore}")
        reason = f"{ctx.lore or 'lore.kernel.org'} cannot be searched"
    except SeriestoolError as error:
        reason = error.message
    messages, where = _kept(ctx, job)
    return _among(messages, job, f"{where} ({reason})")


def _among(messages: Iterable[Message], job: Job, searched: str) -> FoundFollowUps:
    unique = {message.message_id: message for message in (*job.messages, *messages) if message.message_id}
    found = find_follow_ups(tuple(unique.values()), job.tracked, job.patches, job.landed)
    mails = {one.message_id: unique[one.message_id] for one in found if one.message_id in unique}
    ids = {message_id: patch_id for message_id, mail in mails.items() if (patch_id := _patch_id(mail))}
    return FoundFollowUps(found, searched, ids)


def _patch_id(message: Message) -> str | None:
    try:
        return None if is_notice(message) else read_patch(message, "00").patch_id
    except InputRefused:
        return None


def _kept(ctx: Context, job: Job) -> tuple[tuple[Message, ...], str]:
    kept = ctx.workspace.patches / job.tracked.slug / "mail"
    files = sorted(kept.glob("*.mbox"))
    try:
        messages = tuple(message for file in files for message in read_mail_file(file))
    except SeriestoolError as error:
        return (), f"only the series' own threads: {error.message}"
    if not messages:
        return (), "only the series' own thread"
    return messages, f"only the threads kept in patches/{job.tracked.slug}/mail"


def close_over(found: FoundFollowUps, tracked: TrackedSeries, trees: Sequence[TreeOutcome]) -> Closure:
    """Tell of every follow-up, found or written down in ``series.toml``, on which of *trees* it is missing.

    It is missing on a tree that got a patch it amends in this job, or would when that is made to fit, and did not get
    it.
    """
    follow_ups = [*found.follow_ups, *_written_down(found.follow_ups, tracked)]
    return Closure(tuple(_state(one, tracked, trees) for one in follow_ups), found.searched)


def known_follow_ups(found: FoundFollowUps, tracked: TrackedSeries) -> tuple[KnownFollowUp, ...]:
    """Return what ``series.toml`` knows of and does not carry, and what was found besides, each once.

    What was posted together is one of them. A note of ``series.toml`` stands before what was found.
    """
    others = [one for one in found.follow_ups if _number(one, tracked) is None]
    known: dict[str, KnownFollowUp] = {one.message_id: one for one in tracked.known}
    for each in group([FollowUpState(one, None, ()) for one in others]):
        follow_ups = [state.follow_up for state in each.states]
        written = next((one for one in tracked.known if any(_is(one, other) for other in follow_ups)), None)
        if written is None:
            # What only a history tells of has no mail to be known by.
            known[each.message_id or each.title] = KnownFollowUp(each.title, each.message_id, note_of(each))
        else:
            known[written.message_id] = replace(written, note=f"{written.note}; {note_of(each)}")
    return tuple(known.values())


def unknown_follow_ups(found: FoundFollowUps, tracked: TrackedSeries) -> tuple[FollowUp, ...]:
    """Return what was found and ``series.toml`` neither carries nor knows of."""
    return tuple(
        one
        for one in found.follow_ups
        if _number(one, tracked) is None and not any(_is(known, one) for known in tracked.known)
    )


def _written_down(found: Sequence[FollowUp], tracked: TrackedSeries) -> list[FollowUp]:
    return [
        FollowUp(one.title, one.message_id, None, FollowUpReason.NAMED, (), one.note, "")
        for one in tracked.known
        if not any(_is(one, other) for other in found)
    ]


def _is(known: KnownFollowUp, found: FollowUp) -> bool:
    """Tell whether both are the same, by message-id or title; an entry may stand for a whole posting."""
    titles = {title.lower() for title in (found.title, found.posting) if title}
    return known.message_id in (found.message_id, found.posting_id) or known.title.lower() in titles


def _state(follow_up: FollowUp, tracked: TrackedSeries, trees: Sequence[TreeOutcome]) -> FollowUpState:
    number = _number(follow_up, tracked)
    return FollowUpState(
        follow_up, number, tuple(tree.tree for tree in trees if _is_missing(follow_up, number, tree.patches))
    )


def _number(follow_up: FollowUp, tracked: TrackedSeries) -> str | None:
    """Return the number under which *tracked* carries *follow_up*."""
    return next((one.number for one in tracked.patches if _carries(one, follow_up)), None)


def _carries(one: TrackedPatch, follow_up: FollowUp) -> bool:
    if one.upstream and follow_up.commit:
        return follow_up.commit.startswith(one.upstream)
    return bool(one.message_id and one.message_id == follow_up.message_id) or one.subject == follow_up.title


def _is_missing(follow_up: FollowUp, number: str | None, patches: Sequence[PatchOutcome]) -> bool:
    brought = {one.number for one in patches if one.outcome not in _NOT_BROUGHT}
    there = {one.number for one in patches if one.outcome.usable}
    amended = brought & set(follow_up.amends) if follow_up.amends else brought
    return bool(amended) and number not in there
