# SPDX-License-Identifier: GPL-2.0-or-later
"""How ``make headers_install`` is called, and what it means when it fails."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.errors import CommandTimedOut, MachineFault, ProgramMissing

# Beside a POSIX shell: what headers_install starts, and Debian's packages with them.
_PROGRAMS = {"make": "make", "gcc": "gcc", "rsync": "rsync", "sed": "sed", "find": "findutils", "grep": "grep"}

NO_END = "make headers_install: no end"
_TIMEOUT = 600.0  # seconds; the slowest is 15 s on two busy cores
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")
_NOT_FOUND = re.compile(r"(?:^|: )(?P<name>[\w.+/-]+): (?:command )?not found$", re.M)
_MAKES_OWN = re.compile(r"make(?:\[\d+\])?: (?:\*\*\* )?")
_NOISE = re.compile(r"Waiting for unfinished jobs|(?:Entering|Leaving) directory ")
_FAILED = re.compile(r"\[[^]]+\] (?:Error \d+|\w+)$")
_NO_TARGET = re.compile(r"No rule to make target '?headers_install'?\b")


def require_programs() -> None:
    """Raise ProgramMissing, naming the Debian package, unless everything that headers_install starts is on PATH."""
    for name in _PROGRAMS:
        if shutil.which(name) is None:
            raise _missing(name)


def _missing(name: str) -> ProgramMissing:
    package = _PROGRAMS.get(Path(name).name)
    return ProgramMissing(name, hint=f"apt install {package}, or: seriestool doctor --install" if package else None)


@dataclass(frozen=True, slots=True)
class Task:
    """One architecture to install: into ``target`` (the folder above ``include``), with ``out`` as make's ``O=``.

    ``model`` is the whole build directory of another architecture, to begin from where ``out`` is not there yet.
    ``log`` takes what make says.
    """

    kernel_arch: str
    out: Path
    target: Path
    log: Path
    model: Path | None = None


def make_argv(source: Path, task: Task, *, make: str = "make") -> list[str]:
    """Return the make command that installs the headers of one architecture: it can be pasted.

    The Makefile of an arch tries its compiler's flags, for objects that are not built here: whatever it tries is
    answered with yes, so no cross compiler is needed, and none that happens to be there has a say.
    """
    return [
        make, "-s", "-C", str(source), f"O={task.out}", f"ARCH={task.kernel_arch}", "CROSS_COMPILE=", "CC=true",
        "PAHOLE=true", f"INSTALL_HDR_PATH={task.target}", "headers_install",
    ]  # fmt: skip


def install_headers(source: Path, tasks: Sequence[Task], *, jobs: int = 1) -> dict[str, str]:
    """Run all *tasks*, *jobs* commands at a time; return by arch why it failed in one line, empty where it did not.

    One make drives the others, so they share its jobs, and ending it ends all. Raises MachineFault where it is not the
    tree's fault: a full disk, a missing program (ProgramMissing).
    """
    rules = "".join(f"{task.kernel_arch}:\n\t+@{_rule(source, task)}\n" for task in tasks)
    goals = " ".join(task.kernel_arch for task in tasks)
    makefile = f".PHONY: all {goals}\nall: {goals}\n{rules}"
    for task in tasks:
        _status(task).unlink(missing_ok=True)
    driver = ["make", f"-j{jobs}", "-s", "-k", "--no-print-directory", "-f", "-", "all"]
    with suppress(CommandTimedOut):  # what has no status by then had no end
        done = proc.run(driver, stdin=os.fsencode(makefile), timeout=_TIMEOUT, check=False)
        if done.status and not all(_status(task).exists() for task in tasks):
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit status {done.status}"]
            raise MachineFault(f"make cannot install headers: {_MAKES_OWN.sub('', said[0]).removesuffix('  Stop.')}")
    return {task.kernel_arch: _outcome(task, source) for task in tasks}


def _rule(source: Path, task: Task) -> str:
    """Return the recipe of one task: the build directory is begun, make runs, its status is written."""
    out, log, status = (shlex.quote(str(path)) for path in (task.out, task.log, _status(task)))
    begin = f"mkdir -p {out}"
    if task.model is not None:
        # With its time stamps, but for what is that architecture's own. Copies and no hard links: headers_install.sh
        # writes into the files that are there.
        begin = f"cp -a {shlex.quote(str(task.model))} {out} && rm -rf {out}/arch {out}/usr/include/asm"
    install = shlex.join(make_argv(source, task, make="@MAKE@"))
    line = f"{{ test -d {out} || {{ {begin}; }} && {install}; }} >{log} 2>&1; echo $? >{status}"
    return line.replace("$", "$$").replace("@MAKE@", "$(MAKE)")


def _status(task: Task) -> Path:
    return task.log.with_suffix(".status")


def _outcome(task: Task, source: Path) -> str:
    try:
        status, output = _status(task).read_text().strip(), task.log.read_text("utf-8", "replace")
    except FileNotFoundError:
        status, output = "", ""
    if status == "0":
        return ""
    if not status:
        return f"{NO_END} after {_TIMEOUT:g} s"
    if _NO_SPACE.search(output):
        raise MachineFault(f"no space left on device: {task.out}", hint="make room and run the same command again")
    if "Error 127" in output and (found := _NOT_FOUND.search(output)):
        raise _missing(found["name"])
    return first_error(output, source)


def first_error(output: str, source: Path) -> str:
    """Return the line of make's *output* that says what went wrong; paths become relative to *source*."""
    if _NO_TARGET.search(output):
        return "the tree has no headers_install"
    output = output.replace(f"{source}/", "")
    stripped = (line.strip() for line in output.splitlines())
    lines = [line for line in stripped if line and not (_MAKES_OWN.match(line) and _NOISE.search(line))]
    telling = [line for line in lines if not (_MAKES_OWN.match(line) and _FAILED.search(line))]
    errors = [line for line in telling if "error:" in line or _MAKES_OWN.match(line)]
    line = next(iter([*errors, *telling, *lines]), "make says nothing")
    return _MAKES_OWN.sub("", line, count=1).removeprefix("error: ").removesuffix("  Stop.")
