# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool report``: a stored run in another form."""

from __future__ import annotations

from pathlib import Path

import click

from seriestool.cli import options
from seriestool.errors import ExitCode, UsageError
from seriestool.report import REPORTS


@click.command("report")
@click.argument("run", metavar="RUN")
@click.option(
    "-f", "--format", "form", type=click.Choice([report.name for report in REPORTS]), default=REPORTS[0].name,
    show_default=True, help="What to make of it.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write it there instead of to standard output.",
)  # fmt: skip
def command(run: str, form: str, output: Path | None) -> int:
    """Render a stored run: RUN is its number, or a series for its newest one."""
    from seriestool.cli.stages import write_file
    from seriestool.store import open_store

    ctx = options.make_context(quiet=True)
    with open_store(ctx.workspace.database) as database:
        number = int(run) if run.isdecimal() and len(run) < 10 else None
        record = database.latest_run(run) if number is None else database.load_run(number)
        known = ", ".join(f"{each.id} ({each.slug})" for each in database.runs()[:5]) if record is None else ""
    if record is None:
        raise UsageError(f"no such run: {run}", hint=f"known: {known or 'none'}")
    text = next(report.render for report in REPORTS if report.name == form)(record)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        click.echo(write_file(output, text))
    return ExitCode.PASSED
