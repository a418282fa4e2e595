# SPDX-License-Identifier: GPL-2.0-or-later
"""A series read again: how it landed, what came later, and what of that ``series.toml`` does not say."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from seriestool.errors import MachineFault, UsageError
from seriestool.formats.series_edit import add_keys
from seriestool.formats.series_toml import known_lines, patch_lines
from seriestool.model.fetched import Fetched, FetchedPatch, NewFollowUp
from seriestool.model.series import FollowUp, KnownFollowUp, Landed, Role, TrackedPatch
from seriestool.pipeline.context import Context, series_dir
from seriestool.pipeline.follow_ups import FoundFollowUps, search_follow_ups, unknown_follow_ups
from seriestool.pipeline.landings import landed_apart
from seriestool.pipeline.library import Library, open_library
from seriestool.pipeline.releases import first_releases
from seriestool.pipeline.series import Job, open_series

Lacking = Mapping[str, Mapping[str, str]]
"""Per patch number, the keys that ``series.toml`` does not have, each with what was found for it."""


def fetch_series(ctx: Context, name: str, *, update: bool) -> Fetched:
    """Read the series *name* again, and tell what is known of it now; *update* writes what ``series.toml`` lacks.

    Raises what ``open_series`` raises; with *update* also UsageError for a series that this workspace does not track,
    and for a ``series.toml`` that cannot be added to.
    """
    directory = series_dir(ctx, name)
    if update and (directory is None or ctx.workspace.patches.resolve() not in directory.resolve().parents):
        raise UsageError(
            f"{name} has no series.toml in this workspace that could be updated", hint="seriestool add tracks a series"
        )
    with open_library(ctx) as library:
        return _fetched(library, name, directory, update=update)


def _fetched(library: Library, name: str, directory: Path | None, *, update: bool) -> Fetched:
    ctx = library.ctx
    job = open_series(ctx, name, refresh=True)
    apart = landed_apart(ctx, job.tracked, job.patches, job.messages, job.landed)
    job = replace(job, landed={**job.landed, **apart})
    lacking = {} if job.directory is None else _lacking(library, job, apart)
    if update and job.directory is not None and lacking:
        _write(job.directory / "series.toml", job.tracked.slug, lacking)
    found = search_follow_ups(library, job)
    return Fetched(
        slug=job.tracked.slug,
        revision=job.tracked.revision,
        patches=tuple(
            FetchedPatch(
                patch, status.trailers, status.tracked.upstream, job.landed.get(patch.number),
                tuple(lacking.get(patch.number, {}).items()),
            )
            for patch, status in zip(job.patches, job.statuses, strict=True)
        ),
        follow_ups=_new(found, job),
        searched=found.searched,
        updated=update and bool(lacking),
    )  # fmt: skip


def _lacking(library: Library, job: Job, apart: Mapping[str, Landed]) -> Lacking:
    entries = job.tracked.patches
    commits = {
        one.number: commit
        for one in entries
        if not one.released and (commit := job.landed[one.number].commit if one.number in job.landed else one.upstream)
    }
    released = first_releases(library, commits)
    found: dict[str, dict[str, str]] = {}
    for one in entries:
        landed, named = job.landed.get(one.number), apart.get(one.number)
        values = {
            "upstream": landed.commit if landed and not one.upstream else None,
            "released": released.get(one.number),
            "notice": named.notice if named else None,
        }
        keys = {key: value for key, value in values.items() if value}
        if keys:
            found[one.number] = keys
    return found


def _write(path: Path, slug: str, lacking: Lacking) -> None:
    """Add the keys to the file, whole or not at all; a link stays one."""
    path = path.resolve()
    try:
        # Its line ends are part of it, so it is read as bytes.
        text = add_keys(path.read_bytes().decode("utf-8"), slug, lacking)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(text.encode("utf-8"))
            Path(name).chmod(path.stat().st_mode & 0o7777)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MachineFault(f"{path}: {error.strerror}") from error


def _new(found: FoundFollowUps, job: Job) -> tuple[NewFollowUp, ...]:
    """Return what ``series.toml`` does not know, each with its lines: patches that can be read are numbered on."""
    number = len(job.tracked.patches)
    told: set[str] = set()
    new = []
    for one in unknown_follow_ups(found, job.tracked):
        lines: list[str] = []
        patch_id = found.patch_ids.get(one.message_id or "")
        known = _known(one)
        if job.directory is not None and patch_id is not None:
            number += 1
            lines = patch_lines(_follow_up(one, number, patch_id))
        elif job.directory is not None and known.message_id and known.message_id not in told:
            told.add(known.message_id)
            lines = known_lines(known)
        new.append(NewFollowUp(one, tuple(lines)))
    return tuple(new)


def _follow_up(one: FollowUp, number: int, patch_id: str) -> TrackedPatch:
    return TrackedPatch(
        f"{number:02}", Role.FOLLOW_UP, one.title, one.message_id or "", patch_id, one.commit, note=one.evidence
    )


def _known(one: FollowUp) -> KnownFollowUp:
    """Return the entry for a change whose mail is not here: its posting stands for it."""
    title, message_id = (one.posting or one.title, one.posting_id) if one.posting_id else (one.title, one.message_id)
    return KnownFollowUp(title, message_id or "", "; ".join(text for text in (one.evidence, one.exposes) if text))
