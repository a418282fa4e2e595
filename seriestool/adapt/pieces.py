# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose change is it: what a person made of a file, divided among the hunks of the posted patch.

A hunk that fits and was left alone is *fixed*: it stands for a range of the file, and nothing of it is told again.
Every other change goes to the hunk with which it has most text in common, or to the hunk in whose place it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from seriestool.adapt.blocks import Block, gaps, refine
from seriestool.adapt.regions import Image
from seriestool.apply.explain import closest
from seriestool.model.series import Hunk

_TELLING = 4  # characters in common below which two changes have nothing in common: a brace, a semicolon
_JOINED = 6  # unchanged lines between changes that still are one hunk (git-diff(1): twice the context)


@dataclass(frozen=True, slots=True)
class Piece:
    """Changes that become one hunk: the posted hunk ``owner``, or one of its own (None)."""

    owner: int | None
    blocks: tuple[Block, ...]

    @property
    def start(self) -> int:
        """The first line of the file it is about, from 0."""
        return self.blocks[0].old

    @property
    def end(self) -> int:
        """The line behind the last one."""
        return self.blocks[-1].old_end


@dataclass(slots=True)
class Division:
    """The fixed hunks with their ranges, and the pieces of everything else, in the order of the file."""

    fixed: dict[int, tuple[int, int]]
    pieces: list[Piece] = field(default_factory=list)


def divide(
    before: Sequence[bytes], after: Sequence[bytes], hunks: Sequence[Hunk], image: Image, changes: Sequence[Block]
) -> Division:
    """Divide what leads from *before* to *after*; *changes* lead from *image*, with the hunks that fit, to *after*."""
    fixed = {number: span for number, span in image.ranges.items() if not _touched(image.spans[number], changes)}
    loose = {
        number: _Loose.of(hunk, image.ranges.get(number) or _home(before, hunk))
        for number, hunk in enumerate(hunks, 1)
        if number not in fixed
    }
    blocks = [
        piece
        for block in gaps(_equal_lines(image, changes), len(before), len(after))
        if not any(start <= block.old and block.old_end <= end for start, end in fixed.values())
        for piece in refine(block, before, after)
    ]
    scores = [{number: hunk.score(before, after, block) for number, hunk in loose.items()} for block in blocks]
    owners = [_owner(block, score, loose) for block, score in zip(blocks, scores, strict=True)]
    runs = list(_runs(blocks, owners, fixed, loose))
    best = _best_runs(runs, dict(zip(blocks, scores, strict=True)))
    division = Division(fixed)
    for owner, run in _rejoined(runs, best, fixed):
        division.pieces.append(Piece(owner, tuple(run)))
    return division


def _touched(span: tuple[int, int], changes: Sequence[Block]) -> bool:
    """Tell whether something changed inside *span*, or right in front of it, where a hunk could not end."""
    start, end = span
    return any(
        change.old_end >= start and (change.old < end or start == end >= change.old) for change in changes
    )


def _equal_lines(image: Image, changes: Sequence[Block]) -> list[tuple[int, int]]:
    """Return pairs of lines, of the file and of the result, that are the same line."""
    pairs: list[tuple[int, int]] = []
    at = other = 0
    end = Block(len(image.lines), len(image.lines), 0, 0)
    for change in (*changes, end):
        for line in range(at, change.old):
            origin = image.origin[line]
            if origin is not None and (not pairs or origin > pairs[-1][0]):
                pairs.append((origin, other + line - at))
        at, other = change.old_end, change.new_end
    return pairs


def _home(before: Sequence[bytes], hunk: Hunk) -> tuple[int, int] | None:
    start = closest(before, hunk)
    return None if start is None else (start, start + len(hunk.old))


@dataclass(frozen=True, slots=True)
class _Loose:
    """A hunk that has to be found in the result: what it changes, and where it would stand."""

    plus: Counter[bytes]
    minus: Counter[bytes]
    home: tuple[int, int] | None
    length: int

    @classmethod
    def of(cls, hunk: Hunk, home: tuple[int, int] | None) -> _Loose:
        plus, minus = (Counter(line.text.strip() for line in hunk.lines if line.sign == sign) for sign in "+-")
        return cls(plus, minus, home, len(hunk.lines))

    def score(self, before: Sequence[bytes], after: Sequence[bytes], block: Block) -> int:
        """Count the characters of changed lines that *block* and the hunk have in common."""
        plus = Counter(line.strip() for line in after[block.new : block.new_end]) & self.plus
        minus = Counter(line.strip() for line in before[block.old : block.old_end]) & self.minus
        return sum(len(line) * count for found in (plus, minus) for line, count in found.items())

    def distance(self, block: Block) -> int:
        """Return how many lines *block* is away from where the hunk would stand."""
        if self.home is None:
            return 1 << 30
        return max(self.home[0] - block.old_end, block.old - self.home[1], 0)


def _owner(block: Block, scores: Mapping[int, int], loose: Mapping[int, _Loose]) -> int | None:
    near = {number: hunk.distance(block) for number, hunk in loose.items()}
    telling = [number for number, score in scores.items() if score >= _TELLING or (score and not near[number])]
    if telling:
        return min(telling, key=lambda number: (-scores[number], near[number]))
    here = [number for number, distance in near.items() if distance == 0]
    return here[0] if here else None


def _runs(
    blocks: Sequence[Block],
    owners: Sequence[int | None],
    fixed: Mapping[int, tuple[int, int]],
    loose: Mapping[int, _Loose],
) -> Iterator[tuple[int | None, list[Block]]]:
    """Group neighbours that belong to the same hunk and are near enough to be told as one."""
    run: list[Block] = []
    owner: int | None = None
    for block, found in zip(blocks, owners, strict=True):
        limit = _JOINED if found is None else max(2 * loose[found].length, _JOINED)
        if run and found == owner and _near(run[-1], block, limit, fixed):
            run.append(block)
            continue
        if run:
            yield owner, run
        owner, run = found, [block]
    if run:
        yield owner, run


def _near(one: Block, other: Block, limit: int, fixed: Mapping[int, tuple[int, int]]) -> bool:
    between = any(one.old_end <= start and end <= other.old for start, end in fixed.values())
    return other.old - one.old_end <= limit and not between


_Runs = Sequence[tuple[int | None, list[Block]]]


def _best_runs(runs: _Runs, scores: Mapping[Block, Mapping[int, int]]) -> dict[int, int]:
    """Return for each hunk the run (its index) that has most in common with it: it can only be told once."""
    best: dict[int, tuple[int, int]] = {}
    for index, (owner, run) in enumerate(runs):
        if owner is not None:
            score = sum(scores[block][owner] for block in run)
            if owner not in best or score > best[owner][0]:
                best[owner] = (score, index)
    return {owner: index for owner, (_, index) in best.items()}


def _rejoined(
    runs: _Runs, best: Mapping[int, int], fixed: Mapping[int, tuple[int, int]]
) -> Iterator[tuple[int | None, list[Block]]]:
    """Yield the runs, those that are nobody's joined where they are neighbours."""
    waiting: list[Block] = []
    for index, (owner, run) in enumerate(runs):
        mine = owner is not None and best[owner] == index
        if waiting and (mine or not _near(waiting[-1], run[0], _JOINED, fixed)):
            yield None, waiting
            waiting = []
        if mine:
            yield owner, run
        else:
            waiting = waiting + run
    if waiting:
        yield None, waiting
