# SPDX-License-Identifier: GPL-2.0-or-later
"""Where series come from. A new kind of source is one file here and one entry in ``SOURCES``."""

from __future__ import annotations

from pathlib import Path

from seriestool.errors import UsageError
from seriestool.log import Progress
from seriestool.model.series import Series
from seriestool.sources.files import DirectorySource, MboxSource
from seriestool.sources.git_range import GitRangeSource
from seriestool.sources.lore import LoreSource, fetch_thread
from seriestool.sources.source import Found, Source, Surroundings
from seriestool.sources.thread import rebuild
from seriestool.sources.tracked import COVER_FILE, FetchedSeries, fetch_tracked, keep_mail

SOURCES: tuple[Source, ...] = (DirectorySource(), MboxSource(), GitRangeSource(), LoreSource())
"""In the order they are asked: what is a file or directory is never taken for a range or a message-id."""

__all__ = [
    "COVER_FILE", "SOURCES", "FetchedSeries", "Found", "fetch_thread", "fetch_tracked", "find_mail", "keep_mail",
    "names_series", "read_series", "rebuild",
]  # fmt: skip


def names_series(spec: str) -> bool:
    """Tell whether some source would take *spec*."""
    return any(source.accepts(spec) for source in SOURCES)


def find_mail(
    spec: str, *, lore: str | None, cache: Path, progress: Progress, revision: int | None = None
) -> Found:
    """Return the mail behind *spec*: a message-id, a lore URL, an mbox (gzipped or not), a directory, a git range.

    *lore* is the archive (None for lore.kernel.org), *cache* a directory for scratch files and indexes. *revision* is
    the one that is wanted of the series: an archive on this machine is searched for it beyond the thread. Raises
    UsageError where *spec* is none of these, InputRefused and MachineFault as the source does.
    """
    for source in SOURCES:
        if source.accepts(spec):
            return source.read(spec, Surroundings(lore, cache, progress, revision))
    kinds = ", ".join(source.name for source in SOURCES)
    raise UsageError(f"no such series: {spec}", hint=f"a series is named by: {kinds}")


def read_series(found: Found, *, revision: int | None = None) -> Series:
    """Return the series in what ``find_mail`` found; *revision* picks another revision of the same thread.

    Raises what ``rebuild`` raises, and UsageError for a *revision* of what has none.
    """
    if found.series is None:
        return rebuild(found.messages, message_id=found.message_id, revision=revision)
    if revision not in (None, found.series.revision):
        raise UsageError(f"no revision v{revision}: a range of commits has no revisions")
    return found.series
