# SPDX-License-Identifier: GPL-2.0-or-later
"""How a long stage tells what it does, without knowing who listens.

``cli`` gives a terminal implementation; tests and library users get ``QUIET``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Task(Protocol):
    """One bar: a download, an import, a build, a boot."""

    def advance(self, amount: float = 1) -> None:
        """Add *amount* of the task's unit."""

    def describe(self, detail: str) -> None:
        """Replace the detail shown behind the label."""


class Progress(Protocol):
    """Where stages report to; everything goes to standard error, never into data."""

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        """Show one task for the length of the ``with`` block; *total* in *unit* ("B" for bytes) or None if unknown."""

    def note(self, message: str) -> None:
        """Say one line that a user should see (a fallback that was taken, a thing that is missing)."""


class _QuietTask:
    def advance(self, amount: float = 1) -> None:
        pass

    def describe(self, detail: str) -> None:
        pass


class _Quiet:
    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        yield _QuietTask()

    def note(self, message: str) -> None:
        pass


QUIET: Progress = _Quiet()
