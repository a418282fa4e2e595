# SPDX-License-Identifier: GPL-2.0-or-later
"""What a source finds behind one ``#include``: a type that is somewhere else now is the same to programs, and gone."""

from __future__ import annotations

from collections.abc import Iterator

from seriestool.abi.enums import title
from seriestool.abi.scope import Headers
from seriestool.formats.constants import NUMBERS
from seriestool.model.abi import Change, ChangeKind, HeaderFailure
from seriestool.model.layout import Layout

_NO_HOME = "asm-generic/"  # no source includes these: each has a header in asm/ or linux/ in front of it


def compare_homes(before: Headers, after: Headers) -> Iterator[Change]:
    """Give the headers that are gone, and what a header defined and is now found by including another one only.

    What no header has any more is not told here, and a header that only some other header's include is missing from
    has lost nothing of its own.
    """
    left = {name: home for home, layout in sorted(after.items(), reverse=True) for name, _ in _names(layout)}
    for header, layout in sorted(before.items()):
        if header.startswith(_NO_HOME):
            continue
        now = after.get(header)
        if now is None:
            why = "sources that include it do not compile"
            yield Change(header, None, ChangeKind.REMOVED, "a header", None, True, header, why)
        elif isinstance(now, Layout):
            reached = dict(_names(now))
            for name, type_ in _names(layout, header):
                if name not in reached and name in left:
                    why = f"sources that include {header} do not find it: it is in {left[name]} now"
                    member = None if name == type_ else name
                    yield Change(type_, member, ChangeKind.REMOVED, header, left[name], True, header, why)


def _names(layout: Layout | HeaderFailure, header: str | None = None) -> Iterator[tuple[str, str]]:
    """Give everything that *layout* has a name for, defined by *header* or by any, with the type it belongs to."""
    if isinstance(layout, HeaderFailure):
        return
    yield from ((each.name, each.name) for each in layout.records if header in (None, each.header))
    yield from ((each.name, each.name) for each in layout.typedefs if header in (None, each.header))
    for enum in layout.enums:
        if header in (None, enum.header):
            if enum.name and enum.name not in NUMBERS:
                yield enum.name, enum.name
            yield from ((name, title(enum)) for name, _ in enum.enumerators)
