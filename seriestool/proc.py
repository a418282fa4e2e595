# SPDX-License-Identifier: GPL-2.0-or-later
"""The one door through which processes are started (git's own goes through GitPython in ``git/``).

Every child gets an environment built from scratch, its own process group, and a wall-clock limit where one is given;
whatever ends this process first takes the group with it: an exception or Ctrl-C kills it, and a killed parent
makes the kernel send SIGTERM to the child (prctl(2), PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import IO

from seriestool.errors import CommandFailed, CommandTimedOut, MachineFault, ProgramMissing

# What a child may know of the caller's environment: where programs, caches and the network are. Nothing that changes
# the result of a build (CFLAGS, ARCH, MAKEFLAGS, LC_*, GIT_*) comes through.
_PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
)  # fmt: skip
_FIXED = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "GIT_TERMINAL_PROMPT": "0"}
_PR_SET_PDEATHSIG = 1
_HELD = (signal.SIGINT, signal.SIGTERM)  # held back while a child starts
_GRACE = 3.0  # seconds between SIGTERM and SIGKILL to a group
_QUIET_END = 0.5  # seconds without output after which an ended child's output counts as complete


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended: ``status`` as the shell counts it (128 + signal), output as bytes, wall time in seconds."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def command(self) -> str:
        """The command line, ready to paste."""
        return shlex.join(self.argv)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Build a child's whole environment: locale and time zone fixed, places and proxies from ours, then *extra*."""
    env = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return env | _FIXED | dict(extra or {})


def command_line(argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Write *argv* the way a person would paste it: ``cd`` and the variables that matter in front."""
    words = [f"{name}={shlex.quote(value)}" for name, value in (env or {}).items()]
    line = " ".join([*words, shlex.join(argv)])
    return f"cd {shlex.quote(str(cwd))} && {line}" if cwd else line


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
    log: Path | None = None,
    on_output: Callable[[bytes], None] | None = None,
    check: bool = True,
    hint: str | None = None,
) -> Completed:
    """Run *argv* to its end and return how it ended.

    *timeout* is in seconds of wall clock. With *log*, the command line and both streams are appended to that file as
    they come. *on_output* is called with each chunk of standard output and standard error; an exception from it
    (``StopReading`` to end without a fault) stops the command. With *check*, another status than 0 raises.

    Raises ProgramMissing, CommandTimedOut, CommandFailed (with *hint*), MachineFault (the log cannot be written).
    """
    started = time.monotonic()
    with _spawn(argv, cwd=cwd, env=env, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL) as child:
        try:
            stdout, stderr, stopped = _pump(
                child, stdin=stdin, timeout=timeout, log=log, on_output=on_output,
                pasted=command_line(argv, cwd=cwd, env=env),
            )  # fmt: skip
        except OSError as error:
            raise MachineFault(f"{shlex.join(argv)}: {error.strerror}: {error.filename or log}") from error
        if stopped:
            _end_group(child)
        status = child.wait()
    done = Completed(tuple(argv), status if status >= 0 else 128 - status, stdout, stderr, time.monotonic() - started)
    if check and done.status and not stopped:
        output = (stderr or stdout).decode("utf-8", "replace")
        raise CommandFailed(done.command, done.status, output, hint=hint)
    return done


class StopReading(Exception):
    """Raised by an ``on_output`` callback that has seen enough: the command is ended and its output kept."""


@contextmanager
def stream(
    argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[IO[bytes]]:
    """Start *argv* and yield its standard output for reading; check its status when the block ends.

    Raises ProgramMissing; CommandFailed when the block ended well and the command did not.
    """
    with _spawn(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stderr=None) as child:
        assert child.stdout is not None
        yield child.stdout
        child.stdout.close()
        status = child.wait()
        if status:
            raise CommandFailed(shlex.join(argv), status, "")


@contextmanager
def _spawn(
    argv: Sequence[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int,
    stderr: int | None = subprocess.PIPE,
) -> Iterator[subprocess.Popen[bytes]]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        child = _start(argv, cwd=cwd, env=env, stdin=stdin, stderr=stderr, mask=before)
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # a Ctrl-C that came meanwhile strikes here
        yield child
    finally:
        _end_group(child)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe:
                pipe.close()


def _start(
    argv: Sequence[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int,
    stderr: int | None,
    mask: set[int | signal.Signals],
) -> subprocess.Popen[bytes]:
    """Start *argv* with the signal *mask*; a Ctrl-C inside Popen would leave a child that nobody knows."""
    _libc()  # loaded here, because the fork must not take the loader's lock

    def prepare() -> None:
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    try:
        return subprocess.Popen(
            argv, cwd=cwd, env=environment(env), stdin=stdin, stdout=subprocess.PIPE, stderr=stderr,
            process_group=0, preexec_fn=prepare,  # noqa: PLW1509  # two system calls, no lock
        )  # fmt: skip
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise MachineFault(f"no such directory: {cwd}") from error
        raise ProgramMissing(argv[0]) from error
    except OSError as error:  # not executable, or of another machine
        raise MachineFault(f"{argv[0]}: {error.strerror}") from error


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End what is left of the child's process group; does nothing to a group that is gone."""
    for number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        try:
            os.killpg(child.pid, number)
        except (ProcessLookupError, PermissionError):
            break  # gone; or all of it is root's, behind sudo, and not ours to end: it is waited for
        deadline = time.monotonic() + (grace or 0)
        while time.monotonic() < deadline and _group_alive(child):
            time.sleep(0.01)
    child.wait()


def _group_alive(child: subprocess.Popen[bytes]) -> bool:
    child.poll()
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _pump(
    child: subprocess.Popen[bytes],
    *,
    stdin: bytes | None,
    timeout: float | None,
    log: Path | None,
    on_output: Callable[[bytes], None] | None,
    pasted: str,
) -> tuple[bytes, bytes, bool]:
    """Feed *stdin*, read both outputs until they end, and watch the clock; tell whether the callback had enough."""
    deadline = None if timeout is None else time.monotonic() + timeout
    outputs = {child.stdout: bytearray(), child.stderr: bytearray()}
    waiting = memoryview(stdin or b"")
    with DefaultSelector() as selector, _log_file(log, pasted) as record:
        for pipe in outputs:
            assert pipe is not None
            selector.register(pipe, EVENT_READ)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin, EVENT_WRITE)
        while any(pipe in outputs for pipe in _registered(selector)):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise CommandTimedOut(pasted, timeout or 0)
            # A grandchild may keep a pipe open for ever; once the child is gone, silence is the end.
            ended = child.poll() is not None
            events = selector.select(min(_QUIET_END, left or _QUIET_END))
            if not events and ended:
                break
            for key, _ in events:
                if key.fileobj is child.stdin:
                    waiting = _feed(selector, child.stdin, waiting)
                    continue
                chunk = os.read(key.fd, 1 << 16)
                if not chunk:
                    selector.unregister(key.fileobj)
                    continue
                outputs[key.fileobj].extend(chunk)  # type: ignore[index]  # selectors types a file object as Any|int
                record(chunk)
                if on_output is not None:
                    try:
                        on_output(chunk)
                    except StopReading:
                        return bytes(outputs[child.stdout]), bytes(outputs[child.stderr]), True
    try:
        child.wait(None if deadline is None else max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired as error:
        raise CommandTimedOut(pasted, timeout or 0) from error
    return bytes(outputs[child.stdout]), bytes(outputs[child.stderr]), False


def _registered(selector: DefaultSelector) -> list[object]:
    return [key.fileobj for key in selector.get_map().values()]


def _feed(selector: DefaultSelector, pipe: IO[bytes], waiting: memoryview) -> memoryview:
    try:
        waiting = waiting[os.write(pipe.fileno(), waiting[: 1 << 16]) :] if waiting else waiting
    except BrokenPipeError:
        waiting = waiting[:0]  # it does not want the rest; its exit status tells why
    if not waiting:
        selector.unregister(pipe)
        pipe.close()
    return waiting


@contextmanager
def _log_file(path: Path | None, pasted: str) -> Iterator[Callable[[bytes], None]]:
    if path is None:
        yield lambda chunk: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(f"$ {pasted}\n".encode())
        yield lambda chunk: _write_all(file, chunk)


def _write_all(file: IO[bytes], chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]
