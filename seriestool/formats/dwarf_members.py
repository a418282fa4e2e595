# SPDX-License-Identifier: GPL-2.0-or-later
"""Members of a struct or union, with their place in bits from the start of the outermost record, in memory order."""

from __future__ import annotations

from collections.abc import Iterator

from elftools.dwarf.die import DIE

from seriestool.formats.ctype_names import TAGGED, name_of, spell
from seriestool.formats.dwarf_types import RECORDS, Types, location
from seriestool.model.layout import Member, Record


class Members:
    """Reads the members of records of one object; *little_endian* is its byte order."""

    def __init__(self, types: Types, *, little_endian: bool) -> None:
        self._types = types
        self._little_endian = little_endian

    def record(self, die: DIE, *, name: str = "", start: int = 0, align: int | None = None) -> Record:
        """Return the struct or union *die*, whose first bit is bit *start* of the outermost one.

        *align* is what the outer record leaves of its alignment, bytes.
        """
        own = self._types.align(die)
        least = own if align is None else min(own, align)
        members = tuple(self._members(die, start, least))
        return Record(
            name, TAGGED[str(die.tag)], self._types.size(die), own, members, self._types.info.file(die), line_of(die)
        )

    def _members(self, record: DIE, start: int, align: int) -> Iterator[Member]:
        # Every member of a union begins at its start. For a bit-field there, gcc 12 may write a DW_AT_bit_offset that
        # says otherwise, where the type is larger than the union (long long in 4 bytes, on SuperH).
        in_struct = record.tag == "DW_TAG_structure_type"
        for die in record.iter_children():
            if die.tag == "DW_TAG_member":
                yield self._member(die, start, align, in_struct=in_struct)

    def _member(self, die: DIE, start: int, align: int, *, in_struct: bool) -> Member:
        types = self._types
        type_ = types.info.target(die)
        dims, element = types.shape(type_)
        width = die.attributes.get("DW_AT_bit_size")
        begins = start + (self._first_bit(die) if in_struct else 0)
        limit = min(align, types.align_of(die))
        if width is None:
            limit = _capped(limit, begins // 8)
        inline = element if element is not None and element.tag in RECORDS and not types.name(element) else None
        return Member(
            name=name_of(die),
            bit_offset=begins,
            bit_size=int(width.value) if width is not None else 8 * types.size(type_),
            type=spell(types.info, type_),
            encoding=types.encoding(type_),
            align=limit,
            bit_field=width is not None,
            dims=dims,
            record=self.record(inline, start=begins, align=limit) if inline is not None else None,
            target=types.target(type_),
        )

    def _first_bit(self, die: DIE) -> int:
        """Return the first bit of a member, from the start of its record.

        DWARF 5, section 5.7.6, counts DW_AT_data_bit_offset in memory order already. DWARF 4's DW_AT_bit_offset counts
        from the most significant bit of a storage unit, which in memory comes last on a little-endian machine.
        """
        found = die.attributes
        if "DW_AT_data_bit_offset" in found:
            return int(found["DW_AT_data_bit_offset"].value)
        begins = 8 * location(die)
        if "DW_AT_bit_offset" not in found:
            return begins
        skipped = _as_signed(int(found["DW_AT_bit_offset"].value))
        if not self._little_endian:
            return begins + skipped
        unit = found.get("DW_AT_byte_size")
        size = int(unit.value) if unit is not None else self._types.size(self._types.info.target(die))
        return begins + 8 * size - skipped - int(found["DW_AT_bit_size"].value)


def line_of(die: DIE) -> int:
    """Return the line that declares *die*, 0 where that is not told."""
    found = die.attributes.get("DW_AT_decl_line")
    return int(found.value) if found is not None else 0


def _capped(align: int, offset: int) -> int:
    """Return the alignment that a type asking for *align* has at *offset*: less in what is packed."""
    return min(align, offset & -offset) if offset else align


def _as_signed(number: int) -> int:
    """Return an offset that a form without sign may have wrapped: a field may begin before its storage unit."""
    for bits in (8, 16, 32, 64):
        if (1 << bits) - 64 <= number < 1 << bits:
            return number - (1 << bits)
    return number
