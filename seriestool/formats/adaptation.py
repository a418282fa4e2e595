# SPDX-License-Identifier: GPL-2.0-or-later
"""``patches/<slug>/adaptations/<tree>/<number>.toml``: what has to change in a posted patch for one tree.

An adaptation edits hunks line by line instead of holding another copy of the patch, so what people decided
stands beside the reason for it, and nothing else can differ from the mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from seriestool.errors import UsageError
from seriestool.formats.extra_change import BLOB, ENCODING, EXTRA, add_extras, read_extra
from seriestool.formats.hunk_edits import edit_lines, is_hunk_text
from seriestool.formats.toml import Form, Table, read_toml
from seriestool.model.adaptation import Adaptation, HunkAdaptation, LineEdit
from seriestool.model.series import Change, FileDiff, Hunk, HunkLine, Patch

_TOP = {"patch-id", "tree", "made-on", "author", "date", "reason", "hunk", "extra"}
_HUNK = {"file", "number", "reason", "pre-image", "omit", "edits", "at", "encoding", "posted"}
_REPLACE = {"line", "becomes"}
_INSERT = {"after", "insert"}

_POSTED = Form(re.compile(r"[0-9a-f]{12}"), "the id of a posted hunk, 12 hex digits")
_PATCH_ID = Form(re.compile(r"[0-9a-f]{40}"), "a patch-id of 40 hex digits")


def read_adaptation(text: str, name: str) -> Adaptation:
    """Read an adaptation; *name* is the file's, for messages.

    Raises UsageError that names the file and the key: not TOML, unknown or missing keys, a hunk named twice or with
    nothing to do, an edit that is none, a line without sign.
    """
    top = read_toml(text, name, _TOP)
    hunks = tuple(_hunk(table) for table in top.tables("hunk", _HUNK))
    extras = tuple(read_extra(table) for table in top.tables("extra", EXTRA))
    if not hunks and not extras:
        raise UsageError(f"{name}: no [[hunk]] and no [[extra]] in it")
    seen: set[tuple[str, int]] = set()
    for hunk in hunks:
        whole = (hunk.file, 0) in seen or (hunk.number == 0 and any(file == hunk.file for file, _ in seen))
        if (hunk.file, hunk.number) in seen or whole:
            raise UsageError(f"{name}: {hunk.file} hunk {hunk.number} is there twice")
        seen.add((hunk.file, hunk.number))
    return Adaptation(
        patch_id=top.text("patch-id", _PATCH_ID),
        tree=top.text("tree"),
        made_on=top.text("made-on"),
        author=top.text("author"),
        date=top.date("date"),
        reason=top.text("reason"),
        hunks=hunks,
        extras=extras,
    )


def adapt(patch: Patch, adaptation: Adaptation) -> Patch:
    """Return *patch* with the hunks of *adaptation* changed or left out, and its other changes behind them.

    ``files`` differ, with line counts and starts made to fit; ``diff`` and ``patch_id`` stay those of the posted patch.
    Raises UsageError when the adaptation is for another patch (naming both patch-ids), names a file, hunk or line that
    the patch does not have, or leaves nothing of the patch.
    """
    if adaptation.patch_id != patch.patch_id:
        raise UsageError(
            f"the adaptation of patch {patch.number} for {adaptation.tree} is for the patch-id "
            f"{adaptation.patch_id}, this patch has {patch.patch_id}",
            hint="the patch was posted again in another form; look at the adaptation again",
        )
    where = f"adaptation of patch {patch.number} for {adaptation.tree}"
    by_file: dict[str, dict[int, HunkAdaptation]] = {}
    for hunk in adaptation.hunks:
        by_file.setdefault(hunk.file, {})[hunk.number] = hunk
    for path in by_file:
        if not any(file.path == path for file in patch.files):
            raise UsageError(f"{where}: the patch does not change {path}")
    adapted = [_file(file, by_file.get(file.path, {}), where) for file in patch.files]
    files = add_extras([file for file in adapted if file is not None], adaptation.extras)
    if not files:
        raise UsageError(f"{where}: it leaves nothing of the patch")
    return replace(patch, files=files)


def _file(file: FileDiff, changes: Mapping[int, HunkAdaptation], where: str) -> FileDiff | None:
    """Return *file* with its hunks changed, None when it then does nothing."""
    if not changes:
        return file
    if 0 in changes:
        return None
    for number in changes:
        if not 1 <= number <= len(file.hunks):
            raise UsageError(f"{where}: {file.path} has no hunk {number}, it has {len(file.hunks)}")
    hunks: list[Hunk] = []
    shift = 0  # how many lines the hunks above now add or remove beyond what they did as posted
    for number, hunk in enumerate(file.hunks, 1):
        change = changes.get(number)
        lines = hunk.lines if change is None else _lines(hunk, change, f"{where}: {file.path} hunk {number}")
        if lines and change is not None and change.at is not None:
            hunks.append(replace(hunk, old_start=change.at, new_start=change.at, lines=lines))
        elif lines:
            hunks.append(replace(hunk, new_start=max(hunk.new_start + shift, 0), lines=lines))
        shift += _growth(lines) - _growth(hunk.lines)
    if not hunks and file.change is Change.MODIFY and file.old_mode == file.new_mode:
        return None
    return replace(file, hunks=tuple(hunks))


def _growth(lines: tuple[HunkLine, ...]) -> int:
    return sum((line.sign == "+") - (line.sign == "-") for line in lines)


def _lines(hunk: Hunk, change: HunkAdaptation, where: str) -> tuple[HunkLine, ...]:
    """Return the lines of *hunk* with the edits made; none where the hunk is left out."""
    if change.omit:
        return ()
    lines = edit_lines(hunk.lines, change.edits, change.encoding, where)
    if not any(line.sign != " " for line in lines):
        raise UsageError(f"{where}: nothing is left that it changes", hint="leave a hunk out with omit = true")
    return tuple(lines)


def _hunk(table: Table) -> HunkAdaptation:
    omit = table.flag("omit")
    edits = tuple(_edit(edit) for edit in table.tables("edits", _REPLACE | _INSERT))
    at = table.number("at") if "at" in table.values else None
    if omit == bool(edits or at):
        raise UsageError(f"{table.where}: edits: a hunk needs either edits (or at) or omit = true")
    if "number" not in table.values and not omit:
        raise table.wrong("number", "is missing; only with omit = true, which then means the whole file")
    return HunkAdaptation(
        file=table.text("file"),
        number=table.number("number") if "number" in table.values else 0,
        reason=table.text("reason"),
        omit=omit,
        edits=edits,
        pre_image=table.optional("pre-image", BLOB),
        at=at,
        encoding=table.optional("encoding", ENCODING) or "utf-8",
        posted=table.optional("posted", _POSTED),
    )


def _edit(table: Table) -> LineEdit:
    keys = set(table.values)
    if keys not in (_REPLACE, _INSERT):
        raise UsageError(f"{table.where}: an edit is either {{ line, becomes }} or {{ after, insert }}")
    after = keys == _INSERT
    lines = table.texts("insert" if after else "becomes")
    if not is_hunk_text(lines):
        wrong = next((line for line in lines if not is_hunk_text([line])), lines[0])
        raise table.wrong("insert" if after else "becomes", f"{wrong!r} is no line of a hunk: sign first, no end")
    number = table.values["after"] if after else table.values["line"]
    if after and number == 0:
        return LineEdit(0, lines, after=True)
    return LineEdit(table.number("after" if after else "line"), lines, after)
