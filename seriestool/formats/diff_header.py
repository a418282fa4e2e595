# SPDX-License-Identifier: GPL-2.0-or-later
"""The header of one file's diff: names, modes, blob ids (git-diff(1), "Generating patch text with -p")."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seriestool.errors import InputRefused
from seriestool.formats.paths import DEV_NULL, checked, shown, split_quoted, unquote, without_prefix
from seriestool.model.series import Change

_GIT = "diff --git "
_INDEX = re.compile(r"index ([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: ([0-7]{6}))?\s*")
_MODE = re.compile(r"[0-7]{6}")
# How diff -N dates a file that is not there, in whatever time zone (git-apply takes it for /dev/null too).
_EPOCH = re.compile(r"\s(?:1970-01-01|1969-12-31) \d\d:\d\d:\d\d")
# The blob of an empty file, SHA-1 and SHA-256.
_EMPTY_BLOBS = ("e69de29bb2d1", "473a0f4c3be8")
# The time stamp that diff(1) writes behind a name, without the tab that should be there.
_STAMP = re.compile(r"\s\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [-+]\d{4})?$")
_LONGEST = 36 << 10  # bytes of a header line: two paths of PATH_MAX (4096), every byte of them escaped
_COMBINED = ("diff --cc ", "diff --combined ")


@dataclass(frozen=True, slots=True)
class Header:
    """What the lines before the first hunk say. ``has_names`` tells that hunks must follow."""

    change: Change = Change.MODIFY
    old_path: str | None = None
    new_path: str | None = None
    old_mode: int | None = None
    new_mode: int | None = None
    old_blob: str | None = None
    new_blob: str | None = None
    has_names: bool = False
    binary_data: bool = False
    binary_without_data: bool = False

    @property
    def path(self) -> str:
        """The path to name it by."""
        return self.new_path or self.old_path or "?"

    @property
    def promises_content(self) -> bool:
        """Whether the index line tells of a change that must follow as hunks or binary data."""
        if self.old_blob is None or self.new_blob is None or self.old_blob == self.new_blob:
            return False
        blob = {Change.ADD: self.new_blob, Change.DELETE: self.old_blob}.get(self.change)
        return blob is None or not any(empty.startswith(blob[:12]) for empty in _EMPTY_BLOBS)

    @property
    def is_symlink(self) -> bool:
        """Whether the file is a symbolic link afterwards."""
        return self.new_mode is not None and stat.S_ISLNK(self.new_mode)


def is_header_start(lines: Sequence[str], number: int) -> bool:
    """Tell whether a file's diff begins at ``lines[number]``: git's own, or a bare ``---``/``+++``/``@@``.

    Raises InputRefused for the combined diff of a merge, which no tool can apply.
    """
    line = lines[number]
    if line.startswith(_GIT):
        _check_length(line)
        return True
    if line.startswith(_COMBINED):
        raise InputRefused(f"a combined diff cannot be applied: {line.strip()[:80]}")
    return (
        line.startswith("--- ")
        and number + 2 < len(lines)
        and lines[number + 1].startswith("+++ ")
        and lines[number + 2].startswith("@@ -")
    )


def _check_length(line: str) -> None:
    if len(line) > _LONGEST:
        raise InputRefused(f"a line of {len(line)} bytes in the header of a diff: {shown(line[:80])}...")


def read_header(lines: Sequence[str], start: int) -> tuple[Header, int]:
    """Read the header at ``lines[start]``; return it and the number of the first line behind it.

    Raises InputRefused for unsafe names and modes, and for lines that contradict each other.
    """
    fields = _Fields()
    number = start
    if lines[start].startswith(_GIT):
        fields.is_git = True
        fields.both = _git_line_name(lines[start].removeprefix(_GIT).rstrip("\n"))
        number += 1
        while number < len(lines) and fields.extended(lines[number]):
            number += 1
            if fields.header.binary_data or fields.header.binary_without_data:
                return fields.finish(), number
    if number + 1 < len(lines) and lines[number].startswith("--- ") and lines[number + 1].startswith("+++ "):
        fields.names(lines[number][4:], lines[number + 1][4:])
        number += 2
    return fields.finish(), number


class _Fields:
    """Collects header lines and checks at the end that they agree."""

    def __init__(self) -> None:
        self.is_git = False
        self.both: str | None = None
        self.header = Header()
        self._old: str | None = None
        self._new: str | None = None

    def extended(self, line: str) -> bool:
        """Take one line behind ``diff --git``; return False when it is none of git's extended header."""
        for keyword, take in _EXTENDED:
            if line.startswith(keyword):
                _check_length(line)
                take(self, line.removeprefix(keyword).rstrip("\r\n"))
                return True
        return False

    def names(self, old: str, new: str) -> None:
        """Take the names of the ``---`` and ``+++`` lines."""
        self.header = replace(self.header, has_names=True)
        for line in (old, new):
            _check_length(line)
        if not self.is_git:
            self._traditional(*(DEV_NULL if _EPOCH.search(line) else _field(line) for line in (old, new)))
            return
        for side, name in (("old", without_prefix(_field(old))), ("new", without_prefix(_field(new)))):
            self._agree(side, name)

    def finish(self) -> Header:
        """Return the header, its names checked.

        Raises InputRefused.
        """
        header, change = self.header, self.header.change
        old = None if change is Change.ADD else self._old or self.both
        new = None if change is Change.DELETE else self._new or self.both
        if (old is None and change is not Change.ADD) or (new is None and change is not Change.DELETE):
            raise InputRefused("a diff --git line whose names differ, without rename or copy")
        old_mode = None if change is Change.ADD else header.old_mode
        new_mode = None if change is Change.DELETE else header.new_mode
        return replace(
            header,
            old_path=None if old is None else checked(old),
            new_path=None if new is None else checked(new),
            old_mode=old_mode,
            new_mode=new_mode,
        )

    def _traditional(self, old: str, new: str) -> None:
        """Names without git's header: ``/dev/null`` on one side makes or deletes a file."""
        old_name, new_name = without_prefix(old), without_prefix(new)
        if old_name is None and new_name is None:
            raise InputRefused("a diff between /dev/null and /dev/null")
        change = Change.ADD if old_name is None else Change.DELETE if new_name is None else Change.MODIFY
        self.header = replace(self.header, change=change)
        if change is Change.MODIFY and old_name != new_name:
            # diff -u writes foo.c.orig beside foo.c; git apply takes the shorter name (git-apply's guess).
            assert old_name is not None and new_name is not None
            old_name = new_name = min(old_name, new_name, key=len)
        self._old, self._new = old_name, new_name

    def _agree(self, side: str, name: str | None) -> None:
        change = self.header.change
        absent = change is (Change.ADD if side == "old" else Change.DELETE)
        known = (self._old if side == "old" else self._new) or self.both
        if name is None:
            if not absent:
                raise InputRefused(f"{shown(known or '?')}: /dev/null on a side where the file exists")
        elif absent or (known is not None and name != known):
            raise InputRefused(f"{shown(known or '?')}: the names in its header contradict each other: {shown(name)}")
        elif side == "old":
            self._old = name
        else:
            self._new = name

    def _mode(self, text: str) -> int:
        if not _MODE.fullmatch(text.strip()):
            raise InputRefused(f"malformed file mode: {shown(text)}")
        mode = int(text, 8)
        if stat.S_ISLNK(mode):
            return stat.S_IFLNK
        if stat.S_ISREG(mode):
            # git knows only these two (git's cache.h, canon_mode); old tools write 100664.
            return 0o100755 if mode & 0o100 else 0o100644
        kind = "a submodule" if mode == 0o160000 else f"a file of mode {text.strip()}"
        raise InputRefused(f"{shown(self.both or self._new or '?')}: the patch touches {kind}")

    def take_old_mode(self, text: str) -> None:
        self.header = replace(self.header, old_mode=self._mode(text))

    def take_new_mode(self, text: str) -> None:
        self.header = replace(self.header, new_mode=self._mode(text))

    def take_added(self, text: str) -> None:
        self.header = replace(self.header, new_mode=self._mode(text), change=Change.ADD)

    def take_deleted(self, text: str) -> None:
        self.header = replace(self.header, old_mode=self._mode(text), change=Change.DELETE)

    def take_rename_from(self, text: str) -> None:
        self._old = unquote(text)
        self.header = replace(self.header, change=Change.RENAME)

    def take_copy_from(self, text: str) -> None:
        self._old = unquote(text)
        self.header = replace(self.header, change=Change.COPY)

    def take_target(self, text: str) -> None:
        self._new = unquote(text)

    def take_index(self, text: str) -> None:
        match = _INDEX.fullmatch(f"index {text}")
        if match is None:
            raise InputRefused(f"malformed index line: {shown(text)}")
        mode = None if match[3] is None else self._mode(match[3])
        self.header = replace(
            self.header,
            old_blob=match[1],
            new_blob=match[2],
            old_mode=self.header.old_mode if mode is None else mode,
            new_mode=self.header.new_mode if mode is None else mode,
        )

    def take_binary_data(self, text: str) -> None:
        self.header = replace(self.header, binary_data=True)

    def take_binary_note(self, text: str) -> None:
        self.header = replace(self.header, binary_without_data=True)

    def take_nothing(self, text: str) -> None:
        """Take a similarity: it informs people, and nothing depends on it."""


_EXTENDED = (
    ("index ", _Fields.take_index),
    ("new file mode ", _Fields.take_added),
    ("deleted file mode ", _Fields.take_deleted),
    ("old mode ", _Fields.take_old_mode),
    ("new mode ", _Fields.take_new_mode),
    ("rename from ", _Fields.take_rename_from),
    ("rename old ", _Fields.take_rename_from),
    ("rename to ", _Fields.take_target),
    ("rename new ", _Fields.take_target),
    ("copy from ", _Fields.take_copy_from),
    ("copy to ", _Fields.take_target),
    ("similarity index ", _Fields.take_nothing),
    ("dissimilarity index ", _Fields.take_nothing),
    ("GIT binary patch", _Fields.take_binary_data),
    ("Binary files ", _Fields.take_binary_note),
)


def _git_line_name(text: str) -> str | None:
    """Return the one name behind ``diff --git``, or None where both sides differ (a rename or copy says them again).

    Names may hold spaces, so an unquoted line is only understood when both halves are the same
    (git-apply(1) reads it in the same way).
    """
    text = text.rstrip("\r")
    quoted = split_quoted(text)
    if quoted is not None:
        old, rest = quoted
        new = unquote(rest.lstrip(" "))
        return _same(old, new)
    if text.endswith('"') and ' "' in text:
        old, _, rest = text.partition(' "')
        return _same(old, unquote('"' + rest))
    first = text.find("/")
    for gap in (found.start() for found in re.finditer(" ", text)):
        # Both names are as long as each other behind their first slash; one gap at the most makes them so.
        if first < gap and text.find("/", gap + 1) == len(text) - gap + first:
            name = _same(text[:gap], text[gap + 1 :])
            if name is not None:
                return name
    # Different names: check the shape now, so that "diff --git /etc/x /etc/x" is not taken for a rename.
    for part in text.split(" "):
        if part.startswith("/") and part != DEV_NULL:
            raise InputRefused(f"the patch names an absolute path: {shown(part)}")
    return None


def _same(old: str, new: str) -> str | None:
    """Return the name without its first component if both sides have the same."""
    if old.partition("/")[2] != new.partition("/")[2] or not ("/" in old and "/" in new):
        return None
    return without_prefix(old)


def _field(text: str) -> str:
    """Return the name of a ``---`` or ``+++`` line: unquoted, without what diff(1) writes behind it."""
    text = text.rstrip("\r\n")
    if text.startswith('"'):
        quoted = split_quoted(text)
        return text if quoted is None else quoted[0]
    bare = text.partition("\t")[0]
    return bare[: stamp.start()].rstrip() if (stamp := _STAMP.search(bare)) else bare
