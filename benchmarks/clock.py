# SPDX-License-Identifier: GPL-2.0-or-later
"""Wall times, the shortest of several."""

from __future__ import annotations

import time
from collections.abc import Callable


def best(work: Callable[[], None], repeat: int, *, after: Callable[[], None] = lambda: None) -> float:
    """Return the shortest of *repeat* wall times of *work*; *after* is not measured."""
    times = []
    for _ in range(repeat):
        started = time.monotonic()
        work()
        times.append(time.monotonic() - started)
        after()
    return min(times)
