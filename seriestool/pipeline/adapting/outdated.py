# SPDX-License-Identifier: GPL-2.0-or-later
"""Adaptations that were begun on a state which apply does not give any more."""

from __future__ import annotations

from itertools import takewhile

from seriestool.pipeline.adapting.record import Draft
from seriestool.pipeline.adapting.recorded import recorded
from seriestool.pipeline.adapting.state import state_file
from seriestool.places import Workspace


def adapted_since(workspace: Workspace, made: Draft) -> tuple[str, ...]:
    """Return the numbers of the patches before this one that were adapted to the tree after its worktree was opened.

    The state the worktree stands on does not have these adaptations, so what was made there may not fit behind them.
    """
    began = state_file(workspace, made.state.name).stat().st_mtime_ns
    numbers = (patch.number for patch in made.job.tracked.patches)
    earlier = list(takewhile(lambda number: number != made.state.number, numbers))
    newer = {
        one.number
        for one in recorded(made.job)
        if one.adaptation.tree == made.state.tree and one.path.stat().st_mtime_ns > began
    }
    return tuple(number for number in earlier if number in newer)
