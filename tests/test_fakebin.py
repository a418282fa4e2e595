# SPDX-License-Identifier: GPL-2.0-or-later
"""The fakes keep their promises: a kernel of the fake tree, a guest image, and a QEMU that answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.arch import Architecture, find_arch
from seriestool.build.kernel import KernelRequest, build_kernel
from seriestool.log import QUIET
from seriestool.model.testing import GuestEnd, GuestResult, TestStatus
from seriestool.vm.image import GuestTest, build_init, make_guest_image
from seriestool.vm.qemu import boot
from seriestool.vm.request import BootRequest
from tests.fakebin import FakeBin, copy_kernel


@dataclass(frozen=True)
class Bench:
    """A fake tree with fake tools around it."""

    place: Path
    tree: Path
    arch: Architecture

    def boot(self) -> GuestResult:
        """Build the tree and boot it with two tests."""
        fragment = self.place / "base.config"
        fragment.write_text("CONFIG_SMP=y\n")
        log = self.place / "log"
        build_dir, out = self.place / "build", self.place / "out"
        kernel = build_kernel(KernelRequest(self.tree, build_dir, self.arch, (fragment,), out, log))
        assert kernel.image is not None
        program = self.place / "program"
        program.touch(mode=0o755)
        tests = [GuestTest("siginfo", program), GuestTest("perf_events:sigtrap_threads", program)]
        initrd = make_guest_image(build_init(self.arch, self.place / "init", log), tests, self.place / "initrd")
        names = tuple(test.name for test in tests)
        return boot(BootRequest(self.arch, kernel.image, initrd, names, self.place / "boot"), QUIET)


@pytest.fixture(params=["arm", "x86_64"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    FakeBin(tmp_path / "bin", monkeypatch)
    return Bench(tmp_path, copy_kernel(tmp_path / "tree"), find_arch(request.param))


def test_fake_guest_passes(bench: Bench) -> None:
    result = bench.boot()
    assert result.end is GuestEnd.COMPLETE, result.reason
    assert [(test.name, test.status) for test in result.tests] == [
        ("siginfo", TestStatus.PASS), ("perf_events:sigtrap_threads", TestStatus.PASS),
    ]  # fmt: skip


def test_comment_in_the_tree_makes_a_test_fail(bench: Bench) -> None:
    (bench.tree / "kernel/events.c").write_text("/* guest-fails: siginfo */\n")
    result = bench.boot()
    assert [test.status for test in result.tests] == [TestStatus.FAIL, TestStatus.PASS]


def test_comment_in_the_tree_makes_the_guest_panic(bench: Bench) -> None:
    (bench.tree / "kernel/events.c").write_text("/* guest-panics */\n")
    result = bench.boot()
    assert result.end is GuestEnd.LOST
    assert "asked for by a comment" in result.reason
