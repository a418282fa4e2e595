# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of needs, and what the probes see on a machine that a few scripts on PATH make up."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.arch import ARCHES, Architecture, find_arch
from seriestool.arch.abis import ABIS, find_abi
from seriestool.doctor import examine
from seriestool.doctor.needs import COMMON, File, Links, Program, needs
from seriestool.doctor.probe import Result
from tests.doctor import put_program


def by_name(results: tuple[Result, ...]) -> dict[str, Result]:
    return {result.need.name: result for result in results}


def test_every_need_says_what_for_and_which_package() -> None:
    for need in needs(ARCHES):
        assert need.name
        assert need.purpose
        assert need.package == need.package.lower().strip()


@pytest.mark.parametrize("arch", ARCHES, ids=lambda arch: arch.name)
def test_every_package_of_an_arch_is_asked_for(arch: Architecture) -> None:
    assert set(arch.packages) <= {need.package for need in needs([arch])}


def test_nothing_is_probed_twice() -> None:
    probes = [need.probe for need in needs([*ARCHES, *ARCHES])]
    assert len(probes) == len(set(probes))


def test_an_arch_that_is_not_wanted_is_not_needed() -> None:
    assert "qemu-system-arm" not in {need.package for need in needs([find_arch("x86_64")])}
    assert "qemu-system-arm" in {need.package for need in needs([find_arch("arm")])}


def test_the_compiler_of_an_abi_is_needed_once_and_says_what_for() -> None:
    found = {need.package: need for need in needs([find_arch("arm")], ABIS)}
    assert found["gcc-m68k-linux-gnu"].purpose == "user-space layout (m68k)"
    assert found["gcc-arm-linux-gnueabi"].purpose == "kernel builds", "arm has it for its kernels already"
    assert {abi.compiler_package for abi in ABIS} <= found.keys()
    assert "gcc-m68k-linux-gnu" not in {need.package for need in needs(ARCHES)}


def test_the_compiler_of_an_abi_is_seen(empty_path: Path) -> None:
    put_program(empty_path / "m68k-linux-gnu-gcc", "exit 0")
    results = by_name(examine([find_arch("arm")], [find_abi("m68k"), find_abi("sh")]))
    assert results["m68k-linux-gnu-gcc"].present
    assert not results["sh4-linux-gnu-gcc"].present


def test_a_bare_machine_lacks_every_program(empty_path: Path) -> None:
    results = [result for result in examine(ARCHES) if not isinstance(result.need.probe, File)]
    assert len(results) > len(COMMON)
    assert not any(result.present for result in results)
    assert by_name(tuple(results))["flex"].detail == "not on PATH"
    assert by_name(tuple(results))["libelf"].detail == "no gcc to link it with"


def test_a_program_on_path_is_present(empty_path: Path) -> None:
    put_program(empty_path / "flex", "exit 0")
    result = by_name(examine(ARCHES))["flex"]
    assert (result.present, result.detail) == (True, str(empty_path / "flex"))


def test_a_file_that_may_not_run_is_no_program(empty_path: Path) -> None:
    (empty_path / "flex").write_text("#!/bin/sh\n")
    assert not by_name(examine(ARCHES))["flex"].present


def test_a_compiler_without_libraries_is_told_apart_from_none(empty_path: Path) -> None:
    put_program(
        empty_path / "gcc",
        """
        case "$*" in
        *-lelf*) echo "$4: In function:" >&2; echo "probe.c:1:10: fatal error: gelf.h: No such file" >&2; exit 1;;
        *-static*) echo "/usr/bin/ld: cannot find -lc: No such file or directory" >&2; exit 1;;
        esac
        """,
    )
    results = by_name(examine([find_arch("arm")]))
    assert results["gcc"].present
    assert results["C library"].present
    assert results["libcrypto"].present
    assert not results["libelf"].present
    assert "gelf.h: No such file" in results["libelf"].detail
    assert "static C library" in results["static C library for arm"].need.name
    assert results["static C library for arm"].detail == "no arm-linux-gnueabi-gcc to link it with"


def test_a_probe_leaves_nothing_behind(empty_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    put_program(empty_path / "gcc", "exit 0")
    assert by_name(examine(ARCHES))["libelf"].present
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("probe", [need.probe for need in needs(ARCHES) if isinstance(need.probe, Links)])
def test_the_probe_of_a_library_is_a_whole_program(probe: Links) -> None:
    assert probe.source.startswith("#include <")
    assert "int main(void)" in probe.source
    assert probe.source.isascii()


def test_what_this_very_machine_has_is_seen() -> None:
    results = by_name(examine(ARCHES))
    assert results["git"].present, "these tests themselves use git"
    assert isinstance(results["git"].need.probe, Program)
