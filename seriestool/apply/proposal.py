# SPDX-License-Identifier: GPL-2.0-or-later
"""What a search for prerequisites gives: commits to put in front of a series, and who brought what hunks expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seriestool.apply.landing import Landing
from seriestool.git.history import History
from seriestool.model.outcome import Introduction, TreeOutcome
from seriestool.model.series import Patch

HunkKey = tuple[str, str, int]
"""Number of the patch, path, number of the hunk."""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A commit that goes in front of the series, as patch "P1", "P2", in upstream order.

    ``needed_by`` are the numbers of the patches that do not apply without it; none for one that was only declared.
    """

    patch: Patch
    commit: str
    history: str
    needed_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        why = f"needed by {', '.join(self.needed_by)}" if self.needed_by else "declared"
        return f"prerequisite: commit {self.commit[:12]} of {self.history}, {why}"


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """What was found for one tree. ``verified`` tells that with the commits in front every patch of the series applies.

    ``conflicts`` are the numbers of the patches that do not apply even so; ``introduced`` the candidates of each
    rejected hunk; ``gave_up`` says why the search ended early, "" where it did not.
    """

    commits: tuple[Prerequisite, ...] = ()
    verified: bool = False
    conflicts: tuple[str, ...] = ()
    introduced: Mapping[HunkKey, tuple[Introduction, ...]] = field(default_factory=dict)
    gave_up: str = ""

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches to apply in front of the series."""
        return tuple(each.patch for each in self.commits)

    @property
    def landings(self) -> dict[str, Landing]:
        """What is to be said of each of them beside its outcome."""
        return {each.patch.number: Landing(note=str(each)) for each in self.commits}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commit of a history that may be a prerequisite; ``declared`` by the series, or found."""

    history: History
    commit: str
    declared: bool = False


def with_introductions(outcome: TreeOutcome, found: Prerequisites) -> TreeOutcome:
    """Return *outcome* with the commits that brought what each rejected hunk expects."""
    patches = tuple(
        replace(
            patch,
            hunks=tuple(
                replace(hunk, introduced=found.introduced.get((patch.number, hunk.path, hunk.number), ()))
                for hunk in patch.hunks
            ),
        )
        for patch in outcome.patches
    )
    return replace(outcome, patches=patches)
