# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool fetch``: the mail of a tracked series, again."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode


@click.command("fetch")
@options.series_argument
@click.option("--update", is_flag=True, help="Write to series.toml what was found and is not there.")
@options.json_option
@options.quiet_option
def command(series: str, *, update: bool, as_json: bool, quiet: bool) -> int:
    """Read a series again from the archive, and check every patch-id against series.toml.

    Says how each patch landed, where a commit notice tells; what series.toml does not have of that (--update writes
    it, and changes nothing else there); and which follow-ups it does not know, with the lines to add.
    """
    from seriestool.pipeline.context import series_dir, workspace_lock
    from seriestool.pipeline.fetch import fetch_series

    ctx = options.make_context(quiet=quiet)
    with workspace_lock(ctx.workspace):
        fetched = fetch_series(ctx, series, update=update)
    if as_json:
        from seriestool.report.json import fetch_json

        options.print_json(fetch_json(fetched))
        return ExitCode.PASSED
    from seriestool.report.fetch import fetch_lines

    for line in fetch_lines(fetched, tracked=series_dir(ctx, series) is not None):
        click.echo(line)
    return ExitCode.PASSED
