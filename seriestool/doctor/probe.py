# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding out what is present."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.arch.abi import Abi
from seriestool.doctor.needs import File, Links, Need, Program, needs
from seriestool.errors import CommandFailed, ProgramMissing

_LIMIT = 60.0  # seconds for one small program to compile; it takes 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """What a probe saw: ``detail`` is where the thing is, or in the compiler's words why it is not."""

    need: Need
    present: bool
    detail: str


def examine(arches: Sequence[Architecture], abis: Sequence[Abi] = ()) -> tuple[Result, ...]:
    """Probe for everything that fetching, building and booting for *arches* and reading layouts of *abis* needs.

    Raises MachineFault when a probe could not run at all (no room in the temporary directory, a compiler that hangs).
    """
    return tuple(_examine(need) for need in needs(arches, abis))


def _examine(need: Need) -> Result:
    match need.probe:
        case Program(name):
            found = shutil.which(name)
            return Result(need, found is not None, found or "not on PATH")
        case File(path):
            present = path.exists()
            return Result(need, present, str(path) if present else f"no {path}")
        case Links() as probe:
            return _link(need, probe)


def _link(need: Need, probe: Links) -> Result:
    with tempfile.TemporaryDirectory(prefix="seriestool-") as scratch:
        source = Path(scratch, "probe.c")
        source.write_text(probe.source, encoding="ascii")
        # Libraries come behind what needs them: ld(1) resolves in that order.
        argv = [probe.compiler, "-o", str(Path(scratch, "probe")), str(source), *probe.flags]
        try:
            proc.run(argv, timeout=_LIMIT)
        except ProgramMissing:
            return Result(need, False, f"no {probe.compiler} to link it with")
        except CommandFailed as error:
            return Result(need, False, _reason(error.output, source))
    return Result(need, True, " ".join([probe.compiler, *probe.flags]))


def _reason(output: str, source: Path) -> str:
    """Return the first line of a compiler's output that names an error, without the name of our *source*."""
    lines = [line.strip() for line in output.splitlines()]
    named = [line for line in lines if "error:" in line or "cannot find" in line]
    return (named or [line for line in lines if line] or ["does not link"])[0].replace(f"{source}:", "")
