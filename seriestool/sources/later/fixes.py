# SPDX-License-Identifier: GPL-2.0-or-later
"""Commit messages that say which commit they fix or revert, in mail and in a history. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seriestool.formats.commit_references import namings, same_commit
from seriestool.formats.trailers import parse_trailers
from seriestool.model.series import FollowUp, FollowUpReason, Landed, TrackedSeries

_HEX = r"([0-9a-f]{7,40})"
_FIXES = re.compile(rf"(?:commit\s+)?{_HEX}\b(?:\s*\(\"(.*)\"\))?", re.IGNORECASE | re.DOTALL)
_REVERTS = re.compile(rf"^This (?:partially )?reverts commit {_HEX}\b", re.MULTILINE)
SURE = 12
"""Digits from which an abbreviated commit needs no title beside it (submitting-patches.rst)."""
MAY_NAME = re.compile(r"^fixes:|^This (?:partially )?reverts commit ", re.MULTILINE | re.IGNORECASE)
"""What a text has somewhere if it names a commit so; cheap, and not enough."""


@dataclass(frozen=True, slots=True)
class Named:
    """Which upstream commit a commit message names: as it is known, whose it is, as it is written there, and why.

    ``through`` is the title of the follow-up whose commit that is, "" where it is one of the series itself. ``doubt``
    says why another commit may be meant, "" for no reason.
    """

    commit: str
    numbers: frozenset[str]
    digits: str
    reverted: bool
    through: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One commit that may be named: its id as far as it is known, its subject, the tracked patches it stands for.

    ``follows`` tells that it is none of these itself, and a change that came after them.
    """

    commit: str
    subject: str
    numbers: frozenset[str]
    follows: bool = False


def upstream_of(tracked: TrackedSeries, landed: Mapping[str, Landed]) -> tuple[Upstream, ...]:
    """Return the upstream commits of *tracked*, from its ``series.toml`` and from commit notices."""
    return tuple(
        Upstream(commit, one.subject, frozenset({one.number}))
        for one in tracked.patches
        if (commit := landed[one.number].commit if one.number in landed else one.upstream)
    )


def named_in(message: str, known: Sequence[Upstream]) -> Named | None:
    """Return what of *known* a commit message says it fixes (``Fixes:``) or reverts; None where it says nothing."""
    fixes = [trailer.value for trailer in parse_trailers(message) if trailer.name.lower() == "fixes"]
    said = [(match[1].lower(), match[2], False) for one in fixes if (match := _FIXES.match(one))]
    said += [(match[1], None, True) for match in _REVERTS.finditer(message)]
    for digits, title, reverted in said:
        for one in known:
            same = one.commit.startswith(digits) or digits.startswith(one.commit)
            sure = len(digits) >= SURE or title is None or _plain(title) == _plain(one.subject)
            if same and sure:
                through = one.subject if one.follows else ""
                return Named(one.commit, one.numbers, digits, reverted, through, _doubt(digits, title, one))
    return None


def _doubt(digits: str, title: str | None, one: Upstream) -> str:
    if title is not None and _plain(title) != _plain(one.subject):
        return f"by another title: {_plain(title)}"
    return f"{len(digits)} digits without a title" if title is None and len(digits) < SURE else ""


def exposes(named: Named) -> str:
    """Say in one sentence what a tree has that has the named commit and not the change that names it."""
    what = ", ".join(sorted(named.numbers))
    if named.through:  # of which the tree need not have anything
        what += f" and '{named.through}'"
    if named.reverted:
        return f"a tree with {what} and without it keeps what upstream took back"
    return f"a tree with {what} and without it has the fault that it fixes"


def evidence(named: Named) -> str:
    """Say in one line why the change that names a commit belongs to it."""
    words = "it reverts" if named.reverted else "its Fixes: names"
    numbers = ", ".join(sorted(named.numbers))
    whose = f"'{named.through}', which belongs to {numbers}" if named.through else f"patch {numbers}"
    return f"{words} {named.digits[:SURE]}, {whose}" + (f" ({named.doubt})" if named.doubt else "")


def fixes_in_history(
    commits: Iterable[tuple[str, str]],
    tracked: TrackedSeries,
    landed: Mapping[str, Landed],
    others: Sequence[Upstream] = (),
) -> dict[str, FollowUp]:
    """Return what fixes or reverts what *tracked* has upstream, one of *others*, or one of these, by the commit.

    *commits* are id and message, each behind what it names; one of a stable tree counts as the upstream commit that it
    names, of which the first one found is told. The commits of *tracked* themselves and *others* are left out.
    """
    known = [*upstream_of(tracked, landed), *others]
    found: dict[str, FollowUp] = {}
    for commit, message in commits:
        named = named_in(message, known) if MAY_NAME.search(message) else None
        if named is None:
            continue
        original = next((naming.commit for naming in namings(message)), commit)
        if not any(same_commit(original, one.commit) for one in known):
            title = message.partition("\n")[0].strip()
            numbers = tuple(sorted(named.numbers))
            found[commit] = FollowUp(
                title, None, original, FollowUpReason.FIXES, numbers, evidence(named), exposes(named)
            )
            known.append(Upstream(original, title, named.numbers, follows=True))
    return found


def _plain(title: str) -> str:
    return " ".join(title.split())
