# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections of a relocatable object as a linker would see them: pieces of one name joined, data relocations applied.

pyelftools knows relocations of x86, Arm, MIPS, 64-bit PowerPC and s390, and refuses objects of RISC-V, 32-bit PowerPC,
m68k, SPARC, Alpha, PA-RISC and SuperH (as of 0.33). Debug information of types needs one kind only, "the address of
this symbol plus an offset", which is one row per machine here. Another way out, ``ld -r``, keeps relocations as they
are, and a real link wants a linker script for what is no program.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section

from seriestool.errors import InputRefused

# e_machine (elf.h) -> relocation type -> bytes of the word that gets "symbol + addend". The names are those of each
# machine's ELF supplement, R_<machine>_32 and R_<machine>_64 unless something else is said.
_WORDS: Mapping[int | str, Mapping[int, int]] = {
    "EM_386": {1: 4},
    "EM_X86_64": {1: 8, 10: 4, 11: 4},
    "EM_ARM": {2: 4},  # ABS32
    "EM_AARCH64": {257: 8, 258: 4},  # ABS64, ABS32
    "EM_RISCV": {1: 4, 2: 8},
    "EM_PPC": {1: 4},  # ADDR32
    "EM_PPC64": {1: 4, 38: 8},  # ADDR32, ADDR64
    "EM_S390": {4: 4, 22: 8},
    "EM_68K": {1: 4},
    "EM_MIPS": {2: 4, 18: 8},
    "EM_SPARC": {3: 4, 23: 4},  # 32, UA32
    "EM_SPARC32PLUS": {3: 4, 23: 4},
    "EM_SPARCV9": {3: 4, 23: 4, 32: 8, 54: 8},  # and 64, UA64
    0x9026: {1: 4, 2: 8},  # Alpha, which elf.h has outside the official numbers: REFLONG, REFQUAD
    "EM_PARISC": {1: 4, 41: 4, 80: 8},  # DIR32, SECREL32, DIR64
    "EM_SH": {1: 4},  # DIR32
}
# RISC-V writes the difference of two labels as two relocations, because its linker moves code. Labels are in code, so
# no type depends on them: ADD8 to SUB64, SUB6 to 32_PCREL, SET_ULEB128 and SUB_ULEB128.
_CODE_ONLY: Mapping[int | str, frozenset[int]] = {"EM_RISCV": frozenset((*range(33, 41), *range(52, 58), 60, 61))}
# With explicit addends as well, gas leaves the addend in the section here.
_IN_PLACE = frozenset({"EM_SH"})
# In these, the upper bits of a 64-bit r_info's type half are not the type (MIPS: two further types, SPARC: data).
_NARROW_TYPE = frozenset({"EM_MIPS", "EM_SPARCV9"})


class Sections:
    """The sections of one ELF file."""

    def __init__(self, elf: ELFFile) -> None:
        self._elf = elf
        self._sections = list(elf.iter_sections())

    def joined(self, name: str) -> bytes | None:
        """Return the content of every section called *name*, one behind the other, relocated; None where none is.

        gcc gives each type unit a section of its own (``-fdebug-types-section``). Raises InputRefused for a machine
        or a relocation that is not known.
        """
        pieces = [self._relocated(index) for index, section in enumerate(self._sections) if section.name == name]
        return b"".join(pieces) if pieces else None

    def _relocated(self, index: int) -> bytes:
        data = self._sections[index].data()
        for section in self._sections:
            if section["sh_type"] in ("SHT_REL", "SHT_RELA") and section["sh_info"] == index:
                data = self._apply(section, bytearray(data))
        return data

    def _apply(self, relocations: Section, data: bytearray) -> bytes:
        elf = self._elf
        machine = elf.header["e_machine"]
        words, code_only = _WORDS.get(machine), _CODE_ONLY.get(machine, frozenset())
        if words is None:
            raise InputRefused(f"object of an unknown machine: {machine}")
        order, wide, added = "<" if elf.little_endian else ">", elf.elfclass == 64, relocations["sh_type"] == "SHT_RELA"
        values = _symbol_values(self._sections[relocations["sh_link"]].data(), order, wide)
        form = order + ("QQ" if wide else "II") + (("q" if wide else "i") if added else "")
        for entry in struct.iter_unpack(form, relocations.data()):
            place, info = entry[:2]
            kind = info & (0xFF if not wide or machine in _NARROW_TYPE else 0xFFFFFFFF)
            if kind == 0 or kind in code_only:
                continue
            size = words.get(kind, 0)
            if not 0 < size <= len(data) - place:
                raise InputRefused(f"relocation {kind} of {machine} in debug information is not known")
            word = order + ("I" if size == 4 else "Q")
            addend = entry[2] if added else 0
            if not added or machine in _IN_PLACE:
                addend += struct.unpack_from(word, data, place)[0]
            value = values[info >> (32 if wide else 8)] + addend
            struct.pack_into(word, data, place, value & ((1 << 8 * size) - 1))
        return bytes(data)


def _symbol_values(table: bytes, order: str, wide: bool) -> list[int]:
    """Return st_value of every symbol (ELF gABI, "Symbol Table")."""
    if wide:
        return [entry[4] for entry in struct.iter_unpack(order + "IBBHQQ", table)]
    return [entry[1] for entry in struct.iter_unpack(order + "IIIBBH", table)]
