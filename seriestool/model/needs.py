# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series needs on a tree: what became of what it declares, and the commits that would go in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seriestool.model.series import Dependency


class DependencyState(StrEnum):
    """What is known of one dependency on one tree."""

    SATISFIED = "satisfied"
    MISSING = "missing"
    UNKNOWN = "unknown"
    NOT_NEEDED = "not needed"
    """It is said of other trees, or the tree does not have what the patch fixes."""


@dataclass(frozen=True, slots=True)
class DependencyAnswer:
    """What became of a dependency on one tree; ``reason`` is one line that does not name the tree."""

    tree: str
    state: DependencyState
    reason: str


@dataclass(frozen=True, slots=True)
class ResolvedDependency:
    """One thing that a posting says it needs, and what became of it on each tree."""

    dependency: Dependency
    answers: tuple[DependencyAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class NeededCommit:
    """A commit of a history that goes in front of a series, in its order: the first one is patch P1.

    ``needed_by`` are the numbers of the patches that do not apply without it; none for one that is only declared.
    """

    commit: str
    subject: str
    history: str
    needed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TreePrerequisites:
    """The commits that one tree needs in front of a series, ``applied`` where that was asked for.

    ``conflicts`` are the numbers of the patches that do not apply with them, and with none where none was found.
    ``gave_up`` says why the search ended early, "" where it did not.
    """

    tree: str
    commits: tuple[NeededCommit, ...]
    applied: bool
    conflicts: tuple[str, ...] = ()
    gave_up: str = ""
