# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's init and its image."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from seriestool.arch import ARCHES, Architecture, find_arch
from seriestool.errors import CommandFailed, MachineFault, ProgramMissing, UsageError
from seriestool.vm.image import GuestTest, build_init, make_guest_image


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "guard"
    path.parent.mkdir()
    path.write_text("#!/bin/true\n")
    path.chmod(0o700)
    (path.parent / "settings").write_text("timeout=3\n")
    return path


def unpack(image: Path, where: Path) -> Path:
    where.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet"], cwd=where, input=image.read_bytes(), check=True)
    return where


def test_image_holds_init_list_and_tests_and_nothing_else(program: Path, tmp_path: Path) -> None:
    tests = (
        GuestTest("siginfo", program, ("-v", "--all"), timeout=30),
        GuestTest("perf_events:remove", program, files=(program.parent / "settings",)),
    )
    root = unpack(make_guest_image(program, tests, tmp_path / "out" / "initrd"), tmp_path / "unpacked")
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == [
        "dev", "init", "proc", "sys", "tests", "tests/list", "tests/perf_events:remove",
        "tests/perf_events:remove/guard", "tests/perf_events:remove/settings", "tests/siginfo",
        "tests/siginfo/guard", "tmp",
    ]  # fmt: skip
    assert (root / "tests/list").read_text() == (
        "siginfo 30 /tests/siginfo/guard -v --all\nperf_events:remove 60 /tests/perf_events:remove/guard\n"
    )
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.name in {"init", "guard", "dev"}} == {0o755}
    assert {path.stat().st_mtime for path in root.rglob("*") if path.is_file()} == {0}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["initrd"]


def test_same_inputs_same_bytes(program: Path, tmp_path: Path) -> None:
    first = make_guest_image(program, (GuestTest("guard", program),), tmp_path / "a").read_bytes()
    copy = tmp_path / "elsewhere" / "guard"
    copy.parent.mkdir()
    shutil.copyfile(program, copy)
    copy.chmod(0o755)
    os.utime(copy, (1, 1))
    mask = os.umask(0o077)
    try:
        second = make_guest_image(copy, (GuestTest("guard", copy),), tmp_path / "b" / "c").read_bytes()
    finally:
        os.umask(mask)
    assert first == second
    copy.write_text("#!/bin/false\n")
    assert make_guest_image(copy, (GuestTest("guard", copy),), tmp_path / "c").read_bytes() != first


@pytest.mark.parametrize(
    "test",
    [
        GuestTest("two words", Path("guard")),
        GuestTest("#no", Path("guard")),
        GuestTest("../up", Path("guard")),
        GuestTest("", Path("guard")),
        GuestTest("guard", Path("guard"), ("two words",)),
        GuestTest("guard", Path("guard"), ("",)),
        GuestTest("guard", Path("a b")),
        GuestTest("guard", Path("guard"), timeout=0),
    ],
)
def test_what_the_list_cannot_hold_is_refused(test: GuestTest, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        make_guest_image(Path("init"), (test,), tmp_path / "initrd")


def test_name_that_comes_twice_is_refused(program: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        make_guest_image(program, (GuestTest("guard", program),) * 2, tmp_path / "initrd")


def test_failure_keeps_the_image_that_was_there(program: Path, tmp_path: Path) -> None:
    out = make_guest_image(program, (), tmp_path / "out" / "initrd")
    before = out.read_bytes()
    with pytest.raises(MachineFault, match="gone"):
        make_guest_image(program, (GuestTest("gone", tmp_path / "gone"),), out)
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["initrd"]


def test_missing_cpio_names_its_package(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing) as caught:
        make_guest_image(program, (), tmp_path / "initrd")
    assert caught.value.hint == "apt install cpio"


@pytest.mark.parametrize("arch", ARCHES, ids=lambda arch: arch.name)
def test_init_is_static_and_reproducible(arch: Architecture, tmp_path: Path) -> None:
    if shutil.which(f"{arch.cross_compile}gcc") is None:
        pytest.skip(f"no compiler for {arch.name}: apt install {arch.compiler_package}")
    one, two = (build_init(arch, tmp_path / name / "init", tmp_path / "log") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    headers = subprocess.run(["readelf", "--program-headers", one], capture_output=True, check=True).stdout
    assert b"LOAD" in headers
    assert b"INTERP" not in headers
    assert "warning" not in (tmp_path / "log").read_text()
    assert "-static" in (tmp_path / "log").read_text()


def test_init_refuses_to_run_outside_of_a_guest(tmp_path: Path) -> None:
    init = build_init(find_arch("x86_64"), tmp_path / "init", tmp_path / "log")
    done = subprocess.run([init], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"only for PID 1" in done.stderr


def test_missing_compiler_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    arch = find_arch("arm")
    with pytest.raises(ProgramMissing) as caught:
        build_init(arch, tmp_path / "init", tmp_path / "log")
    assert caught.value.hint == f"apt install {arch.compiler_package}"


def test_failing_compiler_leaves_no_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arch = find_arch("arm")
    compiler = tmp_path / "bin" / f"{arch.cross_compile}gcc"
    compiler.parent.mkdir()
    compiler.write_text("#!/bin/sh\necho 'cannot find -lc' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(compiler.parent))
    with pytest.raises(CommandFailed, match="cannot find -lc") as caught:
        build_init(arch, tmp_path / "out" / "init", tmp_path / "log")
    assert caught.value.hint is not None
    assert arch.libc_package in caught.value.hint
    assert not list((tmp_path / "out").iterdir())
