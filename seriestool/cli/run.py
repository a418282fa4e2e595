# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool run``: the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from seriestool.cli.stages import RunArguments, run_and_show, stage_options
from seriestool.model.run import Stage


@click.command("run")
@stage_options
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Where to write the page. Default: report.html in the run's own directory.",
)  # fmt: skip
def command(html: Path | None, **arguments: Unpack[RunArguments]) -> int:
    """Run the whole job: fetch, apply, build, boot, test, report.

    Every finished stage is stored: a run that was interrupted or killed continues with the same command, and a second
    identical run builds nothing.
    """
    return run_and_show(Stage.SELFTEST, html=html, page=True, **arguments)
