# SPDX-License-Identifier: GPL-2.0-or-later
"""All types of one state under one ABI, whichever header showed them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from seriestool.model.layout import Encoding, Enumeration, Layout, Member, Record, Typedef


class _Type(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def header(self) -> str: ...
    @property
    def line(self) -> int: ...


_T = TypeVar("_T", bound=_Type)


def merge(layouts: Iterable[Layout]) -> Layout:
    """Return one layout of every type in *layouts*, which are the headers of one state under one ABI.

    A type is known by the header that defines it and its name: seen by many headers it is there once. Two headers may
    define different types of one name (asm/termbits.h and linux/termio.h do), and one header may define a type
    differently depending on who includes it; all of these stay. The result does not depend on the order of *layouts*.
    """
    layouts = list(layouts)
    return Layout(
        abi=layouts[0].abi if layouts else "",
        records=_once(each for layout in layouts for each in layout.records),
        enums=_once(each for layout in layouts for each in layout.enums),
        typedefs=_once(each for layout in layouts for each in layout.typedefs),
        aliases=tuple(sorted({alias for layout in layouts for alias in layout.aliases})),
    )


def _once(types: Iterable[_T]) -> tuple[_T, ...]:
    seen: defaultdict[tuple[str, str, int], list[_T]] = defaultdict(list)
    for each in types:
        variants = seen[each.name, each.header, each.line]
        if each not in variants:
            variants.append(each)
    return tuple(
        each
        for key in sorted(seen)
        for each in (seen[key] if len(seen[key]) == 1 else sorted(seen[key], key=repr))
    )


def shifted(member: Member, bits: int) -> Member:
    """Return *member* and everything in it *bits* further on."""
    record = member.record
    if record is not None:
        record = replace(record, members=tuple(shifted(each, bits) for each in record.members))
    return replace(member, bit_offset=member.bit_offset + bits, record=record)


class Types:
    """The types of one layout, looked up by name."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._records: defaultdict[str, list[Record]] = defaultdict(list)
        for record in layout.records:
            self._records[record.name].append(record)
        self._typedefs: dict[str, Typedef] = {}
        for typedef in layout.typedefs:
            self._typedefs.setdefault(typedef.name, typedef)
        self._enums: dict[str, Enumeration] = {each.name: each for each in layout.enums if each.name}

    def record(self, name: str | None, size: int | None = None, header: str | None = None) -> Record | None:
        """Return the struct or union that *name* ends in ("siginfo_t", "struct siginfo"), or None.

        Of several with one name, the one of *size* bytes, or of *header*.
        """
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            if found := self._records.get(name):
                return next((each for each in found if each.size == size or each.header == header), found[0])
            typedef = self._typedefs.get(name)
            name = typedef.target if typedef else None
        return None

    def enum(self, name: str) -> Enumeration | None:
        """Return the enum called *name*."""
        return self._enums.get(name)

    def typedef(self, name: str) -> Typedef | None:
        """Return the typedef called *name*."""
        return self._typedefs.get(name)

    def record_of(self, member: Member) -> Record | None:
        """Return the struct or union that *member*, or one element of it, is; None for anything else."""
        if member.encoding not in (Encoding.STRUCT, Encoding.UNION):
            return None
        if member.record is not None:
            return member.record
        count = elements(member)
        return self.record(member.target, member.bit_size // 8 // count if count else None)

    def inside(self, member: Member) -> tuple[Member, ...]:
        """Return the members of what *member* is, counted from the start of the record that *member* is in.

        Of an array, those of the first element; () for what is no struct or union.
        """
        record = self.record_of(member)
        if record is None:
            return ()
        if record is member.record:
            return record.members
        return tuple(shifted(each, member.bit_offset) for each in record.members)

    def unit_size(self, member: Member) -> int:
        """Return the bytes of the type that the bit-field *member* was declared with."""
        name = member.target or member.type
        if typedef := self._typedefs.get(name):
            return typedef.size
        if enum := self._enums.get(name):
            return enum.size
        words = set(member.type.split())
        if "char" in words or "_Bool" in words or "bool" in words:
            return 1
        if "short" in words:
            return 2
        if "long" in words:
            # m68k aligns a long of 4 bytes to 2.
            return 8 if member.type.split().count("long") > 1 else max(4, member.align)
        return 4

    def is_array(self, member: Member) -> bool:
        """Tell whether the type that *member* is made of is an array by a typedef."""
        typedef = self._typedefs.get(member.target or "")
        seen: set[str] = set()
        while typedef is not None and typedef.name not in seen:
            if typedef.type.endswith("]"):
                return True
            seen.add(typedef.name)
            typedef = self._typedefs.get(typedef.target or "")
        return False

    def step(self, member: Member) -> int | None:
        """Return the bits from one element of an array to the next, of the first dimension; None where nobody knows.

        Of what is no array, its own size.
        """
        number = elements(member)
        if number:
            return member.bit_size // (member.dims[0] or 1) if member.dims else member.bit_size
        record = self.record_of(member)
        size = record.size if record else None if member.encoding is Encoding.POINTER else self.unit_size(member)
        return None if size is None else 8 * size * elements(replace(member, dims=member.dims[1:]))

    def names(self) -> Iterator[str]:
        """Give the name of every record, named enum and typedef."""
        yield from self._records
        yield from self._enums
        yield from self._typedefs


def elements(member: Member) -> int:
    """Return how many elements *member* has: 1 for what is no array, 0 for a flexible one."""
    count = 1
    for bound in member.dims:
        count *= bound or 0
    return count
