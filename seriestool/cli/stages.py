# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``run``, ``build`` and ``test`` have in common: they are the same run, ended at different stages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click

from seriestool.cli import options
from seriestool.cli.terms import stage_terms_options
from seriestool.errors import MachineFault
from seriestool.model.run import RunRecord, Stage

if TYPE_CHECKING:
    from seriestool.pipeline.context import Context
    from seriestool.pipeline.terms import Terms

_Command = TypeVar("_Command", bound=Callable[..., Any])


class RunArguments(TypedDict):
    """The parameters of a command that runs stages, as click gives them."""

    series: str
    trees: tuple[str, ...]
    arches: tuple[str, ...]
    jobs: int | None
    always_build: bool
    terms: Terms
    as_json: bool
    quiet: bool
    dry_run: bool
    no_abi: bool


def stage_options(command: _Command) -> _Command:
    """Add every option of a command that runs stages."""
    command = click.option("--no-abi", is_flag=True, help="Leave out the user-space layouts.")(command)
    command = click.option(
        "-n", "--dry-run", is_flag=True, help="Print the commands that would run, and run none of them."
    )(command)
    for add in (
        options.quiet_option,
        options.json_option,
        stage_terms_options,
        options.build_options,
        options.arch_option,
        options.tree_option,
        options.series_argument,
    ):
        command = add(command)
    return command


def run_and_show(
    until: Stage, *, html: Path | None = None, page: bool = False, **arguments: Unpack[RunArguments]
) -> int:
    """Run the stages up to *until*, print the result, write the page when asked, and return the exit code."""
    from seriestool.pipeline.abi import AbiRequest
    from seriestool.pipeline.run import RunRequest, run

    ctx = options.make_context(
        quiet=arguments["quiet"], jobs=arguments["jobs"], always_build=arguments["always_build"]
    )
    request = RunRequest(
        series=arguments["series"],
        trees=options.chosen_trees(ctx, arguments["series"], arguments["trees"]),
        arches=options.chosen_arches(ctx, arguments["arches"]),
        command=options.this_command(),
        until=until,
        terms=arguments["terms"],
        abi=None if arguments["no_abi"] else AbiRequest(),
    )
    if arguments["dry_run"]:
        from seriestool.pipeline.plan import plan

        for line in plan(ctx, request):
            click.echo(line)
        return 0
    record = run(ctx, request)
    path = write_page(ctx, record, html) if page or html else None
    show(record, as_json=arguments["as_json"], path=path)
    return record.exit_code


def show(record: RunRecord, *, as_json: bool, path: Path | None = None) -> None:
    """Print a run: tables for people, or JSON."""
    if as_json:
        from seriestool.report.json import run_json

        options.print_json(run_json(record))
        return
    from seriestool.report.terminal import render_run

    options.print_rich(render_run(record))
    if path is not None:
        click.echo(f"page: {path}")


def write_page(ctx: Context, record: RunRecord, path: Path | None) -> Path:
    """Write the HTML page of a run and return its path; raises MachineFault where it cannot be written."""
    from seriestool.report.html import render_html

    own = ctx.workspace.runs / str(record.id) / "report.html"
    own.parent.mkdir(parents=True, exist_ok=True)
    return write_file(path or own, render_html(record))


def write_file(path: Path, text: str) -> Path:
    """Write *path* whole or not at all, and return it; raises MachineFault.

    What is no regular file (a pipe, /dev/stdout, /dev/null) is written to and stays what it is.
    """
    target = path.resolve()  # a link stays a link
    partial = target.with_name(f".{target.name}.partial")
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return path
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise MachineFault(f"{path}: {error.strerror}") from error
    return path
