# SPDX-License-Identifier: GPL-2.0-or-later
"""``patches/<slug>/expect.toml``: where members must lie when a series is done, by people who know.

    source = "who says so"

    [groups]
    "32-bit" = ["i386", "arm"]

    ["siginfo_t"."32-bit m68k"]          # a type, then groups and ABIs, separated by spaces
    si_perf = 0x10                       # the offset of a member, by its path or a macro for it
    si_addr = { offset = 12, size = 4 }
    sizeof = 128                         # the size of the type itself

    ["struct perf_event_attr".arm]
    sigtrap = { bit = 37 }               # of a bit-field, in its word

The nearest ``source`` holds: of the ABIs, of the type, of the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from seriestool.errors import UsageError
from seriestool.formats.toml import Table, read_toml
from seriestool.model.abi import Expected

_TYPE = re.compile(r"(?:(?:struct|union) )?[A-Za-z_]\w*", re.ASCII)
_MEMBER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_ABI = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", re.ASCII)
_NUMBERS = ("offset", "size", "bit")
SIZE_OF = "sizeof"
"""Stands for the type itself where a member would stand; a keyword of C, so no member is called that."""


def read_expectations(text: str, name: str, abis: Collection[str] | None = None) -> tuple[Expected, ...]:
    """Read an ``expect.toml`` called *name*; one value per type, member, ABI and number, in the order of the file.

    *abis* are the ABIs that there are; without it any name that could be one is taken, and ``abi.expectations`` refuses
    it later. Raises UsageError that names the file and the key: not TOML, no type, member or ABI by its form, a group
    that is empty, a number that is none, one thing expected twice.
    """
    top = read_toml(text, name, _AnyKey())
    groups = _groups(top, abis)
    general = _source(top, "")
    found: dict[tuple[str, str | None, str, str], Expected] = {}
    for type_, values in top.values.items():
        if type_ in ("source", "groups"):
            continue
        if not _TYPE.fullmatch(type_):
            raise top.wrong(type_, "is not a type such as 'struct siginfo' or 'siginfo_t'")
        table = _table(top, type_, values)
        of_type = _source(table, general)
        for which, members in table.values.items():
            if which == "source":
                continue
            inner = _table(table, which, members)
            source = _source(inner, of_type, members=True)
            for abi in _abis(table, which, groups, abis):
                for key, each in _members(inner, type_, abi, source):
                    if key in found:
                        raise inner.wrong(key[1] or SIZE_OF, f"{key[3]} under {abi} is expected twice")
                    found[key] = each
    return tuple(found.values())


class _AnyKey(Collection[str]):
    """Every key there can be: the top level is keyed by types."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _table(parent: Table, key: str, value: object) -> Table:
    if not isinstance(value, dict):
        raise parent.wrong(key, "is not a table")
    return Table(value, f"{parent.where}: {key}")


def _source(table: Table, default: str, *, members: bool = False) -> str:
    """Return the source that is given in *table*; one of its *members* may be called that, and is no string."""
    if members and not isinstance(table.values.get("source"), str):
        return default
    return table.optional("source") or default


def _groups(top: Table, abis: Collection[str] | None) -> Mapping[str, tuple[str, ...]]:
    table = _table(top, "groups", top.values.get("groups", {}))
    groups: dict[str, tuple[str, ...]] = {}
    for name in table.values:
        if not name or " " in name or name == "source" or name in (abis or ()):
            raise table.wrong(name, "is not a name for a group: one word that is no ABI")
        groups[name] = table.texts(name)
        if not groups[name]:
            raise table.wrong(name, "has no ABI in it")
        for abi in groups[name]:
            _check_abi(table, name, abi, abis)
    return groups


def _abis(
    table: Table, key: str, groups: Mapping[str, tuple[str, ...]], abis: Collection[str] | None
) -> tuple[str, ...]:
    """Return the ABIs that *key* names, each once."""
    found: dict[str, None] = {}
    for word in key.split():
        if word not in groups:
            _check_abi(table, key, word, abis)
        found.update(dict.fromkeys(groups.get(word, (word,))))
    if not found:
        raise table.wrong(key, "names no ABI")
    return tuple(found)


def _check_abi(table: Table, key: str, abi: str, abis: Collection[str] | None) -> None:
    if not _ABI.fullmatch(abi) or (abis is not None and abi not in abis):
        hint = f"known: {', '.join(abis)}" if abis else None
        raise UsageError(f"{table.where}: {key}: {abi!r} is neither an ABI nor a group", hint=hint)


def _members(
    table: Table, type_: str, abi: str, source: str
) -> Iterator[tuple[tuple[str, str | None, str, str], Expected]]:
    for name, value in table.values.items():
        if name == "source" and isinstance(value, str):
            continue
        if not _MEMBER.fullmatch(name):
            raise table.wrong(name, "is not a member such as si_pid or _sifields._kill._pid")
        member = None if name == SIZE_OF else name
        for kind, number in _numbers(table, name, value).items():
            if member is None and kind != "size":
                raise table.wrong(name, f"a type has a size and no {kind}")
            expected = Expected(
                type_, member, abi, source=source,
                offset=number if kind == "offset" else None,
                size=number if kind == "size" else None,
                bit=number if kind == "bit" else None,
            )  # fmt: skip
            yield (type_, member, abi, kind), expected


def _numbers(table: Table, name: str, value: object) -> Mapping[str, int]:
    """Return what is said about one member: a bare number is its offset, or the size of the type."""
    if not isinstance(value, dict):
        return {"size" if name == SIZE_OF else "offset": _number(table, name, value)}
    inner = Table(value, f"{table.where}: {name}")
    inner.check_keys(_NUMBERS)
    if not value:
        raise table.wrong(name, "says nothing: neither offset, size nor bit")
    return {kind: _number(inner, kind, value[kind]) for kind in _NUMBERS if kind in value}


def _number(table: Table, key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise table.wrong(key, "is not a whole number from 0 on")
    return value
