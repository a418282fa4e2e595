# SPDX-License-Identifier: GPL-2.0-or-later
"""What a change of headers does to programs that were compiled before it, under one ABI."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from seriestool.abi.enums import compare_enums
from seriestool.abi.places import count
from seriestool.abi.records import compare_records, same_structure
from seriestool.abi.typedefs import compare_typedefs
from seriestool.abi.types import Types
from seriestool.arch.abi import Abi
from seriestool.model.abi import Change, ChangeKind
from seriestool.model.layout import Layout, Record, Typedef


class _Type(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def header(self) -> str: ...
    @property
    def size(self) -> int: ...


_T = TypeVar("_T", bound=_Type)


def compare(before: Layout, after: Layout, abi: Abi) -> tuple[Change, ...]:
    """Return every difference of two states, which are merged layouts (``abi.types.merge``), in a stable order.

    What is in *before* and not in *after* is told as removed. So both must be of the same headers, each read on both
    sides or there on one side only: a header that could not be read looks like one from which everything was removed.
    ``abi.scope`` sees to that. A type that moved to another header is compared, not removed and added.
    """
    old, new = Types(before), Types(after)
    changes = [*_records(before, after, old, new, abi)]
    changes += compare_enums(before.enums, after.enums)
    changes += _typedefs(before, after, old, new)
    return tuple(dict.fromkeys(changes))


def _records(before: Layout, after: Layout, old: Types, new: Types, abi: Abi) -> Iterator[Change]:
    def same(one: Record, other: Record) -> bool:
        return same_structure(one, other, old, new, abi)

    pairs, gone, added = _paired(before.records, after.records, same)
    for one, other in pairs:
        yield from compare_records(one, other, old, new, abi)
    for one in gone:
        tagged = new.record(one.name)  # by a typedef of that name: foo_t of a struct that got a tag
        heirs = [each for each in added if each.header == one.header and same(one, each)]
        if tagged is not None:
            yield from (replace(change, type=one.name) for change in compare_records(one, tagged, old, new, abi))
        elif heirs:
            why = "the same type under another name: programs keep working, their sources do not compile"
            yield Change(one.name, None, ChangeKind.RENAMED, one.name, heirs[0].name, True, heirs[0].header, why)
        else:
            yield _removed(one.name, one.size, one.header)
        heir = tagged or next(iter(heirs), None)
        added = [each for each in added if each is not heir]
    known = set(old.names())
    for each in added:
        if each.name not in known or not any(same(one, each) for one in before.records if one.name == each.name):
            yield Change(each.name, None, ChangeKind.ADDED, None, count(each.size, "byte"), False, each.header)


def _typedefs(before: Layout, after: Layout, old: Types, new: Types) -> Iterator[Change]:
    def same(one: Typedef, other: Typedef) -> bool:
        return not list(compare_typedefs(one, other, old, new))

    pairs, gone, added = _paired(before.typedefs, after.typedefs, same)
    for one, other in pairs:
        yield from compare_typedefs(one, other, old, new)
    records = {each.name for each in after.records}
    yield from (_removed(one.name, one.size, one.header) for one in gone if one.name not in records)
    known = set(old.names())
    for each in added:
        if each.name not in known:
            yield Change(each.name, None, ChangeKind.ADDED, None, each.type, False, each.header)


def _removed(name: str, size: int, header: str) -> Change:
    why = "sources that name it do not compile"
    return Change(name, None, ChangeKind.REMOVED, count(size, "byte"), None, True, header, why)


def _paired(
    before: Sequence[_T], after: Sequence[_T], same: Callable[[_T, _T], bool]
) -> tuple[list[tuple[_T, _T]], list[_T], list[_T]]:
    """Return which types of two states are the same one, those that are gone, and those that are new.

    First by header and name. What is left was moved to another header, if one of that name is there: best one that is
    the same and not yet taken. Of several variants in one header, those that are the same go together.
    """
    old, new = _grouped(before), _grouped(after)
    pairs: list[tuple[_T, _T]] = []
    gone: list[_T] = []
    left: list[_T] = []
    for key, olds in old.items():
        here, there = list(olds), list(new.get(key, ()))
        if len(here) != 1 or len(there) != 1:
            for one in olds:
                if twin := next((each for each in there if same(one, each)), None):
                    here.remove(one)
                    there.remove(twin)
        pairs += zip(here, there, strict=False)
        gone += here[len(there) :]
        left += there[len(here) :]
    left += [each for key, news in new.items() if key not in old for each in news]
    return _moved(pairs, gone, left, after, same)


def _moved(
    pairs: list[tuple[_T, _T]], gone: Iterable[_T], left: list[_T], after: Sequence[_T],
    same: Callable[[_T, _T], bool],
) -> tuple[list[tuple[_T, _T]], list[_T], list[_T]]:  # fmt: skip
    lost: list[_T] = []
    by_name: defaultdict[str, list[_T]] = defaultdict(list)
    for each in after:
        by_name[each.name].append(each)
    for one in gone:
        free = [each for each in left if each.name == one.name]
        candidates = free or by_name.get(one.name, [])
        if not candidates:
            lost.append(one)
            continue
        twin = next((each for each in candidates if same(one, each)), candidates[0])
        left = [each for each in left if each is not twin]
        pairs.append((one, twin))
    return pairs, lost, left


def _grouped(types: Iterable[_T]) -> dict[tuple[str, str], list[_T]]:
    groups: defaultdict[tuple[str, str], list[_T]] = defaultdict(list)
    for each in sorted(types, key=lambda each: (each.name, each.header)):
        groups[each.name, each.header].append(each)
    return groups
