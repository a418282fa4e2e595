# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines of a file belong to which hunk: the hunks that fit are put in, and every line keeps where it is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seriestool.apply.hunks import find_place
from seriestool.model.series import Hunk


@dataclass(slots=True)
class Image:
    """A file with those of its hunks that fit, as ``git apply --reject`` leaves it.

    ``origin`` tells for each line which one of the file it was, None for a new one. ``spans`` are the ranges (from 0)
    that hunks have written in ``lines``, ``ranges`` those they stand for in the file, both by hunk number.
    """

    lines: list[bytes]
    origin: list[int | None]
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    ranges: dict[int, tuple[int, int]] = field(default_factory=dict)


def place_hunks(before: Sequence[bytes], hunks: Sequence[Hunk]) -> Image:
    """Put each of *hunks* that finds a place into *before*, in order."""
    image = Image(list(before), list(range(len(before))))
    touched = bytearray(len(before))
    for number, hunk in enumerate(hunks, 1):
        place = find_place(image.lines, hunk, touched)
        if place is not None:
            _put(image, before, hunk, number, place.line - 1)
            touched[place.line - 1 : place.line - 1 + len(hunk.old)] = b"\1" * len(hunk.new)
    return image


def _put(image: Image, before: Sequence[bytes], hunk: Hunk, number: int, start: int) -> None:
    end = start + len(hunk.old)
    origins = image.origin[start:end]
    written: list[int | None] = []
    taken = iter(origins)
    for line in hunk.lines:
        origin = next(taken) if line.sign != "+" else None
        if line.sign != "-":
            # A context line may end otherwise than the file's (git's rule for a missing line feed).
            written.append(origin if origin is not None and before[origin] == line.text else None)
    known = [origin for origin in origins if origin is not None]
    if known:
        image.ranges[number] = (known[0], known[-1] + 1)
    else:
        at = next((origin for origin in image.origin[start:] if origin is not None), len(before))
        image.ranges[number] = (at, at)
    image.lines[start:end] = hunk.new
    image.origin[start:end] = written
    growth = len(hunk.new) - (end - start)
    for other, (first, last) in image.spans.items():
        if first >= end:
            image.spans[other] = (first + growth, last + growth)
    image.spans[number] = (start, start + len(hunk.new))
