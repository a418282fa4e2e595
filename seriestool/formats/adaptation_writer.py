# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an adaptation as the text file that people review; ``formats.adaptation`` reads it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seriestool.formats.toml import write_value
from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation, LineEdit
from seriestool.model.series import Change


def write_adaptation(adaptation: Adaptation) -> str:
    """Write *adaptation* so that ``read_adaptation`` gives it back."""
    return "\n".join([*_head(adaptation), *_body(adaptation)]) + "\n"


def _head(adaptation: Adaptation) -> Iterator[str]:
    yield f"patch-id = {write_value(adaptation.patch_id)}"
    yield f"tree = {write_value(adaptation.tree)}"
    yield f"made-on = {write_value(adaptation.made_on)}"
    yield f"author = {write_value(adaptation.author)}"
    yield f"date = {adaptation.date}"
    yield f"reason = {write_value(adaptation.reason)}"


def _body(adaptation: Adaptation) -> Iterator[str]:
    for hunk in adaptation.hunks:
        yield from ("", "[[hunk]]", *_hunk(hunk))
    for extra in adaptation.extras:
        yield from ("", "[[extra]]", *_extra(extra))


def _hunk(hunk: HunkAdaptation) -> Iterator[str]:
    yield f"file = {write_value(hunk.file)}"
    if hunk.number:
        yield f"number = {hunk.number}"
    yield from _common(hunk)
    if hunk.posted is not None:
        yield f"posted = {write_value(hunk.posted)}"
    if hunk.omit:
        yield "omit = true"
    if hunk.at is not None:
        yield f"at = {hunk.at}"
    if hunk.edits:
        yield from ("edits = [", *(f"  {{ {_edit(edit)} }}," for edit in hunk.edits), "]")


def _edit(edit: LineEdit) -> str:
    where, what = ("after", "insert") if edit.after else ("line", "becomes")
    return f"{where} = {edit.line}, {what} = {write_value(edit.becomes)}"


def _extra(extra: ExtraChange) -> Iterator[str]:
    yield f"file = {write_value(extra.file)}"
    if extra.change is not Change.MODIFY:
        yield f"change = {write_value(str(extra.change))}"
    yield from _common(extra)
    if extra.mode is not None:
        yield f'mode = "{extra.mode:o}"'
    if extra.at is not None:
        yield f"at = {extra.at}"
    if extra.lines:
        yield from _lines(extra.lines)


def _common(part: HunkAdaptation | ExtraChange) -> Iterator[str]:
    yield f"reason = {write_value(part.reason)}"
    if part.pre_image is not None:
        yield f"pre-image = {write_value(part.pre_image)}"
    if part.encoding != "utf-8":
        yield f"encoding = {write_value(part.encoding)}"


def _lines(lines: Sequence[str]) -> Iterator[str]:
    yield from ("lines = [", *(f"  {write_value(line)}," for line in lines), "]")
