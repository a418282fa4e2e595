# SPDX-License-Identifier: GPL-2.0-or-later
"""What is sent is what was applied: every written patch, read again, must give the tree object that apply computed."""

from __future__ import annotations

from collections.abc import Sequence

from seriestool.apply.filediff import apply_files
from seriestool.apply.view import View
from seriestool.formats.mail import read_message, read_patch
from seriestool.formats.patch import parse_diff
from seriestool.git.objects import ObjectStore
from seriestool.model.export import Export, OutFile
from seriestool.model.series import FileDiff


def prove(store: ObjectStore, export: Export, files: Sequence[OutFile]) -> None:
    """Read the last files of *files*, one per patch, and apply each to the state before it.

    Raises AssertionError where one gives another tree: nothing is written then. An export without files proves nothing.
    """
    if not files:
        return
    for patch, file in zip(export.patches, files[-len(export.patches) :], strict=True):
        view = View(store, patch.before)
        results = apply_files(view, _read(file))
        if not all(result.whole for result in results) or view.write() != patch.after:
            raise AssertionError(f"{file.name} does not give what was applied: {patch.after}")


def _read(file: OutFile) -> tuple[FileDiff, ...]:
    separator, _, mail = file.data.partition(b"\n")
    if separator.startswith(b"From ") and separator.endswith(b" Mon Sep 17 00:00:00 2001"):
        return read_patch(read_message(mail), "01").files
    return parse_diff(file.data)
