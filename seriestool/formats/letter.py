# SPDX-License-Identifier: GPL-2.0-or-later
"""One mail as git-format-patch(1) would write it: header fields, encodings, and nothing a transport could damage.

Where git-format-patch leaves a body that does not survive ``git am`` (CR at line ends, which git-mailsplit(1) strips;
"From " at the start of a line, which every mbox reader may split at), the body is quoted-printable here.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.header import Header
from email.utils import format_datetime, formataddr, quote

from seriestool.model.series import Person

_FOLD = 76
_LINE = 998  # octets, RFC 5322 2.1.1
_FRAGILE = re.compile(rb"\r|\0|^>*From ", re.MULTILINE)
_EPOCH = "Thu, 01 Jan 1970 00:00:00 +0000"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be written.

    ``commit`` is what git names in the separator line. Ids have no angle brackets. ``date`` is git's raw form.
    ``prefix`` is the bracketed beginning of the subject; ``body`` is what follows the header, in UTF-8 (a diff in it
    has the bytes of its files).
    """

    commit: str
    message_id: str
    parent: str | None
    sender: Person
    date: str
    prefix: str
    subject: str
    body: bytes = field(repr=False)


def write_letter(letter: Letter) -> bytes:
    """Return the mail with its separator line: many in a row are an mbox, in which no line needs quoting."""
    fields = [
        f"From {letter.commit} Mon Sep 17 00:00:00 2001",
        f"Message-ID: <{letter.message_id}>",
        *([f"In-Reply-To: <{letter.parent}>", f"References: <{letter.parent}>"] if letter.parent else []),
        f"From: {_address(letter.sender)}",
        f"Date: {mail_date(letter.date)}",
        _subject(letter),
    ]
    body = letter.body
    if _FRAGILE.search(body) or any(len(line) > _LINE for line in body.split(b"\n")):
        fields += _mime("quoted-printable")
        body = b"\n".join(_quoted_printable(line) for line in body.split(b"\n"))
    elif not body.isascii():
        fields += _mime("8bit")
    return "\n".join([*fields, "", ""]).encode("utf-8", "surrogateescape") + body


def in_body_from(author: Person) -> str:
    """Return the line that names an author who is not the sender, as git-mailinfo(1) reads it."""
    name = f'"{quote(author.name)}"' if re.search(r'["\\]', author.name) else author.name
    return f"From: {name} <{author.email}>"


def mail_date(raw: str) -> str:
    """Return git's raw date ("1617878165 +0200") as RFC 5322 writes it; 1970 for one that no calendar has."""
    seconds, zone = raw.split()
    minutes = int(zone[1:3]) * 60 + int(zone[3:])
    try:
        offset = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
        return format_datetime(datetime.fromtimestamp(int(seconds), offset))
    except (ValueError, OverflowError, OSError):
        return _EPOCH


def _mime(encoding: str) -> list[str]:
    return [
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        f"Content-Transfer-Encoding: {encoding}",
    ]


def _address(person: Person) -> str:
    return formataddr((person.name, person.email), charset="utf-8")


def _subject(letter: Letter) -> str:
    """Fold the subject; only the title is encoded, so that the prefix can be read and searched for."""
    start = f"Subject: [{letter.prefix}] "
    words = letter.subject
    if not words.isascii() or not words.isprintable():
        plain = words.encode("utf-8", "replace").decode("utf-8")
        return start + Header(plain, "utf-8", maxlinelen=_FOLD, header_name=start).encode()
    lines = [start.rstrip()]
    for word in words.split():
        if len(lines[-1]) + 1 + len(word) > _FOLD:
            lines.append("")
        lines[-1] += f" {word}"
    return "\n".join(lines)


def _quoted_printable(line: bytes) -> bytes:
    encoded: bytes = b2a_qp(line, istext=False)
    return re.sub(rb"^From ", b"=46rom ", encoded)
