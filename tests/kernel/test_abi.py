# SPDX-License-Identifier: GPL-2.0-or-later
"""The flagship's broken layout on the real 5.10, on every ABI that this machine has a compiler for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seriestool.arch.abis import default_abis, find_abi
from seriestool.pipeline.abi.request import no_compiler
from tests.conftest import SHARED
from tests.kernel.conftest import REAL_PATH, Workspace

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not (SHARED / "lore").is_dir(), reason="no folder ../shared/lore beside this checkout"),
]

FLAGSHIP = "synchronous-perf-signals"
# Pointers of 32 bits and 64-bit integers aligned to 64: there the union behind si_code moved. i386, m68k and SuperH
# align such integers to 32 bits or less.
BROKEN = frozenset(
    {"x32", "arm", "riscv32", "powerpc", "s390-31", "mips-o32", "mips-n32", "sparc", "parisc"}
)
INSTALLED = frozenset(abi.name for abi in default_abis() if no_compiler(abi) is None)
Json = Mapping[str, Any]


def checked(
    workspace: Workspace, *words: str, code: int, environment: Mapping[str, str] | None = None
) -> Json:
    """Check the flagship and return what was printed as JSON."""
    done = workspace.program("abi", FLAGSHIP, *words, "--json", environment=environment)
    assert done.returncode == code
    found: Json = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def matrix(workspace: Workspace) -> Json:
    """The flagship on 5.10, on every ABI of the table."""
    return checked(workspace, "--tree", "stable-5.10", "--all-abis", code=1)


def test_05_breaks_where_64_bit_integers_are_aligned_and_pointers_are_short(matrix: Json) -> None:
    fifth = next(patch for patch in matrix["patches"] if patch["number"] == "05")["abis"]
    assert {abi for abi in INSTALLED if fifth[abi]["verdict"] == "breaks"} == BROKEN & INSTALLED
    for abi in BROKEN & INSTALLED:
        moved = {
            (each["type"], each["member"]): (each["before"], each["after"])
            for each in fifth[abi]["changes"] if each["kind"] == "offset"
        }  # fmt: skip
        assert moved["struct siginfo", "_sifields"] == ("12", "16"), abi
        assert fifth[abi]["cured_by"] == "11", abi
    for abi in INSTALLED - BROKEN:
        assert fifth[abi]["verdict"] in ("extends", "same"), abi


def test_11_cures_and_nothing_is_left(matrix: Json) -> None:
    by_number = {patch["number"]: patch["abis"] for patch in matrix["patches"]}
    for abi in INSTALLED:
        assert by_number["11"][abi]["cures"] == (["05"] if abi in BROKEN else []), abi
        assert matrix["final"][abi]["verdict"] == "extends", abi
    for number in ("01", "02", "07", "08", "09", "10"):
        assert {each["reason"] for each in by_number[number].values()} == {"touches no user-space header"}


def test_what_has_no_compiler_is_no_pass(matrix: Json) -> None:
    for abi in set(matrix["abis"]) - INSTALLED:
        assert matrix["final"][abi]["verdict"] == "unavailable"
        assert matrix["final"][abi]["reason"].startswith("no ")


def test_every_number_of_the_thread_holds(matrix: Json) -> None:
    assert len(matrix["expectations"]) > 50
    for each in matrix["expectations"]:
        assert each["met"] is (True if each["abi"] in INSTALLED else None), each


def test_the_kernels_own_types_differ_after_05_alone(matrix: Json) -> None:
    told = [each for each in matrix["compat"] if each["verdict"] != "unavailable"]
    assert {each["abi"] for each in told} >= {"i386"}
    assert {each["number"] for each in told if each["verdict"] == "breaks"} <= {"05"}
    assert {each["abi"] for each in told if each["verdict"] == "breaks"} <= BROKEN


def test_a_person_reads_who_broke_and_who_cured_it(workspace: Workspace, matrix: Json) -> None:
    done = workspace.program("abi", FLAGSHIP, "--tree", "stable-5.10", "--all-abis")
    assert done.returncode == 1
    assert "broken by 05, cured by 11" in done.stdout


def test_nothing_is_done_twice(workspace: Workspace, tmp_path: Path) -> None:
    """A compiler that nobody has seen before writes down what it is asked for: much, and then nothing more."""
    name = find_abi("x86_64").compiler
    real = shutil.which(name, path=REAL_PATH)
    if real is None:
        pytest.skip(f"no {name}")
    calls, wrapper = tmp_path / "calls", tmp_path / "bin" / name
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$*" >>{calls}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    words = ("--tree", "stable-5.10", "--abi", "x86_64")
    environment = {"PATH": f"{wrapper.parent}:{REAL_PATH}"}
    first = checked(workspace, *words, code=0, environment=environment)
    asked = calls.read_text()
    assert asked.count(" -E ") > 10
    assert checked(workspace, *words, code=0, environment=environment) == first
    assert calls.read_text() == asked


def test_beside_a_tree_that_has_it_upstream(workspace: Workspace) -> None:
    found = checked(workspace, "--tree", "stable-5.10", "--abi", "x86_64", "--reference", "stable-6.1", code=1)
    assert found["reference"]["tree"] == "stable-6.1"


def test_a_tree_that_has_the_series_changes_nothing(workspace: Workspace) -> None:
    found = checked(workspace, "--tree", "stable-6.1", "--abi", "x86_64", code=0)
    assert {patch["abis"]["x86_64"]["verdict"] for patch in found["patches"]} == {"same"}
