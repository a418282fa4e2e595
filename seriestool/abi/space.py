# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of members that are gone, of space that was free, and where new members are: rules for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from seriestool.abi.members import alike
from seriestool.abi.names import is_reserved
from seriestool.abi.places import RECORDS, Place
from seriestool.abi.views import Look, View
from seriestool.model.abi import Change, ChangeKind

_SHOWN = 3  # names in one sentence


def alias_of(view: View, path: str) -> Place | None:
    """Return the member that a macro of the header calls *path* after the change, None where there is no such macro.

    ``#define si_pid _sifields._kill._pid`` replaces the last name of any path.
    """
    head, dot, name = path.rpartition(".")
    aliases = dict(view.after.types.layout.aliases)
    seen: set[str] = set()
    while name in aliases and name not in seen:
        seen.add(name)
        name = aliases[name]
        if place := view.after.deep.get(f"{head}{dot}{name}"):
            return place
    return None


def renamed_to(view: View, path: str, taken: set[str]) -> Place | None:
    """Return the new member that is what *path* was, at the same place; one with the same parent first."""
    before = view.before.members[path]
    parent = path.rpartition(".")[0]
    new = [
        place for name, place in view.after.members.items()
        if name not in view.before.deep and name not in taken and not is_reserved(name) and alike(view, before, place)
    ]  # fmt: skip
    return min(new, key=lambda place: place.path.rpartition(".")[0] != parent, default=None)


def lost(view: View, path: str, taken: set[str]) -> Change | None:
    """Return what to say of a member that is gone; names of new members that it became go into *taken*.

    Under another name programs keep working and sources do not compile: that breaks, too, because user space is built
    again with every distribution. With a macro for the old name nothing happened.
    """
    before = view.before.members[path]
    alias = alias_of(view, path)
    if alias is not None and alike(view, before, alias):
        taken.add(alias.path)
        return None
    renamed = renamed_to(view, path, taken)
    if renamed is not None:
        taken.add(renamed.path)
        why = f"the same bytes are called `{renamed.path}`: programs keep working, their sources do not compile"
        return view.change(path, ChangeKind.RENAMED, path, renamed.path, breaks=True, why=why)
    heirs = holders(view.after, before)
    now = f"its bytes are {_list(heirs)} now" if heirs else "nothing is there any more"
    return view.change(path, ChangeKind.REMOVED, before.words, None, breaks=True, why=now)


def free_space(view: View, path: str) -> Change | None:
    """Return what became of the reserved member *path*; it may shrink, move, be renamed and go, for nobody uses it.

    What takes its bytes is told as added, and what had to move for it breaks by itself.
    """
    before = view.before.members[path]
    after = view.after.members.get(path)
    if after is not None and (after.member.bit_offset, after.member.bit_size) == (
        before.member.bit_offset, before.member.bit_size,
    ):  # fmt: skip
        return None
    takers = [name for name in holders(view.after, before) if name not in view.before.deep and not is_reserved(name)]
    heirs = [name for name in holders(view.after, before) if name not in view.before.deep and is_reserved(name)]
    if takers:
        why = f"taken by {_list(takers)}"
    elif heirs:
        why = f"it is {_list(heirs)} now"
    else:
        why = "nothing was ever there"
    return view.change(
        path, ChangeKind.RESERVED, before.words, after.words if after else None, breaks=False, why=why
    )


def new_members(view: View, taken: set[str], *, moved: bool) -> Iterator[Change]:
    """Give every member that is new, outermost only; with where it is, unless others *moved* and places mean little."""
    done: set[str] = set(taken)
    for path, place in view.after.members.items():
        parent = path.rpartition(".")[0].removesuffix("[]")
        if path in view.before.deep or path in taken:
            continue
        done.add(path)
        old = view.before.deep.get(parent)
        if parent in done or (old is not None and old.member.encoding not in RECORDS):
            continue  # told with the struct or union that it came in
        kind = ChangeKind.RESERVED if is_reserved(path) else ChangeKind.ADDED
        yield view.change(
            path, kind, None, place.words, breaks=False, why="" if moved else _whereabouts(view, place)
        )


def _whereabouts(view: View, place: Place) -> str:
    """Say what was there: padding, reserved space, other members (of a union), or nothing because it is the end."""
    if place.member.bit_offset >= view.before.record.size * 8:
        return "behind the end"
    there = holders(view.before, place)
    free = [name for name in there if is_reserved(name)]
    kept = [name for name in there if not is_reserved(name) and name in view.after.deep]
    if free and not kept:
        return f"in what was {_list(free)}"
    if kept:
        nearest = max(_common(name, place.path) for name in kept)
        return f"shares bytes with {_list([name for name in kept if _common(name, place.path) == nearest])}"
    if there:
        return f"in the place of {_list(there)}"
    return "in what was padding"


def holders(look: Look, place: Place) -> list[str]:
    """Return the members, no structs or unions that are walked into, which have a bit of *place*."""
    start, end = place.member.bit_offset, place.member.bit_end
    parents = {each.rpartition(".")[0].removesuffix("[]") for each in look.members}
    return [
        path for path, each in look.members.items()
        if not (each.member.encoding in RECORDS and path in parents)
        and each.member.bit_offset < end
        and each.member.bit_end > start
        and each.path != place.path
    ]  # fmt: skip


def _common(one: str, other: str) -> int:
    """Return how many names at the beginning of two paths are the same."""
    pairs = enumerate(zip(one.split("."), other.split("."), strict=False))
    return next((number for number, (left, right) in pairs if left != right), 0)


def _list(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
