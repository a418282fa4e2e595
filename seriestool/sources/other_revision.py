# SPDX-License-Identifier: GPL-2.0-or-later
"""Other revisions of a series, also where they were posted as threads of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from seriestool.errors import UsageError
from seriestool.formats.mail import Message
from seriestool.sources.archive import Archive
from seriestool.sources.thread import ALIKE, Posting, alike, find_posting

_CHANGE = re.compile(r"(?m)^change-id: (\S+)[ \t]*$")


def find_revision(
    messages: Sequence[Message], message_id: str, revision: int, archive: Archive | None
) -> str | None:
    """Return a message of *revision* of the series of *message_id*, where the *archive* has it outside of the thread.

    *messages* are the thread. What has the same change-id is the same series; else what the same address sent under a
    title that is alike, or a patch under the title of one of the series' own. None where the thread itself has the
    revision, and where there is no *archive* to search. Raises UsageError where the archive has no such revision,
    or several that fit as well.
    """
    own, mine = find_posting(messages, message_id)
    if archive is None or any(one.revision == revision for one in mine):
        return None
    change = next((found for one in own.messages if (found := _change_id(one))), None)
    scored: dict[str, tuple[float, Message]] = {}
    for message in archive.posted(revision, sender=own.messages[0].sender.email, change_id=change):
        score = _score(message, own, change)
        root = _root(message)
        if score >= ALIKE and (root not in scored or score > scored[root][0]):
            scored[root] = (score, message)
    if not scored:
        raise UsageError(f"no revision v{revision} of {own.named}, neither in its thread nor elsewhere in the archive")
    best = max(score for score, _ in scored.values())
    fitting = [message for score, message in scored.values() if score == best]
    if len(fitting) > 1:
        raise UsageError(f"{len(fitting)} postings fit: {_names(fitting)}", hint="name one by its message-id")
    return fitting[0].message_id


def _score(message: Message, own: Posting, change: str | None) -> float:
    """Return how surely *message* is of another revision of *own*: 2 for the change-id, else the likeness of titles."""
    other = _change_id(message)
    if change is not None and other is not None:
        return 2.0 if other == change else 0.0
    assert message.prefix is not None
    titles = [one.prefix.title for one in own.messages if one.prefix is not None]
    if message.prefix.number in (0, None):
        return alike(message.prefix.title, titles[0])
    # Less than a cover letter: a patch may also have been sent alone.
    return 0.99 if message.prefix.title.lower() in {title.lower() for title in titles} else 0.0


def _change_id(message: Message) -> str | None:
    match = _CHANGE.search(message.text)
    return match[1] if match else None


def _root(message: Message) -> str:
    return message.references[0] if message.references else message.parent or message.message_id


def _names(messages: Iterable[Message]) -> str:
    return "; ".join(f"'{message.subject}' ({message.message_id})" for message in list(messages)[:4])
