# SPDX-License-Identifier: GPL-2.0-or-later
"""The fake kernel's headers under a real compiler: the host's own serves three ABIs, and needs no C library.

x32 aligns 64-bit integers to 8 and has pointers of 4 bytes, as 32-bit Arm does; i386 aligns them to 4.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from seriestool.model.abi import AbiMatrix, AbiResult
from seriestool.pipeline.abi import AbiRequest, CheckedTree, check_trees
from seriestool.pipeline.context import Context
from seriestool.pipeline.library import open_library
from seriestool.pipeline.terms import Terms
from tests.pipeline.conftest import TREE, Bench, git

FAKEINFO = "include/uapi/asm-generic/fakeinfo.h"
LSB = "\t\t\tshort lsb;\n"
BROKEN = "\t\t\tunion {\n\t\t\t\tshort lsb;\n\t\t\t\tunsigned long long perf;\n\t\t\t};\n"
CURED = BROKEN.replace("unsigned long long", "unsigned long")

needs_gcc = pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("gcc") is None, reason="no gcc for x86-64 on this machine"
)

_GCC = shutil.which("gcc") or ""
_AS = shutil.which("as") or ""


class Compiler:
    """The host's own gcc on the bench's PATH, which counts what it is asked for."""

    def __init__(self, bench: Bench) -> None:
        self._calls = bench.root.parent / "gcc.calls"
        self._bench = bench
        bench.fakes.add("gcc", f"#!/bin/sh\necho \"$*\" >>'{self._calls}'\nexec {_GCC} \"$@\"\n")
        (bench.fakes.directory / "as").symlink_to(_AS)
        bench.fakes.remove("arm-linux-gnueabi-gcc")

    def compiled(self) -> int:
        """Return how many headers were compiled so far."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return sum(" -c " in f" {line} " for line in lines)

    def update(self) -> None:
        """Be another version from now on."""
        path = Path(self._bench.fakes.directory / "gcc")
        path.write_text(path.read_text() + "# a newer one\n")


def edit(bench: Bench, subject: str, old: str, new: str, path: str = FAKEINFO) -> None:
    """Commit a patch of the series that replaces *old* by *new* in one file."""
    file = bench.kernel / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    git("commit", "--quiet", "-am", subject, cwd=bench.kernel)


def change_base(bench: Bench, path: str, text: str | None) -> None:
    """Give the tree, before any patch, another file."""
    file = bench.kernel / path
    if text is None:
        file.unlink()
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git("add", "--all", cwd=bench.kernel)
    git("commit", "--quiet", "-m", "another base", cwd=bench.kernel)
    git("tag", "--force", "base", cwd=bench.kernel)


def check(bench: Bench, *abis: str, ctx: Context | None = None, request: AbiRequest | None = None) -> CheckedTree:
    """Check the series ``demo`` on the fake tree under *abis*."""
    request = request or AbiRequest(abis=abis or ("x86_64", "i386", "x32"))
    with open_library(ctx or bench.ctx) as library:
        (checked,) = check_trees(library, "demo", (TREE,), Terms(), request)
    return checked


def verdicts(matrix: AbiMatrix, number: str) -> dict[str, str]:
    """Return what one patch does, by ABI."""
    return {abi: each.verdict.value for abi, each in results(matrix, number).items()}


def results(matrix: AbiMatrix, number: str) -> dict[str, AbiResult]:
    """Return the results of one patch, by ABI."""
    (patch,) = (each for each in matrix.patches if each.number == number)
    return {each.abi: each for each in patch.results}


def finals(matrix: AbiMatrix) -> dict[str, str]:
    """Return what the whole series does, by ABI."""
    return {each.abi: each.verdict.value for each in matrix.final}
