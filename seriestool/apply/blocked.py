# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell a patch's own conflict from one that only comes from an earlier patch of its series.

A hunk is blocked when it would match if what earlier patches could not bring in were no part of it: the lines they
add are taken out of its pre-image, the lines they remove out of the file, and nothing else is excused. A file is
blocked when an earlier patch could not make it, or could not take away what is in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from seriestool.apply.excuses import Lost, to_blame
from seriestool.apply.filediff import Fault, FileResult
from seriestool.apply.hunks import split_lines
from seriestool.apply.view import View
from seriestool.model.series import Change, Hunk, Patch


@dataclass(frozen=True, slots=True)
class Missed:
    """One hunk that patch *number* could not bring into *path*; ``hunk`` is None for a whole file.

    ``stays`` tells of a whole file that the patch could not take away; without it, that it could not make one.
    """

    number: str
    path: str
    hunk: Hunk | None
    stays: bool = False


def missed_by(patch: Patch, results: Sequence[FileResult], there: Collection[tuple[str, int]]) -> tuple[Missed, ...]:
    """Return what *patch* left out that the tree does not have."""
    missed = []
    for result in results:
        path = result.diff.path
        if result.fault is not None and (path, 0) not in there and result.diff.change not in _AT_ONE_PATH:
            missed.append(Missed(patch.number, path, None))
        stays = result.diff.change in _LEAVING and not result.taken and result.fault is not Fault.MISSING
        if result.diff.old_path and stays:
            missed.append(Missed(patch.number, result.diff.old_path, None, stays=True))
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
    lost = [Lost(item.number, item.hunk) for item in missed if item.path == path and item.hunk is not None]
    if result.fault is not None:
        return [] if (result.diff.path, 0) in there else [_whole_file(result, missed)]
    file = view.before(path)
    lines = split_lines(file.data) if file else []
    return [
        to_blame(lines, hunk, lost)
        for number, (hunk, place) in enumerate(zip(result.diff.hunks, result.places, strict=True), 1)
        if place is None and (result.diff.path, number) not in there
    ]


def _whole_file(result: FileResult, missed: Sequence[Missed]) -> tuple[str, ...]:
    """Return the patches that could not make the file, or could not take away what is in its place."""
    diff = result.diff
    if result.fault is Fault.MISSING:
        return tuple(item.number for item in missed if item.path == diff.old_path and item.hunk is None)
    if result.fault is Fault.IN_THE_WAY:
        path = diff.path
        return tuple(item.number for item in missed if item.stays and _in_the_way(item.path, path))
    return ()


def _in_the_way(there: str, wanted: str) -> bool:
    """Whether a file at *there* keeps one from *wanted*: the same path, a folder of it, or below it."""
    return there == wanted or wanted.startswith(f"{there}/") or there.startswith(f"{wanted}/")


_AT_ONE_PATH = frozenset({Change.MODIFY, Change.DELETE})
_LEAVING = frozenset({Change.DELETE, Change.RENAME})
