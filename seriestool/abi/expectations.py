# SPDX-License-Identifier: GPL-2.0-or-later
"""What is expected of a layout by those who know, held against what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from seriestool.abi.places import EVERYWHERE, Place, places
from seriestool.abi.types import Types
from seriestool.arch.abis import ABIS, find_abi
from seriestool.formats.expect_toml import read_expectations
from seriestool.model.abi import ExpectationResult, Expected
from seriestool.model.layout import Layout


def load_expectations(text: str, name: str) -> tuple[Expected, ...]:
    """Read an ``expect.toml`` called *name*, whose ABIs must be in the table of ABIs.

    Raises UsageError that names the file and the key.
    """
    return read_expectations(text, name, [abi.name for abi in ABIS])


def check_expectations(
    expected: Iterable[Expected], layouts: Mapping[str, Layout | str]
) -> tuple[ExpectationResult, ...]:
    """Return what became of every expectation, in their order.

    *layouts* is everything that could be read after the last patch (``abi.scope.layout_of``) by ABI, or the reason why
    nothing could. An ABI that is not in it was not asked for. Raises UsageError for an ABI that is in no table.
    """

    @cache
    def types_of(abi: str) -> Types | str:
        layout = layouts.get(find_abi(abi).name, "this ABI was not looked at")
        return layout if isinstance(layout, str) else Types(layout)

    return tuple(_check(each, types_of(each.abi)) for each in expected)


def _check(expected: Expected, types: Types | str) -> ExpectationResult:
    if isinstance(types, str):
        return ExpectationResult(expected, None, None, types)
    record = types.record(expected.type)
    typedef = types.typedef(expected.type)
    if expected.member is None:
        size = record.size if record else typedef.size if typedef else None
        return _met(expected, size, expected.size) if size is not None else _no(expected, "no such type")
    if record is None:
        return _no(expected, "no struct or union of that name" if typedef else "no such type")
    place = _find(places(record, types, EVERYWHERE), dict(types.layout.aliases), expected.member)
    if place is None:
        return _no(expected, "no such member")
    member = place.member
    if expected.bit is not None:
        return _met(expected, place.bit, expected.bit) if member.bit_field else _no(expected, "it is no bit-field")
    if expected.size is not None:
        if member.bit_field:
            return _no(expected, f"it is a bit-field of {member.bit_size} bits")
        return _met(expected, member.bit_size // 8, expected.size)
    if member.bit_field:
        return _no(expected, "it is a bit-field: expect its bit")
    return _met(expected, member.offset, expected.offset)


def _find(members: Mapping[str, Place], aliases: Mapping[str, str], path: str) -> Place | None:
    """Return the member at *path*, in which macros of the header may stand for other paths."""
    seen: set[str] = set()
    while path not in members and path not in seen:
        seen.add(path)
        path = ".".join(aliases.get(name, name) for name in path.split("."))
    return members.get(path)


def _met(expected: Expected, found: int, wanted: int | None) -> ExpectationResult:
    return ExpectationResult(expected, found, found == wanted)


def _no(expected: Expected, reason: str) -> ExpectationResult:
    return ExpectationResult(expected, None, False, reason)
