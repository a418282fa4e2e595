# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be compared at all of two states, of which not every header was read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from seriestool.abi.types import merge
from seriestool.model.abi import HeaderFailure
from seriestool.model.layout import Layout

Headers = Mapping[str, Layout | HeaderFailure]
"""Installed headers of one state under one ABI by their path below include/, each compiled alone."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Two merged layouts in which nothing is missing on one side only because it was not read."""

    before: Layout
    after: Layout


class _Type(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def header(self) -> str: ...


_T = TypeVar("_T", bound=_Type)


def scope(before: Headers, after: Headers) -> Scope:
    """Return what is comparable of two states.

    A header counts that was read on both sides, or was read on one and is not there on the other: a new file, or one
    that was removed. What such a header reaches in others is compared where both sides have it. Where one has it and
    the other has not, it counts only if the header that defines it counts: one that was not read at all was not
    affected, so it still defines what it did, and one that does not compile has not lost its types by that.
    """
    everything = {*before, *after}
    known = everything - {each.header for each in failures_of(everything, before, after)}
    old, new = merge(_read(before, known)), merge(_read(after, known))
    return Scope(_without(old, new, known), _without(new, old, known))


def layout_of(headers: Headers) -> Layout:
    """Return everything that could be read of one state, merged."""
    return merge(_read(headers, headers))


def failures_of(names: Iterable[str], *states: Headers) -> tuple[HeaderFailure, ...]:
    """Return the failures of the headers *names* in *states*, each once, by header."""
    found = [state[name] for name in sorted(names) for state in states if name in state]
    return tuple(dict.fromkeys(each for each in found if isinstance(each, HeaderFailure)))


def _read(headers: Headers, names: Collection[str]) -> Iterator[Layout]:
    for name, layout in sorted(headers.items()):
        if name in names and isinstance(layout, Layout):
            yield layout


def _without(layout: Layout, other: Layout, known: Collection[str]) -> Layout:
    """Return *layout* without what *other* lacks although nobody looked for it there."""

    def kept(types: Sequence[_T], others: Sequence[_T]) -> tuple[_T, ...]:
        there = {each.name for each in others}
        return tuple(each for each in types if each.header in known or each.name in there)

    named = {name for each in other.enums for name, _ in each.enumerators}
    return replace(
        layout,
        records=kept(layout.records, other.records),
        typedefs=kept(layout.typedefs, other.typedefs),
        enums=tuple(
            each for each in layout.enums
            if each.header in known or all(name in named for name, _ in each.enumerators)
        ),
    )  # fmt: skip
