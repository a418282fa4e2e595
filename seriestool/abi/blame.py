# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a break is: of this patch, of an earlier one, or of nobody because only the series had it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from seriestool.abi.enums import by_name
from seriestool.abi.places import EVERYWHERE, places
from seriestool.abi.types import Types
from seriestool.model.abi import Change, ChangeKind

_GONE = frozenset({ChangeKind.REMOVED, ChangeKind.RENAMED})


@dataclass(frozen=True, slots=True)
class Key:
    """What is wrong about something that the base has, however wrong it is.

    Of a member it is one thing, whether it moved or is gone. Of a type its size and its alignment are two; ``gone``
    tells that the type, or the member with all that is in it, is not there.
    """

    type: str
    member: str | None
    aspect: str
    gone: bool

    def is_about(self, change: Change) -> bool:
        """Tell whether *change* is this, or one of two is about the whole of which the other is a part."""
        other = key_of(change)
        if self.type != other.type:
            return False
        if (self.member, self.aspect) == (other.member, other.aspect):
            return True
        return (other.gone and _within(self.member, other.member)) or (self.gone and _within(other.member, self.member))


def key_of(change: Change) -> Key:
    """Return what *change* is about."""
    gone = change.kind in _GONE
    return Key(change.type, change.member, "" if change.member else "gone" if gone else str(change.kind), gone)


def _within(member: str | None, whole: str | None) -> bool:
    return whole is None or (member is not None and member.startswith((f"{whole}.", f"{whole}[]")))


def own_breaks(wrong: Iterable[Change], before: Iterable[Change], steps: Iterable[Change]) -> list[Change]:
    """Return what is wrong after a patch because of it.

    *wrong* is the base against the state after it, *before* against the one before it, *steps* the one before it
    against that after it. What was wrong before counts if it was touched again and is still wrong. Where the patch
    made the whole difference, its own reason is better than one that goes back to the base.
    """
    was = [each for each in before if each.breaks]
    same = {(each.type, each.member, each.kind, each.after) for each in was}
    made = {(each.type, each.member, each.kind): each for each in steps}
    touched = [key_of(each) for each in steps if each.breaks]
    found: list[Change] = []
    for change in wrong:
        if not change.breaks or (change.type, change.member, change.kind, change.after) in same:
            continue
        key = key_of(change)
        if any(key.is_about(each) for each in was) and key not in touched:
            continue
        step = made.get((change.type, change.member, change.kind))
        exact = step is not None and (step.before, step.after) == (change.before, change.after)
        found.append(replace(change, why=step.why) if exact and step else change)
    return found


class Ledger:
    """Which patch brought what the base does not have."""

    def __init__(self) -> None:
        self._brought: dict[tuple[str, str | None], str] = {}

    def note(self, number: str, steps: Iterable[Change]) -> None:
        """Remember what the patch *number* added."""
        for each in steps:
            if each.kind in (ChangeKind.ADDED, ChangeKind.RENAMED, ChangeKind.RESERVED):
                name = each.after if each.kind is ChangeKind.RENAMED and each.member else each.member
                self._brought.setdefault((each.type, name), number)

    def bringer(self, type_: str, member: str | None) -> str | None:
        """Return the patch that brought *member* of *type_*, or what it is in."""
        while member:
            if number := self._brought.get((type_, member)):
                return number
            member = member.rpartition(".")[0].removesuffix("[]")
        return self._brought.get((type_, None))


def softened(
    steps: Iterable[Change], breaks: Sequence[Change], wrong: Iterable[Change], base: Types, ledger: Ledger
) -> Iterator[Change]:
    """Give the *steps* of a patch that are none of its *breaks*, none of them breaking, each with the reason for that.

    *wrong* is what is wrong after it, *base* the types that programs were compiled against.
    """
    own = {(each.type, each.member) for each in breaks}
    still = [each for each in wrong if each.breaks]
    for change in steps:
        key = key_of(change)
        if key in {key_of(each) for each in breaks} or (change.member and (change.type, change.member) in own):
            continue
        there = has(base, change)
        if there and change.kind is not ChangeKind.GREW and not any(key.is_about(each) for each in still):
            if change.breaks or change.kind is ChangeKind.ADDED:
                change = replace(change, breaks=False, why="as in the base again")  # noqa: PLW2901
        elif change.breaks:
            number = None if there else ledger.bringer(change.type, change.member)
            reason = f"added by {number} of the series" if number else "what the base has is not affected"
            why = f"{reason}; {change.why}" if change.why and number else reason
            change = replace(change, breaks=False, why=why)  # noqa: PLW2901
        yield change


def has(base: Types, change: Change) -> bool:
    """Tell whether the types *base* have what *change* is about."""
    record = base.record(change.type)
    if change.member is None:
        return record is not None or base.enum(change.type) is not None or base.typedef(change.type) is not None
    if record is not None:
        return change.member in places(record, base, EVERYWHERE)
    return change.member in by_name(base.layout.enums)
