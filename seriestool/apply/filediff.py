# SPDX-License-Identifier: GPL-2.0-or-later
"""What one patch does to each of its files, by the rules of ``git apply --reject`` (git's apply.c, ``check_patch``)."""

from __future__ import annotations

import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from seriestool.apply.delta import apply_delta
from seriestool.apply.hunks import Finder, Placed, apply_hunks, exactly, reverse_hunk
from seriestool.apply.view import File, View
from seriestool.errors import InputRefused
from seriestool.formats.binary_patch import inflate
from seriestool.formats.paths import check_symlink
from seriestool.git.treeobject import FILE, Oid
from seriestool.model.series import BinaryHunk, Change, FileDiff


class Fault(Enum):
    """Why a file as a whole was left alone."""

    MISSING = auto()
    IN_THE_WAY = auto()
    WRONG_TYPE = auto()
    BINARY = auto()
    NOT_EMPTIED = auto()


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file's diff; ``places`` has one item per hunk, None for a rejected one."""

    diff: FileDiff
    places: tuple[Placed | None, ...] = ()
    fault: Fault | None = None
    cause: str = ""

    @property
    def whole(self) -> bool:
        """Whether all of it was taken."""
        return self.fault is None and all(self.places)

    @property
    def taken(self) -> bool:
        """Whether any of it was taken."""
        # Without any of its hunks, a file still gets its new mode and name; a deletion is refused as a whole.
        return self.whole or (self.fault is None and self.diff.change is not Change.DELETE)


class _Refused(Exception):
    def __init__(self, fault: Fault, cause: str) -> None:
        super().__init__(cause)
        self.fault = fault
        self.cause = cause


def apply_files(view: View, diffs: Sequence[FileDiff], find: Finder = exactly) -> tuple[FileResult, ...]:
    """Apply *diffs* to *view*, in order, leaving out hunks that *find* has no place for and files that do not fit."""
    leaving = {diff.old_path for diff in diffs if diff.change in (Change.DELETE, Change.RENAME)}
    results = []
    for diff in diffs:
        result = _apply_file(view, diff, leaving, find)
        if not result.taken:
            leaving.discard(diff.old_path)  # it stays, so nothing may be put in its place
        results.append(result)
    return tuple(results)


def reverse_file(diff: FileDiff) -> FileDiff:
    """Return the diff that undoes *diff* (``git apply -R``)."""
    change = {Change.ADD: Change.DELETE, Change.DELETE: Change.ADD}.get(diff.change, diff.change)
    return replace(
        diff,
        change=change,
        old_path=diff.new_path,
        new_path=diff.old_path,
        old_mode=diff.new_mode,
        new_mode=diff.old_mode,
        old_blob=diff.new_blob,
        new_blob=diff.old_blob,
        hunks=tuple(reverse_hunk(hunk) for hunk in diff.hunks),
        binary=tuple(reversed(diff.binary)) if len(diff.binary) == 2 else (),
        binary_without_data=diff.binary_without_data or len(diff.binary) == 1,
    )


def reverse_files(diffs: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
    """Return the diffs that undo *diffs*, last one first."""
    return tuple(reverse_file(diff) for diff in reversed(diffs))


def _apply_file(view: View, diff: FileDiff, leaving: Collection[str | None], find: Finder) -> FileResult:
    try:
        old = _pre_image(view, diff)
        _check_target(view, diff, leaving)
        mode = _new_mode(diff, old)
        places: tuple[Placed | None, ...] = ()
        if diff.binary or diff.binary_without_data:
            data = _binary(diff, old)
        else:
            patched = apply_hunks(old.data if old else b"", diff.hunks, find)
            data, places = patched.data, patched.places
        _check_moved_link(diff, mode, data)
    except _Refused as refused:
        return FileResult(diff, tuple(None for _ in diff.hunks), refused.fault, refused.cause)
    result = FileResult(diff, places)
    if diff.change is Change.DELETE and data:
        if not all(places):
            return result
        return replace(result, fault=Fault.NOT_EMPTIED, cause="the file has more in it than the patch removes")
    if result.taken:
        _put(view, diff, File(mode, data))
    return result


def _pre_image(view: View, diff: FileDiff) -> File | None:
    """Return the file the diff starts from; renames and copies look at the tree before the patch, as git does."""
    if diff.old_path is None:
        if any(hunk.old for hunk in diff.hunks):
            raise _Refused(Fault.WRONG_TYPE, "a new file whose hunks expect old lines")
        return None
    from_before = diff.change in (Change.RENAME, Change.COPY)
    file = view.before(diff.old_path) if from_before else view.get(diff.old_path)
    if file is None:
        raise _Refused(Fault.MISSING, f"{diff.old_path} is not in this tree")
    if diff.old_mode is not None and stat.S_IFMT(file.mode) != stat.S_IFMT(diff.old_mode):
        raise _Refused(Fault.WRONG_TYPE, f"{diff.old_path} has mode {file.mode:o}, expected {diff.old_mode:o}")
    return file


def _check_target(view: View, diff: FileDiff, leaving: Collection[str | None]) -> None:
    if diff.new_path is None or diff.change is Change.MODIFY or diff.new_path in leaving:
        return
    obstacle = view.taken(diff.new_path)
    if obstacle:
        raise _Refused(Fault.IN_THE_WAY, f"{diff.new_path} cannot be made: {obstacle}")


def _check_moved_link(diff: FileDiff, mode: int, data: bytes) -> None:
    """Refuse a link whose target leaves the tree from its new place; what the tree had in the old one is its own."""
    if stat.S_ISLNK(mode) and diff.new_path is not None and diff.change in (Change.RENAME, Change.COPY):
        try:
            check_symlink(diff.new_path, data)
        except InputRefused as refused:
            raise _Refused(Fault.WRONG_TYPE, refused.message) from refused


def _new_mode(diff: FileDiff, old: File | None) -> int:
    """Return the mode afterwards: the tree's own, unless the patch changes it."""
    if old is None:
        return FILE if diff.new_mode is None else diff.new_mode
    if diff.new_mode is None or diff.new_mode == diff.old_mode:
        return old.mode
    if stat.S_IFMT(diff.new_mode) != stat.S_IFMT(old.mode):
        raise _Refused(Fault.WRONG_TYPE, f"{diff.path} would turn from mode {old.mode:o} to {diff.new_mode:o}")
    return diff.new_mode


def _put(view: View, diff: FileDiff, file: File) -> None:
    if diff.old_path is not None and diff.change in (Change.DELETE, Change.RENAME):
        view.put(diff.old_path, None)
    if diff.new_path is not None:
        view.put(diff.new_path, file)


def _binary(diff: FileDiff, old: File | None) -> bytes:
    """Return the post-image of a binary patch, checked against both full ids of its index line."""
    before = old.data if old else b""
    if diff.binary_without_data or not diff.binary:
        raise _Refused(Fault.BINARY, "a binary change without its data")
    if any(blob is None or len(blob) != 40 for blob in (diff.old_blob, diff.new_blob)):
        raise _Refused(Fault.BINARY, "a binary patch without full index line")
    if old is not None and Oid.of("blob", before) != diff.old_blob:
        raise _Refused(Fault.BINARY, f"the binary patch is for {diff.old_blob}, the tree has another file")
    if diff.new_blob == "0" * 40:
        return b""
    data = _unpacked(diff.binary[0], before)
    if data is None or Oid.of("blob", data) != diff.new_blob:
        raise _Refused(Fault.BINARY, f"the binary patch does not give {diff.new_blob}")
    return data


def _unpacked(hunk: BinaryHunk, before: bytes) -> bytes | None:
    inflated = inflate(hunk)
    return inflated if hunk.method == "literal" else apply_delta(before, inflated)
