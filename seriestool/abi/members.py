# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of one member that existed: the rules, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from seriestool.abi.causes import why_sized
from seriestool.abi.places import RECORDS, Place, bits, count, meaning, shape
from seriestool.abi.types import elements
from seriestool.abi.views import View
from seriestool.model.abi import Change, ChangeKind
from seriestool.model.layout import Encoding

_INTEGERS = frozenset({Encoding.SIGNED, Encoding.UNSIGNED, Encoding.ENUM_SIGNED, Encoding.ENUM_UNSIGNED})


def compare_member(view: View, path: str) -> Iterator[Change]:
    """Give what is different about the member *path*, which is in both layouts; a move without its reason yet."""
    before, after = view.before.members[path], view.after.members[path]
    if before.member.bit_field or after.member.bit_field:
        yield from _bit_field(view, path, before, after)
    else:
        yield from _offset(view, path, before, after)
        yield from _size(view, path, before, after)
        yield from _step(view, path, before, after)
    yield from _meaning(view, path, before, after)


def _bit_field(view: View, path: str, before: Place, after: Place) -> Iterator[Change]:
    """A bit-field must keep its bits, counted in its word: a program has the mask and the shift compiled in.

    An integer that became a bit-field of all its bits, or the reverse, has the same bits.
    """
    old, new = before.member, after.member
    if (old.bit_offset, old.bit_size) == (new.bit_offset, new.bit_size):
        return
    both = old.bit_field and new.bit_field
    if both and before.bit == after.bit and old.bit_size == new.bit_size:
        yield from _offset(view, path, before, after)
        return
    words = (before.words, after.words)
    if both and old.bit_size != new.bit_size:
        words = bits(before.bit, old.bit_size), bits(after.bit, new.bit_size)
    yield view.change(path, ChangeKind.BIT, *words, breaks=True)


def _offset(view: View, path: str, before: Place, after: Place) -> Iterator[Change]:
    """A member must stay where it is: a program has its offset compiled in."""
    if before.unit != after.unit:
        yield view.change(path, ChangeKind.OFFSET, str(before.unit // 8), str(after.unit // 8), breaks=True)


def _size(view: View, path: str, before: Place, after: Place) -> Iterator[Change]:
    """A member must keep its size: a program reads and writes that many bytes, and steps over an array by it.

    A struct or union that grows is larger for those who know its new members; what moves behind it is told there. One
    with a tag is a type of its own, and told there. In an array even growth moves: all elements but the first.
    """
    old, new = before.member, after.member
    if old.bit_size == new.bit_size:
        return
    sizes = str(old.bit_size // 8), str(new.bit_size // 8)
    if {old.encoding, new.encoding} <= RECORDS and old.dims == new.dims == ():
        if view.before.is_open(path) or view.after.is_open(path):
            grew = new.bit_size > old.bit_size
            kind = ChangeKind.GREW if grew else ChangeKind.SIZE
            yield view.change(path, kind, *sizes, breaks=not grew, why=why_sized(view, path))
        return
    if old.dims and old.dims == new.dims and {old.encoding, new.encoding} <= RECORDS and (number := elements(old)):
        each = f"{old.bit_size // 8 // number} to {new.bit_size // 8 // number} bytes"
        inner = why_sized(view, path)
        why = f"an element went from {each}, so every one but the first moves" + (f": {inner}" if inner else "")
    elif old.type != new.type:
        why = f"it was {old.type} and is {new.type}"
    else:
        why = f"{old.type} has another size now"
    yield view.change(path, ChangeKind.SIZE, *sizes, breaks=True, why=why)


def _step(view: View, path: str, before: Place, after: Place) -> Iterator[Change]:
    """The elements of an array must stay where they are also where the array as a whole does, or has no size.

    Where the integers themselves are others, it is the meaning of the bytes that changed.
    """
    old, new = before.member, after.member
    if old.bit_size != new.bit_size or not (old.dims or new.dims):
        return
    was, now = view.before.types.step(old), view.after.types.step(new)
    if was is None or now is None or was == now or 0 in (was, now):
        return
    if len(old.dims) == len(new.dims):
        inner = why_sized(view, path) if {old.encoding, new.encoding} <= RECORDS else ""
        why = f"an element went from {was // 8} to {now // 8} bytes, so every one but the first moves"
        sizes = count(was // 8, "byte"), count(now // 8, "byte")
        yield view.change(path, ChangeKind.SIZE, *sizes, breaks=True, why=f"{why}: {inner}" if inner else why)
    elif {old.encoding, new.encoding} <= _INTEGERS and (
        shape(old, view.before.types) != shape(new, view.after.types)
    ) and not (view.before.types.is_array(old) or view.after.types.is_array(new)):
        why = "the same bytes are integers of another size now"
        yield view.change(path, ChangeKind.TYPE, old.type, new.type, breaks=True, why=why)


def _meaning(view: View, path: str, before: Place, after: Place) -> Iterator[Change]:
    """The bytes must mean what they meant; how their type is spelled, and what a pointer points to, is free.

    An enumeration is the integer that the compiler took for it. A struct of the same bytes as what was there before is
    the same to a program.
    """
    old, new = before.member, after.member
    types = old.type, new.type
    if old.encoding in _INTEGERS and new.encoding in _INTEGERS:
        if {old.encoding, new.encoding} == {Encoding.SIGNED, Encoding.UNSIGNED}:
            why = f"the same bits are another number where the highest is set: it was {meaning(old)}"
            yield view.change(path, ChangeKind.SIGNEDNESS, *types, breaks=True, why=why)
        return
    if {old.encoding, new.encoding} <= RECORDS or meaning(old) == meaning(new):
        return
    if old.bit_size == new.bit_size and shape(old, view.before.types) == shape(new, view.after.types):
        return
    why = f"the same bytes are {_noun(after)} now, and were {_noun(before)}"
    yield view.change(path, ChangeKind.TYPE, *types, breaks=True, why=why)


def alike(view: View, before: Place, after: Place) -> bool:
    """Tell whether two members are the same bytes at the same place, whatever they are called."""
    old, new = before.member, after.member
    if (old.bit_offset, old.bit_size, elements(old)) != (new.bit_offset, new.bit_size, elements(new)):
        return False
    return shape(old, view.before.types) == shape(new, view.after.types)


def _noun(place: Place) -> str:
    match place.member.encoding:
        case Encoding.SIGNED | Encoding.UNSIGNED | Encoding.ENUM_SIGNED | Encoding.ENUM_UNSIGNED:
            return "an integer"
        case Encoding.BOOL:
            return "a boolean, which is only ever 0 or 1"
        case Encoding.FLOAT:
            return "a floating-point number"
        case other:
            return f"a {other}"
