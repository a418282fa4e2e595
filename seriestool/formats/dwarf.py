# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug information of an object to the layout of the types in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from elftools.dwarf.die import DIE

from seriestool.errors import InputRefused
from seriestool.formats.constants import number_enums
from seriestool.formats.ctype_names import TAGGED, name_of, spell
from seriestool.formats.dwarf_members import Members, line_of
from seriestool.formats.dwarf_types import RECORDS, Types
from seriestool.formats.dwarf_units import DAMAGE, DebugInfo
from seriestool.formats.probes import probe_number
from seriestool.model.layout import Enumeration, Layout, Record, Typedef

_ENUM, _TYPEDEF = "DW_TAG_enumeration_type", "DW_TAG_typedef"


def read_layout(
    data: bytes,
    abi: str,
    *,
    probes: Sequence[str] = (),
    aliases: Sequence[tuple[str, str]] = (),
    numbers: Sequence[tuple[str, str]] = (),
    header: str = "",
    only: Collection[str] | None = None,
) -> Layout:
    """Read the layout of every type in an ELF object that was compiled with DWARF 4 or 5.

    *probes* are the types that ``probe_code`` asked the compiler about; without them, alignments are those of the
    members, which is wrong for packed records that do not look packed, and for what an ABI aligns to less than its
    size. Of *aliases*, those are kept that lead to a member. *numbers* are macros of *header* and what they are made
    of: those that *probes* asked about become enumerations. *only* leaves out all records but those of these names.
    A type that is only declared is no record.

    Raises InputRefused for what is no such object.
    """
    try:
        info = DebugInfo(data)
        found = [die for die in info.outermost() if die.tag in RECORDS or die.tag in (_ENUM, _TYPEDEF)]
        layout = _layout(info, found, abi, probes, aliases, only)
        said = _answers([die for die in found if die.tag == _ENUM], probes) if numbers else {}
        return replace(layout, enums=(*layout.enums, *number_enums(numbers, said, header)))
    except DAMAGE as error:
        raise InputRefused(f"debug information that cannot be read: {error or type(error).__name__}") from error


def _layout(
    info: DebugInfo,
    found: Sequence[DIE],
    abi: str,
    probes: Sequence[str],
    aliases: Sequence[tuple[str, str]],
    only: Collection[str] | None,
) -> Layout:
    enums = [die for die in found if die.tag == _ENUM]
    types = Types(info, _answers(enums, probes))
    typedefs = list(_name_untagged(types, (die for die in found if die.tag == _TYPEDEF)))
    members = Members(types, little_endian=info.little_endian)
    records: dict[str, Record] = {}
    for die in found:
        name = types.name(die) if die.tag in RECORDS and "DW_AT_declaration" not in die.attributes else ""
        if name and name not in records and (only is None or name in only):
            records[name] = members.record(die, name=name)
    made = {_enumeration(types, die) for die in enums if "DW_AT_declaration" not in die.attributes}
    kept = [each for each in made if not any(probe_number(name) is not None for name, _ in each.enumerators)]
    return Layout(
        abi,
        tuple(sorted(records.values(), key=lambda each: each.name)),
        tuple(sorted(kept, key=lambda each: (each.name, each.header, each.line, each.enumerators))),
        tuple(sorted({_typedef(types, die) for die in typedefs}, key=lambda each: (each.name, each.header, each.line))),
        tuple(_leading(aliases, records.values())),
    )


def _answers(enums: Sequence[DIE], probes: Sequence[str]) -> dict[str, int]:
    """Return what the compiler answered to *probes*."""
    said = {}
    for enum in enums if probes else ():
        for each in enum.iter_children():
            number = probe_number(name_of(each))
            if number is not None and number < len(probes):
                said[probes[number]] = int(each.attributes["DW_AT_const_value"].value)
    return said


def _name_untagged(types: Types, typedefs: Iterator[DIE]) -> Iterator[DIE]:
    """Give what has no tag the name of its first typedef, and return the typedefs that are not such names."""
    for die in typedefs:
        target = types.info.target(die)
        if target is not None and target.tag in TAGGED and not types.name(target):
            types.give_name(target, name_of(die))
        else:
            yield die


def _enumeration(types: Types, die: DIE) -> Enumeration:
    values = ((name_of(each), each.attributes.get("DW_AT_const_value")) for each in die.iter_children())
    return Enumeration(
        types.name(die), types.size(die), types.signed(die),
        tuple((name, int(value.value)) for name, value in values if value is not None),
        types.info.file(die), line_of(die),
    )  # fmt: skip


def _typedef(types: Types, die: DIE) -> Typedef:
    target = types.info.target(die)
    return Typedef(
        name_of(die), spell(types.info, target), types.size(target), types.align(die), types.encoding(target),
        types.target(target), types.info.file(die), line_of(die),
    )  # fmt: skip


def _leading(aliases: Sequence[tuple[str, str]], records: Collection[Record]) -> Iterator[tuple[str, str]]:
    """Give the aliases whose path begins with a member of a record, sorted."""
    names = {path.rpartition(".")[2] for record in records for path, _ in record.flat()}
    for name, path in sorted(aliases):
        if path.partition(".")[0] in names:
            yield name, path
