# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel image from the fake tree: verdicts, faults, and a build dir that outlives both."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.build.kernel import KernelRequest, build_kernel
from seriestool.errors import MachineFault, ProgramMissing
from seriestool.log import Task
from tests.fakebin import FakeBin

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, text: str) -> None:
    """Write a source so that make sees it as changed, however coarse the file system's clock is."""
    path.write_text(text)
    later = time.time() + 1
    os.utime(path, (later, later))


def test_image_and_configuration_are_kept(request_arm: KernelRequest) -> None:
    build = build_kernel(request_arm)
    assert build.ok
    assert build.image == request_arm.out / "zImage"
    assert build.config == request_arm.out / "config"
    assert "arm-linux-gnueabi-gcc" in build.image.read_text()
    assert "CONFIG_SMP=y" in build.config.read_text()
    assert sorted(path.name for path in request_arm.out.iterdir()) == ["config", "zImage"]


def test_identity_of_builder_machine_and_time_is_fixed(request_x86: KernelRequest) -> None:
    build = build_kernel(request_x86)
    assert build.image is not None
    assert build.image.read_text().splitlines()[-1] == (
        "Linux 5.10.999 x86_64 seriestool@seriestool #1 1970-01-01 00:00:00 UTC"
    )


def test_same_tree_gives_same_bytes_in_another_build_dir(request_arm: KernelRequest, tmp_path: Path) -> None:
    one = build_kernel(request_arm)
    two = build_kernel(replace(request_arm, build_dir=tmp_path / "build2", out=tmp_path / "out2"))
    assert one.image is not None and two.image is not None
    assert one.image.read_bytes() == two.image.read_bytes()


def test_second_identical_build_compiles_and_configures_nothing(request_arm: KernelRequest, fakebin: FakeBin) -> None:
    build_kernel(request_arm)
    compiled, log = fakebin.compiled(), request_arm.log.read_text()
    again = build_kernel(request_arm)
    assert again.ok
    assert sorted(compiled) == ["events.c", "main.c", "signal.c"]
    assert fakebin.compiled() == compiled
    assert "config" not in request_arm.log.read_text().removeprefix(log)


def test_only_what_changed_is_compiled_again(request_arm: KernelRequest, fakebin: FakeBin) -> None:
    build_kernel(request_arm)
    before = len(fakebin.compiled())
    write(request_arm.source / "kernel/events.c", "int changed;\n")
    build = build_kernel(request_arm)
    assert fakebin.compiled()[before:] == ["events.c"]
    assert build.image is not None and "int changed" in build.image.read_text()


def test_worktree_is_only_read(request_arm: KernelRequest) -> None:
    before = snapshot(request_arm.source)
    build_kernel(request_arm)
    assert snapshot(request_arm.source) == before


def snapshot(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_log_holds_each_command_ready_to_paste(request_arm: KernelRequest) -> None:
    build = build_kernel(request_arm)
    commands = [line[2:] for line in request_arm.log.read_text().splitlines() if line.startswith("$ ")]
    assert [command.split()[-1] for command in commands] == ["tinyconfig", "olddefconfig", "zImage"]
    assert commands[-1] == build.command
    shutil.rmtree(request_arm.build_dir)
    for command in commands:
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert (request_arm.build_dir / "arch/arm/boot/zImage").is_file()


def test_warnings_are_those_of_the_whole_kernel_whatever_was_compiled(request_arm: KernelRequest) -> None:
    expected = ("kernel/signal.c: warning: 'fake_unused' defined but not used",)
    assert build_kernel(request_arm).warnings == expected
    write(request_arm.source / "kernel/events.c", "int x; /* gcc-warning: strange x */\n")
    assert build_kernel(request_arm).warnings == ("kernel/events.c: warning: strange x", *expected)
    write(request_arm.source / "kernel/events.c", "int x;\n")
    assert build_kernel(request_arm).warnings == expected


def test_compile_error_is_a_verdict_with_file_and_line(request_arm: KernelRequest) -> None:
    write(request_arm.source / "kernel/events.c", "int x;\nint y /* gcc-error: expected ';' before 'int' */\n")
    build = build_kernel(request_arm)
    assert not build.ok
    assert build.image is None
    assert build.errors == ("kernel/events.c:2: expected ';' before 'int'",)
    assert not request_arm.out.exists()


def test_after_a_compile_error_the_build_dir_serves_the_next_state(request_arm: KernelRequest) -> None:
    good = (request_arm.source / "kernel/events.c").read_text()
    write(request_arm.source / "kernel/events.c", "int y /* gcc-error: no */\n")
    assert not build_kernel(request_arm).ok
    write(request_arm.source / "kernel/events.c", good)
    assert build_kernel(request_arm).ok


def test_broken_kconfig_file_is_a_verdict(request_arm: KernelRequest) -> None:
    write(request_arm.source / "Kconfig", "config SMP\nnonsense\n")
    build = build_kernel(request_arm)
    assert not build.ok
    assert build.errors == ("Kconfig:2: syntax error",)


def test_make_that_fails_in_its_own_words_is_a_verdict(request_arm: KernelRequest) -> None:
    makefile = request_arm.source / "Makefile"
    write(makefile, makefile.read_text() + "\n$(O)/vmlinux: kernel/forgotten.o\n")
    build = build_kernel(request_arm)
    assert not build.ok
    assert build.errors[0].startswith("No rule to make target 'kernel/forgotten.o'")


@pytest.mark.parametrize(
    ("program", "package"),
    [("arm-linux-gnueabi-gcc", "gcc-arm-linux-gnueabi"), ("gcc", "gcc"), ("make", "make"), ("flex", "flex")],
)
def test_missing_program_names_its_package(
    request_arm: KernelRequest, fakebin: FakeBin, program: str, package: str
) -> None:
    fakebin.remove(program)
    with pytest.raises(ProgramMissing) as caught:
        build_kernel(request_arm)
    assert caught.value.program == program
    assert f"apt install {package}," in str(caught.value.hint)


def test_program_that_only_make_misses_is_a_fault_too(request_arm: KernelRequest) -> None:
    makefile = request_arm.source / "Makefile"
    write(makefile, makefile.read_text().replace("@cat $(objects)", "@lz4 < /dev/null && cat $(objects)"))
    with pytest.raises(ProgramMissing) as caught:
        build_kernel(request_arm)
    assert caught.value.program == "lz4"


@pytest.mark.parametrize(
    ("marker", "said"), [("gcc-no-space", "no space left on device"), ("gcc-crash", "compiler crashed")]
)
def test_fault_of_the_machine_is_no_verdict(request_arm: KernelRequest, marker: str, said: str) -> None:
    good = (request_arm.source / "kernel/events.c").read_text()
    write(request_arm.source / "kernel/events.c", f"/* {marker} */\n")
    with pytest.raises(MachineFault, match=said):
        build_kernel(request_arm)
    write(request_arm.source / "kernel/events.c", good)
    assert build_kernel(request_arm).ok


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_full_disk_is_a_fault_and_costs_nothing_that_was_finished(request_arm: KernelRequest, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    with _tmpfs(small, "256k"):
        request = replace(request_arm, build_dir=small / "build", out=small / "out")
        filler = small / "filler"
        build_kernel(request)
        with filler.open("wb") as file, pytest.raises(OSError, match="No space"):
            while True:
                os.write(file.fileno(), bytes(4096))
        write(request.source / "kernel/events.c", "x" * 8192)
        with pytest.raises(MachineFault, match=r"(?i)no space left"):
            build_kernel(request)
        filler.unlink()
        build = build_kernel(request)
        assert build.image is not None and "x" * 8192 in build.image.read_text()


@contextmanager
def _tmpfs(place: Path, size: str) -> Iterator[None]:
    mount = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)],
        capture_output=True, text=True, check=False,
    )
    if mount.returncode:
        pytest.skip(f"no tmpfs here: {mount.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(place)], check=True)


_BUILD = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from seriestool.arch import find_arch
from seriestool.build.kernel import KernelRequest, build_kernel
try:
    build_kernel(KernelRequest(source=Path({source!r}), build_dir=Path({build_dir!r}), arch=find_arch("arm"),
                 fragments=(Path({fragment!r}),), out=Path({out!r}), log=Path({log!r}), jobs=2))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_killed_build_leaves_no_child_and_a_build_dir_that_is_right_again(
    request_arm: KernelRequest, fakebin: FakeBin, number: signal.Signals
) -> None:
    events = request_arm.source / "kernel/events.c"
    build_kernel(request_arm)
    events.write_text("/* gcc-hangs */\n")
    child = _start_build(request_arm)
    _wait(lambda: bool(fakebin.hanging()))
    child.send_signal(number)
    assert child.wait(timeout=20) in (130, -number)
    _wait(lambda: not any(_alive(pid) for pid in fakebin.hanging()))
    # The clock of what is left must not hide the new state: a half object is newer than its source.
    (request_arm.build_dir / "kernel/events.o").write_text("half\n")
    events.write_text("int whole;\n")
    past = time.time() - 10
    os.utime(events, (past, past))
    build = build_kernel(request_arm)
    assert build.image is not None
    assert "int whole" in build.image.read_text()
    assert "half" not in build.image.read_text()
    assert build.warnings == ("kernel/signal.c: warning: 'fake_unused' defined but not used",)


def _start_build(request: KernelRequest) -> subprocess.Popen[bytes]:
    script = _BUILD.format(
        root=str(ROOT), source=str(request.source), build_dir=str(request.build_dir),
        fragment=str(request.fragments[0]), out=str(request.out), log=str(request.log),
    )  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline, "waited for nothing"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_warnings_of_a_killed_build_are_not_forgotten(request_arm: KernelRequest, fakebin: FakeBin) -> None:
    events = request_arm.source / "kernel/events.c"
    events.write_text("/* gcc-hangs */\n")
    child = _start_build(request_arm)
    _wait(lambda: bool(fakebin.hanging()) and (request_arm.build_dir / "kernel/.signal.o.cmd").exists())
    child.kill()
    child.wait(timeout=20)
    write(events, "int whole;\n")
    before = fakebin.compiled().count("signal.c")
    assert build_kernel(request_arm).warnings == ("kernel/signal.c: warning: 'fake_unused' defined but not used",)
    assert fakebin.compiled().count("signal.c") == before


def test_build_dir_in_use_is_a_fault(request_arm: KernelRequest) -> None:
    build_kernel(request_arm)
    with (request_arm.build_dir / ".seriestool/lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(MachineFault, match="another seriestool builds in"):
            build_kernel(request_arm)
    assert build_kernel(request_arm).ok


class _Recorder:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.totals: list[float | None] = []
        self.steps = 0.0
        self.last = ""

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        self.totals.append(total)
        yield self

    def note(self, message: str) -> None:
        raise AssertionError(message)

    def advance(self, amount: float = 1) -> None:
        self.steps += amount

    def describe(self, detail: str) -> None:
        self.last = detail


def test_progress_counts_steps_and_knows_their_number_the_next_time(request_arm: KernelRequest, tmp_path: Path) -> None:
    progress = _Recorder()
    build_kernel(request_arm, progress)
    log = request_arm.log.read_text()
    made = len(re.findall(r"^  [A-Z]", log[log.rindex("\n$ ") :], re.M))
    assert progress.steps == made == 5  # three objects, vmlinux, zImage
    assert progress.last == "arch/arm/boot/zImage"
    write(request_arm.source / "kernel/events.c", "int x /* gcc-error: no */\n")
    build_kernel(request_arm, progress)
    build_kernel(request_arm, progress)
    assert progress.totals == [3.0, 5.0, 5.0]  # first a guess by the one symbol that is set
