# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a place at which a hunk would fit is in the function that the patch names. Pure.

``git apply`` takes the nearest place at which the context matches, whatever function that is in, and functions that
look alike are many. The section behind ``@@`` tells which one was meant.
"""

from __future__ import annotations

from collections.abc import Sequence

from seriestool.apply.hunks import leading
from seriestool.formats.scopes import TOP, scope_at
from seriestool.model.series import Hunk

_END = b"}"  # at the beginning of a line: of a function, a type, a table


def is_meant(lines: Sequence[bytes], start: int, hunk: Hunk, before: int | None = None) -> bool | None:
    """Tell whether a place of *hunk* in *lines* is in the function that the patch names; None where that is not known.

    *start* counts from 0, *before* are the context lines in front of the first change that count there, where they are
    not all. A function that the file has not under this name may have got another one: that is not known either.
    """
    meant = meant_scope(hunk)
    if meant is None:
        return None
    above, ended = scope_above(lines, start + (leading(hunk) if before is None else before))
    if above == meant:
        return True
    known = not ended and any(meant in line and scope_at(line) == meant for line in lines)
    return False if known else None  # between two functions, the one above says little


def meant_scope(hunk: Hunk) -> bytes | None:
    """Return the function that the first change of *hunk* is in; None for none, and where the patch does not say."""
    scope = scope_at(hunk.section.encode("utf-8", "surrogateescape"))
    for line in hunk.lines[: leading(hunk)]:
        scope = None if line.text.startswith(_END) else scope_at(line.text) or scope
    return scope


def scope_above(lines: Sequence[bytes], at: int) -> tuple[bytes, bool]:
    """Return the function that begins last above line *at* of a file, from 0, and whether it ends above it too."""
    ended = False
    for number in range(min(at, len(lines)) - 1, -1, -1):
        ended = ended or lines[number].startswith(_END)
        if (scope := scope_at(lines[number])) is not None:
            return scope, ended
    return TOP, ended


def scope_name(scope: bytes) -> str:
    """Return the name of a scope as people read it."""
    return scope.decode("utf-8", "replace").replace("(", " ") if scope else "the top of the file"
