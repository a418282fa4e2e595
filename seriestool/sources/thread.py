# SPDX-License-Identifier: GPL-2.0-or-later
"""A thread turned into the series that was posted in it. Pure: messages in, values out.

Real threads hold more than one posting: older and newer revisions, other people's patches, commit notices of tip-bot2,
diffs inside replies. A posting is what one sender sent under one revision and count (``[PATCH v4 n/10]``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from seriestool.errors import InputRefused, UsageError
from seriestool.formats.dependencies import read_dependencies
from seriestool.formats.mail import Message, read_patch
from seriestool.formats.subject import SubjectPrefix
from seriestool.model.series import Patch, Series

_MOODS = {"RFC", "RFT", "RESEND"}  # words that some patches of a posting may have and others not
_DIFF_LINE = re.compile(r"^(?:diff --git a/|diff -|Index: |--- \S+\n\+\+\+ \S)", re.MULTILINE)
_BASE = re.compile(r"^base-commit: ([0-9a-f]{12,64})\s*$", re.MULTILINE)
_CHANGE = re.compile(r"^change-id: (\S+)\s*$", re.MULTILINE)
_PREREQUISITE = re.compile(r"^prerequisite-patch-id: ([0-9a-f]{40,64})\s*$", re.MULTILINE)


_ALONE = "put the one you mean into an mbox of its own"
ALIKE = 0.6
"""From where on two titles are taken for those of one series."""


@dataclass(frozen=True, slots=True)
class Posting:
    """The messages of one posting, in their order; ``total`` is None where the prefixes count nothing."""

    revision: int
    total: int | None
    messages: tuple[Message, ...]

    @property
    def named(self) -> str:
        """A name for error messages."""
        first = self.messages[0]
        prefix = first.prefix
        assert prefix is not None
        return f"'{prefix.title}' v{self.revision}"


def rebuild(messages: Sequence[Message], *, message_id: str | None = None, revision: int | None = None) -> Series:
    """Return the series that *messages* hold: the posting *message_id* belongs to, or else the newest.

    *message_id* may name any message of the posting, or a reply or commit notice to it. *revision* picks another
    revision of the same thread. Replies, commit notices and diffs inside replies are never taken for patches;
    a message that came twice counts once. Messages without threading headers (``git format-patch``) do as well.

    Raises UsageError where the message or revision is not there or several postings fit; InputRefused where a patch of
    the posting is missing, was posted in two forms, or cannot be read.
    """
    known = _unique(messages)
    postings = find_postings(known)
    posting = _choose(postings, known, message_id, revision)
    cover, members = _members(posting, postings)
    patches = tuple(read_patch(message, f"{number:02}") for number, message in enumerate(members, 1))
    return _series(posting, cover, members, patches)


def find_postings(messages: Sequence[Message]) -> tuple[Posting, ...]:
    """Return every posting among *messages*, in the order their first messages come."""
    members = [message for message in messages if _is_member(message)]
    if 1 < len(members) == len(messages) and all(_stands_alone(one) for one in members):
        # Patch files without numbers (git format-patch -N) and nothing else: their order is the series.
        return (Posting(max(_prefix(one).revision for one in members), None, tuple(members)),)
    groups: dict[tuple[object, ...], list[Message]] = {}
    for message in members:
        prefix = _prefix(message)
        own = message.message_id or message.raw if prefix.total is None else None
        tags = tuple(tag for tag in prefix.tags if tag.upper() not in _MOODS)
        groups.setdefault((prefix.revision, prefix.total, tags, own), []).append(message)
    return tuple(
        Posting(_prefix(part[0]).revision, _prefix(part[0]).total, tuple(part))
        for group in groups.values()
        for part in _apart(group)
    )


def find_posting(messages: Sequence[Message], message_id: str) -> tuple[Posting, tuple[Posting, ...]]:
    """Return the posting that *message_id* belongs to, and those that the same person sent in the thread.

    Raises UsageError for a message that is not there or belongs to no posting.
    """
    known = _unique(messages)
    postings = find_postings(known)
    own = _posting_of(message_id, postings, known)
    return own, tuple(one for one in postings if _sender(one) == _sender(own))


def alike(title: str, other: str) -> float:
    """Return how much two titles have in common, from 0 to 1; a series keeps its title, or changes a word of it."""
    return SequenceMatcher(None, title.lower(), other.lower(), autojunk=False).ratio()


def carries_diff(message: Message) -> bool:
    """Tell whether *message* holds a diff of its own: quoted lines ("> ") do not count."""
    return bool(_DIFF_LINE.search(message.text))


def _is_member(message: Message) -> bool:
    return message.prefix is not None and (message.prefix.is_cover or carries_diff(message))


def _prefix(message: Message) -> SubjectPrefix:
    assert message.prefix is not None
    return message.prefix


def _unique(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Drop what came twice: the same message-id, or without one the same bytes."""
    seen: dict[object, Message] = {}
    for message in messages:
        seen.setdefault(message.message_id or message.raw, message)
    return tuple(seen.values())


def _stands_alone(message: Message) -> bool:
    return _prefix(message).total is None and message.parent is None


def _apart(group: Sequence[Message]) -> list[list[Message]]:
    """Split a group in which numbers come twice: by sender, then by the cover letter that is answered.

    Patch files of one series may have several senders (``git format-patch`` writes the author), so the sender alone
    does not tell postings apart.
    """
    if _numbers_once(group):
        return [list(group)]
    senders: dict[str, list[Message]] = {}
    for message in group:
        senders.setdefault(message.sender.email.lower(), []).append(message)
    return [part for one in senders.values() for part in ([one] if _numbers_once(one) else _by_cover(one))]


def _numbers_once(group: Sequence[Message]) -> bool:
    numbers = [_prefix(message).number for message in group]
    return len(set(numbers)) == len(numbers)


def _by_cover(group: Sequence[Message]) -> list[list[Message]]:
    covers = [message for message in group if _prefix(message).is_cover]
    if len(covers) < 2:
        return [list(group)]
    parts = {cover.message_id: [cover] for cover in covers}
    for message in group:
        if not _prefix(message).is_cover:
            named = [one for one in (message.parent, *message.references) if one in parts]
            parts[named[0] if named else covers[0].message_id].append(message)
    return list(parts.values())


def _choose(
    postings: Sequence[Posting], messages: Sequence[Message], message_id: str | None, revision: int | None
) -> Posting:
    if not postings:
        raise InputRefused("no patch in it: neither a posting nor a patch file")
    candidates = list(postings)
    if message_id is not None:
        own = _posting_of(message_id, postings, messages)
        if revision is None or revision == own.revision:
            return own
        candidates = [posting for posting in postings if _sender(posting) == _sender(own)]
    wanted = max(posting.revision for posting in candidates) if revision is None else revision
    fitting = [posting for posting in candidates if posting.revision == wanted]
    if not fitting:
        there = ", ".join(f"v{number}" for number in sorted({posting.revision for posting in candidates}))
        raise UsageError(f"no revision v{wanted} in this thread; there is {there}")
    if len(fitting) > 1:
        names = "; ".join(f"{posting.named} ({posting.messages[0].named})" for posting in fitting[:4])
        raise UsageError(f"{len(fitting)} postings fit: {names}", hint=_ALONE)
    others = [posting for posting in candidates if not _related(posting, fitting[0])]
    if others and message_id is None:
        names = "; ".join(posting.named for posting in (fitting[0], *others)[:4])
        raise InputRefused(f"{len(others) + 1} different series in it: {names}", hint=_ALONE)
    return fitting[0]


def _related(one: Posting, other: Posting) -> bool:
    """Tell whether two postings are of one series: in one thread, or by one sender with a title that is alike."""
    first, second = one.messages[0], other.messages[0]
    if _root(first) == _root(second):
        return True
    if _sender(one) != _sender(other):
        return False
    if _titles(one) & _titles(other):
        return True
    return alike(_prefix(first).title, _prefix(second).title) >= ALIKE


def _sender(posting: Posting) -> str:
    return posting.messages[0].sender.email.lower()


def _titles(posting: Posting) -> set[str]:
    return {_prefix(message).title.lower() for message in posting.messages}


def _root(message: Message) -> str:
    return message.references[0] if message.references else message.parent or message.message_id or message.subject


def _posting_of(message_id: str, postings: Sequence[Posting], messages: Sequence[Message]) -> Posting:
    """Return the posting with *message_id* in it, or the one its message answers."""
    by_id = {message.message_id: message for message in messages if message.message_id}
    if message_id not in by_id:
        raise UsageError(f"the thread does not hold the message {message_id}")
    owner = {message.message_id: posting for posting in postings for message in posting.messages}
    seen: set[str] = set()
    current: str | None = message_id
    while current is not None and current not in seen:
        if current in owner:
            return owner[current]
        seen.add(current)
        current = by_id[current].parent if current in by_id else None
    raise UsageError(f"the message {message_id} belongs to no posted series")


def _members(posting: Posting, postings: Sequence[Posting]) -> tuple[Message | None, tuple[Message, ...]]:
    """Return the cover letter and the patches 1 to total."""
    if posting.total is None:
        return None, posting.messages
    cover: Message | None = None
    numbered: dict[int, Message] = {}
    for message in posting.messages:
        number = _prefix(message).number
        assert number is not None
        if number == 0:
            cover = cover or message
        elif number > posting.total:
            raise InputRefused(f"patch {number}/{posting.total} of {posting.named}: its number is above the total")
        elif number in numbered:
            _check_same(numbered[number], message, f"patch {number}/{posting.total} of {posting.named}")
        else:
            numbered[number] = message
    missing = [number for number in range(1, posting.total + 1) if number not in numbered]
    if missing:
        raise _incomplete(posting, missing, numbered, postings)
    return cover, tuple(numbered[number] for number in sorted(numbered))


def _check_same(first: Message, second: Message, named: str) -> None:
    if read_patch(first, "00").patch_id != read_patch(second, "00").patch_id:
        raise InputRefused(
            f"{named} was posted in two forms: {first.named} and {second.named}",
            hint="keep the one you mean in an mbox and give its path",
        )


def _incomplete(
    posting: Posting, missing: Sequence[int], numbered: Mapping[int, Message], postings: Sequence[Posting]
) -> InputRefused:
    """Say which patches are missing, and whether the posting is a reroll of only some patches."""
    older = {
        message.message_id: other
        for other in postings
        if other.revision < posting.revision
        for message in other.messages
    }
    answered = next((older[one.parent] for one in numbered.values() if one.parent in older), None)
    names = ", ".join(f"{number}/{posting.total}" for number in missing[:5])
    if len(missing) > 5:
        names += f" and {len(missing) - 5} more"
    if answered is not None and all(one.parent in older for one in numbered.values()):
        sent = ", ".join(f"{number}/{posting.total}" for number in sorted(numbered))
        return InputRefused(
            f"v{posting.revision} is a partial reroll: only patch {sent} came again, in reply to {answered.named}",
            hint=f"choose the whole revision v{answered.revision}, or give an mbox with the patches you mean",
        )
    many = "patch" if len(missing) == 1 else "patches"
    verb = "is" if len(missing) == 1 else "are"
    return InputRefused(f"{many} {names} of {posting.named} {verb} missing")


def _series(posting: Posting, cover: Message | None, members: Sequence[Message], patches: tuple[Patch, ...]) -> Series:
    told = cover or members[0]  # where git format-patch puts the base information
    base = _BASE.search(told.text)
    change = _CHANGE.search(told.text)
    return Series(
        title=_prefix(cover).title if cover else patches[0].subject,
        revision=posting.revision,
        patches=patches,
        cover=cover.text if cover else None,
        cover_message_id=(cover.message_id or None) if cover else None,
        base_commit=base[1] if base else None,
        change_id=change[1] if change else None,
        prerequisites=tuple(_PREREQUISITE.findall(told.text)),
        dependencies=read_dependencies(
            cover.text if cover else None, [(patch, one.text) for patch, one in zip(patches, members, strict=True)]
        ),
    )
