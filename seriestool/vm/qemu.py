# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a guest in QEMU and read its verdict (options: qemu-system(1)).

The guest gets a kernel, an initramfs, a serial console and one virtio-serial port; no disk, no network, no directory
of the host. It ends by switching itself off, by a panic (``panic=-1`` reboots at once, ``-no-reboot`` makes that
QEMU's end), or at the limits set here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.errors import CommandTimedOut, MachineFault, ProgramMissing
from seriestool.formats.verdict import LostGuest, VerdictStream, read_verdict
from seriestool.log import Progress, Task
from seriestool.model.testing import GuestEnd, GuestResult
from seriestool.vm.request import BootRequest

VERDICT_PORT = "org.seriestool.verdict"  # guest/init.c looks for this name
MAX_CONSOLE = 16 << 20  # bytes; a healthy boot with the perf_events selftests prints some ten kilobytes
MAX_VERDICT = 64 << 20  # bytes; the init cuts each test's output at one MiB

_MEMORY = "512"  # MiB
_CPUS = "2"
_PANIC = re.compile(rb"Kernel panic - not syncing: [^\r\n]*")
_RESULT_LINE = re.compile(rb"^(?:not )?ok \d+ ", re.MULTILINE)


def machine(arch: Architecture, accelerator: str) -> list[str]:
    """Return the part of QEMU's command line that is the same for every guest of *arch*; console on its stdout."""
    return [
        arch.qemu, "-no-user-config", "-nodefaults", "-no-reboot",
        "-machine", arch.qemu_machine, "-cpu", arch.qemu_cpu, "-accel", accelerator, "-smp", _CPUS, "-m", _MEMORY,
        "-display", "none", "-monitor", "none", "-nic", "none",
        "-chardev", "stdio,id=console,signal=on", "-serial", "chardev:console",
    ]  # fmt: skip


def command(request: BootRequest) -> list[str]:
    """Return QEMU's whole command line for *request*."""
    verdict = str(request.verdict_log.absolute()).replace(",", ",,")  # qemu(1): a comma in a value is doubled
    return [
        *machine(request.arch, request.accelerator),
        "-chardev", f"file,id=verdict,path={verdict}",
        "-device", request.arch.virtio_serial_device,
        "-device", f"virtserialport,chardev=verdict,name={VERDICT_PORT}",
        "-kernel", str(request.kernel), "-initrd", str(request.initrd),
        "-append", f"console={request.arch.console} panic=-1 seriestool.nonce={request.nonce}",
    ]  # fmt: skip


def boot(request: BootRequest, progress: Progress) -> GuestResult:
    """Boot one guest, wait for its end or its limit, and return what it said.

    A guest without a whole verdict is a lost guest, with the reason; so is one whose QEMU failed. Raises
    ProgramMissing (naming the Debian package) and MachineFault (the logs cannot be written, a file is missing).
    """
    _prepare(request)
    started = time.monotonic()
    with progress.task(f"boot {request.arch.name}", total=len(request.tests), unit="tests") as task:
        end = _run(request, _Watch(task))
    seconds = time.monotonic() - started
    stream = _read(request.verdict_log, MAX_VERDICT)
    verdict = read_verdict(stream, request.nonce)
    names = tuple(test.name for test in verdict.tests)
    complete = isinstance(verdict, VerdictStream) and names == request.tests
    return GuestResult(
        end=GuestEnd.COMPLETE if complete else GuestEnd.LOST,
        reason=_reason(request, verdict, end, _read(request.console_log, MAX_CONSOLE + (1 << 20))),
        tests=verdict.tests,
        kernel=verdict.kernel,
        seconds=seconds,
        accelerator=request.accelerator,
        command=proc.command_line(command(request)),
        console_log=str(request.console_log),
    )


@dataclass(frozen=True, slots=True)
class _End:
    """How QEMU ended: its status, None at a limit; ``output`` is how many bytes came on its stdout and stderr."""

    status: int | None
    output: int
    limit: str | None = None


class _Watch:
    """Listens to the console: for progress, and until it is too much."""

    def __init__(self, task: Task) -> None:
        self.seen = 0
        self._task = task

    def __call__(self, chunk: bytes) -> None:
        self.seen += len(chunk)
        self._task.advance(len(_RESULT_LINE.findall(chunk)))
        if self.seen > MAX_CONSOLE:
            raise proc.StopReading


def _prepare(request: BootRequest) -> None:
    for path in (request.kernel, request.initrd):
        if not path.is_file():
            raise MachineFault(f"no such file: {path}")
    try:
        request.directory.mkdir(parents=True, exist_ok=True)
        # What an earlier boot left here must not be taken for this one's.
        for path in (request.console_log, request.verdict_log):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise MachineFault(f"{request.directory}: {error.strerror}") from error


def _run(request: BootRequest, watch: _Watch) -> _End:
    log, limit = request.console_log, request.timeout
    try:
        done = proc.run(command(request), timeout=limit, log=log, on_output=watch, check=False)
    except CommandTimedOut:
        return _End(None, watch.seen, f"no end after {limit:g} s")
    except ProgramMissing as error:
        raise ProgramMissing(error.program, hint=f"apt install {request.arch.qemu_package}") from error
    if watch.seen > MAX_CONSOLE:
        return _End(None, watch.seen, f"more than {MAX_CONSOLE >> 20} MiB on the console")
    return _End(done.status, watch.seen)


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise MachineFault(f"{path}: {error.strerror}") from error


def _reason(request: BootRequest, verdict: VerdictStream | LostGuest, end: _End, console: bytes) -> str:
    """Say in one line how the guest ended; the first thing that went wrong comes first."""
    panic = _PANIC.search(console)
    tries: tuple[Callable[[], str | None], ...] = (
        lambda: panic and "kernel panic: " + panic[0].decode("utf-8", "replace").partition(": ")[2],
        lambda: _failure(end, console),
        lambda: None if end.output else "no console output",
        lambda: end.limit,
    )
    seen = [said for attempt in tries if (said := attempt())]
    names = tuple(test.name for test in verdict.tests)
    if isinstance(verdict, LostGuest):
        # Silence is what any of the other reasons leads to; it is worth saying only where there is none.
        seen += [str(verdict)] if verdict.tests or not seen else []
    elif names != request.tests:
        seen.append(f"half a result: {', '.join(names)} instead of {', '.join(request.tests)}")
    else:
        seen = ["complete", *(f"then {what}" for what in seen)]
    return ", ".join(seen)


def _failure(end: _End, console: bytes) -> str | None:
    """Name QEMU's own failure: it says "<program>: <what>" and exits with 1, or is killed."""
    if not end.status:
        return None
    lines = [line for line in console.decode("utf-8", "replace").splitlines()[1:] if line.strip()]
    return f"QEMU exit status {end.status}" + (f": {lines[-1].strip()[:200]}" if lines else "")
