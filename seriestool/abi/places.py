# SPDX-License-Identifier: GPL-2.0-or-later
"""Where every member of a record lies, by the path that C reaches it by."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from seriestool.abi.types import Types, elements
from seriestool.model.layout import Encoding, Member, Record

RECORDS = frozenset({Encoding.STRUCT, Encoding.UNION})
EVERYWHERE: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One named member: ``path`` ("_sifields._kill._pid"), and ``chain``, what it is in, outermost first.

    ``chain`` has anonymous structs and unions too; the member itself is not in it. ``unit`` is the first bit of the
    word that a bit-field was allocated in, of anything else its own first bit.
    """

    path: str
    member: Member
    chain: tuple[Member, ...]
    unit: int

    @property
    def bit(self) -> int:
        """Position of a bit-field in its word, in memory order."""
        return self.member.bit_offset - self.unit

    @property
    def words(self) -> str:
        """Say where it is: "bit 35", "bit 38, 26 wide", "offset 16, 8 bytes"."""
        if self.member.bit_field:
            return bits(self.bit, self.member.bit_size)
        return f"offset {self.member.offset}, {count(self.member.bit_size // 8, 'byte')}"


def bits(position: int, width: int) -> str:
    """Return "bit 35", or "bit 38, 26 wide"."""
    return f"bit {position}" if width == 1 else f"bit {position}, {width} wide"


def count(number: int, noun: str) -> str:
    """Return "1 byte", "2 bytes"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def places(record: Record, types: Types, through: Collection[str] | None = ()) -> dict[str, Place]:
    """Return every named member of *record* by its path, outer before inner, in the order of the source.

    Structs and unions without a tag are walked into, an array of them by its element ("regs[].value"); those with a
    tag only where their path is in *through*, all of them if that is None.
    """
    found: dict[str, Place] = {}
    for place in _walk(record.members, types, through, "", ()):
        found.setdefault(place.path, place)
    return found


def _walk(
    members: Sequence[Member], types: Types, through: Collection[str] | None, prefix: str, chain: tuple[Member, ...]
) -> Iterator[Place]:
    for member, unit in zip(members, units(members, types), strict=True):
        path = f"{prefix}{member.name}"
        if member.name:
            yield Place(path, member, chain, unit)
        if member.record is not None or through is None or path in through:
            below = f"{path}{'[]' if member.dims else ''}." if member.name else prefix
            yield from _walk(types.inside(member), types, through, below, (*chain, member))


def units(members: Sequence[Member], types: Types) -> list[int]:
    """Return for each of *members* the first bit of the word it is in; see ``Place.unit``.

    Bit-fields that follow each other share a word of their declared type as long as they are in it (System V ABI,
    "Bit-Fields"; the words of C11 6.7.2.1 are "addressable storage unit").
    """
    result: list[int] = []
    start = end = 0
    in_run = False
    for member in members:
        if not member.bit_field:
            in_run = False
            result.append(member.bit_offset)
            continue
        if not in_run or not start <= member.bit_offset < end:
            step = max(8, member.align * 8)
            start = member.bit_offset - member.bit_offset % step
            end = max(start + types.unit_size(member) * 8, member.bit_end)
        in_run = True
        result.append(start)
    return result


def leaves(member: Member, types: Types) -> Iterator[Member]:
    """Give what *member* is made of in the end: itself, unless it is a struct or union that is known."""
    inner = types.inside(member)
    if not inner or elements(member) != 1:
        yield member
        return
    for each in inner:
        yield from leaves(each, types)


def shape(member: Member, types: Types) -> list[tuple[int, int, int, str]]:
    """Return the bytes of *member* as runs of (first bit, bits of one element, elements, meaning).

    Counted from its own start; names and types do not matter, and ``int a[2]`` is as ``int a, b``.
    """
    runs: list[tuple[int, int, int, str]] = []
    for leaf in sorted(leaves(member, types), key=lambda each: (each.bit_offset, each.bit_size, meaning(each))):
        number = elements(leaf)
        size = leaf.bit_size // number if number else 0
        start = leaf.bit_offset - member.bit_offset
        if runs and runs[-1][1] == size and runs[-1][3] == meaning(leaf) and not leaf.bit_field:
            first, _, length, what = runs[-1]
            if (start, number) == (first, length):
                continue  # two members of a union that are the same bytes
            if start == first + size * length:
                runs[-1] = (first, size, length + number, what)
                continue
        runs.append((start, size, number, meaning(leaf)))
    return runs


def meaning(member: Member) -> str:
    """Return what the bytes mean: "signed", "unsigned", "bool", "float", "pointer", or the record."""
    match member.encoding:
        case Encoding.ENUM_SIGNED | Encoding.SIGNED:
            return "signed"
        case Encoding.ENUM_UNSIGNED | Encoding.UNSIGNED:
            return "unsigned"
        case Encoding.STRUCT | Encoding.UNION:
            return member.target or str(member.encoding)
        case other:
            return str(other)
