# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool build``: the run, ended at the build stage."""

from __future__ import annotations

from typing import Unpack

import click

from seriestool.cli.stages import RunArguments, run_and_show, stage_options
from seriestool.model.run import Stage


@click.command("build")
@stage_options
def command(**arguments: Unpack[RunArguments]) -> int:
    """Apply a series and build the kernels of every state: base, series, fixed."""
    return run_and_show(Stage.BUILD, **arguments)
