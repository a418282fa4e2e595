# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts of one record, ready to be compared member by member."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.abi.places import EVERYWHERE, Place, places
from seriestool.abi.types import Types
from seriestool.arch.abi import Abi
from seriestool.model.abi import Change, ChangeKind
from seriestool.model.layout import Record


@dataclass(frozen=True, slots=True)
class Look:
    """One side: the record, all types of its layout, its members by path, and those with all records walked into."""

    record: Record
    types: Types
    members: dict[str, Place]
    deep: dict[str, Place]

    def is_open(self, path: str) -> bool:
        """Tell whether the members of the struct or union *path* are among ``members``."""
        return any(each.startswith((f"{path}.", f"{path}[].")) for each in self.members)


@dataclass(frozen=True, slots=True)
class View:
    """Both sides of one record under one ABI."""

    before: Look
    after: Look
    abi: Abi

    def change(
        self,
        member: str | None,
        kind: ChangeKind,
        before: str | None,
        after: str | None,
        *,
        breaks: bool,
        why: str = "",
    ) -> Change:
        """Return a change of this record."""
        record = self.after.record
        return Change(self.before.record.name, member, kind, before, after, breaks, record.header, why)


def view(before: Record, after: Record, old: Types, new: Types, abi: Abi) -> View:
    """Return *before*, of the layout of *old*, beside *after*, of that of *new*.

    Structs and unions with a tag are walked into where one side has another one, or one without a tag: what has the
    same tag on both sides is compared once, as a type of its own.
    """
    was, now = places(before, old, EVERYWHERE), places(after, new, EVERYWHERE)
    through = frozenset(path for path, place in was.items() if path in now and _another(place, now[path], old, new))
    left = Look(before, old, places(before, old, through), was)
    return View(left, Look(after, new, places(after, new, through), now), abi)


def _another(one: Place, other: Place, old: Types, new: Types) -> bool:
    """Tell whether both are structs or unions that are known, and not the same one by its tag."""
    left, right = old.record_of(one.member), new.record_of(other.member)
    if left is None or right is None:
        return False
    with_tag = one.member.record is None, other.member.record is None
    return with_tag[0] != with_tag[1] or (with_tag == (True, True) and left.name != right.name)
