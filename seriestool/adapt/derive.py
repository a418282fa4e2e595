# SPDX-License-Identifier: GPL-2.0-or-later
"""Derive an adaptation: from a posted patch and what a person made of it on one tree to what differs, and only that."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from seriestool.adapt.blocks import changed_paths
from seriestool.adapt.derive_file import derive_file
from seriestool.apply.filediff import apply_files
from seriestool.apply.hunks import split_lines
from seriestool.apply.view import File, View
from seriestool.formats.adaptation import adapt
from seriestool.formats.hunk_edits import edits_between, encoding_of, hunk_id, lines_to_text
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import Oid
from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation
from seriestool.model.series import Change, FileDiff, HunkLine, Patch

Reason = Callable[[str, int], str]
"""Gives the reason for what happens to a hunk, by path and number; 0 is the file, or a change beside the patch."""


@dataclass(slots=True)
class Derived:
    """What differs from the posted patch."""

    hunks: list[HunkAdaptation] = field(default_factory=list)
    extras: list[ExtraChange] = field(default_factory=list)


def derive(store: ObjectStore, before: str, patch: Patch, after: str, reason: Reason) -> Derived:
    """Return what has to change in *patch* so that it makes the tree object *after* of *before*.

    Hunks that do in *after* what they do as posted are not mentioned. ``makes`` tells whether the result does it.
    """
    derived = Derived()
    work = _Work(store, View(store, before), View(store, after), reason, derived)
    names = [path for diff in patch.files for path in {diff.old_path, diff.new_path} - {None}]
    for diff in patch.files:
        if any(names.count(path) > 1 for path in (diff.old_path, diff.new_path)) or not work.hunks(patch, diff):
            work.instead(diff)
    made = tree_after(store, before, patch, derived)
    if made is None:  # each file for itself, and not all of them together
        derived.hunks, derived.extras = [], []
        for diff in patch.files:
            work.instead(diff)
    left = View(store, made or before)
    for path in changed_paths(store, left.tree, after):
        work.extra(path, left.before(path), work.after.before(path))
    return derived


def tree_after(store: ObjectStore, before: str, patch: Patch, derived: Derived) -> Oid | None:
    """Return the tree object that *patch*, changed as *derived* says, makes of *before*; None where it does not fit."""
    files = _adapted(patch, derived).files if _does_something(patch, derived) else ()
    view = View(store, before)
    return view.write() if all(result.whole for result in apply_files(view, files)) else None


def _does_something(patch: Patch, derived: Derived) -> bool:
    """Tell whether anything of *patch* is left, or added."""
    left_out = {(hunk.file, hunk.number) for hunk in derived.hunks if hunk.omit}
    return bool(derived.extras) or any(
        (diff.path, 0) not in left_out
        and (
            diff.change is not Change.MODIFY
            or diff.old_mode != diff.new_mode
            or bool(diff.binary)
            or any((diff.path, number) not in left_out for number in range(1, len(diff.hunks) + 1))
        )
        for diff in patch.files
    )


def _adapted(patch: Patch, derived: Derived) -> Patch:
    return adapt(
        patch, Adaptation(patch.patch_id, "-", "-", "-", "-", "-", tuple(derived.hunks), tuple(derived.extras))
    )


@dataclass(frozen=True, slots=True)
class _Work:
    store: ObjectStore
    before: View
    after: View
    reason: Reason
    derived: Derived

    def hunks(self, patch: Patch, diff: FileDiff) -> bool:
        """Tell the difference by the hunks of *diff*; False, with nothing told, where it is not one of hunks."""
        if not diff.hunks:
            return self._stays(diff)
        files = self._sides(diff)
        if files is None:
            return False
        old, new = files
        form = derive_file(self.store, old.data if old else b"", new.data if new else b"", diff.hunks)
        name = Oid.of("blob", old.data) if old else None
        mine = Derived(
            [
                self._hunk(diff, number, form.bodies.get(number), form.at.get(number), name)
                for number in sorted(form.bodies.keys() | form.at.keys())
            ],
            [self._extra_hunk(diff.path, at, lines, name) for at, lines in form.extras],
        )
        if not self._does(patch, diff, mine, new):
            return False
        self.derived.hunks += mine.hunks
        self.derived.extras += mine.extras
        return True

    def instead(self, diff: FileDiff) -> None:
        """Leave out all that *diff* does; what was done in its place is told beside the patch."""
        if not any(hunk.file == diff.path and not hunk.number for hunk in self.derived.hunks):
            file = self.before.before(diff.old_path or diff.path)
            name = Oid.of("blob", file.data) if file else None
            reason = self.reason(diff.path, 0)
            self.derived.hunks.append(HunkAdaptation(diff.path, 0, reason, omit=True, pre_image=name))

    def extra(self, path: str, old: File | None, new: File | None) -> None:
        """Tell how *old* became *new*, beside the patch."""
        reason = self.reason(path, 0)
        name = Oid.of("blob", old.data) if old else None
        if old is not None and (new is None or stat.S_IFMT(old.mode) != stat.S_IFMT(new.mode)):
            self.derived.extras.append(_whole(path, reason, Change.DELETE, old, name))
            old = None
        if old is None and new is not None:
            self.derived.extras.append(_whole(path, reason, Change.ADD, new, None))
        elif old is not None and new is not None:
            form = derive_file(self.store, old.data, new.data, ())
            self.derived.extras += [self._extra_hunk(path, at, lines, name) for at, lines in form.extras]
            if old.mode != new.mode:
                self.derived.extras.append(ExtraChange(path, reason, mode=new.mode, pre_image=name))

    def _stays(self, diff: FileDiff) -> bool:
        """Tell whether *diff*, which has no hunks, fits and leaves the files that are there in the end."""
        view = self.before.fresh()
        if not all(result.whole for result in apply_files(view, (diff,))):
            return False
        paths = [path for path in (diff.old_path, diff.new_path) if path]
        return all((view.get(path) is None) == (self.after.before(path) is None) for path in paths)

    def _sides(self, diff: FileDiff) -> tuple[File | None, File | None] | None:
        """Return the file before and after, where *diff* with other hunks could lead from one to the other."""
        old = self.before.before(diff.old_path) if diff.old_path else None
        new = self.after.before(diff.new_path) if diff.new_path else None
        gone = self.after.before(diff.old_path) if diff.old_path and diff.change is not Change.COPY else None
        there = self.before.before(diff.new_path) if diff.new_path else None
        if diff.change is not Change.MODIFY and (gone or there):
            return None
        right = (old is not None) == (diff.old_path is not None) and (new is not None) == (diff.new_path is not None)
        return (old, new) if right else None

    def _does(self, patch: Patch, diff: FileDiff, mine: Derived, new: File | None) -> bool:
        """Tell whether *diff* so changed gives the content of *new*; its mode is told apart."""
        alone = replace(patch, files=(diff,))
        if not _does_something(alone, mine):
            old = self.before.before(diff.path)
            return old is not None and new is not None and old.data == new.data
        view = self.before.fresh()
        if not all(result.whole for result in apply_files(view, _adapted(alone, mine).files)):
            return False
        made = view.get(diff.new_path) if diff.new_path else None
        return (made.data if made else None) == (new.data if new else None)

    def _hunk(
        self, diff: FileDiff, number: int, body: Sequence[HunkLine] | None, at: int | None, name: str | None
    ) -> HunkAdaptation:
        posted = diff.hunks[number - 1].lines
        reason = self.reason(diff.path, number)
        this = hunk_id(posted)
        if body is not None and not body:
            return HunkAdaptation(diff.path, number, reason, omit=True, pre_image=name, posted=this)
        wanted = posted if body is None else body
        encoding = encoding_of(wanted)
        edits = edits_between(posted, wanted, encoding)
        return HunkAdaptation(
            diff.path, number, reason, edits=edits, pre_image=name, at=at, encoding=encoding, posted=this
        )

    def _extra_hunk(self, path: str, at: int, lines: Sequence[HunkLine], name: str | None) -> ExtraChange:
        encoding = encoding_of(lines)
        texts = lines_to_text(lines, encoding)
        return ExtraChange(path, self.reason(path, 0), lines=texts, at=at, pre_image=name, encoding=encoding)


def _whole(path: str, reason: str, change: Change, file: File, name: str | None) -> ExtraChange:
    lines = [HunkLine("+" if change is Change.ADD else "-", line) for line in split_lines(file.data)]
    encoding = encoding_of(lines)
    mode = file.mode if change is Change.ADD and file.mode != 0o100644 else None
    return ExtraChange(
        path, reason, change, lines_to_text(lines, encoding), mode=mode, pre_image=name, encoding=encoding
    )
