# SPDX-License-Identifier: GPL-2.0-or-later
"""What an index keeps of one mail, read many times faster than the whole mail. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seriestool.errors import InputRefused
from seriestool.formats.mail import SIZE_LIMIT, git_date, read_message
from seriestool.formats.mailinfo import Identity
from seriestool.formats.mime import decode_field
from seriestool.formats.notice import begins_notice
from seriestool.formats.subject import parse_prefix

COMMIT_DIGITS = 12
"""Digits of a commit id that are kept: what the kernel abbreviates to."""
COMMIT_LIMIT = 4096
"""Commit ids kept of one mail; one with more has none, and is looked into every time."""

_FIELD = re.compile(rb"(?m)^([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)")
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_PLAIN = re.compile(rb"[ \t]*text/plain\b(?!.*format)", re.IGNORECASE | re.DOTALL)
_READABLE = re.compile(rb"[ \t]*(?:7bit|8bit|binary)[ \t]*", re.IGNORECASE)
_CHANGE_ID = re.compile(rb"(?m)^change-id: (\S+)[ \t]*$")
_COMMIT = re.compile(rb"(?<![0-9a-f])[0-9a-f]{12,40}(?![0-9a-f])")
_HEADER = re.compile(rb"(?m)^(?:--- a|\+\+\+ b)/((?:arch/[^/\s]+/)?include/uapi/\S+\.h)[ \t]*$")
_INDEX_LINE = re.compile(rb"(?m)^[> \t]*index [0-9a-f]+\.\.[0-9a-f]+.*$")
_BINARY_PROBE = 8000  # as in formats.mail: what has a NUL there is no mail
_ANSWERS = {"y", "n"}  # what people once typed at git-send-email's question for a message-id
_REFERENCES = 200  # of one mail; a thread is found by fewer


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail: all its message-ids, what it answers, and what it is searched by.

    ``date`` is in seconds since 1970, 0 where it has none. ``revision``, ``number`` and ``title`` are those of a
    posting's prefix, None and "" for any other mail. ``commits`` are the first ``COMMIT_DIGITS`` digits of words of its
    text that look like commit ids, the index lines of diffs left out; None for more than ``COMMIT_LIMIT``. ``headers``
    are the paths of user-space headers that its diff changes: the files of which later changes are looked for.
    ``notice`` tells that it begins as a commit notice does.
    """

    message_ids: tuple[str, ...]
    references: tuple[str, ...]
    sender: str
    date: int
    revision: int | None
    number: int | None
    title: str
    change_id: str | None
    commits: frozenset[str] | None
    headers: frozenset[str]
    notice: bool


def read_entry(raw: bytes) -> Entry | None:
    """Return what is kept of the mail *raw*, None for what cannot be read as mail or has no message-id."""
    if len(raw) > SIZE_LIMIT or b"\0" in raw[:_BINARY_PROBE]:
        return None
    if raw.partition(b"\n")[0].endswith(b"\r"):
        raw = raw.replace(b"\r\n", b"\n")
    header, gap, body = raw.partition(b"\n\n")
    if not gap or not _FIELD.match(header):
        return None
    fields: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(header):
        fields.setdefault(name.decode("ascii").lower(), []).append(value)
    message_ids = _ids(fields, "message-id")
    text = _text(raw, fields, body) if message_ids else None
    if text is None:
        return None
    sender = Identity.parse(decode_field(_first(fields, "from"))).person.email.lower()
    prefix = parse_prefix(decode_field(_first(fields, "subject")))
    change = _CHANGE_ID.search(text)
    return Entry(
        message_ids=tuple(message_ids),
        references=_references(fields, {sender, *message_ids}),
        sender=sender,
        date=int(git_date(_first(fields, "date").strip()).partition(" ")[0] or 0),
        revision=prefix.revision if prefix else None,
        number=prefix.number if prefix else None,
        title=prefix.title if prefix else "",
        change_id=change[1].decode("utf-8", "replace") if change else None,
        commits=_commits(text),
        headers=frozenset(path.decode("utf-8", "replace") for path in _HEADER.findall(text)),
        notice=begins_notice(text),
    )


def _first(fields: dict[str, list[bytes]], name: str) -> str:
    return fields.get(name, [b""])[0].decode("utf-8", "surrogateescape")


def _ids(fields: dict[str, list[bytes]], name: str) -> list[str]:
    values = (value.decode("utf-8", "replace") for value in fields.get(name, ()))
    return list(dict.fromkeys(one for value in values for one in _MESSAGE_ID.findall(value)))


def _references(fields: dict[str, list[bytes]], own: set[str]) -> tuple[str, ...]:
    """Return what the mail answers, by the rule of public-inbox: addresses of people are none."""
    people = set(_ids(fields, "to")) | set(_ids(fields, "cc")) | set(_ids(fields, "from"))
    found = dict.fromkeys(_ids(fields, "references") + _ids(fields, "in-reply-to"))
    kept = tuple(one for one in found if one not in own | people | _ANSWERS)
    return kept if len(kept) <= _REFERENCES else kept[:1] + kept[1 - _REFERENCES :]


def _text(raw: bytes, fields: dict[str, list[bytes]], body: bytes) -> bytes | None:
    """Return the text as bytes; only a mail whose text is encoded or in parts is taken apart for it."""
    kind, coding = fields.get("content-type", [b"text/plain"])[0], fields.get("content-transfer-encoding", [b"7bit"])[0]
    if _PLAIN.match(kind) and _READABLE.fullmatch(coding):
        return body
    try:
        return read_message(raw).text.encode("utf-8", "replace")
    except InputRefused:
        return None


def _commits(text: bytes) -> frozenset[str] | None:
    words = {word[:COMMIT_DIGITS].decode("ascii") for word in _COMMIT.findall(_INDEX_LINE.sub(b"", text))}
    return frozenset(words) if len(words) <= COMMIT_LIMIT else None
