# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress on standard error: bars on a terminal, one line per finished task elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress

from seriestool.log import QUIET, Progress, Task

_SLOW = 1.0  # seconds from which a task is worth a line in a log


class _Bar:
    def __init__(self, bars: RichProgress, label: str, total: float | None) -> None:
        self._bars = bars
        self._id = bars.add_task(label, total=total, detail="")

    def advance(self, amount: float = 1) -> None:
        self._bars.advance(self._id, amount)

    def describe(self, detail: str) -> None:
        self._bars.update(self._id, detail=detail)


class TerminalProgress:
    """Bars with what is known: bytes with a rate, steps with a count, or only the time that went by."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        """Show one bar, gone when the task is done, with a line that stays."""
        started = time.monotonic()
        columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
        columns += [BarColumn(bar_width=24)]
        if unit == "B":
            columns += [DownloadColumn()]
        elif total is not None:
            columns += [MofNCompleteColumn()]
        columns += [TimeElapsedColumn(), TextColumn("{task.fields[detail]}", markup=False)]
        with RichProgress(*columns, console=self._console, transient=True) as bars:
            yield _Bar(bars, label, total)
        self._done(label, time.monotonic() - started)

    def note(self, message: str) -> None:
        """Print one line above the bars."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)

    def _done(self, label: str, seconds: float) -> None:
        if seconds >= _SLOW:
            self._console.print(f"  {label}  {seconds:.1f} s", style="dim", markup=False, highlight=False)


class LineProgress:
    """For logs and pipes: a line when a task begins, one when it took long."""

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        """Say that the task began, and how long it took."""
        started = time.monotonic()
        self.note(f"{label} ...")
        with QUIET.task(label) as task:
            yield task
        seconds = time.monotonic() - started
        if seconds >= _SLOW:
            self.note(f"{label}: {seconds:.1f} s")

    def note(self, message: str) -> None:
        """Print one line."""
        print(message, file=sys.stderr, flush=True)


def make_progress(*, quiet: bool) -> Progress:
    """Return what suits standard error: nothing, bars, or lines."""
    if quiet:
        return QUIET
    console = Console(stderr=True)
    return TerminalProgress(console) if console.is_terminal else LineProgress()
