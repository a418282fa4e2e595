# SPDX-License-Identifier: GPL-2.0-or-later
"""The fetch stage: from whatever a user named to patches that were checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seriestool.errors import UsageError
from seriestool.formats.mail import Message, read_patch
from seriestool.formats.series_toml import write_tracked
from seriestool.model.run import KernelState, PatchStatus
from seriestool.model.series import Dependency, Landed, Patch, Role, Series, TrackedPatch, TrackedSeries, Variant
from seriestool.pipeline.context import Context, is_slug, known_slugs, load_tracked, series_dir
from seriestool.pipeline.landings import landed_apart, with_landings
from seriestool.sources import COVER_FILE, fetch_tracked, find_mail, keep_mail, names_series, read_series
from seriestool.sources.landed import find_landed
from seriestool.sources.thread import carries_diff


@dataclass(frozen=True, slots=True)
class Job:
    """A series that is ready for the other stages.

    ``patches`` are those of ``tracked.patches`` as they were posted, in the same order. ``directory`` holds
    ``series.toml`` and the adaptations, None for a series that is not tracked. ``landed`` tells by number how patches
    landed, ``variant`` in which form they are taken: the landed one is the posted one where no notice is known.
    ``messages`` is the mail that was read for it, ``dependencies`` what the posting says it needs.
    """

    tracked: TrackedSeries
    patches: tuple[Patch, ...]
    statuses: tuple[PatchStatus, ...]
    directory: Path | None
    dependencies: tuple[Dependency, ...] = ()
    landed: Mapping[str, Landed] = field(default_factory=dict)
    variant: Variant = Variant.LANDED
    messages: tuple[Message, ...] = field(default=(), repr=False)

    def selected(self, *, with_follow_ups: bool) -> tuple[Patch, ...]:
        """Return the patches to apply, in the form asked for: the series, its fixes, on request the follow-ups."""
        roles = {tracked.number: tracked.role for tracked in self.tracked.patches}
        wanted = (patch for patch in self.patches if with_follow_ups or roles[patch.number] is not Role.FOLLOW_UP)
        return tuple(self.form_of(patch) for patch in wanted)

    def variant_of(self, number: str) -> Variant:
        """Return the form in which patch *number* is taken."""
        return self.variant if number in self.landed else Variant.POSTED

    def form_of(self, patch: Patch) -> Patch:
        """Return *patch*, one of ``patches``, in the form in which it is taken."""
        return self.landed[patch.number].patch if self.variant_of(patch.number) is Variant.LANDED else patch

    @property
    def differing(self) -> tuple[tuple[Patch, Landed], ...]:
        """The patches that landed with another patch-id than they were posted with, posted and landed."""
        pairs = ((patch, self.landed.get(patch.number)) for patch in self.patches)
        return tuple((patch, landed) for patch, landed in pairs if landed and landed.patch.patch_id != patch.patch_id)

    def last_numbers(self, *, with_follow_ups: bool) -> Mapping[KernelState, str | None]:
        """Return for each kernel state the number of the last patch in it, None for the base; no fix, no ``fixed``."""
        roles = {tracked.number: tracked.role for tracked in self.tracked.patches}
        selected = self.selected(with_follow_ups=with_follow_ups)
        posted = [patch.number for patch in selected if roles[patch.number] is Role.SERIES]
        states: dict[KernelState, str | None] = {KernelState.BASE: None, KernelState.SERIES: posted[-1]}
        if len(selected) > len(posted):
            states[KernelState.FIXED] = selected[-1].number
        return states


def open_series(
    ctx: Context,
    name: str,
    *,
    refresh: bool = False,
    revision: int | None = None,
    variant: Variant = Variant.LANDED,
) -> Job:
    """Return the series called *name*: a slug of the workspace, or what ``SOURCES`` take.

    *variant* is the form in which patches are taken where a commit notice of theirs is known.
    Raises UsageError for a name that is none of these, InputRefused for mail that cannot be used or that is not what
    ``series.toml`` says, MachineFault for an archive that does not answer.
    """
    if series_dir(ctx, name) is not None:
        tracked, directory = load_tracked(ctx, name)
        fetched = fetch_tracked(
            tracked, directory, mail=ctx.workspace.patches / name / "mail",
            lore=ctx.lore, cache=ctx.cache.downloads, progress=ctx.progress, refresh=refresh,
        )  # fmt: skip
        return Job(
            tracked, fetched.patches, fetched.statuses, directory, fetched.dependencies,
            landed=fetched.landed, variant=variant, messages=fetched.messages,
        )  # fmt: skip
    if not names_series(name):
        known = ", ".join(known_slugs(ctx)) or "none"
        raise UsageError(
            f"unknown series: {name}", hint=f"known: {known}; or a message-id, a URL, an mbox, a directory, a git range"
        )
    found = find_mail(name, lore=ctx.lore, cache=ctx.cache.downloads, progress=ctx.progress, revision=revision)
    series = read_series(found, revision=revision)
    tracked = track(series, slug_of(series.title), found.upstream)
    statuses = tuple(
        PatchStatus(entry, str(patch.author), tuple(str(trailer) for trailer in patch.trailers))
        for entry, patch in zip(tracked.patches, series.patches, strict=True)
    )
    landed = find_landed(found.messages, tracked.patches, series.patches)
    if found.message_id is not None:  # an archive has more than the thread
        landed = {**landed, **landed_apart(ctx, tracked, series.patches, found.messages, landed)}
    return Job(
        tracked, series.patches, statuses, None, series.dependencies,
        landed=landed, variant=variant, messages=found.messages,
    )  # fmt: skip


def track(series: Series, slug: str, upstream: Sequence[str | None] = ()) -> TrackedSeries:
    """Return what a workspace would write down to track *series*, with the *upstream* commits that its source told."""
    return TrackedSeries(
        slug=slug,
        title=series.title,
        revision=series.revision,
        cover_message_id=series.cover_message_id,
        patches=tuple(
            TrackedPatch(
                number=patch.number,
                role=Role.SERIES,
                subject=patch.subject,
                message_id=patch.message_id,
                patch_id=patch.patch_id,
                upstream=commit,
            )
            for patch, commit in zip(series.patches, upstream or [None] * len(series.patches), strict=True)
        ),
    )


def slug_of(title: str) -> str:
    """Return a directory name for *title*: lower case words joined by dashes, at most 60 characters."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return words[:60].rstrip("-") or "series"


def add_series(ctx: Context, name: str, *, slug: str | None, revision: int | None) -> tuple[Path, TrackedSeries]:
    """Write ``patches/<slug>/series.toml`` for the series *name*, keep its mail, and return both path and content.

    Patches that came from files are copied beside it, one file each. Where commit notices tell how patches landed, that
    is written down. Raises UsageError where the slug is taken or cannot be one, and what ``open_series`` raises.
    """
    found = find_mail(name, lore=ctx.lore, cache=ctx.cache.downloads, progress=ctx.progress, revision=revision)
    series = read_series(found, revision=revision)
    chosen = slug or slug_of(series.title)
    directory = ctx.workspace.patches / chosen
    if not is_slug(chosen):
        raise UsageError(f"no slug: {chosen}", hint="lower case letters, digits, dots, dashes and underscores")
    if series_dir(ctx, chosen) is not None:
        raise UsageError(f"{chosen} is tracked already", hint="--slug gives it another name")
    tracked = track(series, chosen, found.upstream)
    anchor = series.cover_message_id or series.patches[0].message_id
    # Only what came from an archive can be fetched from it again.
    if found.message_id is not None and all(patch.message_id for patch in series.patches):
        keep_mail(directory / "mail", anchor, found.messages)
    else:
        tracked = _keep_files(tracked, directory, found.messages, series)
    if not found.commits:
        tracked = with_landings(ctx, tracked, series.patches, found.messages)
    path = directory / "series.toml"
    directory.mkdir(parents=True, exist_ok=True)
    partial = directory / ".series.toml.partial"
    partial.write_text(write_tracked(tracked), encoding="utf-8")
    partial.replace(path)
    return path, tracked


def _keep_files(
    tracked: TrackedSeries, directory: Path, messages: Sequence[Message], series: Series
) -> TrackedSeries:
    """Copy each patch's mail to ``<number>.patch``, and the cover letter's; return what names these files."""
    directory.mkdir(parents=True, exist_ok=True)
    for message in messages:
        if series.cover is not None and message.prefix and message.prefix.is_cover and message.text == series.cover:
            (directory / COVER_FILE).write_bytes(message.raw)
    # The same change may be made twice, with a revert between: the message tells one from the other.
    read = ((read_patch(message, "01"), message.raw) for message in messages if carries_diff(message))
    raw = {(patch.diff, patch.message): mail for patch, mail in read}
    for patch in series.patches:
        (directory / f"{patch.number}.patch").write_bytes(raw[patch.diff, patch.message])
    return replace(
        tracked, patches=tuple(replace(entry, file=f"{entry.number}.patch") for entry in tracked.patches)
    )
