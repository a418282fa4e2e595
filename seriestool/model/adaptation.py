# SPDX-License-Identifier: GPL-2.0-or-later
"""What had to change in a patch for one tree: edits to its hunks, with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineEdit:
    """Replace body line ``line`` of the posted hunk (1-based) by ``becomes``; with ``after``, insert behind it.

    ``becomes`` are whole hunk lines, sign first, without line ending.
    """

    line: int
    becomes: tuple[str, ...]
    after: bool = False


@dataclass(frozen=True, slots=True)
class HunkAdaptation:
    """What happens to one hunk: left out, or some of its lines changed."""

    file: str
    number: int
    reason: str
    omit: bool = False
    edits: tuple[LineEdit, ...] = ()
    pre_image: str | None = None
    """Blob id of the file the adaptation was made on."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """``patches/<slug>/adaptations/<tree>/<number>.toml``."""

    patch_id: str
    tree: str
    made_on: str
    author: str
    date: str
    reason: str
    hunks: tuple[HunkAdaptation, ...]
