# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person has to look at in a merge that git calls clean. Pure.

A merge joins lines. It does not know that a bit-field, an enumerator or an entry of a table has a position, nor that
both sides brought the same line in two places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from seriestool.apply.hunks import split_lines
from seriestool.formats.scopes import TOP, scope_at, with_scopes
from seriestool.model.series import Hunk

_LISTING = re.compile(rb"(?:typedef\s+)?(?:struct|union|enum)\b[^(;]*$|[^(]*=\s*(?:\{.*)?$")
_LETTERS = re.compile(rb"\w")
_SHOWN = 3


def cautions(ours: bytes, base: bytes, theirs: bytes, merged: bytes, hunks: Sequence[Hunk]) -> tuple[str, ...]:
    """Say what speaks for a closer look at *merged*, the merge of *ours* and *theirs*, which is *base* with *hunks*."""
    return (*_changed_by_both(split_lines(ours), split_lines(base), hunks), *_twice(ours, base, theirs, merged))


def _changed_by_both(ours: Sequence[bytes], base: Sequence[bytes], hunks: Sequence[Hunk]) -> Iterator[str]:
    ours_by_scope, base_by_scope = _by_scope(ours), _by_scope(base)
    for scope, heading in _touched(base, hunks).items():
        if scope not in ours_by_scope or ours_by_scope[scope] == base_by_scope[scope]:
            continue
        name = scope.decode("utf-8", "replace").replace("(", " ")
        members = "; check the order of its members" if _LISTING.match(heading.rstrip()) else ""
        yield f"the tree differs from the base in {name} too{members}"


def _touched(base: Sequence[bytes], hunks: Sequence[Hunk]) -> dict[bytes, bytes]:
    """Return the scopes of *base* in which *hunks* change something, each with its heading."""
    found: dict[bytes, bytes] = {}
    scopes = [scope for scope, _ in with_scopes(base)]
    headings = {scope: line for scope, line in with_scopes(base) if scope_at(line) == scope}
    for hunk in hunks:
        at = max(hunk.old_start - 1, 0)
        for line in hunk.lines:
            if line.sign != " ":  # an added line is in the scope of the one above it
                scope = scopes[min(max(at - (line.sign == "+"), 0), len(scopes) - 1)] if scopes else TOP
                if scope != TOP:
                    found[scope] = headings.get(scope, b"")
            at += line.sign != "+"
    return found


def _by_scope(lines: Sequence[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for scope, line in with_scopes(lines):
        if line.strip():
            found.setdefault(scope, []).append(line)
    return found


def _twice(ours: bytes, base: bytes, theirs: bytes, merged: bytes) -> Iterator[str]:
    """Yield the lines that neither side has twice, and the merge has."""
    was, one, other, now = (Counter(map(bytes.strip, split_lines(text))) for text in (base, ours, theirs, merged))
    lines = [line for line, count in now.items() if count > max(one[line], other[line]) and not was[line]]
    telling = [line.decode("utf-8", "replace") for line in lines if len(_LETTERS.findall(line)) > 7]
    if telling:
        more = f" and {len(telling) - _SHOWN} more" if len(telling) > _SHOWN else ""
        named = ", ".join(f"'{line}'" for line in telling[:_SHOWN])
        yield f"both sides brought {named}{more}, and now it is there twice"
