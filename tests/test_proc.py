# SPDX-License-Identifier: GPL-2.0-or-later
"""The one door for processes: what comes back, what is stopped, and what is never left behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seriestool import proc
from seriestool.errors import CommandFailed, CommandTimedOut, ExitCode, MachineFault, ProgramMissing

ROOT = Path(__file__).resolve().parent.parent


def wait_for(condition: Callable[[], bool], what: str, limit: float = 10) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit:g} s: {what}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Tell whether *pid* runs; a zombie, which only waits to be counted, does not (proc(5), stat)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def gone(*pids: int) -> Callable[[], bool]:
    return lambda: not any(alive(pid) for pid in pids)


def pid_in(file: Path) -> int:
    """Return the process id that a child writes into *file*."""
    wait_for(lambda: file.is_file() and file.read_text().endswith("\n"), f"{file.name} written")
    return int(file.read_text())


@contextmanager
def another_seriestool(script: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run *script* in a Python of its own, as a program that uses proc."""
    with subprocess.Popen(
        [sys.executable, "-c", f"from seriestool import proc\n{script}"], cwd=ROOT, stderr=subprocess.PIPE
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def test_both_outputs_and_the_status_come_back() -> None:
    done = proc.run(["sh", "-c", "printf out; printf err >&2; exit 7"], check=False)
    assert (done.stdout, done.stderr, done.status) == (b"out", b"err", 7)
    assert done.command == "sh -c 'printf out; printf err >&2; exit 7'"
    assert 0 < done.seconds < 10


def test_a_signal_counts_as_the_shell_counts_it() -> None:
    assert proc.run(["sh", "-c", "kill -KILL $$"], check=False).status == 128 + signal.SIGKILL


def test_a_failure_names_the_command_its_last_line_and_the_hint() -> None:
    with pytest.raises(CommandFailed) as caught:
        proc.run(["sh", "-c", "echo first >&2; echo 'no such symbol' >&2; exit 2"], hint="look there")
    assert caught.value.message.endswith("exit status 2: no such symbol")
    assert caught.value.status == 2
    assert caught.value.hint == "look there"
    assert caught.value.exit_code == ExitCode.CANNOT_TELL


def test_input_larger_than_a_pipe_arrives_whole() -> None:
    text = bytes(range(256)) * 4096
    assert proc.run(["cat"], stdin=text).stdout == text


def test_input_that_nobody_reads_is_no_fault() -> None:
    assert proc.run(["true"], stdin=b"x" * (1 << 20)).status == 0


def test_without_input_a_child_reads_the_end_and_not_our_terminal() -> None:
    assert proc.run(["cat"], timeout=10).stdout == b""


def test_much_output_on_both_pipes_does_not_block() -> None:
    done = proc.run(["sh", "-c", "head -c 500000 /dev/zero; head -c 500000 /dev/zero >&2"], timeout=30)
    assert (len(done.stdout), len(done.stderr)) == (500000, 500000)


def test_the_environment_is_built_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CFLAGS", "ARCH", "CROSS_COMPILE", "MAKEFLAGS", "KBUILD_OUTPUT", "LANGUAGE", "GIT_DIR", "PYTHONPATH"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    env = json.loads(proc.run([sys.executable, "-c", script], env={"ARCH": "arm"}).stdout)
    assert "ours" not in env.values()
    assert env["ARCH"] == "arm"
    assert (env["LC_ALL"], env["TZ"]) == ("C.UTF-8", "UTC")
    assert env["https_proxy"] == "http://proxy.example:3128"
    assert env["HOME"] == os.environ["HOME"]


def test_a_missing_program_is_named_with_what_installs_it() -> None:
    with pytest.raises(ProgramMissing) as caught:
        proc.run(["no-such-compiler-gcc"])
    assert caught.value.program == "no-such-compiler-gcc"
    assert caught.value.message == "program not found: no-such-compiler-gcc"
    assert "doctor" in (caught.value.hint or "")


def test_a_missing_directory_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(MachineFault, match="no such directory"):
        proc.run(["true"], cwd=tmp_path / "gone")


def test_a_file_that_is_no_program_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(MachineFault, match="Permission denied"):
        proc.run([str(script)])


def test_a_child_is_stopped_at_its_limit() -> None:
    started = time.monotonic()
    with pytest.raises(CommandTimedOut, match=r"sleep 60: no end after 0\.2 s"):
        proc.run(["sleep", "60"], timeout=0.2)
    assert time.monotonic() - started < 5


def test_the_limit_also_stops_a_child_that_closed_its_outputs(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(CommandTimedOut):
        proc.run(["sh", "-c", f"echo $$ >{pid}; exec >&- 2>&- sleep 60"], timeout=0.5)
    assert gone(pid_in(pid))()


def test_the_limit_also_stops_a_child_that_never_stops_writing() -> None:
    with pytest.raises(CommandTimedOut):
        proc.run(["sh", "-c", "while :; do echo; sleep 0.05; done"], timeout=0.5)


def test_a_child_that_ignores_the_polite_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "_GRACE", 0.3)
    pid = tmp_path / "pid"
    with pytest.raises(CommandTimedOut):
        proc.run(["sh", "-c", f"trap '' TERM; echo $$ >{pid}; while :; do sleep 0.1; done"], timeout=0.5)
    assert gone(pid_in(pid))()


def test_the_limit_takes_the_grandchildren_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(CommandTimedOut):
        proc.run(["sh", "-c", f"sleep 60 & echo $! >{pid}; wait"], timeout=0.5)
    wait_for(gone(pid_in(pid)), "grandchild gone")


def test_a_grandchild_that_keeps_the_pipes_does_not_keep_us(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    started = time.monotonic()
    done = proc.run(["sh", "-c", f"sleep 60 & echo $! >{pid}; echo done"], timeout=30)
    assert done.stdout == b"done\n"
    assert time.monotonic() - started < 5
    wait_for(gone(pid_in(pid)), "grandchild gone")


def test_the_last_words_of_a_grandchild_are_heard() -> None:
    done = proc.run(["sh", "-c", "(sleep 0.2; echo late) & echo early"], timeout=30)
    assert done.stdout == b"early\nlate\n"


def test_a_callback_sees_the_output_as_it_comes_and_may_end_the_command() -> None:
    seen: list[bytes] = []

    def enough(chunk: bytes) -> None:
        seen.append(chunk)
        if b"verdict" in b"".join(seen):
            raise proc.StopReading

    started = time.monotonic()
    done = proc.run(["sh", "-c", "echo verdict; sleep 60"], on_output=enough)
    assert done.stdout == b"verdict\n"
    assert time.monotonic() - started < 5


def test_a_fault_in_a_callback_ends_the_command_and_comes_through(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    def broken(chunk: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        proc.run(["sh", "-c", f"echo $$ >{pid}; echo x; exec sleep 60"], on_output=broken)
    assert gone(pid_in(pid))()


def test_the_log_keeps_the_command_ready_to_paste_and_both_outputs(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "build.log"
    script = 'echo "$WHO here"; echo err >&2'
    proc.run(["sh", "-c", script], cwd=tmp_path, env={"WHO": "a user"}, log=log)
    proc.run(["echo", "again"], log=log)
    command, *rest = log.read_text().splitlines()
    assert sorted(rest) == sorted(["a user here", "err", "$ echo again", "again"])
    assert command == f"$ cd {shlex.quote(str(tmp_path))} && WHO='a user' sh -c {shlex.quote(script)}"
    pasted = proc.run(["sh", "-c", command.removeprefix("$ ")])
    assert (pasted.stdout, pasted.stderr) == (b"a user here\n", b"err\n")


def test_a_log_on_a_full_disk_is_said_and_leaves_no_child(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(MachineFault, match="No space left on device"):
        proc.run(["sh", "-c", f"echo $$ >{pid}; echo x; exec sleep 60"], log=Path("/dev/full"))
    # The child may have been ended before it could write its number down.
    number = pid.read_text().strip() if pid.exists() else ""
    assert not number or gone(int(number))()


def test_a_stream_is_read_while_the_child_still_writes() -> None:
    with proc.stream(["sh", "-c", "echo one; sleep 0.1; echo two"]) as output:
        assert output.readline() == b"one\n"
        assert output.read() == b"two\n"


def test_a_stream_that_ends_badly_is_a_failure() -> None:
    with pytest.raises(CommandFailed, match="exit status 3"), proc.stream(["sh", "-c", "echo x; exit 3"]) as output:
        assert output.read() == b"x\n"


def test_a_stream_whose_reader_fails_is_stopped(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(ZeroDivisionError), proc.stream(["sh", "-c", f"echo $$ >{pid}; exec sleep 60"]):
        raise ZeroDivisionError
    assert not pid.exists() or gone(pid_in(pid))()


def test_ctrl_c_ends_the_child_and_its_children(tmp_path: Path) -> None:
    child, grandchild = tmp_path / "child", tmp_path / "grandchild"
    shell = f"sleep 60 & echo $! >{grandchild}; echo $$ >{child}; wait"
    with another_seriestool(f"proc.run(['sh', '-c', {shell!r}])") as program:
        pids = pid_in(child), pid_in(grandchild)
        assert all(map(alive, pids))
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=10)
        assert program.returncode == -signal.SIGINT
        assert errors.strip().endswith(b"KeyboardInterrupt")
        wait_for(gone(*pids), "children gone")


def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with another_seriestool(f"proc.run(['sh', '-c', 'echo $$ >{pid}; exec sleep 60'])") as program:
        child = pid_in(pid)
        assert alive(child)
        program.kill()
        wait_for(gone(child), "child gone")


def test_a_command_line_can_be_pasted() -> None:
    line = proc.command_line(["make", "-C", "a b"], cwd=Path("/x y"), env={"KBUILD_BUILD_USER": "some one"})
    assert line == "cd '/x y' && KBUILD_BUILD_USER='some one' make -C 'a b'"
