# SPDX-License-Identifier: GPL-2.0-or-later
"""Snippets of C compiled to objects by the real compilers, without any library."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from seriestool import proc
from seriestool.arch.abi import Abi
from seriestool.formats.dwarf import read_layout
from seriestool.formats.probes import find_probes, probe_code
from seriestool.model.layout import Layout, Member, Record

DEBUG = ("-g", "-fno-eliminate-unused-debug-types", "-w")


def compile_c(source: str, place: Path, abi: Abi, *flags: str) -> bytes:
    """Return the object of *source*; skip the test where the compiler of *abi* is missing."""
    if shutil.which(abi.compiler) is None:
        pytest.skip(f"no {abi.compiler} ({abi.compiler_package})")
    target = place / "snippet.o"
    command = [abi.compiler, *abi.flags, *DEBUG, *flags, "-c", "-x", "cpp-output", "-", "-o", target.name]
    proc.run(command, cwd=place, stdin=source.encode())
    return target.read_bytes()


def layout_of(source: str, place: Path, abi: Abi, *flags: str) -> Layout:
    """Return the layout of *source*, with every probe that is found in it."""
    probes = find_probes(source)
    return read_layout(compile_c(f"{source}\n{probe_code(probes)}", place, abi, *flags), abi.name, probes=probes)


def record(layout: Layout, name: str) -> Record:
    """Return a record that must be there."""
    found = layout.record(name)
    assert found is not None, name
    return found


def members(found: Record) -> dict[str, Member]:
    """Return the members by path."""
    return dict(found.flat())


def bits(found: Record) -> dict[str, tuple[int, int]]:
    """Return first bit and number of bits of every member that C can name."""
    return {path: (member.bit_offset, member.bit_size) for path, member in found.flat()}


def names(found: Sequence[Record]) -> list[str]:
    """Return what the records are called."""
    return [each.name for each in found]
