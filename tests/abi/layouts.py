# SPDX-License-Identifier: GPL-2.0-or-later
"""A small compiler: declarations in, a Layout out, by the rules of each ABI's own alignment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seriestool.abi.types import shifted
from seriestool.arch.abis import find_abi
from seriestool.model.layout import Encoding, Enumeration, Layout, Member, Record, Typedef

# Alignment of 64-bit integers in a struct where it is not 8, and of int on m68k (System V ABI supplements).
_ALIGN_64 = {"i386": 4, "m68k": 2}
_SIGNED, _UNSIGNED = Encoding.SIGNED, Encoding.UNSIGNED
_FIXED = {"__u64": 8, "__s64": 8, "__u32": 4, "__s32": 4, "__u16": 2, "__u8": 1}
_SIZES = {"char": 1, "short": 2, "int": 4, "unsigned int": 4, "long long": 8, "float": 4, "double": 8, **_FIXED}


@dataclass(frozen=True)
class Inline:
    """A struct or union without a tag inside of a record; ``name`` is "" for an anonymous one, "x[2]" for an array."""

    keyword: str
    name: str
    fields: tuple[str | Inline, ...]


def struct(name: str, *fields: str | Inline) -> Inline:
    return Inline("struct", name, fields)


def union(name: str, *fields: str | Inline) -> Inline:
    return Inline("union", name, fields)


class Headers:
    """What is declared, in order; ``layout()`` is all of it."""

    def __init__(self, abi: str = "x86_64", header: str = "linux/a.h") -> None:
        self.abi, self.header = find_abi(abi), header
        self.records: list[Record] = []
        self.enums: list[Enumeration] = []
        self.typedefs: list[Typedef] = []
        self.aliases: list[tuple[str, str]] = []
        for name, size in _FIXED.items():
            self.typedef(f"{'unsigned' if name[2] == 'u' else 'signed'} {size}", name, header="asm-generic/int-ll64.h")

    def record(self, name: str, *fields: str | Inline) -> Headers:
        keyword = name.split(maxsplit=1)[0] if " " in name else "struct"
        made = self._lay_out(Inline(keyword, "", fields))
        self.records.append(replace(made, name=name, header=self.header))
        return self

    def enum(self, name: str, *enumerators: str, first: int = 0, size: int = 4) -> Headers:
        values: list[tuple[str, int]] = []
        for each in enumerators:
            label, _, value = each.partition("=")
            values.append((label, int(value, 0) if value else values[-1][1] + 1 if values else first))
        signed = any(value < 0 for _, value in values)
        self.enums.append(Enumeration(name, size, signed, tuple(values), self.header))
        return self

    def typedef(self, type_: str, name: str, header: str | None = None) -> Headers:
        if type_.startswith(("signed ", "unsigned ")) and type_.split()[1].isdigit():
            size = int(type_.split()[1])
            encoding, align, target = (_SIGNED if type_[0] == "s" else _UNSIGNED), self._aligned(size), None
            words = {1: "char", 2: "short", 4: "int", 8: "long long"}[size]
            type_ = words if encoding is _SIGNED else f"unsigned {words}"
        else:
            member = self._member(f"{type_} x")
            size, align, encoding, target = member.bit_size // 8, member.align, member.encoding, member.target
        self.typedefs.append(Typedef(name, type_, size, align, encoding, target, header or self.header))
        return self

    def alias(self, name: str, path: str) -> Headers:
        self.aliases.append((name, path))
        return self

    def layout(self) -> Layout:
        def by_name(types: Sequence[Record] | Sequence[Enumeration] | Sequence[Typedef]) -> tuple[object, ...]:
            return tuple(sorted(types, key=lambda each: each.name))

        return Layout(
            self.abi.name, by_name(self.records), by_name(self.enums), by_name(self.typedefs),  # type: ignore[arg-type]
            tuple(self.aliases),
        )  # fmt: skip

    def _aligned(self, size: int) -> int:
        return min(_ALIGN_64.get(self.abi.name, 8), size)

    def _member(self, declaration: str) -> Member:
        """Return a member at offset 0 for "int x", "__u64 x:3", "char x[4]", "struct foo *x", "struct foo x[]"."""
        found = re.fullmatch(r"(.+?[\s*])(\w+)((?:\[\d*\])*)(?::(\d+))?", declaration)
        assert found, declaration
        type_, name, bounds, width = found[1].strip(), found[2], found[3], found[4]
        dims = tuple(int(bound) if bound else None for bound in re.findall(r"\[(\d*)\]", bounds))
        size, align, encoding, target = self._type(type_)
        number = 1
        for bound in dims:
            number *= bound or 0
        spelled = type_ + (f" {bounds}" if bounds else "")
        bits = int(width) if width else size * 8 * number
        return Member(name, 0, bits, spelled, encoding, align, width is not None, dims, None, target)

    def _type(self, name: str) -> tuple[int, int, Encoding, str | None]:
        word = self.abi.bits // 8
        if name.endswith("*"):
            return word, self._aligned(word), Encoding.POINTER, None
        if name in ("long", "unsigned long"):
            return word, self._aligned(word), _UNSIGNED if name[0] == "u" else _SIGNED, None
        for record in self.records:
            if record.name == name:
                return record.size, record.align, Encoding(record.keyword), name
        for typedef in self.typedefs:
            if typedef.name == name:
                return typedef.size, typedef.align, typedef.encoding, name
        for enum in self.enums:
            if enum.name == name:
                sign = Encoding.ENUM_SIGNED if enum.signed else Encoding.ENUM_UNSIGNED
                return enum.size, self._aligned(enum.size), sign, name
        encoding = Encoding.FLOAT if name in ("float", "double") else _UNSIGNED if name[0] == "u" else _SIGNED
        return _SIZES[name], self._aligned(_SIZES[name]), encoding, None

    def _lay_out(self, inline: Inline) -> Record:
        members: list[Member] = []
        end = size = 0
        align = 1
        for field in inline.fields:
            member = self._field(field)
            step = member.align * 8
            start = 0 if inline.keyword == "union" else end
            if member.bit_field:
                unit = self._type(member.type)[0] * 8
                if start // unit != (start + member.bit_size - 1) // unit:
                    start = -(-start // unit) * unit
            else:
                start = -(-start // step) * step
            members.append(shifted(member, start))
            end = start + member.bit_size
            size, align = max(size, end), max(align, member.align)
        return Record("", inline.keyword, -(-size // (align * 8)) * align, align, tuple(members))

    def _field(self, field: str | Inline) -> Member:
        if isinstance(field, str):
            return self._member(field)
        record = self._lay_out(field)
        name, _, bound = field.name.rstrip("]").partition("[")
        dims = (int(bound),) if bound else ()
        return Member(
            name, 0, record.size * 8 * (dims[0] if dims else 1), field.keyword, Encoding(field.keyword), record.align,
            False, dims, record,
        )  # fmt: skip
