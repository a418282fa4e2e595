# SPDX-License-Identifier: GPL-2.0-or-later
"""One group of changes as it is told: each cause once and first, then what it did, type by type. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seriestool.model.abi import Change, ChangeKind, Sides
from seriestool.report.abi.groups import AbiGroup, Told
from seriestool.report.abi.layouts import difference

_WITH = re.compile(r"moved with `([^`]+)`")
_SEE = re.compile(r"see `[^`]+`")
_MOVES = frozenset({ChangeKind.OFFSET, ChangeKind.BIT, ChangeKind.ALIGNMENT})


@dataclass(frozen=True, slots=True)
class Story:
    """What a group does: its ``causes``, a sentence each; its changes, those of one type behind each other.

    ``told`` has a reason only where it is that change's own, and counts what moved along, in it and beside it.
    ``sides`` are the layouts of the types that break; of all where none does. ``same`` names types whose layouts differ
    as they do on an ABI that was told before, and that ABI.
    """

    causes: tuple[str, ...]
    told: tuple[Told, ...]
    sides: tuple[Sides, ...]
    same: tuple[tuple[str, str], ...] = ()


Seen = dict[tuple[object, ...], str]
"""The ABI whose layouts were told, by what differs in them."""


@dataclass(frozen=True, slots=True)
class _Cause:
    """A sentence about ``type``; ``path`` and ``rest`` are what it shares with one about what the type is in."""

    type: str
    path: str
    rest: str
    sentence: str
    whole: bool
    """It says what follows, too."""

    def is_that_of(self, other: _Cause) -> bool:
        """Tell whether both are one thing, seen from the same type or from one inside the other."""
        if self.rest != other.rest:
            return False
        if self.type == other.type:
            return self.path == other.path
        long, short = sorted((self.path, other.path), key=len, reverse=True)
        return bool(short) and f".{long}".endswith(f".{short}")

    def says_more_than(self, other: _Cause) -> bool:
        """Tell whether it says what follows and *other* does not, or is seen from farther out."""
        return self.whole and (not other.whole or len(self.path) > len(other.path))


def story(group: AbiGroup, seen: Seen | None = None) -> Story:
    """Return what to tell of *group* after those that left their layouts in *seen*."""
    told = [each for each in group.changes if not _incidental(each.change, group.changes)]
    causes: list[_Cause] = []
    for each in told:
        if (cause := _cause(each)) is None:
            continue
        same = next((index for index, known in enumerate(causes) if known.is_that_of(cause)), None)
        if same is None:
            causes.append(cause)
        elif cause.says_more_than(causes[same]):
            causes[same] = cause
    known = seen if seen is not None else {}
    first = [known.setdefault((group.step, each.type, difference(each)), group.abis[0]) for each in _layouts(group)]
    layouts = list(zip(_layouts(group), first, strict=True))
    return Story(
        tuple(each.sentence for each in causes),
        tuple(_by_type(_told(told))),
        tuple(each for each, abi in layouts if abi == group.abis[0]),
        tuple((each.type, abi) for each, abi in layouts if abi != group.abis[0]),
    )


def _incidental(change: Change, others: Sequence[Told]) -> bool:
    """Tell whether a change only is the room in which another one is that is told: reserved space, a larger union."""
    if change.breaks or not (
        change.kind is ChangeKind.RESERVED or (change.kind is ChangeKind.GREW and change.member is not None)
    ):
        return False
    return any(each.change.type == change.type and each.change.kind is ChangeKind.ADDED for each in others)


def _cause(told: Told) -> _Cause | None:
    """Return what moved or aligned a member differently; None where the reason is another, or names another member."""
    change, why = told.change, told.why
    if not change.breaks or change.kind not in _MOVES or not why or _WITH.fullmatch(why):
        return None
    head, so, tail = why.partition(", so it ")
    if not so and change.kind is not ChangeKind.ALIGNMENT:
        return None
    name = f"`{change.member}`"
    head = head.replace(" before it", f" before {name}")
    root, inside, around = head.partition("; the ")
    path, rest = _subject(root)
    if so and inside:
        subject = "it" if around in (f"union {name} with it", f"struct {name} with it") else name
        text = f"{root}, and the {around}: {subject} {tail}"
    else:
        text = f"{head}, so {name} {tail}" if so else head
    return _Cause(change.type, path, rest, f"{change.type}: {text}", bool(so))


def _subject(text: str) -> tuple[str, str]:
    """Return the path that a sentence begins with, "" if it does not, and all behind it."""
    found = re.match(r"`([^`]+)`", text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _told(changes: Sequence[Told]) -> Iterator[Told]:
    """Give *changes* without those that moved with another one, which counts them, and nothing twice.

    A header may have two variants of a type, which change alike.
    """
    names = {(each.change.type, each.change.member) for each in changes}
    along: Counter[tuple[str, str | None]] = Counter()
    kept = []
    for each in changes:
        leader = _WITH.fullmatch(each.why)
        key = (each.change.type, leader[1] if leader else None)
        if leader and key in names:
            along[key] += 1 + each.along
        else:
            kept.append(each)
    said = {""}
    once = {each.change: each for each in reversed(kept)}
    for change in dict.fromkeys(each.change for each in kept):
        each = once[change]
        more = along[change.type, change.member] if change.kind in _MOVES and change.member else 0
        why = "" if each.why in said or _SEE.fullmatch(each.why) or _cause(each) else each.why
        said.add(why)
        yield replace(each, along=each.along + more, why=why)


def _by_type(changes: Iterator[Told]) -> Iterator[Told]:
    types: defaultdict[str, list[Told]] = defaultdict(list)
    for each in changes:
        types[each.change.type].append(each)
    for several in types.values():
        yield from several


def _layouts(group: AbiGroup) -> tuple[Sides, ...]:
    """Return the layouts to show: not those of a type that is written out in one of them already."""
    breaking = {each.change.type for each in group.changes if each.change.breaks}
    wanted = [each for each in group.sides if each.type in breaking] or list(group.sides)
    return tuple(each for each in wanted if not any(_within(each.type, other) for other in wanted if other != each))


def _within(name: str, sides: Sides) -> bool:
    opened = re.compile(rf"\s{re.escape(name)} {{$")
    return any(opened.search(row.before) or opened.search(row.after) for row in sides.rows[1:])
