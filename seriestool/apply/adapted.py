# SPDX-License-Identifier: GPL-2.0-or-later
"""Write down what became of a patch with a recorded adaptation, and why one was not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from seriestool.apply.filediff import FileResult
from seriestool.apply.view import File, View
from seriestool.git.treeobject import Oid
from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation
from seriestool.model.outcome import HunkOutcome
from seriestool.model.series import Patch


def adapted_hunks(patch: Patch, results: Sequence[FileResult], adaptation: Adaptation) -> tuple[HunkOutcome, ...]:
    """Write the outcome of every posted hunk: as it was taken, which were edited or left out, and why.

    Changes beside the patch follow those of their file, numbered on.
    """
    changes = {(hunk.file, hunk.number): hunk for hunk in adaptation.hunks}
    taken = {result.diff.path: iter(result.places) for result in results}
    hunks = []
    for diff in patch.files:
        whole = changes.get((diff.path, 0))
        if not diff.hunks:
            hunks.append(HunkOutcome(diff.path, 0, applied=whole is None, cause=_change_note(whole)))
        for number in range(1, len(diff.hunks) + 1):
            change = whole or changes.get((diff.path, number))
            cause = _change_note(change)
            if change is not None and change.omit:
                hunks.append(HunkOutcome(diff.path, number, applied=False, cause=cause))
                continue
            place = next(taken.get(diff.path, iter(())), None)
            line, offset = (place.line, place.offset) if place else (None, None)
            hunks.append(HunkOutcome(diff.path, number, applied=True, line=line, offset=offset, cause=cause))
    counts = {diff.path: len(diff.hunks) for diff in patch.files}
    for extra in adaptation.extras:
        counts[extra.file] = counts.get(extra.file, 0) + 1
        place = next(taken.get(extra.file, iter(())), None) if extra.lines else None
        hunks.append(_extra(extra, counts[extra.file], None if place is None else place.line))
    return tuple(hunks)


def _extra(extra: ExtraChange, number: int, line: int | None) -> HunkOutcome:
    offset = 0 if line is not None else None
    return HunkOutcome(extra.file, number, applied=True, line=line, offset=offset, cause=f"added: {extra.reason}")


def _change_note(change: HunkAdaptation | None) -> str | None:
    if change is None:
        return None
    return f"{'left out' if change.omit else 'edited'}: {change.reason}"


def other_pre_images(view: View, adaptation: Adaptation) -> str:
    """Name the files that are not as they were when the adaptation was made: it fits, and a person should look."""
    others: dict[str, None] = {}
    parts: Iterator[HunkAdaptation | ExtraChange] = chain(adaptation.hunks, adaptation.extras)
    for part in parts:
        file = view.before(part.file)
        if file is not None and part.pre_image and not Oid.of("blob", file.data).startswith(part.pre_image):
            others[part.file] = None
    return f" (made on another version of {', '.join(others)}, and fits)" if others else ""


def made_here(view: View, adaptation: Adaptation) -> bool:
    """Tell whether all files of *adaptation* are the very ones it was made on."""
    parts: Iterator[HunkAdaptation | ExtraChange] = chain(adaptation.hunks, adaptation.extras)
    return all(_is(view.before(part.file), part.pre_image) for part in parts)


def _is(file: File | None, pre_image: str | None) -> bool:
    if file is None or pre_image is None:
        return file is None and pre_image is None
    return Oid.of("blob", file.data).startswith(pre_image)


def not_used(patch: Patch, own: Sequence[Adaptation], others: Sequence[Adaptation]) -> str:
    """Say why no adaptation was used, "" where there is none: of this tree's *own* or of those of *others*.

    One for exactly this patch that does not fit tells more than one for another form of it.
    """
    for adaptation in (*own, *others):
        if adaptation.patch_id == patch.patch_id:
            whose = "the adaptation" if adaptation in own else f"that of {adaptation.tree}"
            return f" ({whose} does not fit this tree)"
    for adaptation in (*own, *others):
        whose = "the adaptation" if adaptation in own else f"that of {adaptation.tree}"
        return (
            f" ({whose} is for a patch with the patch-id {adaptation.patch_id}, this one has {patch.patch_id}: "
            "it was not used)"
        )
    return ""
