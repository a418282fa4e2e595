# SPDX-License-Identifier: GPL-2.0-or-later
"""The mail of a commit notice: what a maintainer's robot says of a commit, with the commit's message and diff.

Read is the form of tip-bot2: "The following commit has been merged into the <branch> branch of <tree>:", a block of
fields, the commit message as it landed, ``---``, a diffstat and the diff. stable-queue's notes are not read as this:
their diff is the one for a stable branch, and not what upstream has.
"""

from __future__ import annotations

import io
import re

from seriestool.errors import InputRefused
from seriestool.formats.mail import Message, git_date
from seriestool.formats.mailinfo import Identity, is_patch_break, strip_space
from seriestool.formats.mime import decode
from seriestool.formats.patch import read_diff
from seriestool.formats.patch_id import patch_id
from seriestool.formats.trailers import parse_trailers
from seriestool.model.series import Landed, Patch

_FIRST = re.compile(rb"The following commit has been merged into the (\S+) branch of (\S+?):\r?\n?")
_FIELD = re.compile(rb"([A-Za-z-]+):[ \t]*(.*?)\s*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ZONE = re.compile(r"([+-]\d\d):(\d\d)$")  # written as in ISO 8601, where RFC 5322 has no colon


def is_notice(message: Message) -> bool:
    """Tell whether *message* begins as a commit notice does."""
    return begins_notice(message.payload)


def begins_notice(text: bytes) -> bool:
    """Tell whether the *text* of a mail begins as that of a commit notice does."""
    return _FIRST.match(text.lstrip(b"\r\n")) is not None


def read_notice(message: Message, number: str = "00") -> Landed | None:
    """Return the commit that *message* gives notice of, None where it is no notice.

    The patch has upstream's author, date and message, trailers as they landed, and is numbered *number*; its message-id
    is that of the notice. Raises InputRefused, naming the mail, for a notice without a whole commit id, author, commit
    message or diff, a damaged one, and a diff that ``read_diff`` refuses.
    """
    if not is_notice(message):
        return None
    try:
        if message.damage:
            raise InputRefused(message.damage)
        return _read(message, number)
    except InputRefused as error:
        raise InputRefused(f"{message.named}: commit notice: {error.message}", hint=error.hint) from error


def _read(message: Message, number: str) -> Landed:
    lines = io.BytesIO(message.payload.lstrip(b"\r\n")).readlines()
    first = _FIRST.match(lines[0])
    assert first is not None
    fields, start = _fields(lines, 1)
    values = {name: decode(value, message.charset) for name, value in fields.items()}
    commit = values.get("commit-id", "")
    if not _COMMIT.fullmatch(commit):
        raise InputRefused(f"its Commit-ID is no commit of 40 hex digits: {commit[:60] or 'missing'}")
    author = Identity.parse(values.get("author", "")).person
    if not author.email:
        raise InputRefused("it names no Author")
    end = next((at for at in range(start, len(lines)) if is_patch_break(lines[at])), len(lines))
    text = strip_space(decode(b"".join(lines[start:end]), message.charset).lstrip("\n"))
    diff, files = read_diff(b"".join(lines[end:]))
    if not text or not files:
        raise InputRefused("no diff in it" if text else "no commit message in it")
    return Landed(
        patch=Patch(
            number=number,
            subject=" ".join(text.partition("\n\n")[0].split()),
            author=author,
            date=git_date(_ZONE.sub(r"\1\2", values.get("authordate", ""))) or "0 +0000",
            message=text,
            message_id=message.message_id,
            trailers=parse_trailers(text),
            files=files,
            diff=diff,
            patch_id=patch_id(diff),
        ),
        commit=commit,
        branch=f"{first[1].decode('ascii', 'replace')} branch of {first[2].decode('ascii', 'replace')}",
        notice=message.message_id or None,
    )


def _fields(lines: list[bytes], start: int) -> tuple[dict[str, bytes], int]:
    """Return the block of fields that begins at or behind *start*, by lower-case name, and the number behind it."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    fields: dict[str, bytes] = {}
    while start < len(lines) and (match := _FIELD.fullmatch(lines[start])):
        fields.setdefault(match[1].decode().lower(), match[2])
        start += 1
    return fields, start
