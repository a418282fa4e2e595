# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell what a person made of one file as changes to the posted hunks: the inverse of ``formats.adaptation.adapt``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from seriestool.adapt.blocks import Block, blocks_between
from seriestool.adapt.pieces import Piece, divide
from seriestool.adapt.regions import place_hunks
from seriestool.apply.hunks import find_place, split_lines
from seriestool.git.objects import ObjectStore
from seriestool.model.series import Hunk, HunkLine

_CONTEXT = 3
_LEAST = 2  # lines of context that a hunk keeps, whatever they cost
Lines = tuple[HunkLine, ...]


@dataclass(slots=True)
class FileForm:
    """What becomes of the posted hunks of a file, by number, and what comes beside them.

    ``bodies`` has the new lines of each hunk that changes, () for one that is left out. ``at`` names places (1-based)
    of hunks that would else go elsewhere. ``extras`` are further hunks: place and lines, applied behind the others.
    """

    bodies: dict[int, Lines] = field(default_factory=dict)
    at: dict[int, int] = field(default_factory=dict)
    extras: list[tuple[int, Lines]] = field(default_factory=list)


def derive_file(store: ObjectStore, before: bytes, after: bytes, hunks: Sequence[Hunk]) -> FileForm:
    """Return the form of *hunks* that makes *after* of *before*, with as little said as possible.

    Where no such form is found, the hunks are all left out and one extra hunk says everything.
    """
    old, new = split_lines(before), split_lines(after)
    image = place_hunks(old, hunks)
    division = divide(old, new, hunks, image, blocks_between(store, b"".join(image.lines), after))
    spread = [Piece(None, (Block(start, end, 0, 0),)) for start, end in division.fixed.values()]
    everything = sorted([*division.pieces, *spread], key=lambda piece: (piece.start, piece.end))
    fixed = frozenset(map(id, spread))
    margins = _margins(everything, hunks, fixed, len(old))
    form, starts, extras = FileForm(), {n: start for n, (start, _) in division.fixed.items()}, []
    for piece, margin in zip(everything, margins, strict=True):
        lead, trail = margin
        if id(piece) in fixed:
            continue
        if piece.owner is not None:
            lead, trail = _telling(old, piece, hunks[piece.owner - 1], lead, trail)
        body = _body(old, new, piece.blocks, lead, trail)
        if piece.owner is None:
            extras.append((piece.start - lead, body))
            continue
        starts[piece.owner] = piece.start - lead
        if body != hunks[piece.owner - 1].lines:
            form.bodies[piece.owner] = body
    form.bodies |= {number: () for number in range(1, len(hunks) + 1) if number not in starts}
    return form if _settle(form, old, new, hunks, starts, extras) else _one_hunk(store, before, after, hunks)


def _margins(
    pieces: Sequence[Piece], hunks: Sequence[Hunk], fixed: frozenset[int], length: int
) -> list[tuple[int, int]]:
    """Share the unchanged lines around and between the pieces out as context, so that no two hunks have the same."""
    wanted = [(0, 0) if id(piece) in fixed else _wanted(hunks, piece.owner) for piece in pieces]
    leads, trails = [0] * len(pieces), [0] * len(pieces)
    if pieces:
        leads[0] = min(wanted[0][0], pieces[0].start)
        trails[-1] = min(wanted[-1][1], length - pieces[-1].end)
    for number, (one, other) in enumerate(pairwise(pieces)):
        gap = max(other.start - one.end, 0)
        want = wanted[number][1]
        # A hunk without context behind it would belong to the end of the file: the first one comes first.
        half = gap if id(other) in fixed else max(1, gap // 2)
        trails[number] = min(want, half, gap)
        leads[number + 1] = min(wanted[number + 1][0], gap - trails[number])
    return list(zip(leads, trails, strict=True))


def _wanted(hunks: Sequence[Hunk], owner: int | None) -> tuple[int, int]:
    if owner is None:
        return _CONTEXT, _CONTEXT
    changed = [number for number, line in enumerate(hunks[owner - 1].lines) if line.sign != " "]
    before, behind = changed[0], len(hunks[owner - 1].lines) - changed[-1] - 1
    return before or _CONTEXT, behind or _CONTEXT


def _telling(old: Sequence[bytes], piece: Piece, posted: Hunk, lead: int, trail: int) -> tuple[int, int]:
    """Return less context where the posted hunk has not the outermost lines either: what is not said needs no edit."""
    known = {line.text for line in posted.lines if line.sign == " "}
    while lead > _LEAST and old[piece.start - lead] not in known:
        lead -= 1
    while trail > _LEAST and old[piece.end + trail - 1] not in known:
        trail -= 1
    return lead, trail


def _body(old: Sequence[bytes], new: Sequence[bytes], blocks: Sequence[Block], lead: int, trail: int) -> Lines:
    lines = [HunkLine(" ", line) for line in old[blocks[0].old - lead : blocks[0].old]]
    for block, following in zip(blocks, (*blocks[1:], None), strict=True):
        lines += [HunkLine("-", line) for line in old[block.old : block.old_end]]
        lines += [HunkLine("+", line) for line in new[block.new : block.new_end]]
        end = following.old if following else block.old_end + trail
        lines += [HunkLine(" ", line) for line in old[block.old_end : end]]
    return tuple(lines)


def _growth(lines: Sequence[HunkLine]) -> int:
    return sum((line.sign == "+") - (line.sign == "-") for line in lines)


class _Trial:
    """Hunks applied one after the other, each where it stands in the file."""

    def __init__(self, old: Sequence[bytes]) -> None:
        self.lines = list(old)
        self._touched = bytearray(len(old))
        self._done: list[tuple[int, int]] = []  # where hunks stood in the file, and how much they made it grow

    def at(self, start: int) -> int:
        """Return the line (1-based) at which line *start* of the file is now."""
        return start + sum(growth for place, growth in self._done if place < start) + 1

    def goes(self, hunk: Hunk, at: int) -> bool:
        """Tell whether *hunk* finds its place at line *at* by itself."""
        place = find_place(self.lines, hunk, self._touched)
        return place is not None and place.line == at

    def put(self, hunk: Hunk, start: int) -> None:
        """Apply *hunk*, whose pre-image stands at *start* in the file."""
        first = self.at(start) - 1
        self._touched[first : first + len(hunk.old)] = b"\1" * len(hunk.new)
        self.lines[first : first + len(hunk.old)] = hunk.new
        self._done.append((start, _growth(hunk.lines)))


def _settle(
    form: FileForm,
    old: Sequence[bytes],
    new: Sequence[bytes],
    hunks: Sequence[Hunk],
    starts: Mapping[int, int],
    extras: Sequence[tuple[int, Lines]],
) -> bool:
    """Apply the hunks as an adaptation will, name the place of each that would go elsewhere, and compare the result."""
    trial = _Trial(old)
    shift = 0
    for number, posted in enumerate(hunks, 1):
        body = form.bodies.get(number, posted.lines)
        hunk = replace(posted, lines=body, new_start=max(posted.new_start + shift, 0))
        shift += _growth(body) - _growth(posted.lines)
        if not body:
            continue
        at = trial.at(starts[number])
        if not trial.goes(hunk, at):
            form.at[number], hunk = at, replace(hunk, old_start=at, new_start=at)
            if not trial.goes(hunk, at):
                return False
        trial.put(hunk, starts[number])
    for start, body in extras:
        at = trial.at(start)
        hunk = Hunk(at, at, "", body)
        if not trial.goes(hunk, at):
            return False
        trial.put(hunk, start)
        form.extras.append((at, body))
    return trial.lines == list(new)


def _one_hunk(store: ObjectStore, before: bytes, after: bytes, hunks: Sequence[Hunk]) -> FileForm:
    """Leave all hunks out, and tell the whole change as one."""
    old, new = split_lines(before), split_lines(after)
    form = FileForm(bodies=dict.fromkeys(range(1, len(hunks) + 1), ()))
    blocks = blocks_between(store, before, after)
    if blocks:
        lead = min(_CONTEXT, blocks[0].old)
        trail = min(_CONTEXT, len(old) - blocks[-1].old_end)
        form.extras.append((blocks[0].old - lead + 1, _body(old, new, blocks, lead, trail)))
    return form
