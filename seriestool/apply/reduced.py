# SPDX-License-Identifier: GPL-2.0-or-later
"""A hunk with less context than it has: only where somebody asked for it, and only where one place is left.

Which lines go is what ``git apply -C<n>`` does (git-apply(1); apply.c, ``apply_one_fragment``): the demand to stand at
the beginning or the end of the file goes first, then the outermost line on the longer side, on both where they are
equally long. git takes the nearest of several places; here several places are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from seriestool.apply.hunks import Finder, Placed, exactly, leading, matches, trailing
from seriestool.apply.meant import is_meant, meant_scope, scope_above, scope_name
from seriestool.formats.scopes import TOP
from seriestool.model.series import Hunk

_SEVERAL = 3  # places to look for: more would say no more


@dataclass(frozen=True, slots=True)
class Reduced:
    """The first reduction of a hunk that stands anywhere in a file.

    ``hunk`` is what is left of it, ``starts`` (from 0) where that stands, ``context`` the largest N with which
    ``git apply -C<N>`` gets there, ``of`` the context lines the hunk has on its longer side. ``astray`` names the
    function of the only place, where the patch names another one.
    """

    hunk: Hunk
    starts: tuple[int, ...]
    context: int
    of: int
    astray: str = ""

    @property
    def placed(self) -> Placed | None:
        """The place, None where there are several."""
        if len(self.starts) != 1:
            return None
        return Placed(self.starts[0] + 1, self.starts[0] - max(self.hunk.new_start - 1, 0), self.context)

    @property
    def but(self) -> str:
        """What speaks against the place, "" for nothing."""
        return f", but that is in {self.astray}" if self.astray else ""

    def __str__(self) -> str:
        lines = f"{self.context} of {self.of} context lines"
        if len(self.starts) == 1:
            return f"with {lines} at line {self.starts[0] + 1}{self.but}"
        more = " and more" if len(self.starts) == _SEVERAL else ""
        return f"with {lines} at several places, lines {', '.join(str(at + 1) for at in self.starts)}{more}"


def reduced(lines: Sequence[bytes], hunk: Hunk, touched: bytes | bytearray, least: int) -> Reduced | None:
    """Take context off *hunk*, down to *least* lines, until it stands somewhere; None where it never does.

    A hunk of which no line of the pre-image is left would stand everywhere, hence nowhere.
    """
    of = max(leading(hunk), trailing(hunk))
    for rest, context in _reductions(hunk):
        if context < least:
            return None
        old = rest.old
        if not any(line.strip() for line in old):
            return None
        starts = tuple(islice(matches(lines, old, max(rest.new_start - 1, 0), touched), _SEVERAL))
        if starts:
            return Reduced(rest, tuple(sorted(starts)), context, of, _astray(lines, hunk, rest, starts))
    return None


def _astray(lines: Sequence[bytes], hunk: Hunk, rest: Hunk, starts: Sequence[int]) -> str:
    if len(starts) > 1 or is_meant(lines, starts[0], hunk, leading(rest)) is not False:
        return ""
    above, _ = scope_above(lines, starts[0] + leading(rest))
    return f"{scope_name(above)}, not in {scope_name(meant_scope(hunk) or TOP)}"


def with_context(least: int | None, *, meant_only: bool = False) -> Finder:
    """Return the finder that asks for *least* context lines at the least, and for all of them with None.

    With *meant_only*, it takes no place with less context in another function than the patch names.
    """
    if least is None:
        return exactly

    def find(lines: Sequence[bytes], hunk: Hunk, touched: bytearray) -> tuple[Placed, Hunk] | None:
        found = exactly(lines, hunk, touched)
        if found is None and (less := reduced(lines, hunk, touched, least)) and (place := less.placed):
            return None if meant_only and less.astray else (place, less.hunk)
        return found

    return find


def _reductions(hunk: Hunk) -> Iterator[tuple[Hunk, int]]:
    """Yield what is left of *hunk*, step by step, each with the largest N of ``-C<N>`` that allows the step."""
    before, behind = leading(hunk), trailing(hunk)
    if hunk.old_start <= 1 or not behind:
        yield hunk, max(before, behind) - 1
    while before or behind:
        lines = hunk.lines
        first = before >= behind
        if first:
            lines, before = lines[1:], before - 1
        if behind > before:
            lines, behind = lines[:-1], behind - 1
        hunk = replace(hunk, old_start=hunk.old_start + first, new_start=hunk.new_start + first, lines=lines)
        yield hunk, max(before, behind)
