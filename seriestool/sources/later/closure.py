# SPDX-License-Identifier: GPL-2.0-or-later
"""Later changes that belong to a series: what fixes it, what was posted with that, what changed its ABI before release.

Pure: mail in, values out. Found changes are looked at in their turn, so a fix of a fix is found too. Of the revisions
of one series the newest counts; replies count for nothing, whatever they quote.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seriestool.errors import InputRefused
from seriestool.formats.mail import Message, read_patch
from seriestool.model.series import FollowUp, FollowUpReason, Landed, Patch, Role, TrackedSeries
from seriestool.sources.landed import Notice, landed_of, read_notices
from seriestool.sources.later.fixes import MAY_NAME, SURE, Named, Upstream, evidence, exposes, named_in, upstream_of
from seriestool.sources.later.mergers import merge_of
from seriestool.sources.later.revisions import Posted, find_all_postings, revisions_of, title_of
from seriestool.sources.later.user_headers import HeaderLine, SharedLines, brought_by, shared_lines


def find_follow_ups(
    messages: Sequence[Message], tracked: TrackedSeries, patches: Sequence[Patch], landed: Mapping[str, Landed]
) -> tuple[FollowUp, ...]:
    """Return the later changes among *messages* that belong to *tracked*, oldest first, those it carries included.

    *patches* are those of *tracked* as posted, *landed* how they landed. Changes of the same lines of a user-space
    header count only where ``tracked.released_on`` says when the series was first released, and when they were posted
    between the series and that day. A patch whose mail is missing is named by the cover letter, or by its number.
    """
    return _Search(messages, tracked, patches, landed).run()


@dataclass(frozen=True, slots=True)
class _Hit:
    """Why one patch of a posting belongs."""

    reason: FollowUpReason
    numbers: frozenset[str]
    evidence: str
    exposes: str


class _Search:
    """The state of one search: which commits may be named, which lines are the series', what was found."""

    def __init__(
        self,
        messages: Sequence[Message],
        tracked: TrackedSeries,
        patches: Sequence[Patch],
        landed: Mapping[str, Landed],
    ) -> None:
        self._messages = messages
        self._tracked = tracked
        self._notices = read_notices(messages)
        self._known = list(upstream_of(tracked, landed))
        self._lines: dict[HeaderLine, frozenset[str]] = {}
        for patch in patches:
            forms = [patch, landed[patch.number].patch] if patch.number in landed else [patch]
            for form in forms:
                self._add_lines(form, frozenset({patch.number}))
        own = {one.message_id for one in tracked.patches if one.role is Role.SERIES} | {tracked.cover_message_id}
        postings = find_all_postings(messages)
        posted = [one for one in postings if one.message_ids & own]
        revisions = {id(each) for one in posted for each in revisions_of(one, postings)}
        self._postings = tuple(one for one in postings if id(one) not in revisions and not one.is_backport)
        self._since = min((one.seconds for one in posted), default=None)
        self._until = _midnight(tracked.released_on)
        self._patches: dict[str, Patch | None] = {}
        self._landed: dict[str, Landed | None] = {}
        self._found: dict[tuple[int, int], FollowUp] = {}
        self._order = {id(one): number for number, one in enumerate(self._postings)}

    def run(self) -> tuple[FollowUp, ...]:
        """Look at every posting until nothing new is found."""
        before = -1
        while before < len(self._found):
            before = len(self._found)
            for posted in self._postings:
                self._look_at(posted)
        found = [one for _, one in sorted(self._found.items())]
        newest = {one.title.lower(): one for one in found}  # somebody else may have taken a patch over
        return tuple(one for one in found if newest[one.title.lower()] is one) + self._only_noticed()

    def _look_at(self, posted: Posted) -> None:
        hits = {
            number: hit for number, message in posted.patches.items() if (hit := self._hit(posted, message)) is not None
        }
        if not hits:
            return
        for number in range(1, max(posted.total, *posted.patches) + 1):
            hit = hits.get(number) or self._sibling(posted, number, hits)
            if (self._order[id(posted)], number) not in self._found:
                self._add(posted, number, hit)

    def _hit(self, posted: Posted, message: Message) -> _Hit | None:
        named, lines = self._named(message), self._same_lines(posted, message)
        if named is not None and not self._is_superseded(posted, message):
            return self._fix(named, lines if self._landed_of(message) else SharedLines({}))
        if lines and self._later(posted, self._until) == ():
            return self._same(posted, lines)
        return None

    def _fix(self, named: Named, lines: SharedLines) -> _Hit:
        also = f", and {self._old_form(lines)}" if lines else ""
        return _Hit(FollowUpReason.FIXES, named.numbers, evidence(named), exposes(named) + also)

    def _same(self, posted: Posted, lines: SharedLines) -> _Hit:
        numbers = lines.numbers
        day = datetime.datetime.fromtimestamp(posted.seconds, datetime.UTC).date().isoformat()
        why = (
            f"posted {day}, before {self._release()} ({self._tracked.released_on}); "
            f"changes {'what stands beside ' * lines.beside}lines of {_sorted(numbers)} in a user-space header: "
            f"{lines.named}"
        )
        merge = merge_of(posted, self._messages)
        if merge is not None:
            why += f"; merged upstream as {merge[:SURE]}"
            shows = f"a tree with {_sorted(numbers)} and without it has {self._old_form(lines)}"
        else:
            form = "other lines beside" if lines.beside else "another form of"
            shows = (
                f"a tree with {_sorted(numbers)} and without it has {form} {lines.named} than was posted "
                f"before {self._release()}; no mail says whether that landed"
            )
        return _Hit(FollowUpReason.SAME_LINES, numbers, why, shows)

    def _sibling(self, posted: Posted, number: int, hits: Mapping[int, _Hit]) -> _Hit:
        numbers = frozenset[str]().union(*(hit.numbers for hit in hits.values()))
        others = ", ".join(f"{other}/{posted.total}" for other in sorted(hits))
        why = f"{number}/{posted.total} of {posted.named}, posted together with {others}"
        if number not in posted.patches:
            why += "; its mail is not in the archive"
        shows = f"a tree that takes {others} of that posting and leaves it out is in a state that nobody posted"
        return _Hit(FollowUpReason.SIBLING, numbers, why, shows)

    def _old_form(self, lines: SharedLines) -> str:
        if lines.beside:
            return f"other lines beside {lines.named} than {self._release()} released"
        return f"{lines.named} in a form that {self._release()} never released"

    def _release(self) -> str:
        return next((one.released for one in self._tracked.patches if one.released), "the first release")

    def _add(self, posted: Posted, number: int, hit: _Hit) -> None:
        message = posted.patches.get(number)
        landed = self._landed_of(message) if message else None
        patch = self._patch(message) if message else None
        title = posted.subject_of(number) or f"{number}/{posted.total} of {posted.named}"
        self._found[(self._order[id(posted)], number)] = FollowUp(
            title=title,
            message_id=message.message_id if message else None,
            commit=landed.commit if landed else None,
            reason=hit.reason,
            amends=tuple(sorted(hit.numbers)),
            evidence=hit.evidence,
            exposes=hit.exposes,
            posting=posted.title if posted.total > 1 else None,
            posting_id=posted.cover.message_id if posted.cover else None,
            patch_id=patch.patch_id if patch else None,
        )
        if landed:
            self._known.append(Upstream(landed.commit, title, hit.numbers, follows=True))
        for form in (patch, landed.patch if landed else None):
            if form is not None:
                self._add_lines(form, hit.numbers)

    def _only_noticed(self) -> tuple[FollowUp, ...]:
        """Return what only a commit notice tells of: its posting is in no mail that is here."""
        listed = {one.commit for one in self._found.values()} | {one.commit for one in self._known}
        found = []
        for notice in self._notices:
            commit, patch = notice.landed.commit, notice.landed.patch
            named = named_in(patch.message, self._known)
            if named is not None and commit not in listed and not any(commit.startswith(str(one)) for one in listed):
                hit = self._fix(named, SharedLines({}))
                numbers = tuple(sorted(hit.numbers))
                found.append(
                    FollowUp(
                        patch.subject, notice.landed.notice, commit, hit.reason, numbers, hit.evidence, hit.exposes
                    )
                )
        return tuple(found)

    # What one mail says

    def _named(self, message: Message) -> Named | None:
        patch = self._patch(message) if MAY_NAME.search(message.text) else None
        named = named_in(patch.message, self._known) if patch else None
        if named is None and (landed := self._landed_of(message)):
            named = named_in(landed.patch.message, self._known)
        return named

    def _same_lines(self, posted: Posted, message: Message) -> SharedLines:
        """Return the lines of the series that *message* changes before the release, as written, and whose they are."""
        if self._since is None or self._until is None or not self._since < posted.seconds < self._until:
            return SharedLines({})
        patch = self._patch(message) if "/uapi/" in message.text else None
        return shared_lines(patch, self._lines) if patch else SharedLines({})

    def _is_superseded(self, posted: Posted, message: Message) -> bool:
        """Tell whether a newer revision took the place of *message*; one that landed from an older one stays."""
        later = self._later(posted, None)
        again = any(title_of(message).lower() in one.subjects for one in later)
        return bool(later) and (again or self._landed_of(message) is None)

    def _later(self, posted: Posted, until: int | None) -> tuple[Posted, ...]:
        """Return the later revisions of *posted*, before *until* where that is given."""
        line = revisions_of(posted, self._postings)
        after = line[line.index(posted) + 1 :]
        return tuple(one for one in after if until is None or one.seconds < until)

    def _add_lines(self, patch: Patch, numbers: frozenset[str]) -> None:
        for line in brought_by(patch):
            self._lines[line] = self._lines.get(line, frozenset()) | numbers

    def _patch(self, message: Message) -> Patch | None:
        if message.message_id not in self._patches:
            try:
                self._patches[message.message_id] = read_patch(message, "00")
            except InputRefused:  # a mail that nobody could apply changes nothing
                self._patches[message.message_id] = None
        return self._patches[message.message_id]

    def _landed_of(self, message: Message) -> Landed | None:
        """Return how *message* landed; only notices that could be meant are compared with its patch."""
        if message.message_id not in self._landed:
            near = [one for one in self._notices if self._may_be(one, message.message_id, title_of(message))]
            patch = self._patch(message) if near else None
            self._landed[message.message_id] = landed_of(patch, near) if patch else None
        return self._landed[message.message_id]

    @staticmethod
    def _may_be(notice: Notice, message_id: str, title: str) -> bool:
        landed = notice.landed.patch
        return landed.subject == title or message_id == notice.message.parent or message_id in landed.message


def _sorted(numbers: Iterable[str]) -> str:
    return ", ".join(sorted(numbers))


def _midnight(day: str | None) -> int | None:
    if day is None:
        return None
    return int(datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time(), datetime.UTC).timestamp())
