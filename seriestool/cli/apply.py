# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool apply``: the verdict matrix."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode, UsageError


@click.command("apply")
@options.series_argument
@options.tree_option
@click.option("--all-trees", is_flag=True, help="Every tree that is imported.")
@options.follow_ups_option
@options.refresh_option
@options.json_option
@options.quiet_option
@click.option("--no-adaptations", is_flag=True, help="Judge the patches as they were posted.")
@click.option(
    "-C", "--context", type=click.IntRange(min=0), metavar="N",
    help="Where a patch does not fit, ask for N lines of context only (git apply -C), in the one place that has them.",
)  # fmt: skip
def command(
    series: str,
    trees: tuple[str, ...],
    *,
    all_trees: bool,
    with_follow_ups: bool,
    refresh: bool,
    as_json: bool,
    quiet: bool,
    no_adaptations: bool,
    context: int | None,
) -> int:
    """Say for every patch and tree whether it applies, and why; nothing is checked out.

    Every state becomes a commit under refs/seriestool/applied/ of the object store, but for an answer with
    --no-adaptations or --context. Exit code 3 when a patch does not apply to one of the trees.
    """
    from seriestool.pipeline.apply import apply_trees

    ctx = options.make_context(quiet=quiet)
    if all_trees and trees:
        raise UsageError("--tree and --all-trees are both given", hint="one of them")
    names = options.all_trees(ctx) if all_trees else options.chosen_trees(ctx, series, trees)
    job, outcomes = apply_trees(
        ctx, series, names, with_follow_ups=with_follow_ups, adapt=not no_adaptations, refresh=refresh, context=context
    )
    if as_json:
        from seriestool.report.json import apply_json

        options.print_json(apply_json(
            job.tracked.slug, job.tracked.revision, outcomes, dependencies=job.dependencies
        ))
    else:
        from seriestool.report.terminal import render_apply

        options.print_rich(render_apply(outcomes, job.dependencies))
    return ExitCode.PASSED if all(tree.applies for tree in outcomes) else ExitCode.DOES_NOT_APPLY
