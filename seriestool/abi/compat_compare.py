# SPDX-License-Identifier: GPL-2.0-or-later
"""A 64-bit kernel's own ``compat_siginfo`` against the ``siginfo_t`` of the programs that it runs beside its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seriestool.abi.compat_kernel import CompatFailure
from seriestool.abi.places import count
from seriestool.abi.types import Types
from seriestool.arch.abi import Abi
from seriestool.model.abi import WHOLE, AbiVerdict, CompatMismatch, CompatResult
from seriestool.model.layout import Layout, Member, Record

# Where the kernel has its type, what it is called there, and what programs call theirs.
KERNEL_HEADER = "linux/compat.h"
KERNEL_TYPE = "struct compat_siginfo"
USER_HEADER = "asm/siginfo.h"
USER_TYPE = "siginfo_t"

# What only fills a place: _pad, _si_pad, _dummy_bnd.
_PADDING = re.compile(r"_*(?:\w+_)?(?:pad|padding|dummy|unused|reserved)(?:_\w+|\d+)?_*")
# asm-generic/siginfo.h says of it "not to be passed to user": programs have a name for bytes nobody gives them.
_NOT_FOR_PROGRAMS = frozenset({"_sifields._timer._sys_private"})


@dataclass(frozen=True, slots=True)
class CompatState:
    """Both sides after the patch ``number``, None for the base; a failure where one of them could not be read."""

    number: str | None
    kernel: Record | CompatFailure
    user: Record | CompatFailure


def expanded(layout: Layout, name: str) -> Record | None:
    """Return the record that *name* ends in ("siginfo_t"), all that it is made of in place; None where there is none.

    Members that are records with a tag become as those without one, so ``Record.flat`` reaches everything.
    """
    types = Types(layout)
    record = types.record(name)
    if record is None:
        return None
    return replace(record, members=tuple(_expand(member, types) for member in record.members))


def _expand(member: Member, types: Types) -> Member:
    record = types.record_of(member) if not member.dims else None
    if record is None:
        return member
    inside = tuple(_expand(each, types) for each in types.inside(member))
    return replace(member, record=replace(record, members=inside))


def is_alike(one: Record | CompatFailure, other: Record | CompatFailure) -> bool:
    """Return whether two states of one side are the same, wherever their lines are, or failed for the same reason."""
    if isinstance(one, CompatFailure) or isinstance(other, CompatFailure):
        return one == other
    places = [
        [(path, each.bit_offset, each.bit_size, each.type, each.encoding) for path, each in side.flat()]
        for side in (one, other)
    ]
    return (one.size, one.align) == (other.size, other.align) and places[0] == places[1]


def mismatches(kernel: Record, user: Record) -> tuple[CompatMismatch, ...]:
    """Return where *kernel* puts something else than *user*, both as from ``expanded``: none if they agree.

    A member that both have begins at the same bit and is as wide. One that only one side has is a mismatch unless it
    is padding. Types may differ: a 64-bit kernel has a ``compat_uptr_t`` for a pointer of the 32-bit ABI.
    """
    ours, theirs = dict(_leaves(kernel)), dict(_leaves(user))
    found = []
    if kernel.size != user.size:
        found.append(CompatMismatch(WHOLE, count(kernel.size, "byte"), count(user.size, "byte")))
    for path in (*theirs, *(path for path in ours if path not in theirs)):
        one, other = ours.get(path), theirs.get(path)
        if one is None or other is None or _bits(one) != _bits(other):
            found.append(CompatMismatch(path, _words(one), _words(other)))
    return tuple(found)


def _leaves(record: Record) -> Iterator[tuple[str, Member]]:
    """Give what holds a value: no struct or union that has been walked into, and nothing that only fills a place."""
    for path, member in record.flat():
        walked = member.record is not None and not member.dims
        if not walked and not _PADDING.fullmatch(member.name) and path not in _NOT_FOR_PROGRAMS:
            yield path, member


def _bits(member: Member) -> tuple[int, int]:
    return member.bit_offset, member.bit_size


def _words(member: Member | None) -> str | None:
    if member is None:
        return None
    if member.bit_field:
        return f"bit {member.bit_offset}, {member.bit_size} wide"
    return f"offset {member.offset}, {count(member.bit_size // 8, 'byte')}"


def judge_compat(abi: Abi, states: Sequence[CompatState]) -> tuple[CompatResult, ...]:
    """Return what becomes of *abi* on its 64-bit kernel in each of *states*, in their order.

    A mismatch is ``new`` in a state unless the base, the state without a number, has the same ones.
    """
    assert abi.compat is not None, f"no 64-bit kernel runs {abi.name}"
    old: frozenset[CompatMismatch] = frozenset()
    results = []
    for state in states:
        failure = next((side for side in (state.kernel, state.user) if isinstance(side, CompatFailure)), None)
        found: tuple[CompatMismatch, ...] = ()
        if isinstance(state.kernel, Record) and isinstance(state.user, Record):
            found = mismatches(state.kernel, state.user)
        if state.number is None:
            old = frozenset(found)
        verdict = AbiVerdict.UNAVAILABLE if failure else AbiVerdict.BREAKS if found else AbiVerdict.SAME
        reason = failure.reason if failure else ""
        new = not found or not old.issuperset(found)
        where = (abi.name, abi.compat.kernel_arch, state.number, KERNEL_TYPE)
        results.append(CompatResult(*where, verdict, found, reason, new))
    return tuple(results)
