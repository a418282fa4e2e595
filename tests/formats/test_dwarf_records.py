# SPDX-License-Identifier: GPL-2.0-or-later
"""Random records are read as the compiler lays them out, which it says itself: in assertions, and in constants.

A layout that was read is written back as ``_Static_assert`` of offsetof, sizeof and _Alignof, which must compile; and
each bit-field alone is filled with ones in a constant, whose bytes in the object must be the bits that were read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import HealthCheck, given, settings

from seriestool.arch.abi import Abi
from seriestool.arch.abis import find_abi
from seriestool.model.layout import Layout, Member, Record
from tests.formats.c_records import Source, sources
from tests.formats.compiled import compile_c, layout_of, record

HERE = ("x86_64", "i386", "x32")
# Both byte orders; 64-bit integers that are aligned to 8, 4 and 2; every way of packing bit-fields that gcc has.
ABROAD = ("arm", "powerpc", "s390", "m68k", "mips-o32", "sparc64", "alpha", "parisc", "sh", "riscv32")


def paths(found: Record, prefix: str = "") -> Iterator[tuple[str, Member]]:
    """Give every member by the path of its first element, in arrays of records too."""
    for member in found.members:
        path = f"{prefix}{member.name}"
        if member.name:
            yield path, member
        if member.record is not None:
            inner = "".join("[0]" for _ in member.dims)
            yield from paths(member.record, f"{path}{inner}." if member.name else prefix)


def assertions(layout: Layout, source: Source) -> Iterator[str]:
    """Give what was read as what the compiler must agree with."""
    for tag in source.tags:
        found = record(layout, tag)
        yield f"sizeof({tag}) == {found.size}"
        yield f"_Alignof({tag}) == {found.align}"
        for path, member in paths(found):
            if member.bit_field:
                continue
            there = f"(({tag} *)0)->{path}"
            yield f"__builtin_offsetof({tag}, {path}) * 8 == {member.bit_offset}"
            yield f"sizeof({there}) * 8 == {member.bit_size}"
            if tag in source.plain and 0 not in member.dims:
                yield f"__alignof__({there}) == {member.align}"


def bit_fields(layout: Layout, source: Source) -> Iterator[tuple[str, Member, Record]]:
    """Give a constant for each bit-field, the member, and the record it is in."""
    for tag in source.tags:
        found = record(layout, tag)
        for path, member in paths(found):
            if member.bit_field:
                yield f"{tag} %s = {{ .{path} = (__typeof__((({tag} *)0)->{path} + 0))~0ULL }};", member, found


def set_bits(data: bytes, *, big_endian: bool) -> list[int]:
    """Return which bits of *data* are ones, counted in memory order."""
    ordered = (f"{byte:08b}" if big_endian else f"{byte:08b}"[::-1] for byte in data)
    return [number for number, bit in enumerate("".join(ordered)) if bit == "1"]


def check(source: Source, place: Path, abi: Abi, *flags: str) -> None:
    layout = layout_of(source.code, place, abi, *flags)
    wanted = "".join(f'_Static_assert({each}, "{each}");\n' for each in assertions(layout, source))
    fields = list(bit_fields(layout, source))
    constants = "".join("const " + each[0] % f"f{number}" + "\n" for number, each in enumerate(fields))
    data = compile_c(source.code + wanted + constants, place, abi, "-fdata-sections", "-fno-zero-initialized-in-bss")
    elf = ELFFile(io.BytesIO(data))
    by_name = {section.name: section.data() for section in elf.iter_sections()}
    for number, (constant, member, _) in enumerate(fields):
        (held,) = [by_name[name] for name in by_name if name.endswith(f".f{number}") and not name.startswith(".rel")]
        there = list(range(member.bit_offset, member.bit_end))
        assert set_bits(held, big_endian=abi.big_endian) == there, f"{abi.name}: {constant % 'it'}\n{source.code}"


@pytest.mark.parametrize("dwarf", ["-gdwarf-4", "-gdwarf-5"])
@given(source=sources())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_as_the_host_compiler_has_them(source: Source, dwarf: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("here")
    for name in HERE:
        check(source, place, find_abi(name), dwarf)


@pytest.mark.parametrize("name", ABROAD)
@given(source=sources())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_as_a_cross_compiler_has_them(source: Source, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("abroad")
    for dwarf in ("-gdwarf-4", "-gdwarf-5"):
        check(source, place, find_abi(name), dwarf)
