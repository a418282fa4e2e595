# SPDX-License-Identifier: GPL-2.0-or-later
"""Merge a patch into files it does not fit, as ``git am -3`` does, and only with blobs that are known.

The base of a file is the blob its ``index`` line names. Where the store has no such blob, it is rebuilt: the patches
of a series lead from one blob to the next, so a blob that is there (another tree has it, an imported history has it)
gives those before and behind it. What comes out counts only when its git id is the one that was named: it is then that
very blob, whatever it was made of. Nothing is merged by likeness.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from seriestool.apply.cautions import cautions
from seriestool.apply.filediff import FileResult, reverse_file
from seriestool.apply.hunks import apply_hunks
from seriestool.apply.view import File, View
from seriestool.apply.whereabouts import went_astray
from seriestool.git.mergefile import merge_file
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import EXECUTABLE, FILE, Oid
from seriestool.model.series import Change, FileDiff, Hunk, Patch

_SHORTEST = 7  # hex digits of an id that say enough (git's own least abbreviation)
_SHOWN = 3  # unknown blobs
_STEPS = 64  # patches between a blob that is there and one that is wanted


@dataclass(frozen=True, slots=True)
class MergedFile:
    """One merge: the base, the blob that came out, and what is to be looked at in it."""

    path: str
    base: Oid
    blob: Oid
    cautions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ": ".join([f"{self.path} (base {self.base[:12]}, merged {self.blob[:12]})", *self._told()])

    def _told(self) -> list[str]:
        return [", ".join(self.cautions)] if self.cautions else []


@dataclass(frozen=True, slots=True)
class Merge:
    """The files that were merged, or none of them and in one line why."""

    files: tuple[MergedFile, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """Hunks that lead from the blob *before* to the blob *after*, both as abbreviated ids."""

    before: str
    after: str
    hunks: tuple[Hunk, ...]


class KnownBlobs:
    """The blobs of a store, and what the patches of a series make of them."""

    def __init__(self, store: ObjectStore, patches: Sequence[Patch] = ()) -> None:
        self.store = store
        self._steps: dict[str, list[_Step]] = {}
        self._found: dict[str, bytes | None] = {}
        for diff in (diff for patch in patches for diff in patch.files if diff.hunks):
            for way in (diff, reverse_file(diff)):
                if _telling(way.old_blob) and _telling(way.new_blob):
                    step = _Step(way.old_blob or "", way.new_blob or "", way.hunks)
                    self._steps.setdefault(step.after[:_SHORTEST], []).append(step)

    def find(self, name: str | None) -> bytes | None:
        """Return the blob with the abbreviated id *name*, None where it is not known or several are."""
        if name is None or not _telling(name):
            return None
        if name not in self._found:
            self._found[name] = self._search(name)
        return self._found[name]

    def _search(self, name: str) -> bytes | None:
        """Look for *name*, then for what leads to it in one step, in two, and so on."""
        queue: deque[tuple[str, tuple[_Step, ...]]] = deque([(name, ())])
        seen = {name[:_SHORTEST]}
        while queue:
            wanted, steps = queue.popleft()
            oid = self.store.find_blob(wanted)
            if oid is not None:
                data = _walk(self.store.read_blob(oid), steps)
                if data is not None and Oid.of("blob", data).startswith(name):
                    return data
                continue
            for step in self._steps.get(wanted[:_SHORTEST], ()) if len(steps) < _STEPS else ():
                if step.before[:_SHORTEST] not in seen and _same(step.after, wanted):
                    seen.add(step.before[:_SHORTEST])
                    queue.append((step.before, (step, *steps)))
        return None


def three_way(view: View, results: Sequence[FileResult], known: KnownBlobs) -> Merge:
    """Merge into *view* the files that *results*, the attempt to apply them to it, could not take as a whole.

    All of them are merged, or nothing is changed. Only regular files that the patch modifies, with or without a new
    name, can be. A file that a hunk went astray in is merged along where it can be: its base knows the right place.
    Raises MachineFault when git cannot be run.
    """
    broken = [result for result in results if not result.whole]
    if not all(_mergeable(result) for result in broken) or len({result.diff.path for result in results}) < len(results):
        return Merge()
    bases = [known.find(result.diff.old_blob) for result in broken]
    unknown = [str(result.diff.old_blob)[:12] for result, base in zip(broken, bases, strict=True) if base is None]
    if unknown:
        names = list(dict.fromkeys(unknown))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        said = f"blob {names[0]} is" if len(names) == 1 else f"blobs {', '.join(names[:_SHOWN])}{more} are"
        return Merge(why_not=f"no three-way: {said} not known")
    merged: list[_Merged] = []
    for result, base in zip(broken, bases, strict=True):
        assert base is not None
        outcome = _merge_one(view, result.diff, base, known.store)
        if isinstance(outcome, str):
            return Merge(why_not=f"no three-way: {result.diff.path} {outcome}")
        merged.append(outcome)
    for result in results:
        if result.whole and _mergeable(result) and went_astray(view.fresh(), [result]):
            base = known.find(result.diff.old_blob)
            again = None if base is None else _merge_one(view, result.diff, base, known.store)
            merged += [again] if again is not None and not isinstance(again, str) else []
    for diff, _, data in merged:
        file = view.get(diff.path)
        assert file is not None
        view.put(diff.path, File(file.mode, data))
    return Merge(tuple(item for _, item, _ in merged))


_Merged = tuple[FileDiff, MergedFile, bytes]


def _merge_one(view: View, diff: FileDiff, base: bytes, store: ObjectStore) -> _Merged | str:
    """Return what the merge of one file gives, or in a few words why it gives nothing."""
    name = Oid.of("blob", base)[:12]
    ours = view.before(diff.old_path or diff.path)
    theirs = apply_hunks(base, diff.hunks)
    if ours is None or not all(theirs.places):
        return f"does not even fit blob {name}, which it names"
    data = merge_file(store.path, ours.data, base, theirs.data)
    if data is None:
        return f"conflicts with base {name} too"
    told = cautions(ours.data, base, theirs.data, data, diff.hunks)
    return diff, MergedFile(diff.path, Oid.of("blob", base), Oid.of("blob", data), told), data


def _mergeable(result: FileResult) -> bool:
    diff = result.diff
    changed = result.fault is None and diff.change in (Change.MODIFY, Change.RENAME)
    regular = all(mode in (None, FILE, EXECUTABLE) for mode in (diff.old_mode, diff.new_mode))
    return changed and regular and _telling(diff.old_blob)


def _walk(data: bytes, steps: Sequence[_Step]) -> bytes | None:
    """Take *data* along *steps*, each of which must fit whole and give the blob it names."""
    for step in steps:
        patched = apply_hunks(data, step.hunks)
        data = patched.data
        if not all(patched.places) or not Oid.of("blob", data).startswith(step.after):
            return None
    return data


def _telling(name: str | None) -> bool:
    """Whether an abbreviated id names a blob, and precisely enough."""
    return name is not None and _SHORTEST <= len(name) <= 40 and name.strip("0") != ""


def _same(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
