# SPDX-License-Identifier: GPL-2.0-or-later
"""Mail: an mbox taken apart, and each message as a typed value (RFC 5322, RFC 4155).

What a message says as a patch is in ``mailinfo``; how messages make a series is in ``sources.thread``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import Compat32
from email.utils import mktime_tz, parsedate_tz

from seriestool.errors import InputRefused
from seriestool.formats.mailinfo import Identity, PatchMail, read_patch_mail
from seriestool.formats.mime import decode_field, read_payload
from seriestool.formats.patch import LINES_LIMIT, render_text
from seriestool.formats.patch_id import patch_id
from seriestool.formats.subject import SubjectPrefix, parse_prefix
from seriestool.formats.trailers import parse_trailers
from seriestool.model.series import Patch, Person

SIZE_LIMIT = 16 << 20
"""Bytes of one message; the lists themselves refuse far less."""
HEADER_LIMIT = 256 << 10
"""Bytes of one message's header, and of the fields that its body begins with."""
FIELDS_LIMIT = 5000
"""Header fields of one message with all of its parts."""

# A separator line by git-mailsplit's rule: "From ", a clock, a year. Prose that begins with "From" has no clock.
_SEPARATOR = re.compile(rb"From .*\d:\d\d:\d\d\s+(?:19|20)\d\d\b.*\n?")
_SEPARATOR_LIMIT = 1000  # bytes of such a line
_BINARY_PROBE = 8000  # bytes looked at, as git does to tell binary files
_PUBLIC_INBOX = b"From mboxrd@z "  # written by public-inbox and b4, both of which quote as mboxrd
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Message:
    """One mail.

    Ids have no angle brackets; ``message_id`` is empty where the mail has none (a patch file). ``subject`` is decoded
    and unfolded, its prefix kept. ``date`` is git's raw form, empty where the mail has none or an impossible one.
    ``payload`` is the text as bytes in ``charset``, transfer encoding undone; ``text`` the same as characters.
    ``damage`` tells that the mail is cut off or damaged, and how. ``raw`` is the mail as it came.
    """

    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    sender: Person
    subject: str
    prefix: SubjectPrefix | None
    date: str
    text: str = field(repr=False)
    payload: bytes = field(repr=False)
    charset: str
    damage: str | None
    raw: bytes = field(repr=False)

    @property
    def parent(self) -> str | None:
        """The message-id this one answers: In-Reply-To, else the last of References."""
        return self.in_reply_to or (self.references[-1] if self.references else None)

    @property
    def seconds(self) -> int:
        """When it was written, in seconds since 1970; 0 where it does not say."""
        return int(self.date.partition(" ")[0] or 0)

    @property
    def named(self) -> str:
        """A name for error messages: the message-id, or the subject of a mail without one."""
        return self.message_id or f"'{self.subject}'"


def split_mbox(data: bytes) -> tuple[bytes, ...]:
    """Split an mbox, or a single mail, into raw messages without separator lines and with their quoting undone.

    mboxrd quoting is undone where the file says so (public-inbox, b4); else only ``>From`` itself, as in mboxo.
    Raises InputRefused for empty, binary and truncated input.
    """
    if not data.strip():
        raise InputRefused("empty: no mail in it")
    if b"\0" in data[:_BINARY_PROBE]:
        raise InputRefused("binary: a NUL byte is in it, so it is no mail")
    spans = _spans(data, mboxrd=data.startswith(_PUBLIC_INBOX))
    for number, (start, end) in enumerate(spans, 1):
        _check_size(end - start)
        _check_headers(data, start, end, number, len(spans))
    quoted = re.compile(rb"(?m)^>(>*From )" if data.startswith(_PUBLIC_INBOX) else rb"(?m)^>(From )")
    return tuple(_without_last_line(quoted.sub(rb"\1", data[start:end])) for start, end in spans)


def _spans(data: bytes, *, mboxrd: bool) -> list[tuple[int, int]]:
    """Return where each message begins and ends, separator lines left out."""
    spans: list[tuple[int, int]] = []
    start = at = 0
    while at >= 0:
        end = data.find(b"\n", at, at + _SEPARATOR_LIMIT)
        end = end + 1 if end >= 0 else len(data)
        if data.startswith(b"From ", at) and _may_end(data, at, mboxrd) and _SEPARATOR.fullmatch(data, at, end):
            if at > start:
                spans.append((start, at))
            start = end
        at = data.find(b"\nFrom ", at) + 1 or -1
    spans.append((start, len(data)))
    return spans


def _may_end(data: bytes, at: int, mboxrd: bool) -> bool:
    """Whether a message may end before *at*: where lines are not quoted, only an empty line makes a separator."""
    return mboxrd or at == 0 or data[:1] == b"\n" * (at == 1) or data.endswith((b"\n\n", b"\n\r\n"), max(at - 3, 0), at)


def join_mbox(messages: Iterable[bytes]) -> bytes:
    """Write raw messages as the mboxrd that ``split_mbox`` reads back byte for byte."""
    separator = _PUBLIC_INBOX + b"Thu Jan  1 00:00:00 1970\n"
    parts: list[bytes] = []
    for raw in messages:
        parts += [separator, re.sub(rb"(?m)^(>*From )", rb">\1", raw), b"\n" if raw.endswith(b"\n") else b"\n\n"]
    return b"".join(parts)


def read_message(raw: bytes) -> Message:
    """Read one mail, as ``split_mbox`` gives it.

    Line ends of CR LF are undone where the header has them too, which tells transport from content.
    Raises InputRefused for a message that is too large or has no header.
    """
    _check_size(len(raw))
    _check_headers(raw, 0, len(raw), 1, 1)
    if raw.partition(b"\n")[0].endswith(b"\r"):
        raw = raw.replace(b"\r\n", b"\n")
    if (lines := raw.count(b"\n")) > LINES_LIMIT:
        raise InputRefused(f"a mail of {lines} lines, the limit is {LINES_LIMIT}")
    try:
        mail = message_from_bytes(raw, policy=_Counting())
        payload = read_payload(mail)
    except RecursionError as error:
        raise InputRefused("a mail whose parts are nested too deeply to be meant for people") from error
    fields: dict[str, str] = {}
    for name, value in mail.raw_items():
        fields.setdefault(name.lower(), str(value))
    subject = decode_field(fields.get("subject", ""))
    replied = _MESSAGE_ID.findall(fields.get("in-reply-to", ""))
    return Message(
        message_id=next(iter(_MESSAGE_ID.findall(fields.get("message-id", ""))), ""),
        in_reply_to=replied[0] if replied else None,
        references=tuple(_MESSAGE_ID.findall(fields.get("references", ""))),
        sender=Identity.parse(decode_field(fields.get("from", ""))).person,
        subject=subject,
        prefix=parse_prefix(subject),
        date=git_date(fields.get("date", "")),
        text=payload.text,
        payload=payload.data,
        charset=payload.charset,
        damage=payload.damage,
        raw=raw,
    )


def read_messages(data: bytes) -> tuple[Message, ...]:
    """Read every message of an mbox; raises InputRefused as ``split_mbox`` does."""
    return tuple(read_message(raw) for raw in split_mbox(data))


def git_date(text: str) -> str:
    """Return a mail's date in git's raw form, seconds since 1970 and zone ("1617878165 +0200"); "" if it has none."""
    parsed = parsedate_tz(text)
    if parsed is None:
        return ""
    try:
        seconds = mktime_tz(parsed)
    except (ValueError, OverflowError):
        return ""
    offset = parsed[9] or 0
    sign, minutes = ("-" if offset < 0 else "+"), abs(offset) // 60
    return f"{seconds} {sign}{minutes // 60:02}{minutes % 60:02}"


def read_patch(message: Message, number: str) -> Patch:
    """Return the patch that *message* carries, its commit message as ``git am`` would write it.

    A mail without a date gets "0 +0000", so that the same mail always makes the same commit.
    Raises InputRefused, naming the mail, where there is no diff, the mail is damaged, or the diff is refused.
    """
    try:
        if message.damage:
            raise InputRefused(message.damage)
        mail = read_patch_mail(message.payload, message.charset, message.subject)
        return _patch(message, mail, number)
    except InputRefused as error:
        raise InputRefused(f"{message.named}: {error.message}", hint=error.hint) from error


def _patch(message: Message, mail: PatchMail, number: str) -> Patch:
    date = git_date(mail.date) if mail.date else message.date
    return Patch(
        number=number,
        subject=mail.subject,
        author=mail.author or message.sender,
        date=date or "0 +0000",
        message=mail.message,
        message_id=message.message_id,
        trailers=parse_trailers(mail.message),
        files=mail.files,
        diff=mail.diff,
        # To git a diff without "diff" lines is none; so take the id of what git would have written.
        patch_id=patch_id(mail.diff if mail.diff.startswith(b"diff ") else render_text(mail.files)),
    )


class _Counting(Compat32):
    """Python's default rules for headers, and an end to how many there may be."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Take one field; raises InputRefused beyond the limit."""
        count = vars(self).get("fields", 0) + 1
        if count > FIELDS_LIMIT:
            raise InputRefused(f"a mail with more than {FIELDS_LIMIT} header fields")
        vars(self)["fields"] = count  # a policy lets nobody set an attribute
        return super().header_source_parse(sourcelines)


def _check_size(size: int) -> None:
    if size > SIZE_LIMIT:
        raise InputRefused(f"a mail of {size} bytes, the limit is {SIZE_LIMIT}")


def _check_headers(data: bytes, start: int, end: int, number: int, total: int) -> None:
    """Refuse what is no mail between *start* and *end*, and a header that is too long or has no end."""
    where = "it" if total == 1 else f"message {number} of {total}"
    if not _FIELD.match(data, start, end):
        first = data[start : min(start + 60, end)].partition(b"\n")[0]
        raise InputRefused(f"not mail: {where} begins with no header field: {ascii(first)[2:-1]}")
    ends = (data.find(mark, start, end) for mark in (b"\n\n", b"\n\r\n"))
    header = min((at for at in ends if at >= 0), default=-1)
    if header < 0:
        raise InputRefused(f"truncated: {where} ends within its header")
    if header - start > HEADER_LIMIT:
        raise InputRefused(f"{where} has a header of {header - start} bytes, the limit is {HEADER_LIMIT}")


def _without_last_line(message: bytes) -> bytes:
    """Take off the empty line that an mbox has behind each message, unless it is the one that ends the header."""
    for ending in (b"\n", b"\r\n"):
        shorter = message.removesuffix(ending)
        if message.endswith(ending * 2) and ending * 2 in shorter:
            return shorter
    return message
