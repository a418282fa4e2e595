# SPDX-License-Identifier: GPL-2.0-or-later
"""The boot and selftest stages: the guard on every kernel, the series' own selftests on those that have them.

Each stage has a guest of its own, so that a selftest which takes the kernel down cannot take the guard's verdict along.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from seriestool.arch import Architecture
from seriestool.build.kbuild import toolchain
from seriestool.build.selftests import build_guard
from seriestool.errors import MachineFault
from seriestool.formats.patch import parse_diff
from seriestool.model.run import KernelState, Stage, StageResult, Status
from seriestool.model.testing import GuestEnd, GuestResult, TestResult, TestStatus
from seriestool.pipeline.context import Context
from seriestool.places import data_dirs
from seriestool.vm.accel import choose_accelerator
from seriestool.vm.image import GuestTest, build_init, init_source, make_guest_image
from seriestool.vm.qemu import boot
from seriestool.vm.request import BootRequest

GUARD = "siginfo"
_GUARD_FILE = f"tools/testing/selftests/{GUARD}/{GUARD}.c"
_GUARD_LIMIT = 30  # seconds of the guest's clock; the guard itself gives up after ten
_SELFTEST_LIMIT = 120
# Seconds of wall clock that booting may take on top of the tests' own limits; under emulation it takes one or two.
_BOOT_LIMIT = 60
# Part of every key: raise it when the guest or the way it is started changes what a test can see.
_RECIPE = "guest 1"


@dataclass(frozen=True)
class GuestKit:
    """What every guest of one arch holds: our init and the guard, built once for their sources and compiler."""

    ctx: Context
    arch: Architecture
    log: Path

    @cached_property
    def key(self) -> str:
        """Identify init, guard, compiler and recipe."""
        return digest(_RECIPE, self.arch.name, *toolchain(self.arch), init_source(), self._guard_source)

    @cached_property
    def init(self) -> Path:
        """The init, compiled."""
        return self._made("init", lambda out: build_init(self.arch, out, self.log))

    @cached_property
    def guard(self) -> Path:
        """The guard, compiled static."""
        return self._made(GUARD, lambda out: build_guard(self._guard_source, self.arch, out, self.log))

    @cached_property
    def _guard_source(self) -> bytes:
        return guard_source(data_dirs(self.ctx.workspace, "patches/siginfo-guard"))

    def _made(self, name: str, make: Callable[[Path], Path]) -> Path:
        path = self.ctx.cache.artifacts / f"guest-{self.arch.name}-{self.key[:16]}" / name
        return path if path.is_file() else make(path)


def guard_source(places: Sequence[Path]) -> bytes:
    """Return the C source of the guard: the file that the first patch of siginfo-guard adds.

    Raises MachineFault for an installation without it.
    """
    for place in places:
        for path in sorted(place.glob("0001-*.patch")):
            for file in parse_diff(path.read_bytes()):
                if file.path == _GUARD_FILE:
                    return b"".join(line for hunk in file.hunks for line in hunk.new)
    raise MachineFault("the siginfo guard is missing from this installation", hint="install seriestool again")


@dataclass(frozen=True, slots=True)
class GuestJob:
    """One guest to start: *tests* on *kernel*, under *key* if a result may be taken from an earlier run."""

    stage: Stage
    state: KernelState
    tree: str
    commit: str
    kernel: Path
    tests: tuple[GuestTest, ...]
    key: str
    directory: Path


def run_guest(kit: GuestKit, job: GuestJob) -> StageResult:
    """Start one guest and judge what it said: FAILED for a test that failed, ERROR for a lost guest."""
    ctx = kit.ctx
    accelerator = choose_accelerator(
        kit.arch, kernel=job.kernel, cache=ctx.cache.root / "accelerators.json", progress=ctx.progress,
        forced=ctx.accelerator,
    )  # fmt: skip
    initrd = make_guest_image(kit.init, job.tests, job.directory / "initrd.cpio")
    result = boot(
        BootRequest(
            arch=kit.arch,
            kernel=job.kernel,
            initrd=initrd,
            tests=tuple(test.name for test in job.tests),
            directory=job.directory,
            accelerator=accelerator,
            timeout=_BOOT_LIMIT + sum(test.timeout for test in job.tests),
        ),
        ctx.progress,
    )
    return StageResult(
        stage=job.stage,
        status=_status(result),
        detail=_detail(result),
        seconds=result.seconds,
        tree=job.tree,
        arch=kit.arch.name,
        state=job.state,
        commit=job.commit,
        key=job.key,
        command=result.command,
        log=str(Path(result.console_log).relative_to(ctx.workspace.state)),
        tests=result.tests,
    )


def guard_tests(kit: GuestKit) -> tuple[GuestTest, ...]:
    """Return the guard as the one test of a guest."""
    return (GuestTest(name=GUARD, program=kit.guard, timeout=_GUARD_LIMIT),)


def selftest(program: Path, suite: str, files: Sequence[Path] = ()) -> GuestTest:
    """Return one program of a kselftest directory as a test, named as kselftest names it: "suite:program"."""
    return GuestTest(name=f"{suite}:{program.name}", program=program, timeout=_SELFTEST_LIMIT, files=tuple(files))


def guest_key(kit: GuestKit, image_key: str, tests: Sequence[GuestTest]) -> str:
    """Identify everything that can change what a guest says: kernel, init, and the bytes of its tests."""
    contents = [part for test in tests for part in (test.list_line, test.program.read_bytes())]
    return digest(kit.key, image_key, *contents)


def _status(result: GuestResult) -> Status:
    if result.end is GuestEnd.LOST:
        return Status.ERROR
    bad = any(leaf.status in (TestStatus.FAIL, TestStatus.ERROR) for leaf in _leaves(result.tests))
    return Status.FAILED if bad else Status.PASSED


def _detail(result: GuestResult) -> str:
    if result.end is GuestEnd.LOST:
        return f"lost guest: {result.reason}"
    leaves = _leaves(result.tests)
    counts = [(sum(leaf.status is status for leaf in leaves), status) for status in TestStatus]
    return ", ".join(f"{count} {status}" for count, status in counts if count) or "booted"


def _leaves(tests: Sequence[TestResult]) -> tuple[TestResult, ...]:
    return tuple(leaf for test in tests for leaf in test.leaves())


def digest(*parts: str | bytes) -> str:
    """Return a key made of *parts*: hashed with their lengths, so that no two lists run into each other."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(f"{len(data)}:".encode() + data)
    return total.hexdigest()
