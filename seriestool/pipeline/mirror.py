# SPDX-License-Identifier: GPL-2.0-or-later
"""The mail of a mirror that can be about a series: a mirror of lore is too large to be read whole for one question."""

from __future__ import annotations

import datetime

from seriestool.formats.mail import Message
from seriestool.pipeline.series import Job
from seriestool.sources.inbox.mirror import Mirror
from seriestool.sources.later.closure import find_follow_ups
from seriestool.sources.later.fixes import SURE, upstream_of
from seriestool.sources.later.revisions import seconds_of
from seriestool.sources.later.user_headers import brought_by


def mail_about(mirror: Mirror, job: Job) -> tuple[Message, ...]:
    """Return the threads that name an upstream commit of *job*, or change its user-space headers before its release.

    What fixes the series may be fixed in its turn, so the commits of follow-ups are looked for as well, until no new
    one comes up.
    """
    day = job.tracked.released_on
    headers = sorted({line.path for patch in job.patches for line in brought_by(patch)}) if day else []
    since = min((seconds_of(patch.date) for patch in job.patches), default=0)
    until = int(datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) if day else 0
    known = {one.commit for one in upstream_of(job.tracked, job.landed)}
    while True:
        commits = [one for one in sorted(known) if len(one) >= SURE]
        messages = tuple(mirror.related(commits, headers, since, until))
        unique = {message.message_id: message for message in (*job.messages, *messages) if message.message_id}
        found = find_follow_ups(tuple(unique.values()), job.tracked, job.patches, job.landed)
        new = {one.commit for one in found if one.commit} - known
        if not new:
            return messages
        known |= new
