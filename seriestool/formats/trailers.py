# SPDX-License-Identifier: GPL-2.0-or-later
"""Trailers of a commit message, by the rules of git-interpret-trailers(1)."""

from __future__ import annotations

import re

from seriestool.model.series import Trailer

_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:(.*)", re.DOTALL)
_GENERATED = ("Signed-off-by: ", "(cherry picked from commit ")


def parse_trailers(message: str) -> tuple[Trailer, ...]:
    """Return the trailers at the end of *message*, in order; values unfolded, comments such as ``# m68k`` kept.

    The last paragraph is one of trailers when every line is one, or when at least one is git's own and a quarter
    of them are trailers (git-interpret-trailers(1)). The first paragraph is the title and never holds any.
    """
    found: list[Trailer] = []
    may_go_on = False
    for line in _trailer_block(message.rstrip("\n").split("\n"))[1]:
        match = _TRAILER.fullmatch(line)
        if match:
            found.append(Trailer(match[1], match[2].strip()))
            may_go_on = True
        elif not line[:1].isspace():
            may_go_on = False  # what follows continues this text and no trailer
        elif may_go_on:
            last = found[-1]
            found[-1] = Trailer(last.name, f"{last.value} {line.strip()}".strip())
    return tuple(found)


def trailer_block_start(lines: list[str]) -> int | None:
    """Return the index of the first line of the trailers at the end of a message's *lines*, None without any."""
    start, block = _trailer_block(lines)
    return start if block else None


def parse_trailer_line(line: str) -> Trailer | None:
    """Return the trailer that *line* is, or None."""
    match = _TRAILER.fullmatch(line.rstrip())
    return Trailer(match[1], match[2].strip()) if match and match[2].strip() else None


def _trailer_block(lines: list[str]) -> tuple[int, list[str]]:
    """Return the lines of the last paragraph and where they begin; no lines if they are no trailers."""
    title = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    start = len(lines)
    while start > title and (not lines[start - 1].strip() or lines[start - 1].startswith("#")):
        start -= 1
    end = start
    while start > title and lines[start - 1].strip():
        start -= 1
    if start <= title:
        return start, []
    block = lines[start:end]
    return start, block if _are_trailers(block) else []


def _are_trailers(block: list[str]) -> bool:
    """Apply git's two conditions; an indented line counts with the line it continues, a comment not at all."""
    trailers = others = 0
    generated = after_trailer = False
    for line in block:
        if line.startswith("#"):
            after_trailer = False
        elif line.startswith(_GENERATED):
            generated = after_trailer = True
            trailers += 1
        elif not line[:1].isspace() and _TRAILER.fullmatch(line):
            after_trailer = True
            trailers += 1
        elif not line[:1].isspace():
            after_trailer = False
            others += 1
        elif not after_trailer:
            others += 1
    return (generated and trailers * 3 >= others) or (trailers > 0 and others == 0)
