# SPDX-License-Identifier: GPL-2.0-or-later
"""The mail of a tracked series: from its directory where it is there, else from the archive, then kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from seriestool.errors import InputRefused, MachineFault
from seriestool.formats.dependencies import read_dependencies
from seriestool.formats.mail import Message, join_mbox, read_messages, read_patch
from seriestool.log import Progress
from seriestool.model.run import PatchStatus
from seriestool.model.series import Dependency, Landed, Patch, Role, Series, TrackedPatch, TrackedSeries
from seriestool.sources.files import read_mail_file
from seriestool.sources.landed import find_landed
from seriestool.sources.lore import fetch_thread
from seriestool.sources.reviews import series_trailers

COVER_FILE = "cover.eml"
"""The cover letter of a series that is in files, beside them."""


@dataclass(frozen=True, slots=True)
class FetchedSeries:
    """The patches of a tracked series in its order, numbered as there; what the archive says of each, and they need.

    ``landed`` is how they landed, by number, where a commit notice tells; ``messages`` are those of all threads.
    """

    patches: tuple[Patch, ...]
    statuses: tuple[PatchStatus, ...]
    dependencies: tuple[Dependency, ...]
    landed: Mapping[str, Landed]
    messages: tuple[Message, ...]


def fetch_tracked(
    tracked: TrackedSeries,
    directory: Path,
    *,
    mail: Path,
    lore: str | None,
    cache: Path,
    progress: Progress,
    offline: bool = False,
    refresh: bool = False,
) -> FetchedSeries:
    """Return every patch of *tracked*, follow-ups included, each with the patch-id that ``series.toml`` names.

    *directory* is that of the series. A patch with a file is read from there. The others come from threads: those kept
    as ``<message-id>.mbox`` in the directory *mail*, else fetched from *lore* and kept there, so that a second call
    needs no network. *refresh* fetches again what is kept; *offline* forbids the network. The thread of a commit
    notice that ``series.toml`` names is read too.

    Raises InputRefused where a patch has another patch-id (naming both), is missing from its thread or cannot be read,
    or where its commit notice is about another commit than ``series.toml`` names;
    MachineFault where the archive or the directory cannot be used, or mail is missing while *offline*.
    """
    pool = _Pool(mail, lore, cache, progress, offline=offline, refresh=refresh)
    if tracked.cover_message_id and any(not patch.file for patch in tracked.patches):
        pool.thread(tracked.cover_message_id)
    read = [_patch(one, directory, pool) for one in tracked.patches]
    for one in tracked.patches:
        if one.notice:
            pool.message(one.notice)
    patches = tuple(patch for patch, _ in read)
    needs = _dependencies(tracked, _cover(tracked, directory, pool), read)
    messages = pool.messages
    landed = find_landed(messages, tracked.patches, patches)
    return FetchedSeries(patches, _statuses(tracked, patches, messages), needs, landed, messages)


def keep_mail(mail: Path, message_id: str, messages: Sequence[Message]) -> None:
    """Keep *messages* in the directory *mail* as the thread of *message_id*; raises MachineFault."""
    _write(_mail_file(mail, message_id), join_mbox(message.raw for message in messages))


def _mail_file(mail: Path, message_id: str) -> Path:
    return mail / f"{quote(message_id, safe='@+=$!,~')}.mbox"


class _Pool:
    """Messages of the threads seen so far, by message-id."""

    def __init__(
        self, mail: Path, lore: str | None, cache: Path, progress: Progress, *, offline: bool, refresh: bool
    ) -> None:
        self._mail = mail
        self._lore = lore
        self._cache = cache
        self._progress = progress
        self._offline = offline
        self._refresh = refresh
        self._by_id: dict[str, Message] = {}

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self._by_id.values())

    def message(self, message_id: str) -> Message:
        """Return one message; its thread is read or fetched where no thread so far holds it."""
        if message_id not in self._by_id:
            self.thread(message_id)
        if message_id not in self._by_id:
            raise InputRefused(f"the thread of {message_id} does not hold the message itself")
        return self._by_id[message_id]

    def thread(self, message_id: str) -> None:
        """Read the thread of *message_id* into the pool."""
        for message in self._read(_mail_file(self._mail, message_id), message_id):
            if message.message_id:
                self._by_id.setdefault(message.message_id, message)

    def _read(self, file: Path, message_id: str) -> tuple[Message, ...]:
        if file.is_file() and not (self._refresh and not self._offline):
            try:
                return read_mail_file(file)
            except InputRefused as error:
                raise InputRefused(error.message, hint="remove the file, and it is fetched again") from error
        if self._offline:
            raise MachineFault(f"{message_id}: its mail is not in {file.parent}", hint="fetch it without --offline")
        data = fetch_thread(message_id, lore=self._lore, cache=self._cache, progress=self._progress)
        messages = read_messages(data)
        _write(file, data)
        return messages


def _patch(one: TrackedPatch, directory: Path, pool: _Pool) -> tuple[Patch, str]:
    """Return a patch and the text of its mail."""
    message = _from_file(directory / one.file) if one.file else pool.message(one.message_id)
    try:
        patch = read_patch(message, one.number)
    except InputRefused as error:
        raise InputRefused(f"patch {one.number}: {error.message}", hint=error.hint) from error
    if one.patch_id is not None and patch.patch_id != one.patch_id:
        raise InputRefused(
            f"patch {one.number} ({one.message_id or one.file}) has the patch-id {patch.patch_id}, "
            f"series.toml names {one.patch_id}",
            hint="either the mail or series.toml was changed; compare both before you trust one",
        )
    return replace(patch, message_id=patch.message_id or one.message_id), message.text


def _cover(tracked: TrackedSeries, directory: Path, pool: _Pool) -> str | None:
    """Return the text of the cover letter, from its thread or from the series' directory."""
    known = {message.message_id: message.text for message in pool.messages}
    if tracked.cover_message_id in known:
        return known[tracked.cover_message_id]
    file = directory / COVER_FILE
    return _from_file(file).text if file.is_file() else None


def _dependencies(
    tracked: TrackedSeries, cover: str | None, read: Sequence[tuple[Patch, str]]
) -> tuple[Dependency, ...]:
    """Return what the series declares, and behind it what each other patch does; its base is no base of the series."""
    pairs = list(zip(tracked.patches, read, strict=True))
    found = list(read_dependencies(cover, [mail for one, mail in pairs if one.role is Role.SERIES]))
    for one, mail in pairs:
        if one.role is not Role.SERIES:
            found += [replace(need, patch=one.number) for need in read_dependencies(None, [mail])]
    return tuple(found)


def _from_file(path: Path) -> Message:
    messages = read_mail_file(path)
    if len(messages) != 1:
        raise InputRefused(f"{path}: {len(messages)} mails in a file for one patch")
    return messages[0]


def _statuses(tracked: TrackedSeries, patches: Sequence[Patch], messages: Sequence[Message]) -> tuple[PatchStatus, ...]:
    pairs = list(zip(tracked.patches, patches, strict=True))
    posted = tuple(patch for one, patch in pairs if one.role is Role.SERIES)
    others = tuple(patch for one, patch in pairs if one.role is not Role.SERIES)
    series = Series(tracked.title, tracked.revision, posted, cover_message_id=tracked.cover_message_id)
    replied = {
        **series_trailers(messages, series),
        **series_trailers(messages, replace(series, patches=others, cover_message_id=None)),
    }
    return tuple(
        PatchStatus(
            tracked=one,
            author=str(patch.author),
            trailers=tuple(dict.fromkeys([*map(str, patch.trailers), *replied.get(patch.message_id, ())])),
        )
        for one, patch in pairs
    )


def _write(file: Path, data: bytes) -> None:
    """Write *file* whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MachineFault(f"{file}: {error.strerror}") from error
