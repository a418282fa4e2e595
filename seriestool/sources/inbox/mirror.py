# SPDX-License-Identifier: GPL-2.0-or-later
"""A mirror of public-inbox v2 archives on this machine, such as grokmirror or public-inbox-clone keep of lore.

The mail is read from the epochs' git repositories and from nothing else: neither what public-inbox itself makes beside
them (``all.git``, Xapian, SQLite) nor a network is needed. An index below the cache follows the mirror.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seriestool.errors import InputRefused, UsageError
from seriestool.formats.mail import Message, read_message
from seriestool.git.epoch import Epoch, MailChange, is_repository
from seriestool.log import QUIET, Progress
from seriestool.sources.inbox.entry import COMMIT_DIGITS, read_entry
from seriestool.sources.inbox.index import InboxIndex, Place, Step

CHUNK = 500
"""Commits that go into the index in one transaction."""

_EPOCH = re.compile(r"(\d+)\.git")
# Where the text is not in the mail as it reads: transfer encodings, and lines that are to be joined.
_ENCODED = re.compile(rb"base64|quoted-printable|flowed|utf-?16|utf-?32|utf-?7", re.IGNORECASE)
_COMMIT = re.compile(rf"[0-9a-f]{{{COMMIT_DIGITS},40}}")


@dataclass(frozen=True, slots=True)
class Mirror:
    """The epochs of one inbox or of several; paths are below *root*, ``epochs`` are (inbox, path) in order of time."""

    root: Path
    epochs: tuple[tuple[str, str], ...]
    index: Path
    progress: Progress = QUIET

    def messages(self) -> Iterator[Message]:
        """Yield every message, in the order in which the index read it."""
        with self._reading() as (index, pool):
            yield from pool.messages(index.everything())

    def grep(self, text: str) -> Iterator[Message]:
        """Yield the messages with *text* in their body.

        A commit id of 12 digits or more is looked up in the index, which knows it where it begins with these digits and
        stands outside of a diff's index lines; for any other text every mail is read.
        """
        with self._reading() as (index, pool):
            places = index.naming(text) if _COMMIT.fullmatch(text) else index.everything()
            yield from (message for message in pool.messages(places, text) if text in message.text)

    def posted(self, revision: int, *, sender: str, change_id: str | None) -> Iterator[Message]:
        """Yield the cover letters and patches of *revision* by the address *sender*, or with *change_id*."""
        with self._reading() as (index, pool):
            yield from pool.messages(index.posted(revision, sender.lower(), change_id))

    def notices(self, since: int, until: int) -> Iterator[Message]:
        """Yield the commit notices dated from *since* to *until*, in seconds since 1970."""
        with self._reading() as (index, pool):
            yield from pool.messages(index.notices(since, until))

    def related(self, commits: Iterable[str], headers: Iterable[str], since: int, until: int) -> Iterator[Message]:
        """Yield the threads with a mail that may name one of *commits*, or that changes one of *headers*.

        *commits* have 12 digits or more; *headers* are paths of user-space headers, and of mail that changes them, what
        is dated from *since* to *until* counts, in seconds since 1970.
        """
        with self._reading() as (index, pool):
            yield from pool.messages(index.related(commits, headers, since, until))

    def thread(self, message_id: str) -> tuple[Message, ...]:
        """Return the thread of *message_id* by date, () where the mirror does not have the message."""
        with self._reading() as (index, pool):
            return tuple(pool.messages(index.thread(message_id)))

    @contextmanager
    def _reading(self) -> Iterator[tuple[InboxIndex, _Pool]]:
        index = InboxIndex(self.index)
        pool = _Pool(self.root)
        try:
            _follow(self, index, pool)
            yield index, pool
        finally:
            pool.close()
            index.close()


class _Pool:
    """The epochs that were opened so far."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, Epoch] = {}

    def epoch(self, path: str) -> Epoch:
        if path not in self._open:
            self._open[path] = Epoch(self._root / path)
        return self._open[path]

    def messages(self, places: Iterable[Place], text: str = "") -> Iterator[Message]:
        """Yield the mail at *places*, but what cannot be read and what surely does not have *text* in its body."""
        wanted = text.encode() if text.isascii() else b""
        for place in places:
            raw = self.epoch(place.epoch).mail(place.blob)
            if raw is None or (wanted not in raw and not _ENCODED.search(raw)):
                continue
            try:
                message = read_message(raw)
            except InputRefused:
                continue
            if message.message_id:
                yield message

    def close(self) -> None:
        for epoch in self._open.values():
            epoch.close()


def open_mirror(root: Path, cache: Path, progress: Progress = QUIET) -> Mirror | None:
    """Return the mirror at *root*, None where there is none; its index goes below *cache*.

    *root* is an inbox (``git/0.git``, ``git/1.git`` and so on in it), that directory of epochs, a directory of inboxes,
    or one epoch alone. Raises UsageError for a git repository that holds no mail in this format.
    """
    epochs = tuple(_find(root))
    if not epochs:
        return None
    place = root.resolve()
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Mirror(place, epochs, cache / "inbox" / f"{place.name}-{name}.sqlite", progress)


def _find(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (inbox, path of an epoch below *root*)."""
    if is_repository(root) and (_EPOCH.fullmatch(root.name) or _holds_mail(root)):
        yield "", "."
        return
    if is_repository(root) and not (root / ".git").exists():  # that of a directory of threads is somebody's history
        raise UsageError(
            f"the archive {root} is a git repository, but no public-inbox v2: its commits are no mails",
            hint="public-inbox-convert makes v2 of an inbox of version 1",
        )
    for folder in (root, root / "git"):
        for epoch in _numbered(folder):
            yield "", str(epoch.relative_to(root))
    for inbox in sorted(path.parent for path in root.glob("*/git") if path.parent != root):
        for epoch in _numbered(inbox / "git"):
            yield inbox.name, str(epoch.relative_to(root))


def _numbered(folder: Path) -> list[Path]:
    found = [(int(match[1]), path) for path in folder.glob("*.git") if (match := _EPOCH.fullmatch(path.name))]
    return [path for _, path in sorted(found) if is_repository(path)]


def _holds_mail(root: Path) -> bool:
    epoch = Epoch(root)
    try:
        return epoch.holds_mail()
    finally:
        epoch.close()


def _follow(mirror: Mirror, index: InboxIndex, pool: _Pool) -> None:
    """Bring *index* to where the mirror is."""
    present = {path for _, path in mirror.epochs}
    for gone in index.known_epochs():
        if gone not in present:
            index.forget(gone, index.mark(gone, ""))
    for inbox, path in mirror.epochs:
        epoch = pool.epoch(path)
        tip = epoch.tip()
        while tip is not None and (mark := index.mark(path, inbox)) != tip:
            if mark is None or epoch.contains(mark, tip):
                _read_epoch(mirror, index, epoch, path, mark, tip)
            elif (now := epoch.tip()) != tip:
                tip = now  # it grew, and another process has read further than to the tip that was seen here
            else:
                index.forget(path, mark)


def _read_epoch(mirror: Mirror, index: InboxIndex, epoch: Epoch, path: str, mark: str | None, tip: str) -> None:
    """Read the commits from *mark* to *tip* into the index, until another process is found to do the same."""
    total = epoch.count(mark, tip)
    label = f"index {mirror.root.name if path == '.' else path}"
    with mirror.progress.task(label, total, "mails") as task:
        changes = epoch.changes(mark, tip)
        while chunk := list(islice(changes, CHUNK)):
            if not index.advance(path, mark, chunk[-1].commit, [_step(epoch, change) for change in chunk]):
                return
            mark = chunk[-1].commit
            task.advance(len(chunk))
    index.advance(path, mark, tip, ())  # the last commits may have changed nothing


def _step(epoch: Epoch, change: MailChange) -> Step:
    raw = None if change.removed else epoch.mail(change.blob)
    return Step(change.blob, None if raw is None else read_entry(raw), removed=change.removed)
