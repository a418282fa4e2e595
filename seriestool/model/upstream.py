# SPDX-License-Identifier: GPL-2.0-or-later
"""What upstream has beyond the posting: patches in another form, and later changes that belong to them."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.model.series import FollowUp


@dataclass(frozen=True, slots=True)
class FormDifference:
    """A patch that landed in another form than it was posted: the two patch-ids, and git's range-diff if asked for."""

    number: str
    commit: str
    posted: str
    landed: str
    range_diff: str | None = None


@dataclass(frozen=True, slots=True)
class FollowUpState:
    """A follow-up, the number under which the series carries it, and the trees that have what it amends without it.

    A tree that has the series from upstream misses nothing: what came later is not this job's to bring.
    """

    follow_up: FollowUp
    number: str | None
    missing_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """The follow-ups of a series, found and written down, and in one phrase where they were looked for."""

    states: tuple[FollowUpState, ...]
    searched: str
