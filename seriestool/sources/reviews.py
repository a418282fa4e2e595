# SPDX-License-Identifier: GPL-2.0-or-later
"""Trailers that were sent in replies, and which patch they belong to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seriestool.formats.mail import Message
from seriestool.formats.trailers import parse_trailer_line
from seriestool.model.series import Series
from seriestool.sources.thread import carries_diff


def series_trailers(messages: Sequence[Message], series: Series) -> Mapping[str, tuple[str, ...]]:
    """Return the trailers that replies give to each patch of *series*, by the patch's message-id, in mail order.

    A trailer counts where it stands unquoted in a reply, names a person (``...-by:`` with an address), and the chain of
    replies leads to the patch; one on the cover letter counts for every patch. A reply to a mail that carries a diff of
    its own speaks of that diff and not of the patch above it. Commit notices and postings are no replies.
    """
    by_id = {message.message_id: message for message in messages if message.message_id}
    patch_ids = [patch.message_id for patch in series.patches if patch.message_id]
    found: dict[str, dict[str, None]] = {one: {} for one in patch_ids}
    for message in by_id.values():
        if message.message_id in found or not _is_reply(message):
            continue
        target = _target(message, by_id, {*patch_ids, series.cover_message_id or ""})
        for trailer in _trailers(message) if target else ():
            for one in patch_ids if target == series.cover_message_id else [target]:
                found[str(one)].setdefault(trailer)
    return {one: tuple(trailers) for one, trailers in found.items()}


def _is_reply(message: Message) -> bool:
    subject = message.subject.lstrip().lower()
    return message.prefix is None and not subject.startswith("[") and not carries_diff(message)


def _target(message: Message, by_id: Mapping[str, Message], wanted: set[str]) -> str | None:
    """Walk up the replies to the first message that is part of the series, or carries a diff of its own."""
    seen: set[str] = set()
    current = message.parent
    while current and current not in seen:
        if current in wanted:
            return current
        seen.add(current)
        above = by_id.get(current)
        if above is None or carries_diff(above):
            return None
        current = above.parent
    return None


def _trailers(message: Message) -> list[str]:
    found = []
    for line in message.text.split("\n"):
        trailer = parse_trailer_line(line)
        if trailer and trailer.name.lower().endswith("-by") and "@" in trailer.value:
            found.append(str(trailer))
    return found
