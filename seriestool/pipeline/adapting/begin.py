# SPDX-License-Identifier: GPL-2.0-or-later
"""Begin an adaptation: a worktree with the patch in it, as far as it fits, and the rest as conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seriestool.adapt.conflict import Conflict, Labels, conflicts
from seriestool.adapt.replay import Start, start_from
from seriestool.adapt.worktree import open_worktree
from seriestool.apply.view import View
from seriestool.errors import UsageError
from seriestool.git.objects import ObjectStore
from seriestool.git.worktree import remove_worktree
from seriestool.model.outcome import HunkOutcome, Outcome, PatchOutcome
from seriestool.model.series import Variant
from seriestool.pipeline.adapting.place import Place, check_home, find_place
from seriestool.pipeline.adapting.recorded import Recorded, in_order, recorded
from seriestool.pipeline.adapting.state import (
    InProgress,
    adapt_dir,
    everything,
    explanation_file,
    forget,
    in_progress,
    keep,
    words,
)
from seriestool.pipeline.adapting.text import explain_adaptation, reason_for
from seriestool.pipeline.context import Context
from seriestool.pipeline.library import open_library


@dataclass(frozen=True, slots=True)
class AdaptRequest:
    """What to adapt, and how.

    ``worktree`` is where, None below the workspace's own state. ``variant`` is the form of the patch that is to fit.
    ``full`` checks out the whole tree, ``fresh`` starts from the patch itself whatever was recorded, ``force`` opens a
    patch that the tree seems to have.
    """

    series: str
    number: str
    tree: str
    worktree: Path | None = None
    variant: Variant = Variant.LANDED
    full: bool = False
    fresh: bool = False
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A patch that waits for a person: what became of it as it is, what is left to do, and the explanation.

    ``rejected`` are the hunks that are conflicts in the worktree, or could not even be written there.
    """

    state: InProgress
    outcome: Outcome
    rejected: tuple[HunkOutcome, ...]
    explanation: str


def begin(ctx: Context, request: AdaptRequest) -> Opened:
    """Open a worktree in which a person can adapt one patch to one tree.

    Raises UsageError for names that do not exist, a patch that the tree has or that waits for another one, and an
    adaptation that is in progress already; MachineFault as the apply stage does.
    """
    with open_library(ctx) as library:
        store = library.store
        place = find_place(library, request.series, request.number, request.tree, request.variant)
        _check(ctx, request, place)
        older = None if request.fresh else _older(place)
        start = start_from(View(store, place.tree_object), place.patch, older.adaptation if older else None)
        labels = Labels(place.tree.name, place.patch.number, place.patch.subject)
        before = View(store, place.tree_object)
        found = tuple(conflicts(before, start.view, start.results, labels, start.numbers))
        rejected = _rejected(start, place.outcome)
        path = _path(ctx, request, place)
        state = _state(place, path, place.outcome.hunks)
        text = explain_adaptation(state, place, rejected, found, start, older)
        if not request.dry_run:
            _open(ctx, store, request, state, start, found, text)
    return Opened(state, place.outcome.outcome, rejected, text)


def _check(ctx: Context, request: AdaptRequest, place: Place) -> None:
    """Refuse what is begun already, and what makes no sense to begin."""
    check_home(ctx, place.job)
    number, tree, judged = place.patch.number, place.tree.name, place.outcome
    for state in everything(ctx.workspace):
        if (state.slug, state.number, state.tree) == (place.job.tracked.slug, number, tree):
            raise in_progress(state)
    if judged.outcome is Outcome.ALREADY:
        raise UsageError(f"nothing to adapt: {tree} has patch {number} already: {judged.evidence}")
    if judged.outcome is Outcome.ALREADY_EVOLVED and not request.force:
        raise UsageError(
            f"nothing to adapt: {tree} has patch {number}, and moved on from it: {judged.evidence}",
            hint="--force opens it all the same",
        )
    if judged.outcome is Outcome.BLOCKED and not request.force:
        first = next(outcome.number for outcome in place.earlier if not outcome.outcome.usable)
        named = words(place.job.tracked.slug, first, tree, place.job.variant)
        raise UsageError(
            f"patch {number} cannot be adapted to {tree} yet: {judged.evidence}",
            hint=f"seriestool adapt {named} (--force does not wait for it)",
        )


def _older(place: Place) -> Recorded | None:
    """Return the adaptation to start from: for this very patch before one for another form of it, this tree's first."""
    mine = [record for record in recorded(place.job) if record.number == place.patch.number]
    ordered = in_order(mine, place.tree)
    same = [record for record in ordered if record.adaptation.patch_id == place.patch.patch_id]
    return next(iter([*same, *ordered]), None)


def _rejected(start: Start, judged: PatchOutcome) -> tuple[HunkOutcome, ...]:
    """Return what did not fit, with the explanation that the hunk as it is has, if it has one."""
    known = {(hunk.path, hunk.number): hunk for hunk in judged.hunks}
    found = []
    for result in start.results:
        path = result.diff.path
        if result.fault is not None:
            found.append(known.get((path, 0)) or HunkOutcome(path, 0, applied=False, cause=result.cause))
            continue
        for number, place in zip(start.numbers.get(path, ()), result.places, strict=False):
            if place is None:
                there = known.get((path, number))
                cause = "its adaptation does not fit"
                found.append(
                    there if there and not there.applied else HunkOutcome(path, number, applied=False, cause=cause)
                )
    return tuple(found)


def _path(ctx: Context, request: AdaptRequest, place: Place) -> Path:
    if request.worktree is None:
        name = f"{place.job.tracked.slug}-{place.tree.name}-{place.patch.number}"
        return (adapt_dir(ctx.workspace) / name).resolve()
    path = request.worktree.resolve()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path}: exists, and is not empty")
    return path


def _state(place: Place, path: Path, hunks: Sequence[HunkOutcome]) -> InProgress:
    causes = {f"{hunk.path}:{hunk.number}": reason_for(hunk) for hunk in hunks if not hunk.applied and hunk.cause}
    return InProgress(
        slug=place.job.tracked.slug,
        number=place.patch.number,
        tree=place.tree.name,
        version=place.tree.version,
        subject=place.patch.subject,
        patch_id=place.patch.patch_id,
        variant=place.variant,
        before=place.tree_object,
        commit=place.commit,
        worktree=str(path),
        causes=causes,
    )


def _open(
    ctx: Context,
    store: ObjectStore,
    request: AdaptRequest,
    state: InProgress,
    start: Start,
    found: Sequence[Conflict],
    text: str,
) -> None:
    """Make the worktree, and leave nothing where that fails."""
    paths = {path for result in start.results for path in (result.diff.old_path, result.diff.new_path) if path}
    keep(ctx.workspace, state)
    path = Path(state.worktree)
    try:
        explanation_file(ctx.workspace, state.name).write_text(text, encoding="utf-8", errors="replace")
        open_worktree(
            store, path, commit=state.commit, staged=start.view.write(), conflicts=found,
            around=None if request.full else paths, progress=ctx.progress,
        )  # fmt: skip
    except BaseException:
        remove_worktree(store, path)
        forget(ctx.workspace, state)
        raise
