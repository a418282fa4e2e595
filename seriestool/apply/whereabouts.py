# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the hunks of a patch went, against where they were meant to go: what is to be said of that, what it proves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from seriestool.apply.filediff import FileResult
from seriestool.apply.hunks import leading, matches, split_lines, trailing
from seriestool.apply.meant import is_meant, meant_scope, scope_above, scope_name
from seriestool.apply.view import View
from seriestool.formats.scopes import TOP, scope_at
from seriestool.model.series import FileDiff, Hunk

_SHOWN = 3  # hunks, and places of one hunk


@dataclass(frozen=True, slots=True)
class _Put:
    """One hunk as it was put into a file: *start* counts from 0, in the file without the patch."""

    path: str
    number: int
    hunk: Hunk
    lines: Sequence[bytes]
    start: int
    offset: int
    changed: frozenset[bytes]
    """Functions whose headings the patch changes: patch and tree may call one of them by different names."""

    def is_meant(self, start: int) -> bool | None:
        """Tell whether the hunk would stand in the function it names at *start*, None where that is not known."""
        meant = is_meant(self.lines, start, self.hunk)
        return None if meant is False and {meant_scope(self.hunk), self._above(start)} & self.changed else meant

    def places(self) -> Iterator[int]:
        """Yield every place at which the hunk fits, the nearest first."""
        at_start, at_end = self.hunk.old_start <= 1, not trailing(self.hunk)
        return matches(self.lines, self.hunk.old, self.start, at_start=at_start, at_end=at_end)

    def best(self) -> bool | None:
        """Return what is known of the best of all places."""
        known = {self.is_meant(start) for start in self.places()}
        return True if True in known else None if None in known else False

    def _above(self, start: int) -> bytes:
        return scope_above(self.lines, start + leading(self.hunk))[0]

    def doubt(self, taken: Collection[tuple[str, int]]) -> str:
        """Say why this may not be the place that was meant, "" where it is; *taken* are places of other hunks."""
        said = f"{self.path} hunk {self.number}"
        others = (start for start in self.places() if (self.path, start) not in taken)
        meant = self.is_meant(self.start)
        if meant is False:
            there = [start for start in others if self.is_meant(start)]
            also = f", and would fit there, at {_at(there)}" if there else ""
            names = f"{scope_name(self._above(self.start))}, where the patch names {_meant(self.hunk)}"
            return f"{said} went into {names}{also}"
        if meant:
            alike = [start for start in others if self.is_meant(start)]
        else:  # the very line that the patch says is as good as its function
            alike = list(islice(others, _SHOWN + 1)) if self.offset else []
        return f"{said} would fit {_at(alike)} too" if alike else ""


def doubts(view: View, results: Sequence[FileResult]) -> str:
    """Say which hunks of a patch that was taken may have gone to another place than was meant, "" where none may have.

    A place is sure when it is in the function that the patch names and the only one there, or where the patch does not
    name one, when it is at the very line, or the only one.
    """
    puts = list(_put(view, results))
    taken = {(put.path, put.start) for put in puts}  # the patch may change several places that look alike
    told = [said for put in puts if (said := put.doubt(taken))]
    more = [f"and {len(told) - _SHOWN} more such hunks"] if len(told) > _SHOWN else []
    return "; ".join([*told[:_SHOWN], *more])


def strays(view: View, results: Sequence[FileResult]) -> frozenset[tuple[str, int]]:
    """Return the path and number of each hunk that stands in another function than the patch names, and only there."""
    return frozenset((put.path, put.number) for put in _put(view, results) if put.best() is False)


def went_astray(view: View, results: Sequence[FileResult]) -> bool:
    """Tell whether a hunk was put into another function than the patch names."""
    return any(put.is_meant(put.start) is False for put in _put(view, results))


def surely_there(view: View, results: Sequence[FileResult]) -> bool:
    """Tell whether hunks that can be taken back all stand in the functions that the patch names."""
    found = [put.best() for put in _put(view, results)]
    return bool(found) and all(found)


def begun_already(view: View, diffs: Sequence[FileDiff]) -> tuple[str, ...]:
    """Return the functions, types and tables that *diffs* add, if the files have every one of them already."""
    names: dict[str, None] = {}
    for diff in diffs:
        begun = _begun(diff)
        file = view.before(diff.path) if begun else None
        if begun and (file is None or not begun <= frozenset(split_lines(file.data))):
            return ()
        names |= {scope_name(scope): None for line in sorted(begun) if (scope := scope_at(line))}
    return tuple(names)


def _begun(diff: FileDiff) -> frozenset[bytes]:
    """Return the headings that a diff adds and does not only move."""
    lines = [line for hunk in diff.hunks for line in hunk.lines if scope_at(line.text) is not None]
    before = frozenset(line.text for line in lines if line.sign != "+")
    return frozenset(line.text for line in lines if line.sign == "+") - before


def _put(view: View, results: Sequence[FileResult]) -> Iterator[_Put]:
    for result in results:
        diff = result.diff
        file = view.before(diff.old_path) if diff.old_path and result.fault is None else None
        if file is None:
            continue
        lines, changed = split_lines(file.data), _changed(diff.hunks)
        grown: list[tuple[int, int]] = []
        for number, (hunk, place) in enumerate(zip(diff.hunks, result.places, strict=True), 1):
            if place is None:
                continue
            start = place.line - 1 - sum(more for line, more in grown if line < place.line)
            grown.append((place.line, len(hunk.new) - len(hunk.old)))
            if list(lines[start : start + len(hunk.old)]) == list(hunk.old):
                yield _Put(diff.path, number, hunk, lines, start, place.offset, changed)


def _changed(hunks: Sequence[Hunk]) -> frozenset[bytes]:
    changed = (line.text for hunk in hunks for line in hunk.lines if line.sign != " ")
    return frozenset(scope for text in changed if (scope := scope_at(text)) is not None)


def _at(starts: Sequence[int]) -> str:
    more = " and more" if len(starts) > _SHOWN else ""
    numbers = ", ".join(str(start + 1) for start in sorted(starts[:_SHOWN]))
    return f"line{'s' if len(starts) > 1 else ''} {numbers}{more}"


def _meant(hunk: Hunk) -> str:
    return scope_name(meant_scope(hunk) or TOP)
