# SPDX-License-Identifier: GPL-2.0-or-later
"""Write down what became of each hunk, and the evidence a person reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from seriestool.apply.explain import closest, explain
from seriestool.apply.filediff import FileResult, apply_files, reverse_file
from seriestool.apply.hunks import find_place, leading, reverse_hunk, split_lines, trailing
from seriestool.apply.meant import is_meant
from seriestool.apply.threeway import MergedFile
from seriestool.apply.view import View
from seriestool.apply.whereabouts import strays
from seriestool.model.outcome import HunkOutcome
from seriestool.model.series import Hunk

HunkKey = tuple[str, int]
IN_TREE = "in the tree already"


def hunk_outcomes(
    results: Sequence[FileResult],
    *,
    before: View | None = None,
    there: Collection[HunkKey] = (),
    context: int | None = None,
) -> tuple[HunkOutcome, ...]:
    """Write the outcome of every hunk.

    *before* is asked for explanations, *there* are hunks the tree has already, *context* is the number of context
    lines that rejected hunks were also tried with.
    """
    return tuple(hunk for result in results for hunk in _file_hunks(result, before, there, context))


def _file_hunks(
    result: FileResult, before: View | None, there: Collection[HunkKey], context: int | None
) -> Iterator[HunkOutcome]:
    path = result.diff.path
    if result.fault is not None:
        cause = IN_TREE if (path, 0) in there else result.cause
        yield HunkOutcome(path, 0, applied=False, cause=cause)
    elif not result.places:
        yield HunkOutcome(path, 0, applied=True)
    for number, place in enumerate(result.places, 1):
        if place is not None:
            note = None if place.context is None else _context_note(result, number)
            yield HunkOutcome(path, number, result.taken, place.line, place.offset, cause=note)
        elif result.fault is None:
            if (path, number) in there:
                yield HunkOutcome(path, number, applied=False, cause=IN_TREE)
            else:
                yield _rejected_hunk(result, number, before, context)


def _rejected_hunk(result: FileResult, number: int, before: View | None, context: int | None) -> HunkOutcome:
    file = before.before(result.diff.old_path) if before and result.diff.old_path else None
    if file is None:
        return HunkOutcome(result.diff.path, number, applied=False, cause="its context was not found")
    why = explain(split_lines(file.data), result.diff.hunks[number - 1], context)
    return HunkOutcome(
        result.diff.path, number, applied=False, cause=why.cause, expected=why.expected, found=why.found,
        wanted=why.wanted, there=why.there, closest=why.closest, closeness=why.closeness,
    )  # fmt: skip


def reversed_hunks(before: View, results: Sequence[FileResult]) -> frozenset[HunkKey]:
    """Return the rejected hunks that reverse cleanly where the tree was before the patch: it has them already."""
    return frozenset(key for result in results for key in _reversed_in_file(before, result))


def _reversed_in_file(before: View, result: FileResult) -> Iterator[HunkKey]:
    diff = result.diff
    if result.fault is not None:
        if _whole_file_there(before, result):
            yield diff.path, 0
        return
    file = before.before(diff.path)
    lines = split_lines(file.data) if file else []
    for number, (hunk, place) in enumerate(zip(diff.hunks, result.places, strict=True), 1):
        if place is None and _in_tree(lines, hunk):
            yield diff.path, number


def _in_tree(lines: Sequence[bytes], hunk: Hunk) -> bool:
    """Tell whether *hunk* reverses where its pre-image comes closest: a look-alike far away proves nothing."""
    back = reverse_hunk(hunk)
    place = find_place(lines, back)
    if place is None or is_meant(lines, place.line - 1, back) is False:
        return False
    nearest = closest(lines, hunk)
    return nearest is None or abs(nearest - place.line + 1) <= len(hunk.lines)


def _whole_file_there(before: View, result: FileResult) -> bool:
    scratch = before.fresh()
    return all(back.whole for back in apply_files(scratch, (reverse_file(result.diff),)))


def found_hunks(view: View, results: Sequence[FileResult]) -> tuple[HunkOutcome, ...]:
    """Write the outcome of hunks from an attempt to reverse them on *view*: in the tree at a line, or changed since."""
    astray = strays(view, results)
    hunks = []
    for result in reversed(results):
        path = result.diff.old_path or result.diff.path  # turned around, the patch's name for it is the old one
        if not result.places:
            hunks.append(HunkOutcome(path, 0, applied=False, cause=IN_TREE if result.whole else "changed since"))
        for number, found in enumerate(result.places, 1):
            place = None if (result.diff.path, number) in astray else found
            cause = IN_TREE if place else "changed since"
            line, offset = (place.line, place.offset) if place else (None, None)
            hunks.append(HunkOutcome(path, number, applied=False, line=line, offset=offset, cause=cause))
    return tuple(hunks)


def merged_hunks(results: Sequence[FileResult], merged: Sequence[MergedFile]) -> tuple[HunkOutcome, ...]:
    """Write the outcome of every hunk of a patch that was merged: where it matched, or with which base it went in.

    Where a hunk of a merged file would have matched does not count: the merge may have put it elsewhere.
    """
    causes = {file.path: f"merged, base {file.base[:12]}" for file in merged}
    return tuple(
        HunkOutcome(hunk.path, hunk.number, applied=True, cause=causes[hunk.path]) if hunk.path in causes else hunk
        for hunk in hunk_outcomes(results)
    )


def evidence_of_offsets(results: Sequence[FileResult]) -> str:
    """Say where hunks matched: "exact", or by how many lines they moved, file by file."""
    moved = []
    for result in results:
        offsets = sorted({place.offset for place in result.places if place is not None and place.offset})
        if offsets:
            span = f"{offsets[0]:+d}" if len(offsets) == 1 else f"{offsets[0]:+d} to {offsets[-1]:+d}"
            moved.append(f"{result.diff.path} {span} lines")
    return f"offset: {'; '.join(moved)}" if moved else "exact"


def evidence_of_context(results: Sequence[FileResult]) -> str:
    """Name each hunk that needed less context, and how much of it was there."""
    notes = []
    for result in results:
        for number, place in enumerate(result.places, 1):
            if place is not None and place.context is not None:
                notes.append(f"{_context_note(result, number)}, {result.diff.path} hunk {number}")
    return f"{'; '.join(notes)}: must be built before it counts"


def _context_note(result: FileResult, number: int) -> str:
    hunk, place = result.diff.hunks[number - 1], result.places[number - 1]
    assert place is not None
    return f"{place.context} of {max(leading(hunk), trailing(hunk))} context lines"


def name_hunks(hunks: Iterable[HunkOutcome]) -> str:
    """Name file and number of each hunk; a file that was refused as a whole is named with the reason."""
    names = []
    for path, group in groupby(hunks, key=lambda hunk: hunk.path):
        for hunk in group:
            names.append(f"{path} hunk {hunk.number}" if hunk.number else _whole_file(hunk))
    return "; ".join(names)


def _whole_file(hunk: HunkOutcome) -> str:
    return hunk.path if hunk.cause == IN_TREE else f"{hunk.path} ({hunk.cause})"
