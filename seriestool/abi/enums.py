# SPDX-License-Identifier: GPL-2.0-or-later
"""Two states of all enumerators: they are compared by their own name, which is unique in C, not by their enum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from seriestool.abi.names import is_sentinel
from seriestool.abi.places import count
from seriestool.formats.constants import IOCTLS, NUMBERS
from seriestool.model.abi import Change, ChangeKind
from seriestool.model.layout import Enumeration


@dataclass(frozen=True, slots=True)
class Enumerator:
    """One enumerator and what it is in."""

    name: str
    value: int
    enum: Enumeration


def title(enum: Enumeration) -> str:
    """Return what *enum* is called: its name, else "enum {FIRST, ...}"."""
    if enum.name:
        return enum.name
    first = enum.enumerators[0][0] if enum.enumerators else ""
    return f"enum {{{first}{', ...' if len(enum.enumerators) > 1 else ''}}}"


def written(enum: Enumeration, value: int) -> str:
    """Return *value* as a person knows it: the number of an ioctl is made of fields of whole digits."""
    return f"{value:#x}" if enum.name == IOCTLS else str(value)


def compare_enums(before: Iterable[Enumeration], after: Iterable[Enumeration]) -> Iterator[Change]:
    """Give what changed about all enumerations of a layout, with or without a name.

    A value is compiled into programs, so it must stay; an enumerator that moved to another enum, or another header,
    is the same to them. New ones are additions. One that counts the others (FOO_MAX) grows with them, which a
    program that was compiled before cannot know and need not.
    """
    before, after = list(before), list(after)
    old, new = by_name(before), by_name(after)
    yield from _types(before, after, new)
    for name, olds in old.items():
        for one in olds:
            yield from _compare(one, new.get(name, ()))
    yield from _added(before, after, old)


def by_name(enums: Iterable[Enumeration]) -> Mapping[str, list[Enumerator]]:
    """Return every enumerator of *enums* by its name."""
    found: defaultdict[str, list[Enumerator]] = defaultdict(list)
    for enum in enums:
        for name, value in enum.enumerators:
            found[name].append(Enumerator(name, value, enum))
    return found


def _types(
    before: list[Enumeration], after: list[Enumeration], new: Mapping[str, list[Enumerator]]
) -> Iterator[Change]:
    """Give what changed about enums themselves: gone by name, or of another size where they are a member."""
    for enum in before:
        if not enum.name or enum.name in NUMBERS:
            continue
        found = [each for each in after if each.name == enum.name]
        if not found:
            kept = enum.enumerators and all(name in new for name, _ in enum.enumerators)
            why = f"{'its enumerators are there, ' if kept else ''}sources that name the type do not compile"
            yield Change(
                enum.name, None, ChangeKind.REMOVED, count(enum.size, "byte"), None, True, enum.header, why
            )
            continue
        twin = next((each for each in found if each.header == enum.header), found[0])
        if twin.size != enum.size:
            widest = max(twin.enumerators, key=lambda each: abs(each[1]), default=("", 0))
            why = f"`{widest[0]}` does not fit into {enum.size} bytes"
            if twin.size < enum.size:
                why = f"what needed {enum.size} bytes is gone"
            yield Change(
                enum.name, None, ChangeKind.SIZE, str(enum.size), str(twin.size), True, twin.header, why
            )


def _compare(one: Enumerator, found: Iterable[Enumerator]) -> Iterator[Change]:
    found = list(found)
    if not found:
        why = "sources that name it do not compile, and programs still pass its value"
        yield Change(
            title(one.enum), one.name, ChangeKind.REMOVED, written(one.enum, one.value), None, True, one.enum.header,
            why,
        )
        return
    if any(each.value == one.value and each.enum.header == one.enum.header for each in found):
        return
    here = [each for each in found if each.enum.header == one.enum.header] or found
    if any(each.value == one.value for each in here):
        return
    now = here[0]
    if _counts(one) and now.value > one.value:
        kind, breaks, why = ChangeKind.GREW, False, "it comes behind the last, and grows with them"
    elif _is_sum(one) and _is_sum(now):
        kind, breaks, why = ChangeKind.GREW, False, "it is all bits of the others, and grows with them"
    else:
        kind, breaks, why = ChangeKind.VALUE, True, _why(one, now)
    yield Change(
        title(one.enum), one.name, kind, written(one.enum, one.value), written(now.enum, now.value), breaks,
        now.enum.header, why,
    )


def _counts(one: Enumerator) -> bool:
    """Tell whether it counts the others; the number of a system call (__NR_read) does not, whatever it is called."""
    return one.name.endswith("syscalls") if one.enum.name in NUMBERS else is_sentinel(one.name)


def _is_sum(one: Enumerator) -> bool:
    """Tell whether it is a mask of all bits that the other enumerators have."""
    others = 0
    for name, value in one.enum.enumerators:
        others |= value if name != one.name else 0
    return one.name.upper().endswith(("_MASK", "_ALL")) and one.value == others > 0


def _why(before: Enumerator, after: Enumerator) -> str:
    """Say what took the value, or what was put in front."""
    if before.enum.name == IOCTLS:
        size = [each.value >> 16 & 0x1FFF for each in (before, after)]  # 13 bits everywhere, 14 on most
        grown = f": its type went from {size[0]} to {size[1]} bytes" if size[0] != size[1] else ""
        return f"programs pass the number that they were compiled with{grown}"
    taker = next((name for name, value in after.enum.enumerators if value == before.value), None)
    old = {name for name, _ in before.enum.enumerators}
    inserted = [name for name, value in after.enum.enumerators if name not in old and value < after.value]
    if taker and taker not in old:
        return f"`{taker}` was inserted before it and has its value"
    if inserted and after.value > before.value:
        return f"`{inserted[0]}` was inserted before it"
    return f"`{taker}` has its value now" if taker else ""


def _added(
    before: list[Enumeration], after: list[Enumeration], old: Mapping[str, list[Enumerator]]
) -> Iterator[Change]:
    """Give what is new: an enum as a whole where nothing of it existed, else its enumerators."""
    names = {enum.name for enum in before if enum.name}
    seen: set[str] = set()
    for enum in after:
        new = [(name, value) for name, value in enum.enumerators if name not in old and name not in seen]
        seen.update(name for name, _ in new)
        if len(new) == len(enum.enumerators) and enum.name not in names | NUMBERS and (new or enum.name):
            what = count(len(new), "enumerator")
            yield Change(title(enum), None, ChangeKind.ADDED, None, what, False, enum.header)
            continue
        for name, value in new:
            yield Change(title(enum), name, ChangeKind.ADDED, None, written(enum, value), False, enum.header)
