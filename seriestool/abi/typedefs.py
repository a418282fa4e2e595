# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts of one typedef."""

from __future__ import annotations

from collections.abc import Iterator

from seriestool.abi.places import RECORDS, shape
from seriestool.abi.types import Types
from seriestool.model.abi import Change, ChangeKind
from seriestool.model.layout import Encoding, Member, Typedef

_INTEGERS = frozenset({Encoding.SIGNED, Encoding.UNSIGNED, Encoding.ENUM_SIGNED, Encoding.ENUM_UNSIGNED})


def compare_typedefs(before: Typedef, after: Typedef, old: Types, new: Types) -> Iterator[Change]:
    """Give what changed about one typedef: it must keep size, alignment and the meaning of its bytes.

    Programs have variables, arguments and records of it that no header shows. What it is called in C is free. A
    typedef of a struct, union or enum that is the same by name says nothing more than that type does.
    """
    was, now = _stands_for(before, old), _stands_for(after, new)
    if was is not None and now is not None and was in (now, before.name):
        return

    def change(kind: ChangeKind, left: object, right: object) -> Change:
        why = f"it was {before.type} and is {after.type}" if before.type != after.type else f"as {after.type}"
        return Change(before.name, None, kind, str(left), str(right), True, after.header, why)

    if before.align != after.align:
        yield change(ChangeKind.ALIGNMENT, before.align, after.align)
    if before.size != after.size:
        yield change(ChangeKind.SIZE, before.size, after.size)
    if before.encoding in _INTEGERS and after.encoding in _INTEGERS:
        if {before.encoding, after.encoding} == {Encoding.SIGNED, Encoding.UNSIGNED}:
            yield change(ChangeKind.SIGNEDNESS, before.encoding, after.encoding)
    elif before.size == after.size and shape(_variable(before), old) != shape(_variable(after), new):
        yield change(ChangeKind.TYPE, before.type, after.type)


def _stands_for(typedef: Typedef, types: Types) -> str | None:
    """Return the name of the struct, union or enum that *typedef* is."""
    if typedef.encoding in RECORDS:
        record = types.record(typedef.name, typedef.size)
        return record.name if record else None
    if typedef.encoding in (Encoding.ENUM_SIGNED, Encoding.ENUM_UNSIGNED):
        return typedef.target
    return None


def _variable(typedef: Typedef) -> Member:
    """Return a variable of the type, so that it can be looked at as a member."""
    return Member("", 0, typedef.size * 8, typedef.type, typedef.encoding, typedef.align, target=typedef.target)
