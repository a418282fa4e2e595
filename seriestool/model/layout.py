# SPDX-License-Identifier: GPL-2.0-or-later
"""The user-space layout of a header under one ABI: where every member of every type lies.

Offsets and sizes are bits where bit-fields have a say, and bytes elsewhere; the names tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Encoding(StrEnum):
    """What the bytes of a member mean, through all typedefs; of an array, that of its elements."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    BOOL = "bool"
    FLOAT = "float"
    POINTER = "pointer"
    ENUM_SIGNED = "signed enum"
    ENUM_UNSIGNED = "unsigned enum"
    STRUCT = "struct"
    UNION = "union"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a struct or union.

    ``name`` is empty for an anonymous struct or union. ``bit_offset`` counts from the start of the outermost record,
    in memory order (on a big-endian ABI bit 0 is the most significant bit of byte 0); of a bit-field too. ``bit_size``
    is that of all elements; a flexible array has 0. ``type`` is C ("__u64", "struct foo *", "int [4]").
    ``dims`` are the array bounds, None for a flexible one. ``align`` is the alignment of the type as a member, bytes.
    ``record`` holds the members of a struct or union without a tag that is defined right here. ``target`` is the name
    of the record, enumeration or typedef that the type is made of ("struct foo", "__u64"), None for C's own.
    """

    name: str
    bit_offset: int
    bit_size: int
    type: str
    encoding: Encoding
    align: int
    bit_field: bool = False
    dims: tuple[int | None, ...] = ()
    record: Record | None = None
    target: str | None = None

    @property
    def offset(self) -> int:
        """Byte that it begins in."""
        return self.bit_offset // 8

    @property
    def bit_end(self) -> int:
        """First bit behind it."""
        return self.bit_offset + self.bit_size


@dataclass(frozen=True, slots=True)
class Record:
    """A struct or union: ``name`` is "struct siginfo", "union sigval", or the typedef's own for one without a tag.

    ``size`` and ``align`` are bytes; ``header`` is the installed header that defines it ("asm-generic/siginfo.h").
    """

    name: str
    keyword: str
    size: int
    align: int
    members: tuple[Member, ...]
    header: str = ""
    line: int = 0

    def flat(self, prefix: str = "") -> Iterator[tuple[str, Member]]:
        """Give every member with the path C reaches it by, outer before inner; anonymous ones have no path of theirs.

        "_sifields", then "_sifields._kill", then "_sifields._kill._pid".
        """
        for member in self.members:
            path = f"{prefix}{member.name}"
            if member.name:
                yield path, member
            if member.record is not None and not member.dims:
                yield from member.record.flat(f"{path}." if member.name else prefix)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enum: ``name`` is "enum foo", the typedef's own, or empty. ``size`` is bytes."""

    name: str
    size: int
    signed: bool
    enumerators: tuple[tuple[str, int], ...]
    header: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Typedef:
    """A name for a type: what it is called in C, and what it is made of in the end."""

    name: str
    type: str
    size: int
    align: int
    encoding: Encoding
    target: str | None = None
    header: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Every type that one header defines or reaches under one ABI, each tuple sorted by name.

    ``aliases`` are the header's macros that name a member by its path: ("si_pid", "_sifields._kill._pid").
    """

    abi: str
    records: tuple[Record, ...] = ()
    enums: tuple[Enumeration, ...] = ()
    typedefs: tuple[Typedef, ...] = ()
    aliases: tuple[tuple[str, str], ...] = field(default=())

    def record(self, name: str) -> Record | None:
        """Return the record called *name* ("struct siginfo"), also by a typedef for it ("siginfo_t"), or None."""
        wanted = next((each.target for each in self.typedefs if each.name == name and each.target), name)
        return next((each for each in self.records if each.name in (name, wanted)), None)
