# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug information entries of an object, DWARF 4 or 5, and what they refer to (DWARF 5, chapters 2 and 7)."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterator
from typing import cast

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE, AttributeValue
from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo
from elftools.dwarf.lineprogram import LineProgram
from elftools.dwarf.typeunit import TypeUnit
from elftools.elf.elffile import ELFFile

from seriestool.errors import InputRefused
from seriestool.formats.relocations import Sections

# What pyelftools raises for bytes that are no ELF or DWARF, or are cut off.
DAMAGE = (ELFError, DWARFError, ConstructError, ValueError, KeyError, IndexError, AssertionError, AttributeError)

_SECTIONS = ("debug_info", "debug_types", "debug_abbrev", "debug_str", "debug_line", "debug_line_str")
_ABSENT = (
    "debug_aranges", "debug_frame", "eh_frame", "debug_loc", "debug_ranges", "debug_pubtypes", "debug_pubnames",
    "debug_addr", "debug_str_offsets", "debug_loclists", "debug_rnglists", "debug_sup", "gnu_debugaltlink",
)  # fmt: skip
_DWARF_5 = 5


class DebugInfo:
    """The entries of one object. ``pointer`` is the size of an address in bytes, ``little_endian`` its byte order."""

    def __init__(self, data: bytes) -> None:
        elf = ELFFile(io.BytesIO(data))
        sections = Sections(elf)
        self.pointer = elf.elfclass // 8
        self.little_endian = elf.little_endian
        config = DwarfConfig(elf.little_endian, elf.get_machine_arch(), self.pointer)
        self._info = DWARFInfo(
            config,
            **{f"{name}_sec": _section(sections, name) for name in _SECTIONS},
            **dict.fromkeys((f"{name}_sec" for name in _ABSENT), None),
        )
        if not self._info.has_debug_info:
            raise InputRefused("object without debug information")
        self._units: list[CompileUnit | TypeUnit] = [*self._info.iter_CUs(), *self._info.iter_TUs()]
        self._by_signature = {signature: unit for unit in self._units if (signature := _signature(unit)) is not None}
        self._files: dict[int, tuple[str, ...]] = {}
        self._targets: dict[DIE, DIE] = {}

    def outermost(self) -> Iterator[DIE]:
        """Give every entry that stands directly in a unit: C has no type in a narrower scope outside of functions."""
        for unit in self._units:
            yield from unit.get_top_DIE().iter_children()

    def target(self, die: DIE) -> DIE | None:
        """Return the entry of the type that *die* is made of or has, None where that is void."""
        found = die.attributes.get("DW_AT_type")
        if found is None:
            return None
        if die not in self._targets:
            self._targets[die] = self._referred(die, found)
        return self._targets[die]

    def _referred(self, die: DIE, reference: AttributeValue) -> DIE:
        if reference.form != "DW_FORM_ref_sig8":
            return die.get_DIE_from_attribute(reference.name)
        unit = self._by_signature[reference.raw_value]
        return unit.get_DIE_from_refaddr(unit.cu_offset + unit["type_offset"])

    def file(self, die: DIE) -> str:
        """Return the file that declares *die* as the compiler was told it, relative where that was; or nothing."""
        number = die.attributes.get("DW_AT_decl_file")
        if number is None:
            return ""
        files = self._files_of(die.cu)
        return files[number.value] if number.value < len(files) else ""

    def _files_of(self, unit: CompileUnit | TypeUnit) -> tuple[str, ...]:
        """Return the file names of a unit by their number (DWARF 5, section 6.2.4; from 1 on in DWARF 4)."""
        known = self._files.get(id(unit))
        if known is None:
            # Only what both kinds of unit have is asked of it.
            program = self._info.line_program_for_CU(cast(CompileUnit, unit))
            top = unit.get_top_DIE().attributes
            base = top["DW_AT_comp_dir"].value if "DW_AT_comp_dir" in top else b""
            known = self._files[id(unit)] = () if program is None else tuple(_file_names(program, base))
        return known


def _file_names(program: LineProgram, base: bytes) -> Iterator[str]:
    # Entry 0 is the directory and the source of the compilation in both versions, but only the newer writes it down.
    if program["version"] >= _DWARF_5:
        folders = [b"", *(each.DW_LNCT_path for each in program["directories"][1:])]
        files = [(each.DW_LNCT_directory_index, each.DW_LNCT_path) for each in program["file_names"]]
    else:
        folders = [b"", *program["include_directory"]]
        files = [(0, b""), *((each.dir_index, each.name) for each in program["file_entry"])]
    for folder, name in files:
        path = posixpath.normpath(posixpath.join(folders[folder], name)) if name else b""
        yield path.removeprefix(base + b"/").decode("utf-8", "replace")


def _section(sections: Sections, name: str) -> DebugSectionDescriptor | None:
    data = sections.joined(f".{name}")
    return None if data is None else DebugSectionDescriptor(io.BytesIO(data), name, 0, len(data), 0)


def _signature(unit: CompileUnit | TypeUnit) -> int | None:
    """Return the signature of a type unit, None of another."""
    if isinstance(unit, TypeUnit):
        return int(unit["signature"])
    if unit.header["version"] >= _DWARF_5 and unit.header["unit_type"] in ("DW_UT_type", "DW_UT_split_type"):
        return int(unit["type_signature"])
    return None
