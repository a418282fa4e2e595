# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool adapt``: make a patch fit a tree by hand, and remember what had to change and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seriestool.cli import options
from seriestool.errors import ExitCode, UsageError
from seriestool.model.series import Variant

if TYPE_CHECKING:
    from seriestool.pipeline.adapting.begin import AdaptRequest
    from seriestool.pipeline.context import Context


@click.command("adapt")
@click.argument("series", required=False, shell_complete=options.complete_series)
@click.argument("number", required=False)
@click.option(
    "-t", "--tree", cls=options.Once, metavar="TREE", shell_complete=options.complete_tree,
    help="The kernel tree it has to fit.",
)  # fmt: skip
@click.option("--continue", "proceed", is_flag=True, help="Record what was made of the patch.")
@click.option("--abort", is_flag=True, help="Remove the worktree and everything about it.")
@click.option("--show", is_flag=True, help="Print what is recorded, and what verified it.")
@click.option("--reason", metavar="TEXT", help="With --continue: why. Without it, an editor asks.")
@click.option(
    "--hunk-reason", "hunk_reasons", multiple=True, metavar="PATH:N=TEXT",
    help="With --continue: why for one hunk; PATH:extra for a change that the patch does not have. May be repeated. "
    "Default: why the hunk did not fit.",
)
@click.option(
    "--worktree", metavar="DIR", type=click.Path(path_type=Path), help="Where to work. Default: below .seriestool/."
)
@options.variant_option(default=None)
@click.option("--full", is_flag=True, help="Check out the whole tree, not only the directories the patch touches.")
@click.option("--fresh", is_flag=True, help="Start from the patch itself, whatever was recorded before.")
@click.option("--force", is_flag=True, help="Open it although the tree seems to have it or lacks an earlier patch.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be opened, or print what would be recorded.")
@options.json_option
@options.quiet_option
def command(
    series: str | None,
    number: str | None,
    tree: str | None,
    *,
    proceed: bool,
    abort: bool,
    show: bool,
    reason: str | None,
    hunk_reasons: tuple[str, ...],
    worktree: Path | None,
    variant: str | None,
    full: bool,
    fresh: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Adapt one patch to one tree by hand, in a worktree, and record the difference with its reason.

    Opens a git worktree in which the hunks that fit are applied, and the others are conflicts (diff3) at their closest
    place. Exit code 3 when there are any: a person is needed, then --continue. What is recorded is tried on other trees
    too. With one adaptation in progress, or inside of its worktree, --continue and --abort need no name.
    """
    if sum((proceed, abort, show)) > 1:
        raise UsageError("--continue, --abort and --show exclude each other")
    _only_with(proceed, "--continue", {"--reason": reason is not None, "--hunk-reason": bool(hunk_reasons)})
    begins = not (proceed or abort or show)
    only = {"--worktree": worktree is not None, "--full": full, "--fresh": fresh, "--force": force}
    _only_with(begins, "the beginning of an adaptation", only)
    _only_with(begins or show, "the beginning of an adaptation, or --show", {"--variant": variant is not None})
    ctx = options.make_context(quiet=quiet)
    form = Variant(variant or Variant.LANDED)
    if show:
        from seriestool.cli.adapt_show import show_adaptations

        return show_adaptations(
            ctx, _needed(series, "SERIES"), number, _needed(tree, "--tree"), form, as_json=as_json
        )
    if not begins:
        from seriestool.cli.adapt_end import abort_adaptation, continue_adaptation
        from seriestool.pipeline.adapting.state import find

        state = find(
            ctx.workspace, series=series, number=number and number.zfill(2), tree=tree, place=Path.cwd().resolve()
        )
        if abort:
            return abort_adaptation(ctx, state, dry_run=dry_run, as_json=as_json)
        return continue_adaptation(ctx, state, reason, hunk_reasons, dry_run=dry_run, as_json=as_json)
    from seriestool.pipeline.adapting.begin import AdaptRequest

    request = AdaptRequest(
        _needed(series, "SERIES"), _needed(number, "NUMBER"), _needed(tree, "--tree"), worktree, form, full=full,
        fresh=fresh, force=force, dry_run=dry_run,
    )  # fmt: skip
    return _begin(ctx, request, as_json=as_json)


def _only_with(wanted: bool, what: str, given: dict[str, bool]) -> None:
    for name, is_given in given.items():
        if is_given and not wanted:
            raise UsageError(f"{name} goes with {what}")


def _needed(value: str | None, name: str) -> str:
    if value is None:
        raise UsageError(f"no {name} given", hint="seriestool adapt SERIES NUMBER --tree TREE")
    return value


def _begin(ctx: Context, request: AdaptRequest, *, as_json: bool) -> int:
    from seriestool.pipeline.adapting.begin import begin
    from seriestool.report.adaptation import opened_json
    from seriestool.report.view import clean_line

    opened = begin(ctx, request)
    if as_json:
        options.print_json(opened_json(opened.state.worktree, opened.outcome, opened.rejected))
    else:
        for line in opened.explanation.splitlines():
            click.echo(clean_line(line))
    return ExitCode.DOES_NOT_APPLY if opened.rejected else ExitCode.PASSED
