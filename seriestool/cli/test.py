# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool test``: the run, ended at the test stage."""

from __future__ import annotations

from typing import Unpack

import click

from seriestool.cli.stages import RunArguments, run_and_show, stage_options
from seriestool.model.run import Stage


@click.command("test")
@stage_options
def command(**arguments: Unpack[RunArguments]) -> int:
    """Apply, build, boot and test, without writing a page."""
    return run_and_show(Stage.SELFTEST, **arguments)
