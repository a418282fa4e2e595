# SPDX-License-Identifier: GPL-2.0-or-later
"""Unified diffs with git's extended headers, as typed values; whatever no tool should let near a tree is refused.

Hunks are read by unidiff. Around it stands a scanner for what unidiff does not know: git's header lines (git-diff(1),
"Generating patch text with -p"), quoted names, binary patches, and where a diff inside a mail begins and ends.
Text goes through latin-1, one character per byte, so that no byte is lost whatever the encoding of a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from seriestool.errors import InputRefused
from seriestool.formats.binary_patch import LIMIT, claimed, read_binary
from seriestool.formats.diff_header import Header, is_header_start, read_header
from seriestool.formats.paths import DEV_NULL, check_symlink
from seriestool.model.series import BinaryHunk, Change, FileDiff, Hunk, HunkLine

LINE_LIMIT = 1 << 20
"""Bytes of one line."""
LINES_LIMIT = 300_000
"""Lines of one diff, and of the mail around it: twice the largest removal of a subsystem that went through mail."""
FILES_LIMIT = 15_000
"""Files of one diff; the widest changes of the kernel (SPDX tags) had 12,000."""
SIZE_LIMIT = 32 << 20
"""Bytes of one diff."""
SYMLINK = 0o120000

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_NO_NEWLINE = "\\ "


def parse_diff(diff: bytes) -> tuple[FileDiff, ...]:
    """Return what *diff* does to each file, in order; text around and between file diffs does not count.

    Raises InputRefused, with the path and the reason, for what is malformed or truncated, and for what may not come
    near a tree: paths out of it or into ``.git``, submodules, links out of the tree, data that inflates without end.
    """
    return read_diff(diff)[1]


def read_diff(text: bytes) -> tuple[bytes, tuple[FileDiff, ...]]:
    """Find the diff in *text* and read it: the bytes from its first to its last line, and the file diffs.

    Both are empty where there is none. Raises InputRefused as ``parse_diff`` does.
    """
    if len(text) > SIZE_LIMIT:
        raise InputRefused(f"the patch has {len(text)} bytes, the limit is {SIZE_LIMIT}")
    if (count := text.count(b"\n")) > LINES_LIMIT:
        raise InputRefused(f"the patch has {count} lines, the limit is {LINES_LIMIT}")
    lines = io.StringIO(text.decode("latin-1"), newline="\n").readlines()
    sections = _scan(lines)
    if not sections:
        return b"", ()
    files = tuple(_file_diff(section, lines) for section in sections)
    _check_links(files)
    return "".join(lines[sections[0].start : sections[-1].end]).encode("latin-1"), files


def render_text(files: Iterable[FileDiff]) -> bytes:
    """Write *files* as git would, without blob ids: enough for text that is modified, added or deleted."""
    out = io.BytesIO()
    for file in files:
        old, new = (
            f"{prefix}{path}" if path else DEV_NULL for prefix, path in (("a/", file.old_path), ("b/", file.new_path))
        )
        lines = [f"diff --git a/{file.old_path or file.path} b/{file.path}"]
        if file.change is Change.ADD:
            lines.append(f"new file mode {file.new_mode or 0o100644:o}")
        elif file.change is Change.DELETE:
            lines.append(f"deleted file mode {file.old_mode or 0o100644:o}")
        lines += [f"--- {old}", f"+++ {new}", ""]
        out.write("\n".join(lines).encode("utf-8", "surrogateescape"))
        for hunk in file.hunks:
            out.write(b"@@ -%d,%d +%d,%d @@\n" % (hunk.old_start, len(hunk.old), hunk.new_start, len(hunk.new)))
            for line in hunk.lines:
                out.write(line.sign.encode() + line.text)
                out.write(b"" if line.text.endswith(b"\n") else b"\n\\ No newline at end of file\n")
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Section:
    """One file's lines: header from ``start``, hunks from ``body`` up to ``end``."""

    header: Header
    start: int
    body: int
    end: int
    hunks: int
    binary: tuple[BinaryHunk, ...] = ()


def _scan(lines: Sequence[str]) -> list[_Section]:
    sections: list[_Section] = []
    number = made = 0
    while number < len(lines):
        if is_header_start(lines, number):
            section = _section(lines, number)
            sections.append(section)
            number = section.end
            if len(sections) > FILES_LIMIT:
                raise InputRefused(f"the patch changes more than {FILES_LIMIT} files")
            made += claimed(section.binary)
            if made > LIMIT:
                raise InputRefused(f"the binary data of the patch makes more than {LIMIT} bytes")
        elif lines[number].startswith("@@ -") and _HUNK.match(lines[number]):
            raise InputRefused(f"a hunk without a file header: {lines[number].strip()[:80]}")
        else:
            number += 1
    return sections


def _section(lines: Sequence[str], start: int) -> _Section:
    header, body = read_header(lines, start)
    if header.binary_data:
        binary, end = read_binary(lines, body, header.path)
        return _Section(header, start, body, end, 0, binary)
    number, hunks = body, 0
    while number < len(lines) and lines[number].startswith("@@"):
        hunks += 1
        number = _hunk_end(lines, number, f"{header.path}: hunk {hunks}")
    if not hunks and (header.has_names or (header.promises_content and not header.binary_without_data)):
        raise InputRefused(f"{header.path}: the patch names the file but has no hunk for it; truncated?")
    return _Section(header, start, body, number, hunks)


def _hunk_end(lines: Sequence[str], start: int, where: str) -> int:
    """Return the number of the line behind the hunk at *start*, having counted its lines against its header."""
    match = _HUNK.match(lines[start])
    if match is None:
        raise InputRefused(f"{where}: malformed header: {lines[start].strip()[:80]}")
    old, new = (1 if count is None else int(count) for count in (match[2], match[4]))
    number = start + 1
    try:
        while old > 0 or new > 0:
            sign = lines[number][0]
            if sign in " \n\r":
                old, new = old - 1, new - 1
            elif sign == "-":
                old -= 1
            elif sign == "+":
                new -= 1
            elif sign != "\\":
                break
            number += 1
    except IndexError:
        pass
    if old or new:
        raise InputRefused(f"{where}: shorter than its header says ({old} old, {new} new lines left); truncated?")
    if number < len(lines) and lines[number].startswith(_NO_NEWLINE):
        number += 1
    elif not lines[number - 1].endswith("\n"):
        raise InputRefused(f"{where}: its last line has no line ending; truncated?")
    if number < len(lines) and _goes_on(lines[number]):
        raise InputRefused(f"{where}: longer than its header says")
    if any(len(line) > LINE_LIMIT for line in lines[start:number]):
        raise InputRefused(f"{where}: a line is longer than {LINE_LIMIT} bytes")
    return number


def _goes_on(line: str) -> bool:
    """Tell whether a line behind a complete hunk still looks like a body line and not like a mail's signature."""
    return line[0] in "+ " or (line[0] == "-" and not line.startswith("--"))


def _file_diff(section: _Section, lines: Sequence[str]) -> FileDiff:
    header = section.header
    hunks = _hunks(section, lines) if section.hunks else ()
    if header.is_symlink:
        _check_link_target(header, section, hunks)
    return FileDiff(
        change=header.change,
        old_path=header.old_path,
        new_path=header.new_path,
        old_mode=header.old_mode,
        new_mode=header.new_mode,
        old_blob=header.old_blob,
        new_blob=header.new_blob,
        hunks=hunks,
        binary=section.binary,
        binary_without_data=header.binary_without_data,
    )


def _hunks(section: _Section, lines: Sequence[str]) -> tuple[Hunk, ...]:
    """Let unidiff read the hunks, under names that cannot confuse it."""
    try:
        (file,) = PatchSet(["--- a/file\n", "+++ b/file\n", *lines[section.body : section.end]])
    except (UnidiffParseError, ValueError) as error:
        raise InputRefused(f"{section.header.path}: {error}") from error
    hunks = []
    for hunk in file:
        body: list[HunkLine] = []
        for line in hunk:
            sign = line.line_type
            if sign == "\\":
                body[-1] = HunkLine(body[-1].sign, body[-1].text.removesuffix(b"\n"))
            elif sign:
                body.append(HunkLine(sign, line.value.encode("latin-1")))
        hunks.append(Hunk(hunk.source_start, hunk.target_start, hunk.section_header, tuple(body)))
    return tuple(hunks)


def _check_link_target(header: Header, section: _Section, hunks: Sequence[Hunk]) -> None:
    if section.binary or header.binary_without_data:
        raise InputRefused(f"{header.path}: a symbolic link as a binary patch")
    if header.new_path is None:
        return
    for hunk in hunks:
        check_symlink(header.new_path, b"".join(line.text for line in hunk.lines if line.sign == "+"))
        check_symlink(header.new_path, b"".join(hunk.new))


def _check_links(files: Sequence[FileDiff]) -> None:
    """Refuse a file below a path that the same patch turns into a symbolic link."""
    links = {file.new_path for file in files if file.new_mode == SYMLINK and file.change is not Change.DELETE}
    for file in files if links else ():
        parts = file.path.split("/")
        for length in range(1, len(parts)):
            if (link := "/".join(parts[:length])) in links:
                raise InputRefused(f"{file.path}: lies behind the symbolic link {link} of the same patch")
