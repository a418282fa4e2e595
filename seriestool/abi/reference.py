# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series adds or changes beside a tree that has it: user space built against either must agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seriestool.abi.compare import compare
from seriestool.abi.enums import by_name, title
from seriestool.abi.members import alike, compare_member
from seriestool.abi.names import is_reserved, is_sentinel
from seriestool.abi.places import EVERYWHERE, RECORDS, Place, places
from seriestool.abi.scope import Headers, failures_of, layout_of, scope
from seriestool.abi.sides import sides
from seriestool.abi.space import holders
from seriestool.abi.typedefs import compare_typedefs
from seriestool.abi.types import Types
from seriestool.abi.views import View, view
from seriestool.arch.abi import Abi
from seriestool.model.abi import AbiResult, AbiVerdict, Change, ChangeKind
from seriestool.model.layout import Record


def compare_reference(base: Headers, last: Headers, reference: Headers, abi: Abi) -> AbiResult:
    """Compare what is new or changed between *base* and *last* with the same thing in *reference*, a tree that has it.

    ``before`` of a change is the series, ``after`` the reference. What the reference has elsewhere, in another size,
    with another value or meaning, breaks: a program built against its headers does not work here. What the reference
    does not have at all is told and breaks nothing, and what only the reference has is no finding. Space that is
    reserved on either side is free. *reference* holds the headers of *last*, as far as the tree has them.

    ``unavailable`` where a header could not be read and nothing breaks.
    """
    pair = scope(base, last)
    changed = compare(pair.before, pair.after, abi)
    before, after, there = Types(pair.before), Types(pair.after), Types(layout_of(reference))
    found: list[Change] = []
    for name in dict.fromkeys(each.type for each in changed):
        own = [each for each in changed if each.type == name]
        if record := after.record(name):
            old = before.record(name)
            was = {} if old is None else places(old, before, EVERYWHERE)
            found += _record(record, own, was, (after, there), abi)
        elif any(title(each) == name for each in pair.after.enums):
            found += _enumerators(own, after, there)
        else:
            found += _typedef(name, after, there)
    failures = failures_of({*base, *last, *reference}, base, last, reference)
    verdict, reason = AbiVerdict.SAME, "" if changed else "the series adds and changes nothing"
    if any(each.breaks for each in found):
        verdict = AbiVerdict.BREAKS
    elif failures:
        verdict, reason = AbiVerdict.UNAVAILABLE, f"{failures[0].header} could not be read: {failures[0].error}"
    elif found:
        verdict = AbiVerdict.EXTENDS
    beside = sides(pair.after, there.layout, [each for each in found if each.after is not None])
    return AbiResult(abi.name, verdict, tuple(found), beside, failures, reason)


def _record(
    last: Record, changes: Sequence[Change], old: dict[str, Place], types: tuple[Types, Types], abi: Abi
) -> Iterator[Change]:
    """Give what is new or changed in one record; *old* is what the base has of it."""
    after, there = types
    other = there.record(last.name, last.size)
    if other is None:
        yield _absent(last.name, None, f"{last.size} bytes", last.header, "type")
        return
    both = view(last, other, after, there, abi)
    mentioned = {each.member for each in changes}
    if None in mentioned:
        yield from _whole(both)
    told: set[str] = set()
    for path, place in both.before.members.items():
        if is_reserved(path) or not _is_touched(path, place, old, mentioned):
            continue
        if path in both.after.members:
            worst = next((each for each in compare_member(both, path) if each.breaks), None)
            if worst is not None:
                yield _explained(both, worst)
        elif path.rpartition(".")[0].removesuffix("[]") in told:
            told.add(path)
        else:
            told.add(path)
            yield _missing(both, path, place)


def _is_touched(path: str, place: Place, old: dict[str, Place], mentioned: set[str | None]) -> bool:
    """Tell whether the series added or changed the member *path*, or what it is in."""
    was = old.get(path)
    if was is None or path in mentioned:
        return True
    return (was.member.bit_offset, was.member.bit_size) != (place.member.bit_offset, place.member.bit_size)


def _whole(both: View) -> Iterator[Change]:
    """Give another alignment, and another size unless the larger one has more behind the end of the smaller."""
    here, there = both.before.record, both.after.record
    if here.align != there.align:
        why = f"in the reference it is aligned to {there.align}"
        yield both.change(None, ChangeKind.ALIGNMENT, str(here.align), str(there.align), breaks=True, why=why)
    more = any(
        place.member.bit_end > here.size * 8 for path, place in both.after.deep.items() if path not in both.before.deep
    )
    if here.size != there.size and not (there.size > here.size and more):
        why = f"in the reference it has {there.size} bytes"
        yield both.change(None, ChangeKind.SIZE, str(here.size), str(there.size), breaks=True, why=why)


def _explained(both: View, change: Change) -> Change:
    """Return a difference from the reference with its reason: what the reference has in that place."""
    path = str(change.member)
    here, there = both.before.members[path], both.after.members[path]
    if change.kind not in (ChangeKind.OFFSET, ChangeKind.BIT):
        return replace(change, why=f"here it is {here.member.type}, in the reference {there.member.type}")
    if here.member.bit_offset == there.member.bit_offset:
        return replace(change, why="in the reference it has another width")
    used = [name for name in holders(both.after, here) if not is_reserved(name)]
    absent = [name for name in used if name not in both.before.deep]
    where = f"bit {here.bit}" if here.member.bit_field else f"offset {here.member.offset}"
    if absent:
        advice = f"reserved space in its place puts `{path}` where the reference has it"
        return replace(change, why=f"in the reference `{absent[0]}` holds {where}; {advice}")
    if used:
        return replace(change, why=f"in the reference `{used[0]}` holds {where}")
    return replace(change, why=f"in the reference {where} is free")


def _missing(both: View, path: str, place: Place) -> Change:
    """Return that the reference has no such member; with the one that it has in its place, if that is the same."""
    same = next(
        (
            name for name, other in both.after.deep.items()
            if name not in both.before.deep and other.member.encoding not in RECORDS and alike(both, place, other)
        ),
        None,
    )  # fmt: skip
    why = f"the reference calls these bytes `{same}`" if same else "the reference has no such member"
    return both.change(path, ChangeKind.ADDED, place.words, None, breaks=False, why=why)


def _enumerators(changes: Sequence[Change], after: Types, there: Types) -> Iterator[Change]:
    """Give new and changed enumerators of which the reference has another value.

    One that counts the others may be larger there, if more are counted.
    """
    here, other = by_name(after.layout.enums), by_name(there.layout.enums)
    whole = {each.type for each in changes if each.member is None}
    names = [each.member for each in changes if each.member]
    names += [name for enum in after.layout.enums if title(enum) in whole for name, _ in enum.enumerators]
    for name in dict.fromkeys(names):
        for one in here.get(name, [])[:1]:
            found = other.get(name, [])
            if not found:
                yield _absent(title(one.enum), name, str(one.value), one.enum.header, "enumerator")
                continue
            if any(each.value == one.value for each in found):
                continue
            theirs = found[0]
            more = any(label not in here for label, _ in theirs.enum.enumerators)
            if is_sentinel(name) and theirs.value > one.value and more:
                continue
            taker = next((label for label, value in theirs.enum.enumerators if value == one.value), None)
            why = f"in the reference `{taker}` has {one.value}" if taker else f"in the reference it is {theirs.value}"
            yield Change(
                title(one.enum), name, ChangeKind.VALUE, str(one.value), str(theirs.value), True, one.enum.header, why
            )


def _typedef(name: str, after: Types, there: Types) -> Iterator[Change]:
    here, other = after.typedef(name), there.typedef(name)
    if here is None:
        return  # the series removed it
    if other is None:
        yield _absent(name, None, here.type, here.header, "type")
        return
    for change in compare_typedefs(here, other, after, there):
        yield replace(change, why=f"here it is {here.type}, in the reference {other.type}")


def _absent(type_: str, member: str | None, what: str, header: str, noun: str) -> Change:
    return Change(type_, member, ChangeKind.ADDED, what, None, False, header, f"the reference has no such {noun}")
