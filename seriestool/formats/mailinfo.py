# SPDX-License-Identifier: GPL-2.0-or-later
"""What a mail's text says as a patch, by the rules of git-mailinfo(1) and git-am(1) with their default settings.

In-body From, Subject and Date replace those of the header; the commit message ends at ``---`` or at the diff;
scissors are a line like any other (``--scissors`` is off by default).
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from seriestool.errors import InputRefused
from seriestool.formats.mime import decode, decode_field
from seriestool.formats.patch import read_diff
from seriestool.formats.subject import clean_subject
from seriestool.model.series import FileDiff, Person

_IN_BODY = re.compile(rb"(From|Subject|Date):[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
# The first line of a format-patch file, quoted or not, pasted into the body.
_FORMAT_PATCH = re.compile(rb">?From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\n?")
_FIELD_LIMIT = 64 << 10  # bytes of one of these fields
_NAME_LIMIT = 60  # git-mailinfo takes the address for the name where the name is longer


@dataclass(frozen=True, slots=True)
class PatchMail:
    """What the text of one mail holds; ``author`` and ``date`` are None and "" where the body does not name them."""

    author: Person | None
    date: str
    subject: str
    message: str
    diff: bytes
    files: tuple[FileDiff, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """A From field taken apart in git's way."""

    person: Person

    @classmethod
    def parse(cls, field: str) -> Identity:
        """Read "John Doe <j@example.org>", "j@example.org (John Doe)" and what people make of them.

        *field* is decoded and unfolded.
        """
        text = _unquoted(field)
        at = text.find("@")
        if at < 0:
            match = re.match(r"(.*?)<([^>]*)>", text)
            name, email = (match[1].strip(), match[2]) if match else ("", text.strip())
            return cls(Person(_sane(name, email), email))
        start = at
        while start > 0 and not text[start - 1].isspace() and text[start - 1] != "<":
            start -= 1
        end = at + len(re.split(r"[\s>]", text[at:], maxsplit=1)[0])
        email = text[start:end]
        name = " ".join((text[: max(start - 1, 0)] + " " + text[end + 1 :]).split())
        if name.startswith("(") and name.endswith(")"):
            name = name[1:-1]
        return cls(Person(_sane(name, email), email))


def read_patch_mail(payload: bytes, charset: str, subject: str) -> PatchMail:
    """Read the patch in *payload*, whose commit message is in *charset*; *subject* is the header's, decoded.

    Raises InputRefused where there is no diff, or where ``read_diff`` refuses it.
    """
    if b"\0" in payload:
        raise InputRefused("a NUL byte in the patch")
    lines = io.BytesIO(payload).readlines()
    fields, start = _in_body_fields(lines)
    end = next((number for number in range(start, len(lines)) if is_patch_break(lines[number])), len(lines))
    diff, files = read_diff(b"".join(lines[end:]))
    if not files:
        raise InputRefused("no diff in it")
    values = {name: decode_field(decode(value, charset)) for name, value in fields.items()}
    title = clean_subject(values.get("subject", subject))
    body = decode(b"".join(lines[start:end]), charset)
    return PatchMail(
        author=Identity.parse(values["from"]).person if "from" in values else None,
        date=values.get("date", ""),
        subject=title,
        message=strip_space(f"{title}\n\n{body}"),
        diff=diff,
        files=files,
    )


def strip_space(text: str) -> str:
    """Clean a commit message as git-stripspace(1) does: no white space at line ends, no run of empty lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        clean = line.rstrip(" \t\r")
        if clean or (lines and lines[-1]):
            lines.append(clean)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n" if lines else ""


def _in_body_fields(lines: Sequence[bytes]) -> tuple[dict[str, bytes], int]:
    """Return the header fields at the top of a body, and the number of the first line of the commit message."""
    fields: dict[str, bytes] = {}
    last: str | None = None
    number = 0
    for number, line in enumerate(lines):
        if line in (b"\n", b"\r\n"):
            if fields:
                return fields, number
            continue
        match = _IN_BODY.match(line)
        if last is not None and line[:1] in b" \t":
            fields[last] = fields[last].rstrip(b"\r\n") + line
        elif match and match[1].decode().lower() not in fields:
            last = match[1].decode().lower()
            fields[last] = match[2]
        elif line.startswith(b"[PATCH] ") and "subject" not in fields:
            fields["subject"], last = line, None
        elif _FORMAT_PATCH.fullmatch(line):
            last = None
        else:
            return fields, number
        if last is not None and len(fields[last]) > _FIELD_LIMIT:
            raise InputRefused(f"a {last} field of more than {_FIELD_LIMIT} bytes in its text")
    return fields, len(lines)


def is_patch_break(line: bytes) -> bool:
    """Tell whether the commit message ends before *line*: ``---`` alone, ``--- name``, ``diff -`` or ``Index:``."""
    if line.startswith((b"diff -", b"Index: ")):
        return True
    if not line.startswith(b"---"):
        return False
    return not line[3:].strip() or (line[3:4] == b" " and not line[4:5].isspace())


def _unquoted(field: str) -> str:
    """Undo RFC 5322 quoting: quotation marks go, comments keep their parentheses, a backslash shields one character."""
    out: list[str] = []
    escaped = False
    inside = False
    depth = 0
    for char in field:
        if escaped:
            out.append(char)
            escaped = False
        elif char == "\\" and (inside or depth):
            escaped = True
        elif char == '"' and not depth:
            inside = not inside
        else:
            if not inside:
                depth += (char == "(") - (char == ")" and depth > 0)
            out.append(char)
    return "".join(out)


def _sane(name: str, email: str) -> str:
    """Return *name*, or the address where the name is none that git would take."""
    return email if not name or len(name.encode()) > _NAME_LIMIT or re.search("[@<>]", name) else name
