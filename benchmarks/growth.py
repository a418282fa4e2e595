# SPDX-License-Identifier: GPL-2.0-or-later
"""How applying grows: with trees, with patches, with a generated series longer than any, and in memory.

Each line is measured in a process of its own. What is per tree or per patch stays level where growth is linear.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seriestool import proc

_PATCHES = (1, 2, 4, 8, 12)
_GENERATED = (25, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds cold and warm, and the most memory, in MB."""

    cold: float
    warm: float
    megabytes: float


def growth(series: str, trees: Sequence[str], patches: int) -> Iterator[str]:
    """Measure with all of *trees*, and yield one line for each measurement; *patches* is how many the series has."""
    for name, options in (("as posted", ["--first"]), ("as posted", []), ("adapted", ["--adaptations"])):
        note = ", for the first time" if options == ["--first"] else ""
        yield _line(f"{patches} patches {name}, {len(trees)} trees{note}", measure(series, trees, options))
    for count in range(1, len(trees) + 1):
        yield _line(f"{patches} patches, {count} trees", measure(series, trees[:count]), count, "tree")
    for count in [step for step in _PATCHES if step <= patches]:
        measured = measure(series, trees, ["--patches", str(count)])
        yield _line(f"{count} patches, {len(trees)} trees", measured, count, "patch")
    for count in _GENERATED:
        measured = measure(series, trees[:1], ["--generated", str(count)])
        yield _line(f"{count} generated patches, 1 tree", measured, count, "patch")


def measure(series: str, trees: Sequence[str], options: Sequence[str] = ()) -> Measured:
    """Run ``benchmarks.one`` and return what it says."""
    argv = [sys.executable, "-m", "benchmarks.one", "--series", series, *options, *trees]
    return Measured(**json.loads(proc.run(argv).stdout))


def _line(what: str, measured: Measured, count: int = 0, unit: str = "") -> str:
    each = f"  {measured.cold / count * 1000:6.1f} {measured.warm / count * 1000:6.1f} ms per {unit}" if count else ""
    times = f"{measured.cold:.3f} s cold  {measured.warm:.3f} s warm  {measured.megabytes:3.0f} MB"
    return f"{what:50}{times}{each}"
