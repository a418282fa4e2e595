# SPDX-License-Identifier: GPL-2.0-or-later
"""Two trees without a series between them: what is known already is taken, what is not is worked out and kept."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.model.abi import AbiMatrix
from seriestool.pipeline.abi.finished import keep_matrix, load_matrix, trees_key
from seriestool.pipeline.abi.request import AbiRequest, asked_abis
from seriestool.pipeline.context import find_tree
from seriestool.pipeline.library import Library
from seriestool.trees import import_tree


@dataclass(frozen=True, slots=True)
class ComparedTrees:
    """Two trees with their matrix; ``cached`` tells that nothing was compiled for it."""

    matrix: AbiMatrix
    cached: bool


def compare_two_trees(library: Library, old: str, new: str, request: AbiRequest) -> ComparedTrees:
    """Return what changed in the user-space layout from the tree called *old* to the one called *new*.

    Every header that either installs is looked at. Of *request* only the ABIs count. Raises UsageError for an ABI or a
    tree that is not known, and MachineFault where this machine cannot install or compile anything.
    """
    ctx = library.ctx
    asked = asked_abis(ctx, request)
    specs = [find_tree(ctx, name) for name in (old, new)]
    first, second = (import_tree(each, store=library.store, cache=ctx.cache, progress=ctx.progress) for each in specs)
    key = trees_key(first, second, asked.abis)
    finished = ctx.cache.layouts / "finished"
    kept = load_matrix(finished, key) if ctx.reuse else None
    if kept is not None:
        return ComparedTrees(kept, cached=True)
    from seriestool.pipeline.abi.pair import Pair  # what reads objects and starts compilers is not needed before

    pair = Pair(library, first, second)
    matrix = pair.matrix(asked.abis)
    if pair.whole:
        keep_matrix(finished, key, matrix)
    return ComparedTrees(matrix, cached=False)
