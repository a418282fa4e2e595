# SPDX-License-Identifier: GPL-2.0-or-later
"""Two layouts of one struct or union."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seriestool.abi.causes import Level, move_of, why_aligned, why_moved
from seriestool.abi.members import compare_member
from seriestool.abi.names import is_reserved
from seriestool.abi.space import free_space, lost, new_members
from seriestool.abi.types import Types, elements
from seriestool.abi.views import View, view
from seriestool.arch.abi import Abi
from seriestool.model.abi import Change, ChangeKind
from seriestool.model.layout import Record


def compare_records(before: Record, after: Record, old: Types, new: Types, abi: Abi) -> list[Change]:
    """Return what changed about one struct or union, the record itself first, then its members in their old order.

    *old* and *new* are the types of the two layouts.
    """
    alike = (before.size, before.align, before.members) == (after.size, after.align, after.members)
    # A flexible array has the same size whatever its elements are.
    if alike and not any(elements(member) == 0 for _, member in before.flat()):
        return []
    both = view(before, after, old, new, abi)
    taken: set[str] = set()
    existing = list(_existing(both, taken))
    moved = any(change.kind in (ChangeKind.OFFSET, ChangeKind.BIT) for change in existing)
    members = [*_explained(both, existing), *new_members(both, taken, moved=moved)]
    return [*_whole(both, members), *members]


def same_structure(before: Record, after: Record, old: Types, new: Types, abi: Abi) -> bool:
    """Tell whether *after* is *before* under whatever name: nothing to say about any member."""
    return before.keyword == after.keyword and not compare_records(before, after, old, new, abi)


def _existing(both: View, taken: set[str]) -> Iterator[Change]:
    """Give what became of each member that was there; what is in a struct that is gone or was reserved is not asked."""
    closed: set[str] = set()
    for path in both.before.members:
        parent = path.rpartition(".")[0].removesuffix("[]")
        if parent in closed:
            closed.add(path)
        elif is_reserved(path):
            closed.add(path)
            if change := free_space(both, path):
                yield change
        elif path in both.after.members:
            yield from compare_member(both, path)
        elif path not in both.after.deep:
            closed.add(path)
            if change := lost(both, path, taken):
                yield change


def _explained(both: View, changes: list[Change]) -> Iterator[Change]:
    """Give *changes* with why members moved; of those that moved by one cause, the first has it."""
    first: dict[Level, str] = {}
    for change in changes:
        if change.kind not in (ChangeKind.OFFSET, ChangeKind.BIT) or change.member is None:
            yield change
            continue
        before, after = both.before.deep[change.member], both.after.deep[change.member]
        if before.member.bit_offset == after.member.bit_offset:
            yield replace(change, why=f"it has {after.member.bit_size} bits instead of {before.member.bit_size}")
            continue
        leader = first.setdefault(move_of(before, after), change.member)
        why = why_moved(both, change.member) if leader == change.member else f"moved with `{leader}`"
        yield replace(change, why=why)


def _whole(both: View, members: list[Change]) -> Iterator[Change]:
    """Give what changed about the record itself.

    Its size may grow behind the end: a program passes and copies the size that it knows, and the kernel is told that
    size. It may not grow because something moved, and not shrink: a program's copy would run over. Its alignment is
    part of every record and every argument list that it is in.
    """
    before, after = both.before.record, both.after.record
    worst = next((change for change in members if change.breaks), None)
    if before.align != after.align:
        yield both.change(
            None, ChangeKind.ALIGNMENT, str(before.align), str(after.align), breaks=True, why=why_aligned(both)
        )
    if before.size == after.size:
        return
    sizes = str(before.size), str(after.size)
    if after.size > before.size and worst is None and before.align == after.align:
        new = [
            change.member for change in members
            if change.kind is ChangeKind.ADDED
            and change.member in both.after.members
            and both.after.members[change.member].member.bit_end > before.size * 8
        ]  # fmt: skip
        why = f"by `{new[0]}`" + (f" and {len(new) - 1} more" if len(new) > 1 else "") if new else ""
        yield both.change(None, ChangeKind.GREW, *sizes, breaks=False, why=why)
        return
    if worst is not None:
        why = f"see `{worst.member}`"
    elif after.size < before.size:
        why = "a program has more bytes of it than the kernel"
    else:
        why = f"with its alignment, which is {after.align} now"
    yield both.change(None, ChangeKind.SIZE, *sizes, breaks=True, why=why)
