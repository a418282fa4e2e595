# SPDX-License-Identifier: GPL-2.0-or-later
"""Which commit notice is about which patch, and so in which form a posted patch landed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from urllib.parse import unquote

from seriestool.errors import InputRefused
from seriestool.formats.mail import Message
from seriestool.formats.notice import read_notice
from seriestool.model.series import Landed, Patch, TrackedPatch

_URL = re.compile(r"https?://[^/\s]+/[^\s<>]+")


class _Match(IntEnum):
    """What ties a notice to a patch, strongest first."""

    REPLY = 1  # it answers the patch, or its Link: trailer names the mail, and it is the same change
    PATCH_ID = 2
    AUTHOR_SUBJECT = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was read, and the mail it came in."""

    landed: Landed
    message: Message


def read_notices(messages: Iterable[Message]) -> tuple[Notice, ...]:
    """Return the commit notices among *messages*, each commit once; a notice that cannot be read tells nothing.

    Only a notice that ``series.toml`` names must be readable (``find_landed``).
    """
    found: dict[str, Notice] = {}
    for message in messages:
        try:
            landed = read_notice(message)
        except InputRefused:
            continue
        if landed is not None:
            found.setdefault(landed.commit, Notice(landed, message))
    return tuple(found.values())


def find_landed(
    messages: Sequence[Message], tracked: Sequence[TrackedPatch], patches: Sequence[Patch]
) -> Mapping[str, Landed]:
    """Return how each of *patches* landed, by its number, as the commit notices among *messages* say.

    *tracked* are what ``series.toml`` says of *patches*, in the same order. A notice belongs to a patch because
    ``series.toml`` names it; else because it answers the patch or links to its mail; else by the patch-id; else by
    author and subject. A fix of the patch answers and links to it too: the same title, or half of the changed lines
    in common, tell the patch itself. The returned patches have the number and message-id of the posted ones. Where
    several notices fit (a branch was rebased), the one with the upstream commit of ``series.toml`` counts, else the
    best, else the last.

    Raises InputRefused where the upstream commit of ``series.toml`` and the Commit-ID of the notice are different, or
    where a notice that it names is missing or cannot be read.
    """
    notices = read_notices(messages)
    by_id = {message.message_id: message for message in messages if message.message_id}
    found: dict[str, Landed] = {}
    for one, patch in zip(tracked, patches, strict=True):
        landed = _named(one, by_id) if one.notice else _best(one, patch, notices)
        if landed is not None:
            _check(one, landed)
            found[patch.number] = replace(
                landed, patch=replace(landed.patch, number=patch.number, message_id=patch.message_id)
            )
    return found


def landed_of(patch: Patch, notices: Sequence[Notice]) -> Landed | None:
    """Return how *patch* landed by one of *notices*, by the rules of ``find_landed``; None where no notice fits."""
    fitting = sorted(_fitting(patch, notices), key=lambda pair: pair[0])
    best = [notice for match, notice in fitting if match == fitting[0][0]]
    return max(best, key=lambda notice: notice.message.seconds).landed if best else None


def links(text: str) -> tuple[str, ...]:
    """Return the message-ids that URLs in *text* name, as lore, lkml and patch.msgid.link write them."""
    # A message-id may hold a slash, but a quoted one: the last part of the URL with an @ is the id.
    parts = ([unquote(part) for part in url.rstrip(".,;)").split("/")] for url in _URL.findall(text))
    ids = (next((part for part in reversed(one) if "@" in part), "") for one in parts)
    return tuple(one.removeprefix("id:") for one in ids if one)


def _named(one: TrackedPatch, by_id: Mapping[str, Message]) -> Landed:
    message = by_id.get(one.notice or "")
    if message is None:
        raise InputRefused(f"patch {one.number}: its commit notice {one.notice} is not in the archive")
    landed = read_notice(message)
    if landed is None:
        raise InputRefused(f"patch {one.number}: {one.notice} is no commit notice", hint="correct it in series.toml")
    return landed


def _best(one: TrackedPatch, patch: Patch, notices: Sequence[Notice]) -> Landed | None:
    if one.upstream:
        for _, notice in _fitting(patch, notices):
            if notice.landed.commit.startswith(one.upstream):
                return notice.landed
    return landed_of(patch, notices)


def _fitting(patch: Patch, notices: Sequence[Notice]) -> Iterator[tuple[_Match, Notice]]:
    for notice in notices:
        match = _match(patch, notice)
        if match is not None:
            yield match, notice


def _match(patch: Patch, notice: Notice) -> _Match | None:
    landed = notice.landed.patch
    linked = [one for trailer in landed.trailers if trailer.name.lower() == "link" for one in links(trailer.value)]
    if patch.message_id in (notice.message.parent, *linked) and patch.message_id and _same_change(landed, patch):
        return _Match.REPLY
    if landed.patch_id == patch.patch_id:
        return _Match.PATCH_ID
    same_author = landed.author.email.lower() == patch.author.email.lower()
    return _Match.AUTHOR_SUBJECT if same_author and landed.subject == patch.subject else None


def _same_change(landed: Patch, patch: Patch) -> bool:
    if landed.subject.lower() == patch.subject.lower() or landed.patch_id == patch.patch_id:
        return True
    one, other = _changed(landed), _changed(patch)
    return 2 * len(one & other) >= min(len(one), len(other)) > 0


def _changed(patch: Patch) -> frozenset[tuple[str, str, bytes]]:
    """Return the changed lines of a patch, white space aside."""
    return frozenset(
        (file.path, line.sign, b"".join(line.text.split()))
        for file in patch.files
        for hunk in file.hunks
        for line in hunk.lines
        if line.sign != " " and line.text.strip()
    )


def _check(one: TrackedPatch, landed: Landed) -> None:
    if one.upstream and not landed.commit.startswith(one.upstream):
        raise InputRefused(
            f"patch {one.number}: series.toml names the upstream commit {one.upstream}, its commit notice "
            f"({landed.notice}) says {landed.commit}",
            hint="one of them is wrong; compare both before you trust either",
        )
