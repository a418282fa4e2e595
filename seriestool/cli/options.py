# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that several commands share, and the surroundings they make of them."""

from __future__ import annotations

import functools
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from seriestool.errors import SeriestoolError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from seriestool.pipeline.context import Context

_Command = TypeVar("_Command", bound=Callable[..., Any])


def complete_series(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a slug of the workspace, or a file."""
    from seriestool.pipeline.context import known_slugs

    try:
        slugs = [slug for slug in known_slugs(make_context(quiet=True)) if slug.startswith(incomplete)]
    except SeriestoolError:  # a prompt is no place for errors
        slugs = []
    return [*map(CompletionItem, slugs), CompletionItem(incomplete, type="file")]


def complete_tree(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a tree of seriestool.toml."""
    try:
        trees = make_context(quiet=True).config.trees
    except SeriestoolError:
        return []
    return [CompletionItem(tree.name) for tree in trees if tree.name.startswith(incomplete)]


def _complete_arch(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from seriestool.arch import ARCHES

    return [CompletionItem(arch.name) for arch in ARCHES if arch.name.startswith(incomplete)]


def _complete_abi(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from seriestool.arch.abis import ABIS

    return [CompletionItem(abi.name, help=abi.label) for abi in ABIS if abi.name.startswith(incomplete)]


def series_argument(command: _Command) -> _Command:
    """Add the SERIES argument, and ``--series`` and ``--repository`` for who would rather name it by options."""
    return _series_argument(command, required=True)


def optional_series_argument(command: _Command) -> _Command:
    """Add the same to a command that also works without a series; it is given None then."""
    return _series_argument(command, required=False)


def _series_argument(command: _Command, *, required: bool) -> _Command:
    @functools.wraps(command)
    def with_series(
        *args: Any, series: str | None, named: str | None, repository: Path | None, **others: Any  # noqa: ANN401
    ) -> Any:  # noqa: ANN401  # what the command takes and gives is its own business
        needed = required or (series, named, repository) != (None, None, None)
        return command(*args, series=_series_name(series, named, repository) if needed else None, **others)

    for add in (
        click.option(
            "--repository", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
            help="The git repository of a range. Default: the one the current directory is in.",
        ),
        click.option(
            "--series", "named", metavar="SERIES", shell_complete=complete_series,
            help="The series, in the place of the argument: --series <rev>..<rev>, for example.",
        ),
        click.argument("series", required=False, shell_complete=complete_series),
    ):  # fmt: skip
        with_series = add(with_series)
    return cast(_Command, with_series)


def _series_name(argument: str | None, option: str | None, repository: Path | None) -> str:
    """Return the one name that was given; a range of a *repository* gets that before it."""
    from seriestool.sources.git_range import is_range

    if (argument is None) == (option is None):
        given = "neither is given" if argument is None else "both are given"
        raise UsageError(f"a series is named either by SERIES or by --series, and {given}")
    name = argument if argument is not None else option
    assert name is not None
    if repository is None:
        return name
    if not is_range(name):
        raise UsageError(f"--repository is for a range of commits, and {name} is none", hint="<rev>..<rev>")
    return f"{repository.absolute()}:{name}"


class Once(click.Option):
    """An option that may be given once: elsewhere it may be repeated, and the last one alone would count here."""

    def __init__(self, *args: Any, **attributes: Any) -> None:  # noqa: ANN401  # they are click's
        attributes["multiple"] = True
        super().__init__(*args, **attributes)

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401
        """Return the one value, None where it was not given; raises UsageError for several."""
        values = super().process_value(ctx, value)
        if len(set(values)) > 1:
            raise UsageError(f"{self.opts[-1]} can be given once here, and is {' and '.join(map(str, values))}")
        return values[0] if values else None


def tree_option(command: _Command) -> _Command:
    """Add ``--tree``, which may be repeated."""
    return click.option(
        "-t", "--tree", "trees", multiple=True, metavar="TREE", shell_complete=complete_tree,
        help="A kernel tree of seriestool.toml; may be repeated. Default: the trees the series names.",
    )(command)  # fmt: skip


def arch_option(command: _Command) -> _Command:
    """Add ``--arch``, which may be repeated."""
    return click.option(
        "-a", "--arch", "arches", multiple=True, metavar="ARCH", shell_complete=_complete_arch,
        help="An architecture; may be repeated. Default: arches of seriestool.toml.",
    )(command)  # fmt: skip


def abi_option(command: _Command) -> _Command:
    """Add ``--abi``, which may be repeated."""
    return click.option(
        "--abi", "abis", multiple=True, metavar="NAME", shell_complete=_complete_abi,
        help="A user-space ABI; may be repeated. Default: abis of seriestool.toml, else what is installed.",
    )(command)  # fmt: skip


def json_option(command: _Command) -> _Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")(command)


def quiet_option(command: _Command) -> _Command:
    """Add ``--quiet``."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")(command)


def refresh_option(command: _Command) -> _Command:
    """Add ``--refresh``."""
    return click.option("--refresh", is_flag=True, help="Read the archive again, even where the mail is here.")(command)


def variant_option(default: str | None = "landed") -> Callable[[_Command], _Command]:
    """Add ``--variant``; without a *default* the command can tell whether it was given."""
    return click.option(
        "--variant", type=click.Choice(("posted", "landed")), default=default, show_default=default is not None,
        help="Take patches as they were posted, or as upstream has them where a commit notice tells."
        + ("" if default else " Default: landed."),
    )  # fmt: skip


def build_options(command: _Command) -> _Command:
    """Add what building stages share."""
    command = click.option(
        "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Jobs of make. Default: one per processor."
    )(command)
    return click.option(
        "-B", "--always-build", is_flag=True, help="Take no results of earlier runs (make's -B)."
    )(command)


def make_context(
    *, quiet: bool = False, jobs: int | None = None, always_build: bool = False
) -> Context:
    """Return the surroundings of a command, from the current directory and the environment.

    SERIESTOOL_LORE names the archive, SERIESTOOL_ACCEL forces QEMU's accelerator. Raises UsageError outside a
    workspace and for a ``seriestool.toml`` that is wrong.
    """
    from seriestool.cli.progress import make_progress
    from seriestool.pipeline.context import Context, load_config
    from seriestool.places import default_cache, find_workspace

    workspace = find_workspace(Path.cwd())
    return Context(
        workspace=workspace,
        cache=default_cache(),
        config=load_config(workspace),
        lore=os.environ.get("SERIESTOOL_LORE") or None,
        progress=make_progress(quiet=quiet),
        jobs=jobs or len(os.sched_getaffinity(0)),
        accelerator=_accelerator(),
        reuse=not always_build,
    )


def _accelerator() -> str | None:
    value = os.environ.get("SERIESTOOL_ACCEL") or None
    if value not in (None, "tcg", "kvm"):
        raise UsageError(f"SERIESTOOL_ACCEL: unknown accelerator: {value}", hint="known: tcg, kvm")
    return value


def chosen_trees(ctx: Context, series: str, trees: tuple[str, ...]) -> tuple[str, ...]:
    """Return the trees to work on, in order and once each; raises UsageError where none is named anywhere."""
    from seriestool.pipeline.context import load_tracked, series_dir

    if not trees and series_dir(ctx, series) is not None:
        trees = load_tracked(ctx, series)[0].trees
    if not trees:
        known = ", ".join(spec.name for spec in ctx.config.trees)
        raise UsageError("no tree given", hint=f"--tree TREE; known: {known}")
    return tuple(dict.fromkeys(trees))


def all_trees(ctx: Context) -> tuple[str, ...]:
    """Return every tree that is imported, and note the others; raises UsageError where there is none.

    A verdict matrix is no reason to download gigabytes that nobody asked for.
    """
    from seriestool.git.objects import open_store
    from seriestool.trees import known_tree

    with open_store(ctx.cache.store) as store:
        imported = {spec.name: known_tree(spec, store) is not None for spec in ctx.config.trees}
    missing = [name for name, there in imported.items() if not there]
    if len(missing) == len(imported):
        raise UsageError("no tree is imported", hint=f"seriestool trees --import {' '.join(missing[:1]) or 'TREE'}")
    if missing:
        ctx.progress.note(f"left out, not imported: {', '.join(missing)} (seriestool trees --import)")
    return tuple(name for name, there in imported.items() if there)


def chosen_arches(ctx: Context, arches: tuple[str, ...]) -> tuple[str, ...]:
    """Return the arches to build for, in order and once each."""
    return tuple(dict.fromkeys(arches or ctx.config.arches))


def this_command() -> str:
    """Return the command line that repeats this one, ready to paste."""
    settings = [f"{name}={shlex.quote(os.environ[name])}" for name in ("SERIESTOOL_LORE",) if os.environ.get(name)]
    return " ".join([*settings, "seriestool", shlex.join(sys.argv[1:])])


def print_rich(renderable: RenderableType) -> None:
    """Print tables, without the blanks that fill their columns where a program or a file reads them.

    A reader that goes away ends the program as it ends any other (rich would exit with 1).
    """
    from rich.console import Console

    class Pipe(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Pipe()
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as captured:
        console.print(renderable)
    click.echo("\n".join(line.rstrip(" ") for line in captured.get().split("\n")), nl=False)


def print_json(value: Mapping[str, object]) -> None:
    """Print *value* as JSON, UTF-8, in the order it has."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
