# SPDX-License-Identifier: GPL-2.0-or-later
"""Which release first had a commit, as the histories on this machine tell it."""

from __future__ import annotations

from collections.abc import Mapping

from seriestool.formats.series_toml import is_release
from seriestool.pipeline.library import Library


def first_releases(library: Library, commits: Mapping[str, str]) -> Mapping[str, str]:
    """Return the release that first had each of *commits*, upstream commits by patch number, where a history knows.

    Asked are the histories of the workspace's git trees, as far as they are on this machine.
    """
    found: dict[str, str] = {}
    for history in library.histories() if commits else ():
        open_ones = {number: commit for number, commit in commits.items() if number not in found}
        there = {number: str(oid) for number, one in open_ones.items() if (oid := history.resolve(one))}
        releases = history.first_releases(set(there.values()))
        found |= {
            number: release
            for number, commit in there.items()
            if (release := releases.get(commit)) and is_release(release)
        }
    return found
