# SPDX-License-Identifier: GPL-2.0-or-later
"""Start from an older adaptation: of a revision before, of another tree, or of this tree before it moved on.

Nothing of it is taken on trust: an edit counts only where it was made on the very hunk that the patch has now, or
fits the tree exactly; what was left out is left out only where the hunk does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seriestool.apply.filediff import FileResult, apply_files
from seriestool.apply.view import View
from seriestool.errors import SeriestoolError
from seriestool.formats.adaptation import adapt
from seriestool.formats.hunk_edits import hunk_id
from seriestool.model.adaptation import Adaptation, HunkAdaptation
from seriestool.model.series import Patch


@dataclass(frozen=True, slots=True)
class Start:
    """What is applied at first: the results, on ``view``, and the numbers of each file's hunks in the posted patch.

    ``used`` and ``unused`` name the parts of the older adaptation that were taken, and that were not.
    """

    view: View
    results: tuple[FileResult, ...]
    numbers: dict[str, tuple[int, ...]]
    used: tuple[HunkAdaptation, ...] = ()
    unused: tuple[HunkAdaptation, ...] = ()


def start_from(before: View, patch: Patch, adaptation: Adaptation | None) -> Start:
    """Apply *patch* to the tree of *before*, with as much of *adaptation* as still holds."""
    if adaptation is None:
        return _tried(before, patch, patch, ())
    if adaptation.patch_id == patch.patch_id:
        whole = _with(before, patch, adaptation)
        if whole is not None and all(result.whole for result in whole.results):
            return replace(whole, used=adaptation.hunks)
    as_posted = _tried(before, patch, patch, ())
    known = dict(_known(patch, adaptation))
    fitting = {key for key, fits in _fates(as_posted) if fits}
    chosen = [new for new in known.values() if (new.file, new.number) not in fitting]
    while True:
        # One at a time: leaving an edit out can only leave less that does not fit.
        start = _with(before, patch, replace(adaptation, patch_id=patch.patch_id, hunks=tuple(chosen), extras=()))
        if start is None:
            return replace(as_posted, unused=adaptation.hunks)
        fates = dict(_fates(start))
        worse = [new for new in chosen if not new.omit and not fates.get((new.file, new.number), True)]
        if not worse:
            break
        chosen.remove(worse[0])
    used = tuple(old for old, new in known.items() if new in chosen)
    return replace(start, used=used, unused=tuple(old for old in adaptation.hunks if old not in used))


def _known(patch: Patch, adaptation: Adaptation) -> Iterator[tuple[HunkAdaptation, HunkAdaptation]]:
    """Yield the edits whose hunk the patch still has, as they were and with the number it has now."""
    same = adaptation.patch_id == patch.patch_id
    for old in adaptation.hunks:
        for diff in patch.files:
            if diff.path != old.file or (old.number == 0 and not same):
                continue
            ids = [hunk_id(hunk.lines) for hunk in diff.hunks]
            if same or (old.posted is None and not old.omit and old.number <= len(ids)):
                yield old, old
            elif old.posted in ids:
                yield old, replace(old, number=ids.index(old.posted) + 1, at=None)


def _with(before: View, patch: Patch, adaptation: Adaptation) -> Start | None:
    """Apply *patch* with *adaptation*; None where it makes no sense for this patch."""
    if not adaptation.hunks and not adaptation.extras:
        return _tried(before, patch, patch, ())
    try:
        adapted = adapt(patch, adaptation)
    except SeriestoolError:  # lines that this revision does not have
        return None
    return _tried(before, patch, adapted, adaptation.hunks)


def _tried(before: View, patch: Patch, adapted: Patch, changes: Sequence[HunkAdaptation]) -> Start:
    left_out = {(change.file, change.number) for change in changes if change.omit}
    numbers = {
        diff.path: tuple(n for n in range(1, len(diff.hunks) + 1) if (diff.path, n) not in left_out)
        for diff in patch.files
    }
    view = before.fresh()
    return Start(view, apply_files(view, adapted.files), numbers)


def _fates(start: Start) -> Iterator[tuple[tuple[str, int], bool]]:
    """Yield for each posted hunk that was tried whether it fits."""
    for result in start.results:
        for number, place in zip(start.numbers.get(result.diff.path, ()), result.places, strict=False):
            yield (result.diff.path, number), place is not None
