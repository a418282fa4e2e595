# SPDX-License-Identifier: GPL-2.0-or-later
"""What an abi stage is asked for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from seriestool.arch.abi import Abi
from seriestool.arch.abis import ABIS, default_abis, find_abi
from seriestool.pipeline.context import Context, configured_abis


@dataclass(frozen=True, slots=True)
class AbiRequest:
    """Which ABIs, and against what beside the tree's own base.

    ``abis`` are names, () for those of the workspace or what is installed; ``every`` asks for the whole table.
    ``reference`` is the tree that has the series upstream. ``expect`` is a file of expectations, None for the one
    beside ``series.toml``, where it is.
    """

    abis: tuple[str, ...] = ()
    every: bool = False
    reference: str | None = None
    compat: bool = True
    expect: Path | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The ABIs of a matrix, in the table's order; ``named`` tells that somebody insists on each of them."""

    abis: tuple[Abi, ...]
    named: bool

    @property
    def insisted(self) -> frozenset[str]:
        """Names of the ABIs that have to be told."""
        return frozenset(abi.name for abi in self.abis) if self.named else frozenset()

    @property
    def missing(self) -> tuple[Abi, ...]:
        """The ABIs without a compiler."""
        return tuple(abi for abi in self.abis if no_compiler(abi))


def asked_abis(ctx: Context, request: AbiRequest) -> Asked:
    """Return the ABIs to look at. Raises UsageError, which names the known ones."""
    if request.every:
        return Asked(ABIS, named=False)
    if request.abis:
        wanted = {find_abi(name) for name in request.abis}
        return Asked(tuple(abi for abi in ABIS if abi in wanted), named=True)
    configured = configured_abis(ctx.workspace, ctx.config)
    return Asked(configured, named=True) if configured else Asked(default_abis(), named=False)


def no_compiler(abi: Abi) -> str | None:
    """Return why nothing can be compiled for *abi*, None where its compiler is on PATH."""
    if shutil.which(abi.compiler) is not None:
        return None
    return f"no {abi.compiler}: apt install {abi.compiler_package}"
