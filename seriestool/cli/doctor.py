# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool doctor``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seriestool.cli.options import json_option, print_json, quiet_option
from seriestool.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from seriestool.arch.abi import Abi
    from seriestool.doctor import Result


@click.command("doctor")
@click.option("--install", "wanted", is_flag=True, help="Install what is missing, through apt; as root or with sudo.")
@click.option("-a", "--arch", "arches", multiple=True, metavar="ARCH", help="Only for this arch; may be repeated.")
@json_option
@quiet_option
def command(*, wanted: bool, arches: tuple[str, ...], as_json: bool, quiet: bool) -> int:
    """Say what this machine lacks, and install it.

    Without --arch, the compilers of the ABIs that seriestool.toml names, or of the six that are always looked at, are
    needed as well. Exits with 0 when nothing is missing, and with 125 otherwise.
    """
    from seriestool.arch import ARCHES, find_arch
    from seriestool.cli.progress import make_progress
    from seriestool.doctor import examine, install

    rows = tuple(find_arch(name) for name in arches) or ARCHES
    abis = () if arches else _abis()
    results = examine(rows, abis)
    if wanted and (missing := [result.need for result in results if not result.present]):
        install(missing, make_progress(quiet=quiet))
        results = examine(rows, abis)
    if as_json:
        print_json(_json(results))
    else:
        click.echo(_text(results))
    return ExitCode.PASSED if all(result.present for result in results) else ExitCode.CANNOT_TELL


def _abis() -> tuple[Abi, ...]:
    """Return the ABIs that this workspace wants; a machine may be examined outside of any workspace."""
    from seriestool.arch.abis import needed_abis
    from seriestool.pipeline.context import configured_abis, load_config
    from seriestool.places import find_workspace

    try:
        workspace = find_workspace(Path.cwd())
    except UsageError:
        return needed_abis()
    return configured_abis(workspace, load_config(workspace)) or needed_abis()


def _text(results: Sequence[Result]) -> str:
    from seriestool.doctor import install_command

    width = max(len(result.need.name) for result in results)
    lines = [
        f"{'ok' if result.present else 'missing':8}{result.need.name:{width}}  "
        + (result.detail if result.present else f"{result.need.purpose}: {result.detail}")
        for result in results
    ]
    missing = [result.need for result in results if not result.present]
    return "\n".join([*lines, "", install_command(missing) if missing else "nothing is missing"])


def _json(results: Sequence[Result]) -> Mapping[str, object]:
    from seriestool.doctor import install_command

    missing = [result.need for result in results if not result.present]
    rows = [
        {
            "name": result.need.name,
            "present": result.present,
            "detail": result.detail,
            "package": result.need.package,
            "purpose": result.need.purpose,
            "arch": result.need.arch,
        }
        for result in results
    ]
    return {"needs": rows, "install": install_command(missing) if missing else None}
