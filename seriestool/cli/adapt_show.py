# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool adapt --show``."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode
from seriestool.model.series import Variant
from seriestool.pipeline.adapting.show import show
from seriestool.pipeline.context import Context
from seriestool.report.adaptation import render_shown, shown_json


def show_adaptations(
    ctx: Context, series: str, number: str | None, tree: str, variant: Variant, *, as_json: bool
) -> int:
    """Print what is recorded for *tree*, of one patch or of all."""
    job, shown = show(ctx, series, number, tree, variant)
    if as_json:
        options.print_json(shown_json(job.tracked.slug, tree, shown))
    else:
        for line in render_shown(job.tracked.slug, tree, shown):
            click.echo(line)
    return ExitCode.PASSED
