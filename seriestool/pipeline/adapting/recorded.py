# SPDX-License-Identifier: GPL-2.0-or-later
"""What was recorded of a series, for all trees: an adaptation made for one is tried on the others too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from seriestool.errors import UsageError
from seriestool.formats.adaptation import read_adaptation
from seriestool.model.adaptation import Adaptation
from seriestool.model.tree import Tree
from seriestool.pipeline.context import read_text
from seriestool.pipeline.series import Job

_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_RELEASES = 20  # of one major number, about: 4.20 came before 5.0, 5.19 before 6.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file: ``patches/<slug>/adaptations/<tree>/<number>.toml``, or ``<number>.<variant>.toml``."""

    path: Path
    number: str
    adaptation: Adaptation


def load_adaptations(job: Job, tree: Tree) -> Mapping[str, tuple[Adaptation, ...]]:
    """Return the adaptations to try on *tree*, by patch number: its own, then those of trees of a close version.

    Raises UsageError naming a file that is wrong.
    """
    found: dict[str, tuple[Adaptation, ...]] = {}
    for record in in_order(recorded(job), tree):
        found[record.number] = (*found.get(record.number, ()), record.adaptation)
    return found


def recorded(job: Job) -> tuple[Recorded, ...]:
    """Return every adaptation of the series; raises UsageError naming a file that is wrong."""
    if job.directory is None:
        return ()
    numbers = [tracked.number for tracked in job.tracked.patches]
    paths = sorted((job.directory / "adaptations").glob("*/*.toml"), key=lambda path: (path.name.count("."), path))
    found = tuple(_read(path, numbers) for path in paths)
    seen: dict[tuple[Path, str, str], Path] = {}
    for one in found:
        other = seen.setdefault((one.path.parent, one.number, one.adaptation.patch_id), one.path)
        if other != one.path:
            raise UsageError(f"{one.path}: is for the same patch-id as {other.name}")
    return found


def in_order(records: Sequence[Recorded], tree: Tree) -> list[Recorded]:
    """Return *records*, those of *tree* first, then by how close the version is that they were made on."""
    here = _release(tree.version)

    def far(record: Recorded) -> tuple[bool, float]:
        release = _release(record.adaptation.made_on)
        return record.adaptation.tree != tree.name, abs(release - here)

    return sorted(records, key=far)


def _release(version: str) -> float:
    """Number kernel releases, so that neighbours differ by one: 5.10 by 110; what has no version is far from all."""
    match = _VERSION.match(version)
    return int(match[1]) * _RELEASES + int(match[2]) if match else float(1 << 30)


def _read(path: Path, numbers: Sequence[str]) -> Recorded:
    adaptation = _parsed(read_text(path), str(path))
    number = path.name.split(".")[0]
    if adaptation.tree != path.parent.name:
        raise UsageError(f"{path}: is for {adaptation.tree}, in the directory of {path.parent.name}")
    if number not in numbers:
        raise UsageError(f"{path}: no patch {number} in the series", hint=f"patches: {', '.join(numbers)}")
    return Recorded(path, number, adaptation)


@lru_cache(maxsize=512)
def _parsed(text: str, name: str) -> Adaptation:
    return read_adaptation(text, name)
