# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an adaptation is made: one patch, and a tree as the patches before it leave it."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.errors import UsageError
from seriestool.model.outcome import PatchOutcome
from seriestool.model.series import Patch, Role, Variant
from seriestool.model.tree import Tree
from seriestool.pipeline.apply import apply_tree
from seriestool.pipeline.context import Context, find_tree
from seriestool.pipeline.library import Library
from seriestool.pipeline.series import Job, open_series
from seriestool.pipeline.terms import Terms


@dataclass(frozen=True, slots=True)
class Place:
    """A patch of a series on a tree: ``commit`` and ``tree_object`` are the state after the ``earlier`` patches.

    ``outcome`` is what becomes of the patch there without an adaptation of its own.
    """

    job: Job
    patch: Patch
    tree: Tree
    commit: str
    tree_object: str
    earlier: tuple[PatchOutcome, ...]
    outcome: PatchOutcome

    @property
    def variant(self) -> Variant:
        """The form in which the patch is taken."""
        return self.job.variant_of(self.patch.number)


def find_place(library: Library, series: str, number: str, tree_name: str, variant: Variant) -> Place:
    """Apply the patches before *number* as ``apply`` does, with their adaptations; return where that one has to go.

    Raises UsageError for a series that is not tracked in this workspace, and for names that do not exist.
    """
    spec = find_tree(library.ctx, tree_name)
    job = open_series(library.ctx, series, variant=variant)
    roles = {tracked.number: tracked.role for tracked in job.tracked.patches}
    chosen = number.zfill(2)
    if chosen not in roles:
        raise UsageError(f"no patch {number} in {job.tracked.slug}", hint=f"patches: {', '.join(roles)}")
    terms = Terms(variant=variant, with_follow_ups=roles[chosen] is Role.FOLLOW_UP)
    applied = apply_tree(library, job, spec, terms, unadapted=chosen)
    patches = job.selected(with_follow_ups=terms.with_follow_ups)
    at = [patch.number for patch in patches].index(chosen)
    tree, done = applied.tree, applied.outcome.patches
    earlier = done[:at]
    commit, tree_object = (earlier[-1].commit, earlier[-1].tree_object) if at else (tree.commit, tree.tree_object)
    return Place(job, patches[at], tree, commit, tree_object, earlier, done[at])


def check_home(ctx: Context, job: Job) -> None:
    """Refuse a series whose adaptations this workspace cannot keep; raises UsageError."""
    slug = job.tracked.slug
    if job.directory is None:
        raise UsageError(f"{slug} is not tracked: an adaptation needs a place", hint="seriestool add tracks it")
    if not job.directory.resolve().is_relative_to(ctx.workspace.patches.resolve()):
        raise UsageError(
            f"{slug} is not a series of this workspace, it came with seriestool",
            hint=f"cp -r {job.directory} {ctx.workspace.patches}/ makes it one",
        )
