# SPDX-License-Identifier: GPL-2.0-or-later
"""Hunk lines as text, and edits of them: made, and found again by comparing two forms of a hunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from seriestool.errors import UsageError
from seriestool.model.adaptation import LineEdit
from seriestool.model.series import HunkLine

NO_NEWLINE = "\\ No newline at end of file"
ENCODINGS = ("utf-8", "latin-1")


def hunk_id(lines: Iterable[HunkLine]) -> str:
    """Name a hunk by its lines, wherever it stands: 12 hex digits."""
    text = b"".join(line.sign.encode() + line.text for line in lines)
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()[:12]


def encoding_of(lines: Iterable[HunkLine]) -> str:
    """Return the encoding in which *lines* can be written down without loss: UTF-8 where they are that."""
    try:
        for line in lines:
            line.text.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"  # a character for every byte, whatever it means
    return "utf-8"


def lines_to_text(lines: Iterable[HunkLine], encoding: str) -> tuple[str, ...]:
    """Write *lines* sign first, without ending; one that has none is followed by git's own remark."""
    texts: list[str] = []
    for line in lines:
        texts.append(line.sign + line.text.removesuffix(b"\n").decode(encoding))
        if not line.text.endswith(b"\n"):
            texts.append(NO_NEWLINE)
    return tuple(texts)


def text_to_lines(texts: Iterable[str], encoding: str) -> list[HunkLine]:
    """Return the hunk lines that ``lines_to_text`` wrote as *texts*.

    Raises UsageError for a character that *encoding* does not have.
    """
    lines: list[HunkLine] = []
    for text in texts:
        if text == NO_NEWLINE and lines:
            lines[-1] = HunkLine(lines[-1].sign, lines[-1].text.removesuffix(b"\n"))
            continue
        try:
            lines.append(HunkLine(text[0], text[1:].encode(encoding) + b"\n"))
        except UnicodeEncodeError as error:
            raise UsageError(f"{text!r} cannot be written in {encoding}") from error
    return lines


def is_hunk_text(texts: Sequence[str]) -> bool:
    """Tell whether *texts* are lines of a hunk: sign first, no line ending, git's remark only behind a line."""
    signed = all(text and (text[0] in " +-" or text == NO_NEWLINE) and "\n" not in text for text in texts)
    return signed and not any(
        text == NO_NEWLINE and (number == 0 or texts[number - 1] == NO_NEWLINE) for number, text in enumerate(texts)
    )


def edit_lines(posted: Sequence[HunkLine], edits: Iterable[LineEdit], encoding: str, where: str) -> list[HunkLine]:
    """Return the lines *posted* with *edits* made.

    Raises UsageError, which begins with *where*, for a line that is not there or is edited twice.
    """
    instead: dict[int, LineEdit] = {}
    behind: dict[int, LineEdit] = {}
    for edit in edits:
        chosen = behind if edit.after else instead
        if not (0 if edit.after else 1) <= edit.line <= len(posted):
            raise UsageError(f"{where} has no line {edit.line}, it has {len(posted)}")
        if edit.line in chosen:
            raise UsageError(f"{where}: line {edit.line} is edited twice")
        chosen[edit.line] = edit
    lines: list[HunkLine] = []
    for number in range(len(posted) + 1):
        if number:
            line = posted[number - 1]
            lines += _instead_of(line, instead[number], encoding) if number in instead else [line]
        if number in behind:
            lines += text_to_lines(behind[number].becomes, encoding)
    return lines


def _instead_of(posted: HunkLine, edit: LineEdit, encoding: str) -> list[HunkLine]:
    """Return the lines that replace *posted*; in the place of the last line of a file, they have its ending."""
    lines = text_to_lines(edit.becomes, encoding)
    if lines and not posted.text.endswith(b"\n"):
        lines[-1] = HunkLine(lines[-1].sign, lines[-1].text.removesuffix(b"\n"))
    return lines


def edits_between(posted: Sequence[HunkLine], wanted: Sequence[HunkLine], encoding: str) -> tuple[LineEdit, ...]:
    """Return the edits with which ``edit_lines`` makes *wanted* of *posted*, as few as a person would make."""
    edits: list[LineEdit] = []
    for tag, start, end, first, last in SequenceMatcher(None, posted, wanted, autojunk=False).get_opcodes():
        if tag == "insert":
            edits.append(LineEdit(start, lines_to_text(wanted[first:last], encoding), after=True))
        elif tag != "equal":
            edits += _replaced(posted, start, end, wanted[first:last], encoding)
    return tuple(edits)


def _replaced(
    posted: Sequence[HunkLine], start: int, end: int, wanted: Sequence[HunkLine], encoding: str
) -> list[LineEdit]:
    """Replace line by line; the last one gets what is left over."""
    whole = all(line.text.endswith(b"\n") for line in (*posted[start:end], *wanted))
    edits = []
    for at in range(start, end):
        until = None if at + 1 == end else at - start + 1
        becomes = lines_to_text(wanted[at - start : until], encoding) if whole else ()
        edits.append(LineEdit(at + 1, becomes))
    if wanted and not whole:  # a replaced line passes its ending on, an inserted one says its own
        edits.append(LineEdit(end, lines_to_text(wanted, encoding), after=True))
    return edits
