# SPDX-License-Identifier: GPL-2.0-or-later
"""End an adaptation in progress: record what was made of the patch, or leave nothing of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seriestool.adapt.conflict import marker_lines
from seriestool.adapt.derive import Derived, derive, tree_after
from seriestool.adapt.worktree import changed_files, take_worktree
from seriestool.apply.view import View
from seriestool.errors import SeriestoolError, UsageError
from seriestool.formats.adaptation import read_adaptation
from seriestool.formats.adaptation_writer import write_adaptation
from seriestool.git.objects import ObjectStore, open_store
from seriestool.git.worktree import remove_worktree
from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation
from seriestool.model.series import Patch
from seriestool.pipeline.adapting.place import check_home
from seriestool.pipeline.adapting.recorded import recorded
from seriestool.pipeline.adapting.state import InProgress, forget
from seriestool.pipeline.context import Context
from seriestool.pipeline.series import Job, open_series

_HUNK_REASON = re.compile(r"(?P<hunk>[^=]+:(?:\d+|extra))=(?P<reason>.*\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was made of a patch, before anybody said why.

    ``tree_object`` is the state after it; ``unknown`` are files in the worktree that git does not know, which do not
    count.
    """

    state: InProgress
    job: Job
    patch: Patch
    derived: Derived
    tree_object: str
    unknown: tuple[str, ...]

    @property
    def parts(self) -> dict[str, HunkAdaptation | ExtraChange]:
        """What differs from the patch, by the name that a reason can be given for: "kernel/x.c:1"."""
        named: dict[str, HunkAdaptation | ExtraChange] = {part_name(hunk): hunk for hunk in self.derived.hunks}
        return named | {part_name(extra): extra for extra in self.derived.extras}


@dataclass(frozen=True, slots=True)
class Kept:
    """An adaptation that was written down, or would be: its file and its text."""

    path: Path
    text: str
    adaptation: Adaptation


def part_name(part: HunkAdaptation | ExtraChange) -> str:
    """Name a part of an adaptation: path and hunk, or path and "extra" for what the posted patch does not have."""
    return f"{part.file}:{part.number if isinstance(part, HunkAdaptation) else 'extra'}"


def split_reason(text: str) -> tuple[str, str]:
    """Split ``kernel/x.c:1=why`` as given on a command line; raises UsageError."""
    match = _HUNK_REASON.fullmatch(text)
    if match is None:
        raise UsageError(f"--hunk-reason {text}: not PATH:NUMBER=REASON", hint="or PATH:extra=REASON")
    return match["hunk"], match["reason"].strip()


def draft(ctx: Context, state: InProgress) -> Draft:
    """Compare the worktree with the state before the patch, and return what differs from the patch.

    Raises UsageError while conflict markers are left, where nothing was made or nothing differs, and for a patch that
    is not the one it was begun with any more; SeriestoolError for a difference that cannot be written down: our bug.
    """
    path = Path(state.worktree)
    if not path.is_dir():
        raise UsageError(f"the worktree {path} is gone", hint=f"seriestool adapt {state.words} --abort")
    job = open_series(ctx, state.slug, variant=state.variant)
    check_home(ctx, job)
    patch = next((one for one in job.selected(with_follow_ups=True) if one.number == state.number), None)
    if patch is None or patch.patch_id != state.patch_id:
        raise UsageError(
            f"patch {state.number} of {state.slug} is another one than when this adaptation was begun",
            hint=f"seriestool adapt {state.words} --abort, and begin again",
        )
    with open_store(ctx.cache.store) as store:
        _check_markers(store, state, patch)
        after, unknown = take_worktree(store, path)
        if after == state.before:
            raise UsageError(
                f"{path} is as it was before the patch: nothing to record", hint=f"--abort gives {state.number} up"
            )
        derived = derive(store, state.before, patch, after, state.cause)
        if not derived.hunks and not derived.extras:
            raise UsageError(
                f"patch {state.number} as {job.variant_of(state.number)} gives just this: no adaptation is needed",
                hint=f"seriestool adapt {state.words} --abort",
            )
        if tree_after(store, state.before, patch, derived) != after:
            raise _bug(state)
    return Draft(state, job, patch, derived, after, tuple(unknown))


def _check_markers(store: ObjectStore, state: InProgress, patch: Patch) -> None:
    before = View(store, state.before)
    wanted = [line.text for diff in patch.files for hunk in diff.hunks for line in hunk.lines if line.sign == "+"]
    left = []
    for name in changed_files(store, Path(state.worktree), state.commit):
        file = Path(state.worktree) / name
        if file.is_file() and not file.is_symlink():
            old = before.before(name)
            lines = marker_lines(file.read_bytes(), old.data if old else b"", wanted)
            left += [f"{name}:{line}" for line in lines]
    if left:
        raise UsageError(
            f"conflict markers are left: {', '.join(left[:8])}{' and more' if len(left) > 8 else ''}",
            hint=f"edit the files in {state.worktree}, then --continue",
        )


def _bug(state: InProgress) -> SeriestoolError:
    return SeriestoolError(
        f"a bug in seriestool: what was made of {state.slug} {state.number} cannot be written as an adaptation",
        hint=f"please report it; the worktree is kept: {state.worktree}",
    )


def record(
    ctx: Context,
    made: Draft,
    *,
    reason: str,
    hunk_reasons: Mapping[str, str],
    author: str,
    date: str,
    dry_run: bool = False,
) -> Kept:
    """Write the adaptation, having checked that its text gives the same tree object, and end what is in progress.

    *date* is ISO 8601. Raises UsageError for a reason of a hunk that does not differ, none at all, and for names that
    are not UTF-8.
    """
    if not reason.strip():
        raise UsageError("no reason: an adaptation says why", hint="--reason '...'")
    for name in hunk_reasons:
        if name not in made.parts:
            raise UsageError(f"{name}: nothing differs there", hint=f"what differs: {', '.join(made.parts)}")
    state = made.state

    def why(part: HunkAdaptation | ExtraChange) -> str:
        return hunk_reasons.get(part_name(part)) or part.reason or reason.strip()

    adaptation = Adaptation(
        patch_id=made.patch.patch_id,
        tree=state.tree,
        made_on=state.version,
        author=author,
        date=date,
        reason=reason.strip(),
        hunks=tuple(replace(hunk, reason=why(hunk)) for hunk in made.derived.hunks),
        extras=tuple(replace(extra, reason=why(extra)) for extra in made.derived.extras),
    )
    text = write_adaptation(adaptation)
    path = _path(made)
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError("a path that is not UTF-8 cannot be written down", hint="the worktree is kept")
    with open_store(ctx.cache.store) as store:
        read = read_adaptation(text, str(path))
        again = Derived(list(read.hunks), list(read.extras))
        if tree_after(store, state.before, made.patch, again) != made.tree_object:
            raise _bug(state)
    if not dry_run:
        _write(path, text)
        abandon(ctx, state)
    return Kept(path, text, adaptation)


def _path(made: Draft) -> Path:
    """Return the file to write: that of an adaptation for the same patch, never that of one for another form of it.

    The name tells the form where upstream's is another than the posted one, else the beginning of the patch-id.
    """
    assert made.job.directory is not None
    number = made.state.number
    folder = made.job.directory / "adaptations" / made.state.tree
    there = {one.path.name: one for one in recorded(made.job) if one.path.parent == folder and one.number == number}
    for name, one in there.items():
        if one.adaptation.patch_id == made.patch.patch_id:
            return folder / name
    two_forms = any(patch.number == number for patch, _ in made.job.differing)
    words = ["", *([f".{made.job.variant_of(number)}"] if two_forms else []), f".{made.patch.patch_id[:8]}"]
    return next(folder / name for word in words if (name := f"{number}{word}.toml") not in there)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def abandon(ctx: Context, state: InProgress) -> None:
    """Remove the worktree of *state* and all that is remembered of it."""
    with open_store(ctx.cache.store) as store:
        remove_worktree(store, Path(state.worktree))
    forget(ctx.workspace, state)
