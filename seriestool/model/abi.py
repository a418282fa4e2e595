# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series does to the user-space layout of a tree, patch by patch and ABI by ABI."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AbiVerdict(StrEnum):
    """What a change means for programs that were compiled before it. Silence is never ``same``."""

    BREAKS = "breaks"
    """Something that existed has another offset, size, alignment, signedness, value or bit position, or is gone."""
    EXTENDS = "extends"
    """Only additions: in what was padding or reserved, behind the end, a new enumerator or type."""
    SAME = "same"
    UNAVAILABLE = "unavailable"
    """Could not be told; the reason says why."""


class ChangeKind(StrEnum):
    """What changed about a type or a member."""

    OFFSET = "offset"
    SIZE = "size"
    ALIGNMENT = "alignment"
    SIGNEDNESS = "signedness"
    TYPE = "type"
    """Same place and size, another meaning of the bytes: a float for an integer, a struct for a pointer."""
    BIT = "bit"
    """Position or width of a bit-field."""
    VALUE = "value"
    """Of an enumerator."""
    REMOVED = "removed"
    RENAMED = "renamed"
    """Same bytes under another name: programs keep working, their sources do not compile."""
    ADDED = "added"
    GREW = "grew"
    """A record or a sentinel (FOO_MAX) became larger, and nothing that existed moved."""
    RESERVED = "reserved"
    """Reserved bytes or bits were taken into use, or given back."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of two layouts.

    ``type`` is "struct siginfo", an enum's or a typedef's name; ``member`` its path, or an enumerator, None for the
    type itself. ``before`` and ``after`` are what a person reads ("12", "bit 35, 29 wide", "__u32"). ``header`` is the
    installed header that defines the type. ``why`` explains: "_sifields._sigfault._perf is a __u64, which arm aligns
    to 8".
    """

    type: str
    member: str | None
    kind: ChangeKind
    before: str | None
    after: str | None
    breaks: bool
    header: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class SidesRow:
    """One line of two layouts side by side; what one of them does not have is empty. ``changed`` marks it."""

    before: str
    after: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """The two layouts of one type, line by line."""

    type: str
    rows: tuple[SidesRow, ...]


@dataclass(frozen=True, slots=True)
class HeaderFailure:
    """An installed header that no layout could be read of: the compiler's first error."""

    header: str
    error: str


@dataclass(frozen=True, slots=True)
class AbiResult:
    """What one step (a patch, the whole series, a reference) does under one ABI.

    ``reason`` says why it is ``unavailable``, or why nothing was compiled ("touches no user-space header"). ``cures``
    are the numbers of the patches whose breaks are gone with this one; ``cured_by`` is the patch with which the last
    of this one's breaks is gone, None while one is left.
    """

    abi: str
    verdict: AbiVerdict
    changes: tuple[Change, ...] = ()
    sides: tuple[Sides, ...] = ()
    failures: tuple[HeaderFailure, ...] = ()
    reason: str = ""
    cures: tuple[str, ...] = ()
    cured_by: str | None = None


@dataclass(frozen=True, slots=True)
class PatchAbi:
    """One patch under every ABI, in the order of the matrix."""

    number: str
    subject: str
    results: tuple[AbiResult, ...]


WHOLE = "the whole type"  # where a mismatch names a member, and it is the size that differs


@dataclass(frozen=True, slots=True)
class CompatMismatch:
    """A member that the 64-bit kernel's own type has elsewhere than the 32-bit ABI; both "offset 12, 4 bytes".

    Of ``WHOLE`` both are sizes: "136 bytes".
    """

    member: str
    kernel: str | None
    user: str | None


@dataclass(frozen=True, slots=True)
class CompatResult:
    """Whether the ``compat_`` type of a 64-bit kernel is what programs of the 32-bit *abi* have, after one patch.

    ``number`` is the patch after which it was compared, None for the base. ``new`` tells that the base agrees.
    """

    abi: str
    kernel: str
    number: str | None
    type: str
    verdict: AbiVerdict
    mismatches: tuple[CompatMismatch, ...] = ()
    reason: str = ""
    new: bool = True


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of ``expect.toml``: *member* of *type* is at byte ``offset``, or has ``size`` bytes, under *abi*.

    ``member`` is None for the size of the type; ``bit`` is a bit-field's position. ``source`` says who says so.
    """

    type: str
    member: str | None
    abi: str
    offset: int | None = None
    size: int | None = None
    bit: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """What became of one expectation with the whole series: ``found`` is what is there, None where nothing is."""

    expected: Expected
    found: int | None
    met: bool | None
    """None where it could not be told; ``reason`` says why."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TreeVersion:
    """A tree, and which version of it."""

    tree: str
    version: str


@dataclass(frozen=True, slots=True)
class AbiMatrix:
    """Everything that was found about one series on one tree.

    ``final`` is base against the last patch, by ABI. ``reference`` compares what the series adds or changes with the
    tree of that name, by ABI: ``before`` is the series, ``after`` that tree.

    Where two trees are compared and there is no series, ``old`` is the one that ``final`` begins with; ``series`` is
    empty then, and there are no patches.
    """

    series: str
    tree: str
    version: str
    abis: tuple[str, ...]
    patches: tuple[PatchAbi, ...]
    final: tuple[AbiResult, ...]
    compat: tuple[CompatResult, ...] = ()
    reference_tree: str | None = None
    reference: tuple[AbiResult, ...] = ()
    expectations: tuple[ExpectationResult, ...] = ()
    old: TreeVersion | None = None

    @property
    def broken(self) -> bool:
        """Whether anything speaks against the series, cured or not."""
        results = [*(result for patch in self.patches for result in patch.results), *self.final, *self.reference]
        return (
            any(result.verdict is AbiVerdict.BREAKS for result in results)
            or any(each.verdict is AbiVerdict.BREAKS and each.new for each in self.compat)
            or any(each.met is False for each in self.expectations)
        )
