# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests as they end: well, badly, or not at all."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from seriestool.arch import ARCHES, Architecture, find_arch
from seriestool.errors import ExitCode, MachineFault, ProgramMissing
from seriestool.log import QUIET
from seriestool.model.testing import GuestEnd, TestStatus
from seriestool.vm import RUNNERS, qemu
from seriestool.vm.request import BootRequest
from tests.vm.conftest import FakeQemu


@pytest.fixture
def request_(tmp_path: Path) -> BootRequest:
    for name in ("kernel", "initrd"):
        (tmp_path / name).write_bytes(b"not looked at")
    return make_request(find_arch("arm"), tmp_path)


def make_request(arch: Architecture, place: Path, timeout: float = 20) -> BootRequest:
    return BootRequest(
        arch, place / "kernel", place / "initrd", ("guard", "other"), place / "logs, and more", timeout=timeout
    )


def test_whole_verdict(request_: BootRequest, fake_qemu: FakeQemu) -> None:
    fake_qemu("complete")
    result = qemu.boot(request_, QUIET)
    assert (result.end, result.reason, result.accelerator) == (GuestEnd.COMPLETE, "complete", "tcg")
    assert [(test.name, test.status) for test in result.tests] == [
        ("guard", TestStatus.PASS),
        ("other", TestStatus.PASS),
    ]
    assert result.kernel.startswith("5.10.0: Linux version")
    console = Path(result.console_log).read_text()
    assert console.startswith(f"$ {result.command}\n")
    assert "Power down" in console


@pytest.mark.parametrize(
    ("record", "end", "reason"),
    [
        ("panic", "exit 0", "kernel panic: No working init found."),
        ("panic-in-a-test", "exit 0", "kernel panic: Fatal exception, half a result: 1 of 2 tests"),
        ("early-end", "exit 0", "ended without a verdict"),
        ("half-a-result", "exit 0", "half a result: 1 of 2 tests"),
        ("half-a-result", "exec sleep 60", "no end after 1 s, half a result: 1 of 2 tests"),
        ("early-end", "exec sleep 60", "no end after 1 s"),
        ("silent", "exec sleep 60", "no console output, no end after 1 s"),
        ("silent", "exit 0", "no console output"),
        ("another-boot", "exit 0", "a verdict of another boot: '0123456789abcdef' instead of "),
        ("other-tests", "exit 0", "half a result: guard, another instead of guard, other"),
        ("cannot-start", "exit 1", "QEMU exit status 1: qemu-system-arm: could not load kernel"),
        ("early-end", "kill -ABRT $$", "QEMU exit status 134: "),
    ],
)
def test_lost_guest(record: str, end: str, reason: str, tmp_path: Path, fake_qemu: FakeQemu) -> None:
    fake_qemu(record, end)
    for name in ("kernel", "initrd"):
        (tmp_path / name).touch()
    limit = 1 if "sleep" in end else 20
    result = qemu.boot(make_request(find_arch("arm"), tmp_path, limit), QUIET)
    assert result.end is GuestEnd.LOST
    assert result.reason.startswith(reason)
    assert Path(result.console_log).is_file()
    assert result.seconds < limit + 3


def test_verdict_counts_although_the_guest_stumbles_at_power_off(request_: BootRequest, fake_qemu: FakeQemu) -> None:
    fake_qemu("panic-at-power-off")
    result = qemu.boot(request_, QUIET)
    assert result.end is GuestEnd.COMPLETE
    assert result.reason == "complete, then kernel panic: Attempted to kill init!"


def test_verdict_of_an_earlier_boot_is_not_taken(request_: BootRequest, fake_qemu: FakeQemu) -> None:
    fake_qemu("complete")
    qemu.boot(request_, QUIET)
    fake_qemu("early-end", 'rm -f "$verdict"')
    result = qemu.boot(request_, QUIET)
    assert (result.end, result.reason) == (GuestEnd.LOST, "ended without a verdict")
    assert Path(result.console_log).read_text().count("$ qemu") == 1


def test_console_flood_is_bounded(request_: BootRequest, fake_qemu: FakeQemu) -> None:
    fake_qemu("early-end", "while :; do cat /dev/zero | head -c 4000000 | tr '\\0' x; done")
    result = qemu.boot(request_, QUIET)
    assert result.reason == "more than 16 MiB on the console"
    assert Path(result.console_log).stat().st_size < qemu.MAX_CONSOLE + (1 << 20)


def test_guest_gets_nothing_of_the_host(request_: BootRequest) -> None:
    command = qemu.command(request_)
    options = dict(pairwise(command))
    assert options["-nic"] == "none"
    assert options["-m"] == "512"
    assert options["-smp"] == "2"
    assert "-no-reboot" in command
    assert "-nodefaults" in command
    assert options["-append"] == f"console=ttyAMA0 panic=-1 seriestool.nonce={request_.nonce}"
    assert not any("virtfs" in word or "-drive" in word for word in command)
    # A comma in a path is no option of QEMU's.
    assert any(word.startswith("file,id=verdict") and word.endswith("logs,, and more/verdict.log") for word in command)


def test_no_two_boots_share_a_nonce(tmp_path: Path) -> None:
    arch = find_arch("arm")
    assert make_request(arch, tmp_path).nonce != make_request(arch, tmp_path).nonce


@pytest.mark.parametrize("arch", ARCHES, ids=lambda arch: arch.name)
def test_missing_qemu_names_its_package(
    arch: Architecture, request_: BootRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing) as caught:
        qemu.boot(make_request(arch, tmp_path), QUIET)
    assert caught.value.program == arch.qemu
    assert caught.value.hint == f"apt install {arch.qemu_package}"


def test_missing_kernel_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineFault, match=r"no such file: .*kernel"):
        qemu.boot(make_request(find_arch("arm"), tmp_path), QUIET)


def test_interrupt_leaves_no_guest_behind(request_: BootRequest, tmp_path: Path, fake_qemu: FakeQemu) -> None:
    pids = fake_qemu("early-end", 'sleep 60 & echo $! >>"$(dirname "$0")/../pids"; trap \'\' TERM; wait; sleep 60')
    script = (
        "import sys; from pathlib import Path; from seriestool.arch import find_arch; from seriestool.log import QUIET;"
        "from seriestool.vm import qemu; from tests.vm.test_qemu import make_request;"
        "qemu.boot(make_request(find_arch('arm'), Path(sys.argv[1]), 60), QUIET)"
    )
    root = Path(__file__).resolve().parents[2]
    tool = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and not (pids.exists() and len(pids.read_text().split()) == 2):
        time.sleep(0.02)
    tool.send_signal(signal.SIGINT)
    assert tool.wait(timeout=15) in {-signal.SIGINT, ExitCode.INTERRUPTED}
    children = [int(pid) for pid in pids.read_text().split()]
    assert len(children) == 2
    assert not [pid for pid in children if alive(pid)]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_command_can_be_pasted(request_: BootRequest, fake_qemu: FakeQemu) -> None:
    fake_qemu("complete")
    result = qemu.boot(request_, QUIET)
    request_.verdict_log.unlink()
    again = subprocess.run(["sh", "-c", result.command], capture_output=True, check=True)
    assert b"Power down" in again.stdout
    assert request_.nonce.encode() in request_.verdict_log.read_bytes()
    assert shlex.split(result.command) == qemu.command(request_)


def test_runners_have_names() -> None:
    assert dict(RUNNERS) == {"qemu": qemu.boot}


@pytest.mark.kernel
@pytest.mark.parametrize("arch", ARCHES, ids=lambda arch: arch.name)
def test_real_qemu_understands_the_command(arch: Architecture, tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(os.urandom(4096))
    (tmp_path / "initrd").write_bytes(b"")
    result = qemu.boot(make_request(arch, tmp_path, 2), QUIET)
    assert result.end is GuestEnd.LOST
    # A board without firmware starts whatever it is given; a PC looks for a kernel's header first.
    assert result.reason.startswith("no console output") or "kernel" in result.reason
