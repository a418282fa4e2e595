# SPDX-License-Identifier: GPL-2.0-or-later
"""Which release first had a commit, as the histories on this machine tell it."""

from __future__ import annotations

from collections.abc import Mapping

from seriestool.formats.series_toml import is_release
from seriestool.git.objects import open_store
from seriestool.model.tree import GitSource
from seriestool.pipeline.context import Context
from seriestool.pipeline.histories import open_other


def first_releases(ctx: Context, commits: Mapping[str, str]) -> Mapping[str, str]:
    """Return the release that first had each of *commits*, upstream commits by patch number, where a history knows.

    Asked are the histories of the workspace's git trees, as far as they are on this machine.
    """
    specs = [spec for spec in ctx.config.trees if isinstance(spec.source, GitSource)] if commits else []
    found: dict[str, str] = {}
    if not specs:
        return found
    with open_store(ctx.cache.store) as store:
        for spec in specs:
            history = open_other(ctx, store, spec)
            if history is None:
                continue
            with history:
                open_ones = {number: commit for number, commit in commits.items() if number not in found}
                there = {number: str(oid) for number, one in open_ones.items() if (oid := history.resolve(one))}
                releases = history.first_releases(set(there.values()))
            found |= {
                number: release
                for number, commit in there.items()
                if (release := releases.get(commit)) and is_release(release)
            }
    return found
