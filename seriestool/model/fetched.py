# SPDX-License-Identifier: GPL-2.0-or-later
"""What reading a series again tells: how its patches landed, and what ``series.toml`` does not say yet."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.model.series import FollowUp, Landed, Patch


@dataclass(frozen=True, slots=True)
class FetchedPatch:
    """One patch as posted, and how it landed, None where no commit notice tells.

    ``upstream`` is the commit that ``series.toml`` names; ``lacks`` are the keys it does not have, with the value that
    was found for each.
    """

    patch: Patch
    trailers: tuple[str, ...]
    upstream: str | None
    landed: Landed | None
    lacks: tuple[tuple[str, str], ...] = ()

    @property
    def differs(self) -> bool:
        """Whether it landed in another form than it was posted."""
        return self.landed is not None and self.landed.patch.patch_id != self.patch.patch_id


@dataclass(frozen=True, slots=True)
class NewFollowUp:
    """A follow-up that ``series.toml`` does not know, and the lines one would add to it, () where none say it."""

    follow_up: FollowUp
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A series that was read again; ``updated`` tells that what ``series.toml`` lacked was written to it.

    ``searched`` says in one phrase where the follow-ups were looked for.
    """

    slug: str
    revision: int
    patches: tuple[FetchedPatch, ...]
    follow_ups: tuple[NewFollowUp, ...]
    searched: str
    updated: bool
