# SPDX-License-Identifier: GPL-2.0-or-later
"""How the patches of a series landed, beyond what its own threads say: looked for in the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seriestool.errors import SeriestoolError
from seriestool.formats.mail import Message
from seriestool.model.series import Landed, Patch, TrackedSeries
from seriestool.pipeline.context import Context
from seriestool.sources.archive import open_archive
from seriestool.sources.landed import find_landed
from seriestool.sources.notices import find_notices


def landed_apart(
    ctx: Context,
    tracked: TrackedSeries,
    patches: Sequence[Patch],
    messages: Sequence[Message],
    known: Mapping[str, Landed],
) -> Mapping[str, Landed]:
    """Return how those of *patches* landed that are not *known* yet, by notices in threads of their own.

    *patches* are those of *tracked*, *messages* the mail they are in. An archive that cannot be searched is told to
    the progress, and stops nothing.
    """
    pairs = [
        (one, patch)
        for one, patch in zip(tracked.patches, patches, strict=True)
        if patch.number not in known and not one.notice
    ]
    if not pairs:
        return {}
    sent = {message.message_id: message.seconds for message in messages}
    posted = max(sent.get(patch.message_id) or int(patch.date.split()[0]) for _, patch in pairs)
    try:
        archive = open_archive(ctx.lore, ctx.cache.downloads, ctx.progress)
        if archive is not None:
            return find_notices(archive, [one for one, _ in pairs], [patch for _, patch in pairs], posted)
        reason = f"{ctx.lore or 'lore.kernel.org'} cannot be searched"
    except SeriestoolError as error:
        reason = error.message
    ctx.progress.note(f"commit notices are looked for in the series' own threads only: {reason}")
    return {}


def with_landings(
    ctx: Context, tracked: TrackedSeries, patches: Sequence[Patch], messages: Sequence[Message]
) -> TrackedSeries:
    """Return *tracked* with the upstream commit of each of *patches* whose notice is known.

    A notice is named where it is not in the thread that is read again for the series; of a series in files, none is.
    Raises as ``find_landed`` does.
    """
    here = find_landed(messages, tracked.patches, patches)
    entries = [
        replace(one, upstream=here[one.number].commit) if one.number in here else one for one in tracked.patches
    ]
    tracked = replace(tracked, patches=tuple(entries))
    read_again = {one.number: landed for one in entries if not one.file and (landed := here.get(one.number))}
    apart = landed_apart(ctx, tracked, patches, messages, read_again)
    return replace(
        tracked,
        patches=tuple(
            replace(one, upstream=landed.commit, notice=landed.notice) if (landed := apart.get(one.number)) else one
            for one in entries
        ),
    )
