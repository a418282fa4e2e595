# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool add``: start tracking a series."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode


@click.command("add")
@options.series_argument
@click.option("--slug", help="Name of its directory below patches/. Default: made from the title.")
@click.option("--revision", type=click.IntRange(min=1), help="Which revision of the thread. Default: the newest.")
@options.quiet_option
def command(series: str, slug: str | None, revision: int | None, *, quiet: bool) -> int:
    """Start tracking SERIES: write patches/<slug>/series.toml.

    SERIES is a message-id, a lore URL, an mbox, a directory of patches or a git range. How patches landed is written
    down where commit notices tell it: those of the thread, and those of the archive where that is on this machine.
    """
    from seriestool.pipeline.context import workspace_lock
    from seriestool.pipeline.series import add_series
    from seriestool.report.view import clean, ranges

    ctx = options.make_context(quiet=quiet)
    with workspace_lock(ctx.workspace):
        path, tracked = add_series(ctx, series, slug=slug, revision=revision)
    count = len(tracked.patches)
    click.echo(clean(f"{path}: {count} patch{'es' * (count != 1)}, v{tracked.revision}, {tracked.title}"))
    upstream = [patch.number for patch in tracked.patches if patch.upstream]
    if upstream:
        apart = [patch.number for patch in tracked.patches if patch.notice]
        notices = f"; commit notices in threads of their own: {ranges(apart)}" if apart else ""
        click.echo(f"upstream commits known: {ranges(upstream)}{notices}")
    return ExitCode.PASSED
