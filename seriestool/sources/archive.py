# SPDX-License-Identifier: GPL-2.0-or-later
"""An archive of mail that is on this machine, and can be looked through without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seriestool.errors import UsageError
from seriestool.formats.mail import Message
from seriestool.formats.notice import is_notice
from seriestool.log import QUIET, Progress
from seriestool.sources.files import check_mail_file, read_mail_file
from seriestool.sources.inbox.mirror import open_mirror

THREAD_FILE = "t.mbox.gz"
"""What public-inbox calls the download of a thread, below its message-id."""
HINT = (
    "SERIESTOOL_LORE names another archive: a URL, a directory with <message-id>/t.mbox.gz in it, "
    "or a mirror of a public-inbox"
)


class Archive(Protocol):
    """All mail of one place, each message once."""

    def messages(self) -> Iterator[Message]:
        """Yield every message that can be read, in the order of the archive.

        Raises InputRefused for a damaged file of it, MachineFault where it cannot be read.
        """

    def grep(self, text: str) -> Iterator[Message]:
        """Yield the messages with *text*, as it stands, in their body; raises like ``messages``."""

    def posted(self, revision: int, *, sender: str, change_id: str | None) -> Iterator[Message]:
        """Yield the cover letters and patches of *revision* by the address *sender*, or with *change_id*, in order."""

    def notices(self, since: int, until: int) -> Iterator[Message]:
        """Yield the commit notices dated from *since* to *until*, in seconds since 1970."""

    def thread(self, message_id: str) -> tuple[Message, ...]:
        """Return the thread of *message_id*, () where the archive does not have the message."""


@dataclass(frozen=True, slots=True)
class DirectoryArchive:
    """A directory with one ``<message-id>/t.mbox.gz`` for each thread."""

    root: Path

    def has(self, message_id: str) -> bool:
        """Tell whether there is a thread that begins with *message_id*."""
        return (self.root / message_id / THREAD_FILE).is_file()

    def check(self, message_id: str) -> None:
        """Raise InputRefused where the thread of *message_id* is damaged, or more than anybody should inflate."""
        check_mail_file(self.root / message_id / THREAD_FILE)

    def messages(self) -> Iterator[Message]:
        """Yield every message, thread by thread in the order of their names."""
        seen: set[str] = set()
        for file in sorted(self.root.glob(f"*/{THREAD_FILE}")):
            for message in read_mail_file(file):
                if message.message_id and message.message_id not in seen:
                    seen.add(message.message_id)
                    yield message

    def grep(self, text: str) -> Iterator[Message]:
        """Yield the messages with *text* in their body."""
        return (message for message in self.messages() if text in message.text)

    def posted(self, revision: int, *, sender: str, change_id: str | None) -> Iterator[Message]:
        """Yield the cover letters and patches of *revision* by the address *sender*, or with *change_id*."""
        found = [one for one in self.messages() if one.prefix is not None and one.prefix.revision == revision]
        same = f"change-id: {change_id}"
        yield from sorted(
            (one for one in found
             if one.sender.email.lower() == sender.lower() or (change_id and same in one.text.splitlines())),
            key=lambda one: (one.prefix is not None and one.prefix.number) or 0,
        )  # fmt: skip


    def notices(self, since: int, until: int) -> Iterator[Message]:
        """Yield the commit notices dated from *since* to *until*, in seconds since 1970."""
        return (one for one in self.messages() if is_notice(one) and since <= one.seconds <= until)

    def thread(self, message_id: str) -> tuple[Message, ...]:
        """Return the thread of *message_id*, which need not be its first message; () where no thread has it."""
        files = sorted(self.root.glob(f"*/{THREAD_FILE}"))
        for file in sorted(files, key=lambda file: file.parent.name != message_id):
            found = read_mail_file(file)
            if any(one.message_id == message_id for one in found):
                return found
        return ()


def open_archive(lore: str | None, cache: Path, progress: Progress = QUIET) -> Archive | None:
    """Open the archive *lore* where it is on this machine; None for lore.kernel.org (None) and for a URL.

    It is a mirror of a public-inbox or a directory of threads. What makes it fast is kept below *cache*, and made when
    the archive is first looked into, which *progress* is told. Raises UsageError for what is neither a URL nor one.
    """
    if lore is None or lore.startswith(("https://", "http://")):
        return None
    if not Path(lore).is_dir():
        raise UsageError(f"the archive {lore} is neither a URL nor a directory", hint=HINT)
    return open_mirror(Path(lore), cache, progress) or DirectoryArchive(Path(lore))
