# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a hunk would match if earlier patches had brought what they could not, and which of them that takes. Pure.

A line that says something (a name, a call) is excused wherever an earlier patch adds it. A brace or an empty line is
in every patch: it is excused only between the lines between which an earlier patch has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seriestool.model.series import Hunk

_TELLING = re.compile(rb"\w{3}")


@dataclass(frozen=True, slots=True)
class Lost:
    """A hunk that patch *number* could not bring in."""

    number: str
    hunk: Hunk


def to_blame(lines: Sequence[bytes], hunk: Hunk, lost: Sequence[Lost]) -> tuple[str, ...]:
    """Return the patches without whose *lost* hunks *hunk* would match somewhere in *lines*, none if it would not.

    The lines they add may be missing, the lines they remove may be left, and nothing else is excused.
    """
    added, removed = _owners(lost, "+"), _owners(lost, "-")
    old = hunk.old
    own = [at for at, line in enumerate(old) if line not in added and line not in removed]
    rest = [old[at] for at in own]
    if not any(line.strip() for line in rest):
        return _excused(_Gap((), old, (), lost))  # all of it would be the others' lines
    kept = [at for at, line in enumerate(lines) if line not in removed and line not in added]
    there = [lines[at] for at in kept]
    for start in range(len(there) - len(rest) + 1):
        if there[start] == rest[0] and there[start : start + len(rest)] == rest:
            gaps = _gaps(old, own, lines, kept[start : start + len(rest)], lost)
            blamed = [_excused(gap) for gap in gaps]
            if blamed and all(blamed):
                return tuple(sorted({number for numbers in blamed for number in numbers}))
    return ()


@dataclass(frozen=True, slots=True)
class _Gap:
    """Where pre-image and file differ: *wanted* lines are missing, *left* ones are too many, *around* stand beside."""

    around: tuple[bytes, ...]
    wanted: Sequence[bytes]
    left: Sequence[bytes]
    lost: Sequence[Lost]


def _gaps(
    old: Sequence[bytes], own: Sequence[int], lines: Sequence[bytes], there: Sequence[int], lost: Sequence[Lost]
) -> Iterator[_Gap]:
    """Yield the differences between the lines of *old* that are nobody else's and the same lines of the file."""
    if own[0]:
        yield _Gap(tuple(old[own[0] : own[0] + 1]), old[: own[0]], (), lost)
    for at in range(len(own) - 1):
        wanted, left = list(old[own[at] + 1 : own[at + 1]]), list(lines[there[at] + 1 : there[at + 1]])
        before, behind = old[own[at]], old[own[at + 1]]
        while wanted and left and wanted[0] == left[0]:
            before = wanted.pop(0)
            left.pop(0)
        while wanted and left and wanted[-1] == left[-1]:
            behind = wanted.pop()
            left.pop()
        if wanted or left:
            yield _Gap((before, behind), wanted, left, lost)
    if own[-1] + 1 < len(old):
        yield _Gap(tuple(old[own[-1] : own[-1] + 1]), old[own[-1] + 1 :], (), lost)


def _excused(gap: _Gap) -> tuple[str, ...]:
    """Return the patches that explain a difference, none if they do not explain all of it."""
    found: list[tuple[str, ...]] = []
    for lines, sign in ((gap.wanted, "+"), (gap.left, "-")):
        owners = _owners(gap.lost, sign)
        if any(line not in owners for line in lines):
            return ()
        telling = [line for line in lines if _TELLING.search(line)]
        if telling:
            found += [_nearest(line, lines, gap, sign, owners) for line in telling]
        elif lines:
            found.append(_beside(lines, gap, sign))
    return tuple(sorted({number for numbers in found for number in numbers})) if all(found) else ()


def _nearest(
    line: bytes, lines: Sequence[bytes], gap: _Gap, sign: str, owners: Mapping[bytes, Sequence[str]]
) -> tuple[str, ...]:
    """Return the patches that have *line* beside one of its neighbours; all that have it, where none has."""
    whole = [*gap.around[:1], *lines, *gap.around[-1:]]
    beside = {whole[at + step] for at in range(len(whole)) if whole[at] == line for step in (-1, 1)
              if 0 <= at + step < len(whole)}  # fmt: skip
    pairs = {(line, other) for other in beside} | {(other, line) for other in beside}
    near = [each.number for each in gap.lost if not pairs.isdisjoint(_pairs(each.hunk, sign))]
    return tuple(number for number in owners[line] if number in near) or tuple(owners[line])


def _pairs(hunk: Hunk, sign: str) -> Iterator[tuple[bytes, bytes]]:
    return pairwise(hunk.new if sign == "+" else hunk.old)


def _beside(lines: Sequence[bytes], gap: _Gap, sign: str) -> tuple[str, ...]:
    """Return the patches that have *lines* between the very lines that they are missing, or left, between."""
    if not gap.around:
        return ()
    first, last = gap.around[0], gap.around[-1]
    # At an end of the hunk, only one line beside is known.
    wanted = {(first, *lines), (*lines, first)} if len(gap.around) == 1 else {(first, *lines, last)}
    found = []
    for each in gap.lost:
        side = each.hunk.new if sign == "+" else each.hunk.old
        for run in wanted:
            if any(tuple(side[at : at + len(run)]) == run for at in range(len(side) - len(run) + 1)):
                found.append(each.number)
    return tuple(dict.fromkeys(found))


def _owners(lost: Sequence[Lost], sign: str) -> dict[bytes, tuple[str, ...]]:
    """Return the lines of one sign that are missing, each with the numbers of the patches that have it."""
    found: dict[bytes, dict[str, None]] = {}
    for each in lost:
        for line in each.hunk.lines:
            if line.sign == sign:
                found.setdefault(line.text, {})[each.number] = None
    return {line: tuple(numbers) for line, numbers in found.items()}
