# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard, user-space headers, and the tree's own selftests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.arch import find_arch
from seriestool.build.kernel import KernelRequest
from seriestool.build.selftests import SelftestEnd, SelftestRequest, build_guard, build_selftests, install_headers
from seriestool.errors import CommandFailed, MachineFault, ProgramMissing, UsageError
from tests.fakebin import FakeBin

ARM = find_arch("arm")


@pytest.fixture
def selftest(request_arm: KernelRequest, tmp_path: Path) -> SelftestRequest:
    """Return a request for the fake tree's directory "sample"."""
    return SelftestRequest(
        source=request_arm.source, name="sample", arch=ARM, headers=tmp_path / "headers/include",
        out=tmp_path / "selftests/sample", log=request_arm.log, jobs=2,
    )  # fmt: skip


def sample(request: SelftestRequest) -> Path:
    return request.source / "tools/testing/selftests/sample"


def test_guard_is_a_static_program_with_its_source_beside_it(fakebin: FakeBin, tmp_path: Path) -> None:
    out = build_guard(b"int main(void) { return 0; }\n", ARM, tmp_path / "guard/siginfo", tmp_path / "log")
    assert os.access(out, os.X_OK)
    assert sorted(path.name for path in out.parent.iterdir()) == ["siginfo", "siginfo.c"]
    command = (tmp_path / "log").read_text().splitlines()[0]
    assert command.startswith("$ arm-linux-gnueabi-gcc") and "-static" in command


def test_guard_that_does_not_compile_names_the_static_libc(fakebin: FakeBin, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        build_guard(b"/* gcc-error: signal.h: No such file */\n", ARM, tmp_path / "siginfo", tmp_path / "log")
    assert "libc6-dev-armel-cross" in str(caught.value.hint)
    assert not (tmp_path / "siginfo").exists()


def test_guard_without_compiler_names_its_package(fakebin: FakeBin, tmp_path: Path) -> None:
    fakebin.remove("arm-linux-gnueabi-gcc")
    with pytest.raises(ProgramMissing) as caught:
        build_guard(b"", ARM, tmp_path / "siginfo", tmp_path / "log")
    assert "gcc-arm-linux-gnueabi" in str(caught.value.hint)


def test_headers_are_those_of_the_tree_and_replace_older_ones(request_arm: KernelRequest, tmp_path: Path) -> None:
    def install() -> Path:
        return install_headers(
            request_arm.source, request_arm.build_dir, ARM, tmp_path / "headers", request_arm.log, jobs=2
        )

    assert install() == tmp_path / "headers/include"
    assert [path.name for path in (install() / "linux").iterdir()] == ["fakeinfo.h"]
    old = request_arm.source / "include/uapi/linux/fakeinfo.h"
    old.rename(old.with_name("newinfo.h"))
    assert [path.name for path in (install() / "linux").iterdir()] == ["newinfo.h"]
    assert [path.name for path in tmp_path.glob("*headers*")] == ["headers"]


def test_failed_headers_leave_the_old_ones(request_arm: KernelRequest, tmp_path: Path) -> None:
    args = (request_arm.source, request_arm.build_dir, ARM, tmp_path / "headers", request_arm.log)
    install_headers(*args)
    (request_arm.source / "Makefile").write_text("headers_install: ; @echo broken >&2; false\n")
    with pytest.raises(CommandFailed, match=r"headers_install.*exit status 2"):
        install_headers(*args)
    assert (tmp_path / "headers/include/linux/fakeinfo.h").is_file()
    assert [path.name for path in tmp_path.glob("*headers*")] == ["headers"]


def test_programs_scripts_and_files_are_told_apart(selftest: SelftestRequest) -> None:
    build = build_selftests(selftest)
    assert build.end is SelftestEnd.BUILT
    assert [str(path.relative_to(selftest.out)) for path in build.programs] == ["first", "second", "third.sh"]
    assert [path.name for path in build.files] == ["data"]
    assert all(os.access(path, os.X_OK) for path in build.programs)
    assert (build.missing, build.errors) == ((), ())


def test_headers_of_the_tree_come_before_the_machine_s_own(selftest: SelftestRequest) -> None:
    build_selftests(selftest)
    calls = [line for line in selftest.log.read_text().splitlines() if line.startswith("arm-linux-gnueabi-gcc")]
    assert len(calls) == 2
    assert all(f"-static -isystem {selftest.headers} -Wall" in call for call in calls)


def test_worktree_is_only_read(selftest: SelftestRequest) -> None:
    before = {path: path.stat().st_mtime_ns for path in selftest.source.rglob("*")}
    build_selftests(selftest)
    assert {path: path.stat().st_mtime_ns for path in selftest.source.rglob("*")} == before


def test_command_can_be_pasted(selftest: SelftestRequest) -> None:
    build = build_selftests(selftest)
    (selftest.out / "first").unlink()
    subprocess.run(["sh", "-c", build.command], check=True, capture_output=True)
    assert (selftest.out / "first").is_file()


def test_directory_that_the_tree_does_not_have_is_absent(selftest: SelftestRequest) -> None:
    build = build_selftests(replace(selftest, name="perf_events"))
    assert (build.end, build.programs) == (SelftestEnd.ABSENT, ())


@pytest.mark.parametrize("name", ["../../../x", "/etc", "", "a/../b"])
def test_name_that_leads_elsewhere_is_refused(selftest: SelftestRequest, name: str) -> None:
    with pytest.raises(UsageError, match="not a directory below tools/testing/selftests"):
        build_selftests(replace(selftest, name=name))


def test_program_that_does_not_compile_is_a_value_and_the_others_are_built(selftest: SelftestRequest) -> None:
    (sample(selftest) / "first.c").write_text("/* gcc-error: 'si_perf' undeclared */\n")
    build = build_selftests(selftest)
    assert build.end is SelftestEnd.FAILED
    assert [path.name for path in build.programs] == ["second", "third.sh"]
    assert build.missing == ("first",)
    assert build.errors == ("first.c:1: 'si_perf' undeclared",)


def test_full_disk_is_no_verdict_about_the_tests(selftest: SelftestRequest) -> None:
    (sample(selftest) / "first.c").write_text("/* gcc-no-space */\n")
    with pytest.raises(MachineFault, match="no space left on device"):
        build_selftests(selftest)


def test_program_for_another_machine_is_missing(selftest: SelftestRequest) -> None:
    makefile = sample(selftest) / "Makefile"
    foreign = r"printf '\177ELF\002\001\001xxxxxxxxxxx\076\000' > $@"  # e_machine 62
    makefile.write_text(makefile.read_text() + f"$(OUTPUT)/first: ; {foreign}\n")
    build = build_selftests(selftest)
    assert build.missing == ("first",)
    assert build.end is SelftestEnd.FAILED


@pytest.mark.parametrize("listed", ["../../../../Makefile", "link", "/etc/passwd"])
def test_file_outside_of_the_test_s_directory_does_not_reach_the_guest(selftest: SelftestRequest, listed: str) -> None:
    (sample(selftest) / "link").symlink_to("/etc/passwd")
    makefile = sample(selftest) / "Makefile"
    makefile.write_text(makefile.read_text().replace("data", f"data {listed}"))
    build = build_selftests(selftest)
    assert [path.name for path in build.files] == ["data"]
    assert not (selftest.out / "link").exists()


def test_files_of_an_earlier_build_are_gone(selftest: SelftestRequest) -> None:
    build_selftests(selftest)
    (sample(selftest) / "Makefile").write_text("TEST_GEN_PROGS := second\ninclude ../lib.mk\n")
    build_selftests(selftest)
    assert [path.name for path in selftest.out.iterdir()] == ["second"]
