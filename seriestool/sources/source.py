# SPDX-License-Identifier: GPL-2.0-or-later
"""What a source of series is: a way to get mail, from a name that a user types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seriestool.formats.mail import Message
from seriestool.log import Progress
from seriestool.model.series import Series


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What sources may need: the archive (None for lore.kernel.org), a directory for what can be made again.

    ``revision`` is the one that is wanted, None for the one that is named.
    """

    lore: str | None
    cache: Path
    progress: Progress
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a source gave: messages in order, and the one the user named, where a message-id was given."""

    messages: tuple[Message, ...]
    message_id: str | None = None
    series: Series | None = None
    """The series itself, where the source knows it without reading prefixes; ``messages`` are its patches then."""
    commits: tuple[str, ...] = ()
    """The commits that the patches of ``series`` were made of, in its order."""
    upstream: tuple[str | None, ...] = ()
    """The upstream commit of each of ``commits``, where it is one or says which it is a backport of."""


class Source(Protocol):
    """One kind of place where series are; an entry of ``SOURCES``."""

    @property
    def name(self) -> str:
        """The kind, for people ("message-id or lore URL")."""

    def accepts(self, spec: str) -> bool:
        """Tell whether *spec* names something of this kind; no network is asked."""

    def read(self, spec: str, around: Surroundings) -> Found:
        """Return the mail behind *spec*.

        Raises InputRefused for unreadable mail, MachineFault where the place cannot be reached.
        """
