# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool fetch``: the mail of a tracked series, again."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode


@click.command("fetch")
@options.series_argument
@options.json_option
@options.quiet_option
def command(series: str, *, as_json: bool, quiet: bool) -> int:
    """Read a series again from the archive, and check every patch-id against series.toml."""
    from seriestool.pipeline.context import workspace_lock
    from seriestool.pipeline.series import open_series
    from seriestool.report.view import clean

    ctx = options.make_context(quiet=quiet)
    with workspace_lock(ctx.workspace):
        job = open_series(ctx, series, refresh=True)
    rows = [
        {
            "number": patch.number,
            "subject": patch.subject,
            "message_id": patch.message_id,
            "patch_id": patch.patch_id,
            "author": str(patch.author),
            "trailers": list(status.trailers),
        }
        for patch, status in zip(job.patches, job.statuses, strict=True)
    ]
    if as_json:
        options.print_json({"series": job.tracked.slug, "revision": job.tracked.revision, "patches": rows})
        return ExitCode.PASSED
    for row in rows:
        click.echo(clean(f"{row['number']} {str(row['patch_id'])[:12]} {row['subject']}"))
    return ExitCode.PASSED
