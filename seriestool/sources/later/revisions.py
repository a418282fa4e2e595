# SPDX-License-Identifier: GPL-2.0-or-later
"""All postings of an archive, and which of them are revisions of one series. Pure.

``thread`` rebuilds the one series of a thread; here many threads are looked at, and nothing is refused: what is missing
or cannot be read tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from seriestool.formats.mail import Message
from seriestool.formats.subject import SubjectPrefix
from seriestool.sources.thread import Posting, find_postings

_ALIKE = 0.75  # of two titles: a series that is renamed from revision to revision keeps most of its words
_COMPARED = 200  # characters of a title; the time grows with their square
_STABLE = re.compile(r"AUTOSEL|stable|v?\d+\.\d+(?:\.\d+|\.y|-stable|\+)?|(?:stable|linux)-\d.*", re.IGNORECASE)
_COUNT = re.compile(r"\S.* \((\d{1,4})\):")  # git-shortlog(1): "A U Thor (5):", then one indented subject a line


@dataclass(frozen=True, slots=True)
class Posted:
    """One posting: its patches by number (1 where it counts nothing), the cover letter, when it was sent.

    ``title`` is the cover letter's, or the first patch's. ``total`` counts also patches whose mail is missing.
    ``seconds`` are since 1970, of the first mail; 0 where none has a date.
    """

    title: str
    revision: int
    total: int
    cover: Message | None
    patches: Mapping[int, Message]
    seconds: int
    sender: str
    thread: str
    subjects: frozenset[str]
    tags: tuple[str, ...] = ()

    @property
    def is_backport(self) -> bool:
        """Whether it is for a stable tree ("5.10.y", "AUTOSEL"): the same change again, and no later one."""
        return any(_STABLE.fullmatch(tag) for tag in self.tags)

    @property
    def named(self) -> str:
        """A name for people: "'siginfo: ABI fixes' v4"."""
        return f"'{self.title}'" + (f" v{self.revision}" if self.revision > 1 else "")

    @property
    def message_ids(self) -> frozenset[str]:
        """The ids of all its mails."""
        return frozenset(one.message_id for one in (*self.patches.values(), *([self.cover] if self.cover else [])))

    def subject_of(self, number: int) -> str | None:
        """Return the subject of a patch; of the only one whose mail is missing, by the cover letter's shortlog."""
        if number in self.patches:
            return title_of(self.patches[number])
        listed = _shortlog(self.cover.text) if self.cover else ()
        left = [subject for subject in listed if subject.lower() not in self.subjects]
        alone = len(listed) == self.total and len(self.patches) == self.total - 1 and len(left) == 1
        return left[0] if alone else None


def find_all_postings(messages: Iterable[Message]) -> tuple[Posted, ...]:
    """Return every posting among *messages*, whatever their threads, oldest first."""
    by_id = {message.message_id: message for message in messages if message.message_id}
    threads: dict[str, list[Message]] = {}
    for message in by_id.values():
        if message.prefix is not None:
            threads.setdefault(_root(message, by_id), []).append(message)
    found = [_posted(posting, thread) for thread, members in threads.items() for posting in find_postings(members)]
    return tuple(sorted((one for one in found if one.patches), key=lambda one: (one.seconds, one.revision)))


def revisions_of(posted: Posted, postings: Sequence[Posted]) -> tuple[Posted, ...]:
    """Return all revisions of *posted*, one of *postings*, in their order; itself included.

    Revisions have one sender, and either half of the patches by their subjects, or another number (or the same thread)
    and a title that is alike.
    """
    mine = [one for one in postings if one.sender == posted.sender]
    line = {id(posted): posted}
    open_ends = [posted]
    while open_ends:
        current = open_ends.pop()
        for other in mine:
            if id(other) not in line and _are_revisions(current, other):
                line[id(other)] = other
                open_ends.append(other)
    # By the order of postings where dates say nothing: whichever is asked for, one and the same is the newest.
    return tuple(one for one in postings if id(one) in line)


def title_of(message: Message) -> str:
    """Return the subject of a patch mail without its prefix."""
    return message.prefix.title if message.prefix is not None else message.subject


def seconds_of(date: str) -> int:
    """Return the seconds of git's raw date, 0 where there is none."""
    return int(date.split(maxsplit=1)[0]) if date else 0


def _root(message: Message, by_id: Mapping[str, Message]) -> str:
    """Return a name that all mails of a thread share."""
    seen: set[str] = set()
    while message.parent in by_id and message.message_id not in seen:
        seen.add(message.message_id)
        message = by_id[str(message.parent)]
    return message.references[0] if message.references else message.parent or message.message_id


def _posted(posting: Posting, thread: str) -> Posted:
    cover: Message | None = None
    patches: dict[int, Message] = {}
    for position, message in enumerate(posting.messages, 1):
        number = _prefix(message).number
        if number == 0:
            cover = message
        else:
            patches[position if number is None else number] = message
    first = cover or (patches[min(patches)] if patches else posting.messages[0])
    dates = [seconds_of(message.date) for message in posting.messages if message.date]
    return Posted(
        title=title_of(first),
        revision=posting.revision,
        total=len(patches) if posting.total is None else posting.total,
        cover=cover,
        patches=patches,
        seconds=min(dates, default=0),
        sender=first.sender.email.lower(),
        thread=thread,
        subjects=frozenset(title_of(message).lower() for message in patches.values()),
        tags=_prefix(first).tags,
    )


def _prefix(message: Message) -> SubjectPrefix:
    assert message.prefix is not None
    return message.prefix


def _are_revisions(one: Posted, other: Posted) -> bool:
    common = one.subjects & other.subjects
    if common and 2 * len(common) >= min(len(one.subjects), len(other.subjects)):
        return True
    if one.revision == other.revision and one.thread != other.thread:
        return False
    if one.title.startswith("Revert ") != other.title.startswith("Revert "):
        return False  # as alike as it looks, it is the opposite
    title, other_title = one.title[:_COMPARED].lower(), other.title[:_COMPARED].lower()
    return SequenceMatcher(None, title, other_title, autojunk=False).ratio() >= _ALIKE


def _shortlog(text: str) -> tuple[str, ...]:
    """Return the subjects that a cover letter lists (git-shortlog(1)); long ones are folded with deeper indents."""
    return tuple(_subjects(text.split("\n")))


def _subjects(lines: Sequence[str]) -> Iterator[str]:
    subject = ""
    indent = None
    for line in [*lines, ""]:
        depth = len(line) - len(line.lstrip())
        if _COUNT.fullmatch(line.rstrip()):
            indent = 0
        elif indent is not None and line.strip() and depth > 1:
            if indent and depth > indent:
                subject += f" {line.strip()}"
                continue
            indent = depth
            if subject:
                yield subject
            subject = line.strip()
            continue
        else:
            indent = None
        if subject:
            yield subject
        subject = ""
