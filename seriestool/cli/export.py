# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool export``: out again, as mail, quilt series or branch."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seriestool.cli import options
from seriestool.cli.terms import terms_options
from seriestool.errors import ExitCode, SeriestoolError, UsageError

if TYPE_CHECKING:
    from seriestool.model.export import Export
    from seriestool.pipeline.context import Context
    from seriestool.pipeline.exporting.prepare import Prepared
    from seriestool.pipeline.terms import Terms


@click.command("export")
@options.series_argument
@click.option(
    "-t", "--tree", cls=options.Once, metavar="TREE", shell_complete=options.complete_tree,
    help="A kernel tree of seriestool.toml. Default: the one the series names.",
)  # fmt: skip
@click.option(
    "-o", "--output-directory", "directory", metavar="DIR", type=click.Path(path_type=Path),
    help="Where to write: a directory that is not there or empty; with --format git also a repository.",
)  # fmt: skip
@click.option("--stdout", "to_stdout", is_flag=True, help="Write all mails to standard output, as one mbox.")
@click.option(
    "--format", "form", type=click.Choice(("mbox", "quilt", "git")), default="mbox", show_default=True,
    help="Mails as git format-patch writes them, a quilt series with DEP-3 headers, or a branch of commits.",
)  # fmt: skip
@terms_options
@click.option(
    "--upstream-style", type=click.Choice(("commit", "bracket")), default="commit", show_default=True,
    help='"commit <id> upstream." or "[ Upstream commit <id> ]".',
)  # fmt: skip
@click.option("--allow-abbreviated", is_flag=True, help="Take upstream commits of which only the beginning is known.")
@click.option("--subject-prefix", metavar="TEXT", help='Instead of "PATCH 5.10.y" (git format-patch\'s).')
@click.option("-v", "--reroll-count", type=click.IntRange(min=0), metavar="N", help="Mark as the N-th iteration.")
@click.option("--cover-letter/--no-cover-letter", default=True, help="With the verdicts as a letter in front, or not.")
@click.option("--branch", metavar="NAME", help="The branch of --format git. Default: <series>/<tree>.")
@click.option("--force", is_flag=True, help="Replace an earlier export.")
@click.option("-n", "--dry-run", is_flag=True, help="List what would be written.")
@options.json_option
@options.quiet_option
def command(
    series: str,
    tree: str | None,
    directory: Path | None,
    *,
    to_stdout: bool,
    form: str,
    terms: Terms,
    upstream_style: str,
    allow_abbreviated: bool,
    subject_prefix: str | None,
    reroll_count: int | None,
    cover_letter: bool,
    branch: str | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the patches that change a tree, ready for stable: applied, signed off, every deviation told.

    Patches that the tree has already are left out. Nothing is written unless all of the series applies (exit code 3).
    """
    from seriestool.model.export import ExportFormat, UpstreamStyle
    from seriestool.pipeline.exporting.prepare import ExportRequest, check_out, prepare

    chosen = ExportFormat(form)
    _check(directory, chosen, branch, to_stdout=to_stdout, as_json=as_json, dry_run=dry_run)
    if directory is not None and chosen is not ExportFormat.GIT:
        check_out(directory, force=force)
    ctx = options.make_context(quiet=quiet)
    prepared = prepare(
        ctx,
        ExportRequest(
            series=series,
            tree=_chosen_tree(ctx, series, tree),
            format=chosen,
            terms=terms,
            style=UpstreamStyle(upstream_style),
            allow_abbreviated=allow_abbreviated,
            prefix=subject_prefix,
            reroll=reroll_count,
            cover=cover_letter,
        ),
    )
    out = _Out(ctx, prepared, directory, branch, force=force, dry_run=dry_run, as_json=as_json)
    if prepared.export is None:
        return out.without_export(series)
    return out.mbox() if to_stdout else out.write(prepared.export)


class _DoesNotApply(SeriestoolError):
    """A series that is refused, said in the one form that ends have."""

    exit_code = ExitCode.DOES_NOT_APPLY


@dataclass(frozen=True, slots=True)
class _Out:
    """Where an export goes, and what is said about it."""

    ctx: Context
    prepared: Prepared
    directory: Path | None
    branch: str | None
    force: bool
    dry_run: bool
    as_json: bool

    def without_export(self, series: str) -> int:
        """Refuse a series that does not apply, naming its patches; say so where the tree has everything."""
        outcome, refused = self.prepared.outcome, self.prepared.refused
        if self.as_json:
            self._json()
            return ExitCode.DOES_NOT_APPLY if refused else ExitCode.PASSED
        if refused:
            named = ", ".join(f"{patch.number} {patch.outcome}" for patch in refused)
            hint = f"seriestool apply {shlex.quote(series)} --tree {outcome.tree} says why"
            raise _DoesNotApply(f"nothing exported: does not apply to {outcome.tree}: {named}", hint=hint)
        said = f"nothing to export: {outcome.tree} has all {len(outcome.patches)} patches"
        click.echo(said, err=self.directory is None)  # standard output may be the mbox
        return ExitCode.PASSED

    def mbox(self) -> int:
        """Write all mails to standard output."""
        self._warn()
        for file in self.prepared.files:
            sys.stdout.buffer.write(file.data)
        return ExitCode.PASSED

    def write(self, export: Export) -> int:
        """Write the directory or the branch, unless it is a dry run, and say what was written."""
        from seriestool.pipeline.exporting.prepare import write_branch, write_files

        assert self.directory is not None
        branch = None if self.prepared.files else self.branch or f"{export.series.slug}/{export.tree.name}"
        if not self.dry_run and branch:
            write_branch(self.ctx, export, self.directory, branch, force=self.force)
        elif not self.dry_run:
            write_files(self.directory, self.prepared, force=self.force)
        self._warn()
        if self.as_json:
            self._json(branch)
        elif branch:
            click.echo(f"{self.directory} {branch} {export.commit} ({len(export.patches)} commits)")
        else:
            for path in self._paths():
                click.echo(path)
        return ExitCode.PASSED

    def _paths(self) -> tuple[str, ...]:
        return tuple(str((self.directory or Path()) / file.name) for file in self.prepared.files)

    def _warn(self) -> None:
        from seriestool.report.export import warnings

        for line in warnings(self.prepared.export) if self.prepared.export else ():
            self.ctx.progress.note(f"warning: {line}")

    def _json(self, branch: str | None = None) -> None:
        from seriestool.report.export import export_json

        value = export_json(
            self.prepared.outcome, self.prepared.export, files=self._paths(), branch=branch,
            directory=str(self.directory) if self.directory else None,
        )  # fmt: skip
        options.print_json({**value})


def _chosen_tree(ctx: Context, series: str, tree: str | None) -> str:
    """Return the one tree to export for; raises UsageError where none, or more than one, is named."""
    names = options.chosen_trees(ctx, series, (tree,) if tree else ())
    if len(names) > 1:
        raise UsageError(f"one tree at a time, and the series names {', '.join(names)}", hint="--tree TREE")
    return names[0]


def _check(
    directory: Path | None, form: str, branch: str | None, *, to_stdout: bool, as_json: bool, dry_run: bool
) -> None:
    """Raise UsageError for options that contradict each other."""
    if to_stdout == (directory is not None):
        raise UsageError("one of -o DIR and --stdout says where the export goes")
    if to_stdout and (form != "mbox" or as_json or dry_run):
        raise UsageError("--stdout writes mails: not with --json, --dry-run or another --format")
    if branch is not None and form != "git":
        raise UsageError("--branch is for --format git")
