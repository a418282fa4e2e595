# SPDX-License-Identifier: GPL-2.0-or-later
"""The payload of a mail: transfer encodings, parts, format=flowed and charsets undone without losing a byte.

The parsing is that of Python's ``email``; the choices are those of git-mailinfo(1), so that a diff comes out as
``git am`` sees it. Where git would stop, at bytes that are not of the declared charset, a guess is made.
"""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from email.errors import (
    CloseBoundaryNotFoundDefect,
    HeaderParseError,
    InvalidBase64CharactersDefect,
    InvalidBase64LengthDefect,
    InvalidBase64PaddingDefect,
    StartBoundaryNotFoundDefect,
)
from email.header import decode_header
from email.message import Message as Mail

# What tells a cut or damaged mail from an odd one.
_DAMAGED = {
    CloseBoundaryNotFoundDefect: "a multipart mail without its end",
    StartBoundaryNotFoundDefect: "a multipart mail without parts",
    InvalidBase64CharactersDefect: "base64 with characters that are none of it",
    InvalidBase64LengthDefect: "base64 of an impossible length",
    InvalidBase64PaddingDefect: "base64 without its end",
}
_PATCH_TYPES = {"text/x-patch", "text/x-diff", "application/x-patch", "application/x-diff"}
_PATCH_NAME = re.compile(r".*\.(?:patch|diff|txt)", re.IGNORECASE)
_WORD = r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?="
_WORDS = re.compile(rf"{_WORD}(?:\s+{_WORD})*")


@dataclass(frozen=True, slots=True)
class Payload:
    """What a mail says: ``data`` transfer-decoded and unflowed, in ``charset``; ``text`` the same as characters.

    ``damage`` tells in one line that the mail is cut off or damaged, and how.
    """

    data: bytes
    charset: str
    text: str
    damage: str | None


def read_payload(mail: Mail) -> Payload:
    """Return the text of *mail*: its plain-text parts and attached patches, in order, one line end between them."""
    parts = [part for part in mail.walk() if not part.is_multipart() and _is_wanted(part)]
    data, texts, charsets = [], [], []
    for part in parts:
        content = _content(part, last=len(parts) == 1 and part is mail)
        charset = part.get_content_charset("") or ""
        data.append(content)
        texts.append(decode(content, charset))
        charsets.append(charset)
    damage = next((_DAMAGED[type(defect)] for part in mail.walk() for defect in part.defects
                   if type(defect) in _DAMAGED), None)  # fmt: skip
    return Payload(b"".join(data), next(iter(charsets), ""), "".join(texts), damage)


def decode(data: bytes, charset: str) -> str:
    """Return *data* as characters: as *charset* says, else as UTF-8, else as latin-1, which always succeeds."""
    try:
        known = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        known = "utf-8"
    for encoding in (known, "utf-8"):
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError):  # LookupError: a codec of Python's that is no charset
            continue
    return data.decode("latin-1")


def decode_field(raw: str) -> str:
    """Return a header field's value unfolded, its encoded words (RFC 2047) and 8-bit bytes decoded."""
    plain = decode(raw.encode("utf-8", "surrogateescape"), "")
    return " ".join(_WORDS.sub(lambda run: _decode_words(run[0]), plain).split())


def _decode_words(run: str) -> str:
    """Decode adjacent encoded words; the white space between them is none (RFC 2047, 6.2)."""
    try:
        pieces = decode_header(run)
    except (HeaderParseError, ValueError):
        return run
    return "".join(decode(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces)


def _is_wanted(part: Mail) -> bool:
    kind = part.get_content_type()
    if kind == "text/plain" or kind in _PATCH_TYPES:
        return True
    return kind == "application/octet-stream" and bool(_PATCH_NAME.fullmatch(part.get_filename() or ""))


def _content(part: Mail, *, last: bool) -> bytes:
    """Return a part's bytes as they were before transport; *last* tells that no boundary follows it."""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if not last and encoding != "base64":
        content += b"\n"  # email counts the line end before a boundary to the boundary, git to the text
    if content.endswith(b"\r\n") and content.count(b"\n") == content.count(b"\r\n"):
        content = content.replace(b"\r\n", b"\n")
    if str(part.get_param("format") or "").lower() == "flowed":
        content = _unflow(content, delete_space=str(part.get_param("delsp") or "").lower() == "yes")
    if content and not content.endswith(b"\n") and not last:
        content += b"\n"
    return content


def _unflow(content: bytes, *, delete_space: bool) -> bytes:
    """Join the flowed lines of RFC 3676, as git-mailinfo does (quote depth plays no part there)."""
    out = io.BytesIO()
    held = b""
    for whole in io.BytesIO(content):
        line = whole.rstrip(b"\r\n") if whole.endswith(b"\n") else whole
        ending = whole[len(line) :]
        if line == b"-- ":  # a signature separator is neither stuffed nor flowed
            out.write((held + b"\n" if held else b"") + line + ending)
            held = b""
            continue
        line = line.removeprefix(b" ")
        if line.endswith(b" "):
            held += line[:-1] if delete_space else line
            continue
        out.write(held + line + ending)
        held = b""
    out.write(held)
    return out.getvalue()
