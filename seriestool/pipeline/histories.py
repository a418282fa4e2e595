# SPDX-License-Identifier: GPL-2.0-or-later
"""The histories that the trees of a workspace have, opened for one tree at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from seriestool.apply.landing import Upstream
from seriestool.errors import MachineFault, UsageError
from seriestool.git.history import Histories, History
from seriestool.git.objects import ObjectStore
from seriestool.model.tree import Tree, TreeSpec
from seriestool.pipeline.context import Context
from seriestool.pipeline.series import Job
from seriestool.trees import open_history


@contextmanager
def open_histories(ctx: Context, store: ObjectStore, spec: TreeSpec, tree: Tree) -> Iterator[Histories]:
    """Open the history of *spec* up to *tree*, and those of the other trees of the workspace that have one.

    Raises UsageError where that of *spec* cannot be read; another tree's that cannot is left out, which is said.
    """
    with ExitStack() as stack:
        own = open_history(spec, store, tree, progress=ctx.progress)
        others = [open_other(ctx, store, other) for other in ctx.config.trees if other.name != spec.name]
        opened = Histories(own, tuple(history for history in others if history))
        for history in opened.all:
            stack.enter_context(history)
        yield opened


def open_other(ctx: Context, store: ObjectStore, spec: TreeSpec) -> History | None:
    """Open the history of *spec* up to where its ref is now; one that cannot be read is None, which is said."""
    try:
        return open_history(spec, store)
    except (UsageError, MachineFault) as error:
        ctx.progress.note(f"the history of {spec.name} is left out: {error.message}")
        return None


def known_upstream(job: Job) -> dict[str, Upstream]:
    """Return what ``series.toml`` says of the upstream commits, by patch number."""
    return {
        patch.number: Upstream(patch.upstream, patch.released)
        for patch in job.tracked.patches
        if patch.upstream or patch.released
    }
