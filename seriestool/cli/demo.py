# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool demo``: the main job on the flagship, or on the embedded series where its mail is out of reach."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.cli.stages import show, write_page
from seriestool.errors import ExitCode, MachineFault

FLAGSHIP = "synchronous-perf-signals"
EMBEDDED = "siginfo-guard"


@click.command("demo")
@options.build_options
@options.quiet_option
def command(jobs: int | None, *, always_build: bool, quiet: bool) -> int:
    """Run the main job on real input, to an HTML page whose path is printed last.

    The series is synchronous-perf-signals, read from lore.kernel.org or from SERIESTOOL_LORE; where neither gives its
    mail, it is siginfo-guard, which comes with seriestool. Both break 32-bit Arm user space, and are expected to.
    """
    from seriestool.pipeline.run import RunRequest, run
    from seriestool.pipeline.series import open_series

    ctx = options.make_context(quiet=quiet, jobs=jobs, always_build=always_build)
    series = FLAGSHIP
    try:
        open_series(ctx, FLAGSHIP)
    except MachineFault as error:
        series = EMBEDDED
        click.echo(f"no mail of {FLAGSHIP} ({error.message}): running {EMBEDDED} instead", err=True)
    trees, arches = ("stable-5.10",), ("arm", "x86_64")
    words = [f"--tree {name}" for name in trees] + [f"--arch {name}" for name in arches]
    record = run(ctx, RunRequest(series, trees, arches, command=" ".join(["seriestool run", series, *words])))
    page = write_page(ctx, record, None)
    show(record, as_json=False)
    click.echo(page)
    return ExitCode.PASSED if record.exit_code in (ExitCode.PASSED, ExitCode.VERDICT) else record.exit_code
