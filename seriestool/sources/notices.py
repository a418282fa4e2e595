# SPDX-License-Identifier: GPL-2.0-or-later
"""Commit notices in threads of their own: robots do not always answer the patch they give notice of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seriestool.model.series import Landed, Patch, TrackedPatch
from seriestool.sources.archive import Archive
from seriestool.sources.landed import Notice, landed_of, read_notices

_YEAR = 366 * 24 * 3600


def find_notices(
    archive: Archive, tracked: Sequence[TrackedPatch], patches: Sequence[Patch], posted: int
) -> Mapping[str, Landed]:
    """Return how each of *patches* landed, by its number, as the notices of *archive* say.

    *tracked* are what ``series.toml`` says of *patches*, in the same order; *posted* is when the last of them was, in
    seconds since 1970. A notice of the upstream commit that ``series.toml`` names belongs to the patch; where it names
    none, one of the year after the posting does that links to the patch's mail, or has its author and subject. Raises
    what the archive raises.
    """
    if not patches:
        return {}
    since = min(int(patch.date.split()[0]) for patch in patches)
    words = {word for patch in patches for word in (patch.message_id, patch.subject) if word}
    words |= {one.upstream for one in tracked if one.upstream}
    # To read a notice is to read its diff: only those that could be meant are.
    near = (one for one in archive.notices(since, posted + _YEAR) if any(word in one.text for word in words))
    notices = read_notices(near)
    found = {}
    for one, patch in zip(tracked, patches, strict=True):
        landed = landed_of(patch, notices) if one.upstream is None else _of_commit(one.upstream, notices, archive)
        if landed is not None:
            found[patch.number] = replace(
                landed, patch=replace(landed.patch, number=patch.number, message_id=patch.message_id)
            )
    return found


def _of_commit(commit: str, notices: Sequence[Notice], archive: Archive) -> Landed | None:
    """Return what gives notice of *commit*, wherever in the archive that is."""
    same = (one.landed for one in notices if one.landed.commit.startswith(commit))
    return next(same, None) or next(
        (one.landed for one in read_notices(archive.grep(commit)) if one.landed.commit.startswith(commit)), None
    )
