# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts of one type beside each other, a line per member: where it is, how many bytes, what it is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from seriestool.abi.enums import title, written
from seriestool.abi.places import RECORDS, units
from seriestool.abi.types import Types
from seriestool.model.abi import Change, ChangeKind, Sides, SidesRow
from seriestool.model.layout import Enumeration, Layout, Member, Record

_LONG = 40  # rows that are alike, up to which all are shown
_CONTEXT = 5  # of more, those next to what differs


@dataclass(frozen=True, slots=True)
class _Line:
    """One line; ``key`` is what makes it the same line on the other side, whatever its numbers."""

    key: str
    text: str


def sides(before: Layout, after: Layout, changes: Iterable[Change]) -> tuple[Sides, ...]:
    """Return every type of *changes* as it is in *before* and in *after*, in their order.

    A line of a struct is offset, size in bytes, and the declaration, indented by what it is in; a bit-field has its
    position in its word and its width ("35:1"). Behind a member stands the macro by which programs know it (si_pid).
    Structs and unions with a tag are written out where they changed, too.
    A type that is only on the new side has nothing beside it and is left out.
    """
    changes = list(changes)
    renamed = {each.type: each.after for each in changes if each.kind is ChangeKind.RENAMED and each.member is None}
    changed = frozenset(each.type for each in changes)
    old, new = _Side(before, changed), _Side(after, changed)
    found: list[Sides] = []
    told: set[str] = set()
    for name, header in dict.fromkeys((each.type, each.header) for each in changes):
        if name not in told and (left := old.lines(name, header)):
            told.add(name)
            right = new.lines(renamed.get(name) or name, header)
            found.append(Sides(name, tuple(_shortened(_rows(left, right)))))
    return tuple(found)


class _Side:
    """One layout, whose *changed* types are written out wherever they are embedded."""

    def __init__(self, layout: Layout, changed: Collection[str]) -> None:
        self._types = Types(layout)
        self._changed = changed
        self._enums: defaultdict[str, list[Enumeration]] = defaultdict(list)
        for enum in layout.enums:
            self._enums[title(enum)].append(enum)

    def lines(self, name: str, header: str) -> list[_Line]:
        """Return the lines of the type *name*, of the one in *header* if there are several; [] if there is none."""
        if record := self._types.record(name, header=header):
            return list(_record(record, self._types, self._changed))
        if enums := self._enums.get(name):
            enum = next((each for each in enums if each.header == header), enums[0])
            rows = [_Line(each, f"  {each} = {written(enum, value)}") for each, value in enum.enumerators]
            return [_Line("{", f"{enum.name or 'enum'} {{  /* {enum.size} bytes */"), *rows, _Line("}", "}")]
        if typedef := self._types.typedef(name):
            text = f"typedef {typedef.type} {name}  /* {typedef.size} bytes, aligned to {typedef.align} */"
            return [_Line("typedef", text)]
        return []


def _record(record: Record, types: Types, changed: Collection[str]) -> Iterator[_Line]:
    yield _Line("{", f"{0:4} {record.size:5}  {record.name} {{  /* aligned to {record.align} */")
    yield from _members(record.members, types, changed, "", 1, _macros(types))
    yield _Line("}", f"{'':12}}}")


def _members(
    members: Sequence[Member], types: Types, changed: Collection[str], prefix: str, depth: int,
    macros: Mapping[str, str],
) -> Iterator[_Line]:  # fmt: skip
    for member, unit in zip(members, units(members, types), strict=True):
        inner = types.record_of(member)
        path = f"{prefix}{member.name}" if member.name else f"{prefix}<{member.encoding}>"
        where = f"{member.offset:4} {member.bit_size // 8:5}"
        if member.bit_field:
            where = f"{f'{member.bit_offset - unit}:{member.bit_size}':>10}"
        indent = "  " * depth
        if inner is None or (member.record is None and inner.name not in changed):
            known = f"  /* {macros[path]} */" if path in macros else ""
            yield _Line(path, f"{where}  {indent}{declaration(member)}{known}")
            continue
        head = str(member.encoding) if member.record is not None else inner.name
        end = f" {declared_name(member)}" if member.name else ""
        yield _Line(f"{path}{{", f"{where}  {indent}{head} {{")
        below = f"{path}." if member.name else prefix
        yield from _members(types.inside(member), types, changed, below, depth + 1, macros)
        yield _Line(f"{path}}}", f"{'':12}{indent}}}{end}")


def _macros(types: Types) -> dict[str, str]:
    """Return the macros of a header by what they stand for, also as seen from a record inside: "_kill._pid"."""
    found: dict[str, str] = {}
    inside: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in types.layout.aliases:
        found.setdefault(path, name)
        parts = path.split(".")
        for start in range(1, len(parts) - 1):
            inside[".".join(parts[start:])].add(path)
    short = {end: found[paths.pop()] for end, paths in inside.items() if len(paths) == 1}
    return {**short, **found}


def declaration(member: Member) -> str:
    """Return *member* as C declares it, as far as it fits into one line: "char *name[4]", "__u64 disabled:1"."""
    base = member.type
    if member.encoding in RECORDS and member.record is not None:
        base = str(member.encoding)
    base = base.partition(" [")[0].partition("[")[0].rstrip() if member.dims else base
    space = "" if base.endswith("*") else " "
    width = f":{member.bit_size}" if member.bit_field else ""
    return f"{base}{space}{declared_name(member)}{width}"


def declared_name(member: Member) -> str:
    """Return the name with its array bounds."""
    bounds = "".join(f"[{'' if bound is None else bound}]" for bound in member.dims)
    return f"{member.name}{bounds}"


def _rows(left: Sequence[_Line], right: Sequence[_Line]) -> Iterator[SidesRow]:
    """Give both sides in rows: the same member beside itself, what one side does not have beside nothing or a heir."""
    keys = [each.key for each in left], [each.key for each in right]
    for tag, low, high, start, end in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        pairs = zip_longest(left[low:high], right[start:end])
        for one, other in pairs:
            texts = one.text if one else "", other.text if other else ""
            yield SidesRow(*texts, changed=tag != "equal" or texts[0] != texts[1])


def _shortened(rows: Iterable[SidesRow]) -> Iterator[SidesRow]:
    """Give *rows* with the middle of every long stretch that is alike told by its length."""
    rows = list(rows)
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and not rows[end].changed:
            end += 1
        head = _CONTEXT if start else 1  # the line that names the type
        tail = _CONTEXT if end < len(rows) else 1
        hidden = end - start - head - tail
        if end - start > _LONG:
            text = f"{'':12}... {hidden} lines alike"
            yield from rows[start : start + head]
            yield SidesRow(text, text, changed=False)
            yield from rows[end - tail : end]
        else:
            yield from rows[start:end]
        yield from rows[end : end + 1]
        start = end + 1
