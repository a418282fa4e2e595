# SPDX-License-Identifier: GPL-2.0-or-later
"""``[[extra]]`` of an adaptation: changes that the posted patch does not have, read and put behind its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from seriestool.errors import InputRefused
from seriestool.formats.hunk_edits import ENCODINGS, is_hunk_text, text_to_lines
from seriestool.formats.paths import check_symlink, checked
from seriestool.formats.toml import Form, Table
from seriestool.model.adaptation import ExtraChange
from seriestool.model.series import Change, FileDiff, Hunk

EXTRA = {"file", "reason", "change", "at", "lines", "mode", "pre-image", "encoding"}
BLOB = Form(re.compile(r"[0-9a-f]{7,40}"), "a blob id of 7 to 40 hex digits")
ENCODING = Form(re.compile("|".join(ENCODINGS)), f"one of {', '.join(ENCODINGS)}")
_MODE = Form(re.compile(r"100644|100755|120000"), "a mode of git: 100644, 100755 or 120000")
_CHANGES = {"modify": Change.MODIFY, "add": Change.ADD, "delete": Change.DELETE}
_CHANGE = Form(re.compile("|".join(_CHANGES)), f"one of {', '.join(_CHANGES)}")
_SIGNS = {Change.MODIFY: " +-", Change.ADD: "+", Change.DELETE: "-"}


def read_extra(table: Table) -> ExtraChange:
    """Read one table; raises UsageError that names the key, also for a path that leaves the tree."""
    change = _CHANGES[table.optional("change", _CHANGE) or "modify"]
    lines = table.texts("lines")
    mode = table.optional("mode", _MODE)
    if not is_hunk_text(lines) or any(line[0] not in _SIGNS[change] + "\\" for line in lines):
        raise table.wrong("lines", f"are not all lines of a hunk with change = {str(change)!r}: sign first, no end")
    if change is Change.MODIFY:
        if bool(lines) != ("at" in table.values):
            raise table.wrong("at", "belongs to lines: the line of the file where the first of them stands")
        if not lines and mode is None:
            raise table.wrong("lines", "nothing is changed, neither lines nor mode")
        if lines and not any(line[0] in "+-" for line in lines):
            raise table.wrong("lines", "nothing is changed by them")
    elif "at" in table.values:
        raise table.wrong("at", f"makes no sense with change = {str(change)!r}")
    return ExtraChange(
        file=_path(table),
        reason=table.text("reason"),
        change=change,
        lines=lines,
        at=table.number("at") if "at" in table.values else None,
        mode=int(mode, 8) if mode else None,
        pre_image=table.optional("pre-image", BLOB),
        encoding=table.optional("encoding", ENCODING) or "utf-8",
    )


def _path(table: Table) -> str:
    """Return the path, as safe as one of a posted patch has to be."""
    path = table.text("file")
    try:
        return checked(path.encode("utf-8", "surrogateescape").decode("latin-1"))
    except InputRefused as error:
        raise table.wrong("file", error.message) from error


def add_extras(files: Sequence[FileDiff], extras: Sequence[ExtraChange]) -> tuple[FileDiff, ...]:
    """Return *files* with *extras* behind: further hunks of a file that is changed already, and further files.

    Raises UsageError for text that cannot be written in its encoding, InputRefused for a link out of the tree.
    """
    diffs = list(files)
    for extra in extras:
        new = _diff(extra)
        for number, old in enumerate(diffs):
            if old.new_path == extra.file and extra.change is Change.MODIFY and not old.binary:
                diffs[number] = _joined(old, new)
                break
        else:
            diffs.append(new)
    return tuple(diffs)


def _joined(old: FileDiff, new: FileDiff) -> FileDiff:
    joined = replace(old, hunks=old.hunks + new.hunks)
    if new.new_mode is None:
        return joined
    return replace(joined, old_mode=None, new_mode=new.new_mode)  # whatever the mode was, it becomes this one


def _diff(extra: ExtraChange) -> FileDiff:
    lines = tuple(text_to_lines(extra.lines, extra.encoding))
    if extra.change is Change.ADD and extra.mode == 0o120000:
        check_symlink(extra.file, b"".join(line.text for line in lines))
    starts = {Change.ADD: (0, 1), Change.DELETE: (1, 0)}.get(extra.change, (extra.at or 1, extra.at or 1))
    return FileDiff(
        change=extra.change,
        old_path=None if extra.change is Change.ADD else extra.file,
        new_path=None if extra.change is Change.DELETE else extra.file,
        new_mode=(extra.mode or 0o100644) if extra.change is Change.ADD else extra.mode,
        hunks=(Hunk(*starts, "", lines),) if lines else (),
    )
