# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool apply``: the verdict matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from seriestool.cli import options
from seriestool.cli.terms import terms_options
from seriestool.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seriestool.model.upstream import Closure, FormDifference
    from seriestool.pipeline.apply import AppliedSeries
    from seriestool.pipeline.terms import Terms


@click.command("apply")
@options.series_argument
@options.tree_option
@click.option("--all-trees", is_flag=True, help="Every tree that is imported.")
@terms_options
@click.option("--range-diff", is_flag=True, help="Show how what landed differs from what was posted.")
@options.json_option
@options.quiet_option
def command(
    series: str,
    trees: tuple[str, ...],
    *,
    all_trees: bool,
    terms: Terms,
    range_diff: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say for every patch and tree whether it applies, and why; nothing is checked out.

    Every state becomes a commit under refs/seriestool/applied/ of the object store, but for an answer with
    --no-adaptations or --context. Commits that the series needs are looked for in the histories of the git trees of
    seriestool.toml. Follow-ups that belong to the series and were not applied are named. Exit code 3 when a patch
    does not apply to one of the trees.
    """
    from seriestool.pipeline.apply import apply_trees
    from seriestool.pipeline.follow_ups import close_over, search_follow_ups
    from seriestool.pipeline.forms import form_differences
    from seriestool.pipeline.library import open_library

    ctx = options.make_context(quiet=quiet)
    if all_trees and trees:
        raise UsageError("--tree and --all-trees are both given", hint="one of them")
    names = options.all_trees(ctx) if all_trees else options.chosen_trees(ctx, series, trees)
    with open_library(ctx) as library:
        applied = apply_trees(library, series, names, terms)
        differences = form_differences(library.store, applied.job, with_range_diff=range_diff)
        found = search_follow_ups(library, applied.job)
    closure = close_over(found, applied.job.tracked, applied.outcomes)
    (_print_json if as_json else _print)(applied, differences, closure)
    return ExitCode.PASSED if all(tree.applies for tree in applied.outcomes) else ExitCode.DOES_NOT_APPLY


def _print_json(applied: AppliedSeries, differences: Sequence[FormDifference], closure: Closure) -> None:
    from seriestool.report.json import apply_json

    tracked = applied.job.tracked
    options.print_json(apply_json(
        tracked.slug, tracked.revision, applied.outcomes, dependencies=applied.dependencies,
        prerequisites=applied.prerequisites, differences=differences, closure=closure,
    ))  # fmt: skip


def _print(applied: AppliedSeries, differences: Sequence[FormDifference], closure: Closure) -> None:
    from seriestool.report.terminal import render_apply
    from seriestool.report.upstream import range_diff_lines, render_form, render_missing

    options.print_rich(render_apply(applied.outcomes, applied.dependencies, applied.prerequisites))
    options.print_rich(render_form(applied.outcomes, differences))
    for line in range_diff_lines(differences):
        click.echo(line)
    options.print_rich(render_missing(closure, several=len(applied.trees) > 1))
