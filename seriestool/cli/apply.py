# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool apply``: the verdict matrix."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode, UsageError
from seriestool.model.series import Variant


@click.command("apply")
@options.series_argument
@options.tree_option
@click.option("--all-trees", is_flag=True, help="Every tree that is imported.")
@options.variant_option
@options.follow_ups_option
@options.refresh_option
@options.json_option
@options.quiet_option
@click.option("--with-prerequisites", is_flag=True, help="Put the commits in front that the series needs.")
@click.option("--no-adaptations", is_flag=True, help="Judge the patches without recorded adaptations.")
@click.option(
    "-C", "--context", type=click.IntRange(min=0), metavar="N",
    help="Where a patch does not fit, ask for N lines of context only (git apply -C), in the one place that has them.",
)  # fmt: skip
@click.option("--range-diff", is_flag=True, help="Show how what landed differs from what was posted.")
def command(
    series: str,
    trees: tuple[str, ...],
    *,
    all_trees: bool,
    with_follow_ups: bool,
    refresh: bool,
    as_json: bool,
    quiet: bool,
    variant: str,
    with_prerequisites: bool,
    no_adaptations: bool,
    context: int | None,
    range_diff: bool,
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

    ctx = options.make_context(quiet=quiet)
    if all_trees and trees:
        raise UsageError("--tree and --all-trees are both given", hint="one of them")
    names = options.all_trees(ctx) if all_trees else options.chosen_trees(ctx, series, trees)
    job, outcomes = apply_trees(
        ctx, series, names, with_follow_ups=with_follow_ups, adapt=not no_adaptations, refresh=refresh,
        variant=Variant(variant), context=context, with_prerequisites=with_prerequisites,
    )  # fmt: skip
    differences = form_differences(ctx, job, with_range_diff=range_diff)
    closure = close_over(search_follow_ups(ctx, job), job.tracked, outcomes)
    if as_json:
        from seriestool.report.json import apply_json

        options.print_json(apply_json(
            job.tracked.slug, job.tracked.revision, outcomes,
            dependencies=job.dependencies, differences=differences, closure=closure,
        ))  # fmt: skip
    else:
        from seriestool.report.terminal import render_apply
        from seriestool.report.upstream import range_diff_lines, render_form, render_missing

        options.print_rich(render_apply(outcomes, job.dependencies))
        options.print_rich(render_form(outcomes, differences))
        for line in range_diff_lines(differences):
            click.echo(line)
        options.print_rich(render_missing(closure, several=len(outcomes) > 1))
    return ExitCode.PASSED if all(tree.applies for tree in outcomes) else ExitCode.DOES_NOT_APPLY
