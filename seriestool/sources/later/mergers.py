# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a posting went upstream through a pull request, by the mail of its thread. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seriestool.formats.mail import Message
from seriestool.sources.landed import links
from seriestool.sources.later.revisions import Posted

# pr-tracker-bot, https://korg.docs.kernel.org/prtracker.html
_MERGED = re.compile(r"^has been merged into \S+\n?:?\s*https?://\S+/([0-9a-f]{40})\s*$", re.MULTILINE)
_PULL = re.compile(r"\[(?:GIT )?PULL\b[^\]]*\]", re.IGNORECASE)


def merge_of(posted: Posted, messages: Sequence[Message]) -> str | None:
    """Return the merge commit that brought *posted* upstream, None where no mail says so.

    A pull request counts that links to a mail of the posting, or lists all its subjects, and that the robot answered.
    """
    pulls = {
        message.message_id
        for message in messages
        if _PULL.match(message.subject) and message.sender.email.lower() == posted.sender and _asks_for(message, posted)
    }
    for message in messages:
        if message.parent in pulls and (merged := _MERGED.search(message.text)):
            return merged[1]
    return None


def _asks_for(pull: Message, posted: Posted) -> bool:
    if posted.message_ids & set(links(pull.text)):
        return True
    text = " ".join(pull.text.lower().split())
    return len(posted.subjects) > 0 and all(subject in text for subject in posted.subjects)
