# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool abi``: the matrix of user-space layouts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seriestool.cli import options
from seriestool.cli.terms import terms_options
from seriestool.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seriestool.model.abi import AbiMatrix
    from seriestool.pipeline.abi import AbiRequest
    from seriestool.pipeline.terms import Terms


@click.command("abi")
@options.optional_series_argument
@options.tree_option
@options.abi_option
@click.option("--all-abis", is_flag=True, help="Every ABI of the table, with or without a compiler for it.")
@click.option(
    "--reference", cls=options.Once, metavar="TREE", shell_complete=options.complete_tree,
    help="A tree that has the series upstream: what is added has to be where it is there.",
)  # fmt: skip
@click.option(
    "--between", nargs=2, metavar="OLD NEW", shell_complete=options.complete_tree,
    help="Two trees in the place of a series: all user-space headers of both.",
)  # fmt: skip
@click.option("--no-compat", is_flag=True, help="Leave the compat_ types of 64-bit kernels alone.")
@click.option(
    "--expect", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Offsets and sizes to hold the result against. Default: expect.toml beside series.toml.",
)  # fmt: skip
@terms_options
@options.build_options
@options.json_option
@options.quiet_option
def command(
    series: str | None,
    trees: tuple[str, ...],
    abis: tuple[str, ...],
    *,
    all_abis: bool,
    reference: str | None,
    between: tuple[str, str] | None,
    no_compat: bool,
    expect: Path | None,
    terms: Terms,
    jobs: int | None,
    always_build: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say what every patch does to the user-space layout under every ABI, without building a kernel.

    The user-space headers of the states before and after each patch are installed and compiled.
    What the whole series does is told too: a break that a later patch cures is still a break of that patch. Without
    --abi these are the ABIs of seriestool.toml, else x86_64, i386, arm, arm64, powerpc and s390 and every other one
    whose compiler is there. An ABI that cannot be told is no pass: it says why.

    With --between, two trees are compared as a whole, and nothing is applied. A header that neither of them has in a
    form that compiles is listed, and the rest is told.

    Exit code 1 for a break, an expectation that is not met, or a compat_ type that differs; 3 when a patch does not
    apply; 125 when an ABI that was asked for could not be told, or none could.
    """
    from seriestool.pipeline.abi import AbiRequest, asked_abis, check_trees, compare_two_trees
    from seriestool.pipeline.abi.verdict import exit_code, fault
    from seriestool.pipeline.library import open_library

    if all_abis and abis:
        raise UsageError("--abi and --all-abis are both given", hint="one of them")
    request = AbiRequest(abis=abis, every=all_abis, reference=reference, compat=not no_compat, expect=expect)
    _check_words(series, trees, between, request, terms)
    ctx = options.make_context(quiet=quiet, jobs=jobs, always_build=always_build)
    asked = asked_abis(ctx, request)
    applies = True
    if between is not None:
        with open_library(ctx) as library:
            matrices = [compare_two_trees(library, *between, request).matrix]
    else:
        assert series is not None
        names = options.chosen_trees(ctx, series, trees)
        with open_library(ctx) as library:
            checked = check_trees(library, series, names, terms, request)
        matrices = [each.matrix for each in checked]
        applies = all(each.applied.outcome.applies for each in checked)
    (_print_json if as_json else _print)(matrices)
    code = exit_code(matrices, asked.insisted, applies=applies)
    if code is ExitCode.CANNOT_TELL:
        raise fault(matrices, asked.insisted, asked.missing)
    return code


def _check_words(
    series: str | None, trees: Sequence[str], between: tuple[str, str] | None, request: AbiRequest, terms: Terms
) -> None:
    """Raise UsageError unless there is a series, or two trees and nothing that is about a series."""
    if between is None:
        if series is None:
            raise UsageError("neither a series nor --between is given", hint="SERIES, or --between OLD NEW")
        return
    given = {
        "SERIES": series is not None,
        "--tree": bool(trees),
        "--reference": request.reference is not None,
        "--no-compat": not request.compat,
        "--expect": request.expect is not None,
        "--refresh": terms.refresh,
        **dict.fromkeys(terms.words, True),
    }
    if words := [word for word, there in given.items() if there]:
        raise UsageError(f"--between compares two trees, and {words[0]} is about a series", hint="one of them")


def _print_json(matrices: Sequence[AbiMatrix]) -> None:
    from seriestool.report.json import abi_json

    options.print_json(abi_json(matrices))


def _print(matrices: Sequence[AbiMatrix]) -> None:
    from seriestool.report.abi import render_abi

    for matrix in matrices:
        options.print_rich(render_abi(matrix))
