# SPDX-License-Identifier: GPL-2.0-or-later
"""Directories on disk: kept from other processes, and what a file system's refusal means to a user."""

from __future__ import annotations

import errno
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seriestool.errors import MachineFault
from seriestool.log import QUIET, Progress

_POLL = 0.1  # seconds between two looks at a held lock


@contextmanager
def hold(lock: Path, place: Path, *, progress: Progress = QUIET, timeout: float = 1800.0) -> Iterator[None]:
    """Keep other processes, and other holders in this one, from *place* for the length of the block.

    Waits up to *timeout* seconds for the file *lock* and says so. Raises MachineFault at the time limit, or when the
    file cannot be made.
    """
    try:
        file = lock.open("ab")
    except OSError as error:
        raise disk_fault(error, place) from error
    with file:
        _acquire(file, place, progress, timeout)
        yield


def _acquire(file: IO[bytes], place: Path, progress: Progress, timeout: float) -> None:
    """Take flock(2) on *file*: it ends with the process, however that ends."""
    deadline = time.monotonic() + timeout
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        if time.monotonic() >= deadline:
            raise MachineFault(f"another seriestool is still busy with {place} after {timeout:g} s")
        if not told:
            progress.note(f"waiting for another seriestool that is busy with {place}")
            told = True
        time.sleep(_POLL)


def disk_fault(error: OSError, path: Path) -> MachineFault:
    """Turn an OSError into the fault a user can act on, naming the place."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    reason = "no space left on device" if full else error.strerror or str(error)
    return MachineFault(f"{reason}: {path}", hint="make room and run the same command again" if full else None)
