# SPDX-License-Identifier: GPL-2.0-or-later
"""What a type of debug information is to a program: size, alignment, meaning, and the names it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from elftools.dwarf.die import DIE

from seriestool.formats.ctype_names import QUALIFIERS, TAGGED, base_name, bounds, name_of, named
from seriestool.formats.dwarf_units import DebugInfo
from seriestool.model.layout import Encoding

RECORDS = frozenset({"DW_TAG_structure_type", "DW_TAG_union_type"})
_ENUM, _POINTER, _ARRAY = "DW_TAG_enumeration_type", "DW_TAG_pointer_type", "DW_TAG_array_type"
_TRANSPARENT = frozenset({"DW_TAG_typedef", *QUALIFIERS})
# DW_ATE_* (DWARF 5, table 7.11).
_BASE = {
    2: Encoding.BOOL,
    3: Encoding.FLOAT, 4: Encoding.FLOAT, 9: Encoding.FLOAT, 15: Encoding.FLOAT,
    5: Encoding.SIGNED, 6: Encoding.SIGNED,
    7: Encoding.UNSIGNED, 8: Encoding.UNSIGNED, 16: Encoding.UNSIGNED,
}  # fmt: skip
_SIGNED = frozenset({5, 6})
_LARGEST = 16  # bytes; no type of C's own is aligned to more on Linux


class Types:
    """The types of one object. *alignments* are what the compiler says of them: "struct foo", "unsigned long"."""

    def __init__(self, info: DebugInfo, alignments: Mapping[str, int]) -> None:
        self.info = info
        self._said = alignments
        self._by_size = {4: alignments.get("int"), 8: alignments.get("long long"), 2: alignments.get("short")}
        self._given: dict[DIE, str] = {}
        self._alignments: dict[DIE, int] = {}

    def give_name(self, record: DIE, name: str) -> None:
        """Call a struct, union or enum without a tag by the first typedef for it."""
        self._given.setdefault(record, name)

    def name(self, die: DIE) -> str:
        """Return the name of a struct, union or enum: "struct foo", the typedef's for one without a tag, or empty."""
        return named(die) if name_of(die) else self._given.get(die, "")

    def size(self, die: DIE | None) -> int:
        """Return the bytes that a type has, 0 where it has none: void, a function, a type that is only declared."""
        if die is None:
            return 0
        found = die.attributes.get("DW_AT_byte_size")
        if found is not None:
            return int(found.value)
        if die.tag == _POINTER:
            return self.info.pointer
        if die.tag == _ARRAY:
            return self.size(self.info.target(die)) * prod(each or 0 for each in bounds(self.info, die))
        return self.size(self.info.target(die)) if die.tag in _TRANSPARENT else 0

    def core(self, die: DIE | None) -> DIE | None:
        """Return what is behind all typedefs and qualifiers."""
        while die is not None and die.tag in _TRANSPARENT:
            die = self.info.target(die)
        return die

    def shape(self, die: DIE | None) -> tuple[tuple[int | None, ...], DIE | None]:
        """Return the dimensions that are written where a type is used, and the type of the elements."""
        while die is not None and die.tag in QUALIFIERS:
            die = self.info.target(die)
        if die is None or die.tag != _ARRAY:
            return (), die
        inner, element = self.shape(self.info.target(die))
        return (*bounds(self.info, die), *inner), element

    def target(self, die: DIE | None) -> str | None:
        """Return the name of the typedef, struct, union or enum that a type is made of, None for C's own."""
        while die is not None and (die.tag in QUALIFIERS or die.tag in (_POINTER, _ARRAY)):
            die = self.info.target(die)
        if die is None:
            return None
        if die.tag == "DW_TAG_typedef":
            return name_of(die)
        return (self.name(die) or None) if die.tag in TAGGED else None

    def encoding(self, die: DIE | None) -> Encoding:
        """Return what the bytes mean."""
        core = self.core(die)
        while core is not None and core.tag == _ARRAY:
            core = self.core(self.info.target(core))
        if core is None:
            return Encoding.VOID
        if core.tag in RECORDS:
            return Encoding.STRUCT if core.tag == "DW_TAG_structure_type" else Encoding.UNION
        if core.tag == _ENUM:
            return Encoding.ENUM_SIGNED if self.signed(core) else Encoding.ENUM_UNSIGNED
        if core.tag == _POINTER:
            return Encoding.POINTER
        found = core.attributes.get("DW_AT_encoding")
        return Encoding.VOID if found is None else _BASE.get(found.value, Encoding.UNSIGNED)

    def signed(self, enum: DIE) -> bool:
        """Tell whether an enum is kept in a signed type: gcc says so, or names the type, or a value tells."""
        found = enum.attributes.get("DW_AT_encoding")
        if found is None:
            below = self.core(self.info.target(enum))
            found = below.attributes.get("DW_AT_encoding") if below is not None else None
        if found is not None:
            return found.value in _SIGNED
        return any(each.attributes["DW_AT_const_value"].value < 0 for each in enum.iter_children())

    def align(self, die: DIE | None) -> int:
        """Return the alignment that a type has as a member, in bytes."""
        if die is None:
            return 1
        known = self._alignments.get(die)
        if known is None:
            known = self._alignments[die] = self._align(die)
        return known

    def _align(self, die: DIE) -> int:
        said = self._said.get(self._spelling(die))
        if said is not None:
            return said
        found = die.attributes.get("DW_AT_alignment")
        if found is not None:
            return int(found.value)
        if die.tag in _TRANSPARENT or die.tag == _ARRAY:
            return self.align(self.info.target(die))
        if die.tag in RECORDS:
            return self._natural(die)
        size = self.size(die)
        return (self._by_size.get(size) if die.tag == _ENUM else None) or min(size, _LARGEST) or 1

    def _spelling(self, die: DIE) -> str:
        if die.tag in RECORDS:
            return self.name(die)
        if die.tag == _POINTER:
            return "void *"
        return base_name(name_of(die)) if die.tag == "DW_TAG_base_type" else ""

    def _natural(self, record: DIE) -> int:
        """Return the alignment of a struct or union that the compiler was not asked about.

        It is that of the most aligned member; where one of them or the end is not at a multiple of it, the record is
        packed. Two things are not to be seen: that a record is packed which looks like any other, and a bit-field
        without a name, whose type counts on Arm (AAPCS32, section 8.1.8).
        """
        most = 1
        size = self.size(record)
        for member in record.iter_children():
            if member.tag != "DW_TAG_member":
                continue
            wanted = self.align_of(member)
            place = 0 if "DW_AT_bit_size" in member.attributes else location(member)
            if place % wanted or size % wanted:
                return 1
            most = max(most, wanted)
        return most

    def align_of(self, member: DIE) -> int:
        """Return the alignment that a member asks for, its own or its type's."""
        found = member.attributes.get("DW_AT_alignment")
        return int(found.value) if found is not None else self.align(self.info.target(member))


def location(member: DIE) -> int:
    """Return the byte that a member, or the storage unit of a bit-field, begins in (DWARF 5, section 5.7.6)."""
    found = member.attributes.get("DW_AT_data_member_location")
    return int(found.value) if found is not None else 0
