# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool status``: where a series stands, from the database."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode, UsageError


@click.command("status")
@click.argument("series", required=False, shell_complete=options.complete_series)
@options.json_option
def command(series: str | None, *, as_json: bool) -> int:
    """Show the newest run of a series, or one line for every series.

    The exit code is that of the run which is shown.
    """
    from seriestool.pipeline.context import known_slugs
    from seriestool.report.json import status_json, status_list_json
    from seriestool.report.terminal import render_status, render_status_list
    from seriestool.store import open_store

    ctx = options.make_context(quiet=True)
    with open_store(ctx.workspace.database) as database:
        if series is None:
            records = [record for slug in database.slugs() if (record := database.latest_run(slug)) is not None]
            if as_json:
                options.print_json(status_list_json(records))
            else:
                options.print_rich(render_status_list(records))
            return ExitCode.PASSED
        record = database.latest_run(series)
    if record is None:
        if series not in known_slugs(ctx):
            raise UsageError(f"unknown series: {series}", hint=f"known: {', '.join(known_slugs(ctx)) or 'none'}")
        raise UsageError(f"no run of {series} yet", hint=f"seriestool run {series}")
    if as_json:
        options.print_json(status_json(record))
    else:
        options.print_rich(render_status(record))
    return record.exit_code
