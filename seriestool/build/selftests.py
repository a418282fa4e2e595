# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that run in the guest: the guard test and the tree's own kselftests, static, against the tree's headers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Literal

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.build.build_dir import file_faults, write_atomically
from seriestool.build.kbuild import install_hint, kernel_argv, machine_fault, make_argv, require_programs
from seriestool.errors import CommandFailed, MachineFault, UsageError
from seriestool.formats.buildlog import read_build_log

_TOP = "tools/testing/selftests"
# lib.mk's lists (Documentation/dev-tools/kselftest.rst, "Contributing new tests"): what is run, and what that needs.
_RUN = ("TEST_GEN_PROGS", "TEST_CUSTOM_PROGS", "TEST_PROGS")
_NEEDED = ("TEST_GEN_PROGS_EXTENDED", "TEST_PROGS_EXTENDED", "TEST_GEN_FILES", "TEST_FILES")
_ERRORS_SHOWN = 10


class SelftestEnd(StrEnum):
    """How the build of one kselftest directory ended."""

    BUILT = "built"
    FAILED = "failed"
    """Some of its programs do not compile; ``programs`` has the others."""
    ABSENT = "absent"
    """The tree has no such directory."""


@dataclass(frozen=True, slots=True)
class SelftestRequest:
    """One kselftest directory to build.

    ``name`` is relative to tools/testing/selftests ("perf_events"); ``headers`` is what ``install_headers`` returned;
    ``out`` is replaced by a directory with the programs; ``source`` is only read.
    """

    source: Path
    name: str
    arch: Architecture
    headers: Path
    out: Path
    log: Path
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class SelftestBuild:
    """What came of it: ``programs`` are run, ``files`` have to lie beside them; all are below the request's ``out``."""

    name: str
    end: SelftestEnd
    programs: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()
    """Programs and helpers that the Makefile lists and the build did not give."""
    errors: tuple[str, ...] = ()
    seconds: float = 0.0
    command: str = ""


def build_guard(source: bytes, arch: Architecture, out: Path, log: Path) -> Path:
    """Compile *source*, one self-contained C file, to the static program *out*; the source is kept beside it.

    Raises ProgramMissing naming the Debian package; CommandFailed when it does not compile, which for a program that
    needs nothing but libc means that the static libc is missing: the hint names it.
    """
    require_programs(arch)
    text = out.with_name(f"{out.name}.c")
    new = out.with_name(f".{out.name}.new")
    with file_faults(out.parent):
        write_atomically(text, source)
        flags = (*arch.abis[0].flags, "-static", "-s", "-O2", "-Wall", "-pthread")
        argv = [arch.compiler, *flags, "-o", str(new), str(text)]
        try:
            _run(argv, out.parent, log, hint=f"if libc is missing: {install_hint(arch.libc_package)}")
            new.replace(out)
        finally:
            new.unlink(missing_ok=True)
    return out


def install_headers(
    source: Path, build_dir: Path, arch: Architecture, out: Path, log: Path, *, jobs: int = 1
) -> Path:
    """Install the tree's user-space headers below *out*, which is replaced, and return the directory for ``-isystem``.

    Raises ProgramMissing, CommandFailed, MachineFault.
    """
    require_programs(arch, "rsync")
    with file_faults(out.parent), _replacing(out) as new:
        argv = kernel_argv(source, build_dir, arch, ["headers_install"], jobs=jobs)
        argv.insert(-1, f"INSTALL_HDR_PATH={new}")
        _run(argv, build_dir, log)
        if not (new / "include/linux").is_dir():
            raise MachineFault(f"make headers_install ended well without {new / 'include/linux'}")
    return out / "include"


def build_selftests(request: SelftestRequest) -> SelftestBuild:
    """Build one kselftest directory of the tree and say what of it is to be run.

    Everything goes to ``OUTPUT=`` outside of the worktree. Compiler flags travel inside ``CC=``: test Makefiles set
    CFLAGS in every possible way, and all of them use CC. Which files are tests is asked of make, after lib.mk has
    made its lists.

    Raises UsageError for a name that is no path below tools/testing/selftests, ProgramMissing, MachineFault.
    """
    name = PurePosixPath(request.name)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise UsageError(f"not a directory below {_TOP}: {request.name}")
    directory = request.source / _TOP / name
    if not (directory / "Makefile").is_file():
        return SelftestBuild(request.name, SelftestEnd.ABSENT)
    require_programs(request.arch)
    argv = _selftest_argv(request, directory, ["--keep-going", "all"], jobs=request.jobs)
    with file_faults(request.out):
        _empty(request.out)
        done = proc.run(argv, log=request.log, check=False)
        said = done.stdout + b"\n" + done.stderr
        if done.status and (fault := machine_fault(said, request.out)):
            raise fault
        run, needed = _ask_lists(request, directory)
        collected = _collect(request.out, directory, run)
        programs = tuple(path for path in collected if not _is_foreign(path, request.arch))
        files = _collect(request.out, directory, [*needed, *_settings(directory)])
    made = {path for path in (*run, *needed) if path.is_absolute()}
    missing = tuple(sorted(path.name for path in made - {*programs, *files}))
    log = read_build_log(said, [str(request.source)])
    errors = [str(error) for error in log.errors] or list(log.stopped)
    return SelftestBuild(
        name=request.name,
        end=SelftestEnd.FAILED if missing or done.status else SelftestEnd.BUILT,
        programs=programs,
        files=files,
        missing=missing,
        errors=tuple(dict.fromkeys(errors))[:_ERRORS_SHOWN],
        seconds=done.seconds,
        command=proc.command_line(argv),
    )


def _selftest_argv(
    request: SelftestRequest, directory: Path, targets: Sequence[str], *, jobs: int = 1
) -> list[str]:
    include = f"-isystem {request.headers}"
    flags = " ".join([*request.arch.abis[0].flags, "-static", include])
    variables = [
        f"CC={request.arch.compiler} {flags}",
        f"OUTPUT={request.out}",
        # From v5.19 on the Makefiles name the headers by this; before, lib.mk of some tests would install headers
        # into the tree, unless it is told that this has been done.
        f"KHDR_INCLUDES={include}",
        f"KHDR_DIR={request.headers}",
        "KSFT_KHDR_INSTALL_DONE=1",
    ]
    return make_argv(directory, request.arch, variables, targets, jobs=jobs)


def _ask_lists(request: SelftestRequest, directory: Path) -> tuple[list[Path], list[Path]]:
    """Return what make has in lib.mk's lists at the end: programs to run, and what they need."""
    question = "seriestool-lists: ; @" + "; ".join(
        f"printf '{kind} %s\\n' $({variable})"
        for kind, variables in (("run", _RUN), ("need", _NEEDED))
        for variable in variables
    )
    argv = _selftest_argv(request, directory, [f"--eval={question}", "seriestool-lists"])
    done = proc.run(argv, log=request.log, check=False)
    if done.status:
        raise CommandFailed(proc.command_line(argv), done.status, done.stderr.decode("utf-8", "replace"))
    answers = [line.partition(" ") for line in done.stdout.decode("utf-8", "replace").splitlines()]
    lists = {kind: [Path(path) for word, _, path in answers if word == kind and path] for kind in ("run", "need")}
    return lists["run"], lists["need"]


def _settings(directory: Path) -> tuple[Path, ...]:
    return tuple(Path(name) for name in ("config", "settings") if (directory / name).is_file())


def _is_foreign(program: Path, arch: Architecture) -> bool:
    """Tell whether *program* is one for another machine: its Makefile did not use CC (elf(5): e_ident, e_machine)."""
    with program.open("rb") as file:
        head = file.read(20)
    order: Literal["little", "big"] = "big" if head[5:6] == b"\2" else "little"
    return head.startswith(b"\x7fELF") and int.from_bytes(head[18:20], order) != arch.elf_machine


def _collect(out: Path, directory: Path, listed: Sequence[Path]) -> tuple[Path, ...]:
    """Return those of *listed* that are there, below *out*; what lies in the test's *directory* is copied there."""
    # A path with ".." could lead to any file of this machine, and into the guest; so could a link, see _copy.
    plain = (path for path in listed if ".." not in path.parts)
    found = (path if path.is_absolute() else _copy(path, directory, out) for path in plain)
    return tuple(dict.fromkeys(path for path in found if path.exists() and path.is_relative_to(out)))


def _copy(path: Path, directory: Path, out: Path) -> Path:
    made, place = directory / path, out / path
    if made.exists() and made.resolve().is_relative_to(directory.resolve()):
        place.parent.mkdir(parents=True, exist_ok=True)
        if made.is_dir():
            shutil.copytree(made, place, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(made, place)
    return place


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """Yield a new directory that takes the place of *out* when the block ends well, and goes away when it does not."""
    new = out.with_name(f".{out.name}.{os.getpid()}")
    _empty(new)
    try:
        yield new
        if out.exists():
            shutil.rmtree(out)
        new.replace(out)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _empty(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)


def _run(argv: Sequence[str], where: Path, log: Path, *, hint: str | None = None) -> None:
    done = proc.run(argv, log=log, check=False)
    if done.status:
        if fault := machine_fault(done.stdout + b"\n" + done.stderr, where):
            raise fault
        said = (done.stderr or done.stdout).decode("utf-8", "replace")
        raise CommandFailed(done.command, done.status, said, hint=hint)
