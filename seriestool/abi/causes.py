# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a member lies elsewhere: the innermost one that was put before it, grew, went, or is aligned differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seriestool.abi.places import RECORDS, Place, count
from seriestool.abi.types import Types
from seriestool.abi.views import View
from seriestool.model.layout import Encoding, Member

Level = tuple[object, ...]


def level_of(before: Place, after: Place) -> int:
    """Return how many structs and unions around a member that moved stayed where they were."""
    pairs = list(zip((*before.chain, before.member), (*after.chain, after.member), strict=False))
    return next((n for n, (old, new) in enumerate(pairs) if old.bit_offset != new.bit_offset), len(pairs) - 1)


def move_of(before: Place, after: Place) -> Level:
    """Return what members that moved by one cause have in common: how far, and inside of what."""
    around = after.chain[: level_of(before, after)]
    return after.member.bit_offset - before.member.bit_offset, *((each.name, each.bit_offset) for each in around)


def why_moved(view: View, path: str) -> str:
    """Explain why the member *path*, which both sides have, begins elsewhere."""
    before, after = view.before.deep[path], view.after.deep[path]
    level = level_of(before, after)
    old, new = (*before.chain, before.member)[level], (*after.chain, after.member)[level]
    around = after.chain[level - 1] if level else None
    prefix = _prefix(after.chain[:level])
    if (view.after.record.keyword if around is None else str(around.encoding)) == "union":
        return f"{_begins(before, after)}"
    left = _siblings(view.before.types, view.before.record.members, before.chain[:level])
    right = _siblings(view.after.types, view.after.record.members, after.chain[:level])
    above_old, above_new = left[: left.index(old)], right[: right.index(new)]
    if _end(above_old) != _end(above_new) or new.align == old.align:
        cause = _before_it(view, (left, above_old), (right, above_new), prefix)
        if cause:
            return f"{cause}, so {_begins(before, after)}"
    if new.align != old.align:
        return _by_alignment(view, path, new, _prefix((*after.chain, after.member)[: level + 1]))
    return f"{_begins(before, after)}: it is placed differently by an attribute"


def why_aligned(view: View) -> str:
    """Explain why the record has another alignment: the innermost member that asks for it."""
    old, new = view.before.record.align, view.after.record.align
    look, other = (view.after, view.before) if new > old else (view.before, view.after)
    asking = _asking(look.deep, other.deep, max(old, new))
    if asking is None:
        return f"an attribute aligns it to {new} instead of {old}"
    if new > old:
        return f"`{asking.path}` is {_a(asking.member)}, which {view.abi.name} aligns to {new}"
    return f"`{asking.path}`, which {view.abi.name} aligned to {old}, is no longer what it was"


def why_sized(view: View, path: str) -> str:
    """Explain why the struct or union *path*, or an element of it, has another size: the innermost member at fault."""
    fault = _fault(view, f"{path}.") or _fault(view, f"{path}[].")
    return fault or ""


def _by_alignment(view: View, path: str, node: Member, name: str) -> str:
    before, after = view.before.deep[path], view.after.deep[path]
    under = {each: place for each, place in view.after.deep.items() if place.member is node or _has(place, node)}
    asking = _asking(under, view.before.deep, node.align)
    start = f", so {_begins(before, after)}"
    if asking is None:
        old = view.before.deep.get(name.rstrip("."), before).member.align
        return f"an attribute aligns `{name.rstrip('.') or path}` to {node.align} instead of {old}{start}"
    told = f"`{asking.path}` is {_a(asking.member)}, which {view.abi.name} aligns to {node.align}"
    if asking.member is node:
        return told + start
    keyword = "union" if node.encoding is Encoding.UNION else "struct"
    with_it = f"`{name.rstrip('.')}`" if node.name else f"around `{path}`"
    return f"{told}; the {keyword} {with_it} with it{start}"


def _asking(places: dict[str, Place], other: dict[str, Place], align: int) -> Place | None:
    """Return the innermost of *places* that is aligned to *align* and is not in *other*."""
    found = [
        place for path, place in places.items()
        if place.member.align == align and (path not in other or other[path].member.align != align)
    ]  # fmt: skip
    best = next(iter(found), None)
    for place in found:
        if best is not None and _has(place, best.member):
            best = place
    return best


def _before_it(
    view: View, left: tuple[Sequence[Member], Sequence[Member]], right: tuple[Sequence[Member], Sequence[Member]],
    prefix: str,
) -> str:  # fmt: skip
    """Say what is different about the members in front, that next to it first; "" if nothing is.

    *left* and *right* are all members around, and those of them in front.
    """
    old, new = view.before.types, view.after.types
    for member in reversed(right[1]):
        was = next((each for each in left[0] if _same(each, member, old, new)), None)
        what = _called(member, new, prefix)
        if was is None:
            return f"{what} ({_size(member)}) was inserted before it"
        if not any(each is was for each in left[1]):
            return f"{what} comes before it now"
        if was.bit_size != member.bit_size:
            grew = "grew" if member.bit_size > was.bit_size else "shrank"
            path = f"{prefix}{member.name}"
            inner = why_sized(view, path) if member.name and member.encoding in RECORDS else ""
            if not member.name:
                inner = _fault(view, prefix, frozenset(_names(member, new)) | frozenset(_names(was, old)))
            return f"{what} {grew} from {_size(was)} to {_size(member)}" + (f" ({inner})" if inner else "")
    for member in reversed(left[1]):
        if not any(_same(member, each, old, new) for each in right[0]):
            return f"{_called(member, old, prefix)} ({_size(member)}) before it is gone"
    return ""


def _fault(view: View, prefix: str, names: frozenset[str] | None = None) -> str:
    """Say what is new, gone or of another size below *prefix*, innermost first; only *names*, if given."""
    was = {path: place for path, place in view.before.deep.items() if _below(path, prefix, names)}
    now = {path: place for path, place in view.after.deep.items() if _below(path, prefix, names)}
    for path, place in now.items():
        if path not in was:
            return f"`{path}` ({_size(place.member)}) is new"
    for path, place in was.items():
        if path not in now:
            return f"`{path}` ({_size(place.member)}) is gone"
    sized = [path for path in now if now[path].member.bit_size != was[path].member.bit_size]
    if sized:
        path = max(sized, key=lambda each: len(now[each].chain))
        return f"`{path}` has {_size(now[path].member)} instead of {_size(was[path].member)}"
    return ""


def _below(path: str, prefix: str, names: frozenset[str] | None) -> bool:
    if not path.startswith(prefix):
        return False
    return names is None or path[len(prefix) :].partition(".")[0].removesuffix("[]") in names


def _siblings(types: Types, members: Sequence[Member], chain: Sequence[Member]) -> list[Member]:
    return list(types.inside(chain[-1])) if chain else list(members)


def _same(one: Member, other: Member, old: Types, new: Types) -> bool:
    """Tell whether two members are the same one; anonymous ones if they have a name inside in common."""
    if one.name or other.name:
        return one.name == other.name
    return not set(_names(one, old)).isdisjoint(_names(other, new))


def _names(member: Member, types: Types) -> Iterator[str]:
    for each in types.inside(member):
        if each.name:
            yield each.name
        else:
            yield from _names(each, types)


def _called(member: Member, types: Types, prefix: str) -> str:
    if member.name:
        return f"`{prefix}{member.name}`"
    first = next(_names(member, types), None)
    keyword = "union" if member.encoding is Encoding.UNION else "struct"
    return f"the {keyword} with `{prefix}{first}`" if first else f"an anonymous {keyword}"


def _begins(before: Place, after: Place) -> str:
    if before.member.bit_field and after.member.bit_field and before.unit == after.unit:
        return f"it is bit {after.bit} instead of {before.bit}"
    return f"it begins at {after.unit // 8} instead of {before.unit // 8}"


def _prefix(chain: Sequence[Member]) -> str:
    return "".join(f"{each.name}{'[]' if each.dims else ''}." for each in chain if each.name)


def _end(members: Sequence[Member]) -> int:
    return max((each.bit_end for each in members), default=0)


def _has(place: Place, member: Member) -> bool:
    return any(each is member for each in place.chain)


def _size(member: Member) -> str:
    return count(member.bit_size, "bit") if member.bit_field else count(member.bit_size // 8, "byte")


def _a(member: Member) -> str:
    name = member.type
    if member.encoding in RECORDS and not name:
        name = str(member.encoding)
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
