# SPDX-License-Identifier: GPL-2.0-or-later
"""What had to change in a patch for one tree: edits to its hunks and changes beside them, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.model.series import Change


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
    """What happens to one hunk: left out, some of its lines changed, or its place named.

    ``number`` is 1-based within the file, 0 for all the patch does to the file, which can only be left out. ``at`` is
    the line of the hunk's pre-image (1-based, in the file as the hunks before it leave it), where the posted number
    would lead elsewhere. ``encoding`` is that of the lines of the edits. ``posted`` names the posted hunk by its lines,
    so that it is known again in another revision of the patch.
    """

    file: str
    number: int
    reason: str
    omit: bool = False
    edits: tuple[LineEdit, ...] = ()
    pre_image: str | None = None
    """Blob id of the file the adaptation was made on."""
    at: int | None = None
    encoding: str = "utf-8"
    posted: str | None = None


@dataclass(frozen=True, slots=True)
class ExtraChange:
    """A change that the posted patch does not have, to one file; it comes after those of the patch.

    ``lines`` are hunk lines as in ``LineEdit``. A MODIFY with lines has ``at``, as in ``HunkAdaptation``; ADD has only
    lines with "+", DELETE only lines with "-". ``mode`` is the file's mode afterwards, None to leave it.
    """

    file: str
    reason: str
    change: Change = Change.MODIFY
    lines: tuple[str, ...] = ()
    at: int | None = None
    mode: int | None = None
    pre_image: str | None = None
    encoding: str = "utf-8"


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
    extras: tuple[ExtraChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """What one run found out about a kernel that has an adapted patch: each stage with how it ended, in order."""

    run: int
    arch: str
    state: str
    stages: tuple[tuple[str, str, str], ...]
    """Stage, status, detail."""


@dataclass(frozen=True, slots=True)
class ShownAdaptation:
    """A recorded adaptation, and what is known about it on one tree.

    ``used`` tells whether it is what makes the patch fit there, and ``note`` in one line why not, or how.
    ``range_diff`` is git's comparison of upstream's patch with the adapted one, "" for one of another revision.
    """

    number: str
    subject: str
    path: str
    adaptation: Adaptation
    used: bool
    note: str
    range_diff: str
    verified: tuple[Verification, ...]
