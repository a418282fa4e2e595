# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell a patch's own conflict from one that only comes from an earlier patch of its series.

A hunk is blocked when it would match if what earlier patches could not bring in were no part of it: the lines they
add are taken out of its pre-image, the lines they remove out of the file, and nothing else is excused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from seriestool.git.filediff import Fault, FileResult
from seriestool.git.hunks import split_lines
from seriestool.git.view import View
from seriestool.model.series import Change, Hunk, Patch


@dataclass(frozen=True, slots=True)
class Missed:
    """One hunk that patch *number* could not bring into *path*; ``hunk`` is None for a whole new file."""

    number: str
    path: str
    hunk: Hunk | None


def missed_by(patch: Patch, results: Sequence[FileResult], there: Collection[tuple[str, int]]) -> tuple[Missed, ...]:
    """Return what *patch* left out that the tree does not have."""
    missed = []
    for result in results:
        path = result.diff.path
        if result.fault is not None and (path, 0) not in there and result.diff.change is not Change.MODIFY:
            missed.append(Missed(patch.number, path, None))
        for number, (hunk, place) in enumerate(zip(result.diff.hunks, result.places, strict=True), 1):
            if place is None and (path, number) not in there and (path, 0) not in there:
                missed.append(Missed(patch.number, path, hunk))
    return tuple(missed)


def blockers(
    view: View, results: Sequence[FileResult], missed: Sequence[Missed], there: Collection[tuple[str, int]]
) -> tuple[str, ...]:
    """Return the numbers of the earlier patches that explain every rejection, none if one is left unexplained."""
    numbers: dict[str, None] = {}
    for result in results:
        for found in _causes(view, result, missed, there):
            if not found:
                return ()
            numbers.update(dict.fromkeys(found))
    return tuple(sorted(numbers))


def _causes(
    view: View, result: FileResult, missed: Sequence[Missed], there: Collection[tuple[str, int]]
) -> list[tuple[str, ...]]:
    """Return, for each rejection in one file, who is to blame for it."""
    path = result.diff.old_path or result.diff.path
    here = [item for item in missed if item.path == path]
    if result.fault is not None:
        makers = tuple(item.number for item in here if item.hunk is None)
        return [] if (result.diff.path, 0) in there else [makers if result.fault is Fault.MISSING else ()]
    file = view.before(path)
    lines = split_lines(file.data) if file else []
    return [
        _to_blame(lines, hunk, here)
        for number, (hunk, place) in enumerate(zip(result.diff.hunks, result.places, strict=True), 1)
        if place is None and (result.diff.path, number) not in there
    ]


def _to_blame(lines: Sequence[bytes], hunk: Hunk, missed: Sequence[Missed]) -> tuple[str, ...]:
    """Return the patches without whose missing hunks *hunk* would match, none if it would not."""
    added: dict[bytes, str] = {}
    removed: set[bytes] = set()
    for item in missed:
        for line in item.hunk.lines if item.hunk else ():
            if line.sign == "+":
                added[line.text] = item.number
            elif line.sign == "-":
                removed.add(line.text)
    old = hunk.old
    excused = {added[line] for line in old if line in added}
    rest = [line for line in old if line not in added and line not in removed]
    if not excused or not any(line.strip() for line in rest):
        return ()
    there = [line for line in lines if line not in removed and line not in added]
    starts = (at for at in range(len(there) - len(rest) + 1) if there[at] == rest[0])
    return tuple(sorted(excused)) if any(there[at : at + len(rest)] == rest for at in starts) else ()
