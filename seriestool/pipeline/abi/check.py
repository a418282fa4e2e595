# SPDX-License-Identifier: GPL-2.0-or-later
"""The door of the abi stage: what is known already is taken, what is not is worked out and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seriestool.abi.expectations import load_expectations
from seriestool.model.abi import AbiMatrix, Expected
from seriestool.model.tree import Tree
from seriestool.pipeline.abi.finished import keep_matrix, load_matrix, matrix_key
from seriestool.pipeline.abi.request import AbiRequest, asked_abis
from seriestool.pipeline.apply import Applied, apply_trees
from seriestool.pipeline.context import Context, find_tree, read_text
from seriestool.pipeline.library import Library
from seriestool.pipeline.series import Job
from seriestool.pipeline.terms import Terms
from seriestool.trees import import_tree

_EXPECTATIONS = "expect.toml"


@dataclass(frozen=True, slots=True)
class CheckedTree:
    """A series on one tree with its matrix; ``cached`` tells that nothing was compiled for it."""

    applied: Applied
    matrix: AbiMatrix
    cached: bool


def check_trees(
    library: Library, series: str, trees: Sequence[str], terms: Terms, request: AbiRequest
) -> tuple[CheckedTree, ...]:
    """Apply the series called *series* onto each of *trees*, and check it there; nothing is stored but commits.

    Raises what ``apply_trees`` and ``check_abi`` raise.
    """
    asked_abis(library.ctx, request)  # a name that is wrong is told before anything is fetched
    if request.reference is not None:
        find_tree(library.ctx, request.reference)
    applied = apply_trees(library, series, trees, terms)
    return tuple(check_abi(library, applied.job, each, request) for each in applied.trees)


def check_abi(library: Library, job: Job, applied: Applied, request: AbiRequest) -> CheckedTree:
    """Return what the series does to the user-space layout of the tree that it was applied to.

    What was found out before under the same key is taken from there. Raises UsageError for an ABI, a tree or
    expectations that make no sense, and MachineFault where this machine cannot install or compile anything.
    """
    ctx = library.ctx
    asked = asked_abis(ctx, request)
    names = {abi.name for abi in asked.abis}
    expected = tuple(each for each in read_expected(ctx, job, request) if each.abi in names)
    if all(patch.commit == applied.outcome.commit for patch in applied.outcome.patches):
        expected = ()  # about what the series makes; a tree that had it all may have moved on from there
    reference = _reference_tree(library, request)
    slug = job.tracked.slug
    key = matrix_key(applied.outcome, asked.abis, slug, reference, expected, request.compat)
    finished = ctx.cache.layouts / "finished"
    kept = load_matrix(finished, key) if ctx.reuse else None
    if kept is not None:
        return CheckedTree(applied, kept, cached=True)
    from seriestool.pipeline.abi.work import Work  # what reads objects and starts compilers is not needed before

    work = Work(library, asked, applied.outcome, reference)
    matrix = work.matrix(slug, expected, compat=request.compat)
    if work.whole:
        keep_matrix(finished, key, matrix)
    return CheckedTree(applied, matrix, cached=False)


def read_expected(ctx: Context, job: Job, request: AbiRequest) -> tuple[Expected, ...]:
    """Read the expectations: the file that was named, else the one beside ``series.toml``; () where there is none.

    Raises UsageError that names the file.
    """
    path = request.expect
    if path is None:
        path = job.directory / _EXPECTATIONS if job.directory is not None else None
        if path is None or not path.is_file():
            return ()
    return load_expectations(read_text(path), str(path))


def _reference_tree(library: Library, request: AbiRequest) -> Tree | None:
    if request.reference is None:
        return None
    ctx = library.ctx
    spec = find_tree(ctx, request.reference)
    return import_tree(spec, store=library.store, cache=ctx.cache, progress=ctx.progress)
