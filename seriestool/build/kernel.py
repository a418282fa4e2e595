# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel image from a worktree. A tree that does not compile is a result; a machine that cannot compile, a fault."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.build.build_dir import BuildDir, file_faults, open_build_dir
from seriestool.build.config import configure
from seriestool.build.kbuild import kernel_argv, machine_fault, require_programs
from seriestool.errors import MachineFault
from seriestool.formats.buildlog import BuildLog, is_step
from seriestool.log import QUIET, Progress, Task

_ERRORS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class KernelRequest:
    """One kernel to build.

    ``source`` is the worktree, only read; ``build_dir`` is ``O=``, kept for the next state of the tree; ``out`` gets
    the image and its configuration; ``log`` is appended to; ``label`` is what the progress bar is called.
    """

    source: Path
    build_dir: Path
    arch: Architecture
    fragments: tuple[Path, ...]
    out: Path
    log: Path
    jobs: int = 1
    label: str = "build"


@dataclass(frozen=True, slots=True)
class KernelBuild:
    """What came of it.

    ``ok`` False is a verdict on the tree; ``errors`` then has the first lines, "file:line: message". ``image`` and
    ``config`` lie in ``KernelRequest.out``. ``warnings`` are those of the whole kernel, also of objects that an
    earlier build in the same build dir compiled, without line numbers: two states of a tree can be compared.
    ``seconds`` is wall time, ``command`` the make line.
    """

    ok: bool
    image: Path | None
    config: Path | None
    seconds: float
    command: str
    log: Path
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def build_kernel(request: KernelRequest, progress: Progress = QUIET) -> KernelBuild:
    """Configure and build, and copy image and configuration to ``request.out``.

    Raises ProgramMissing naming the Debian package, ConfigLost, UsageError (a fragment), MachineFault (disk or memory
    full, the build dir in use). Nothing raised or interrupted leaves a build dir that has to be deleted.
    """
    require_programs(request.arch)
    with open_build_dir(request.build_dir, request.source) as directory, file_faults(request.build_dir):
        configuration = configure(directory, request.source, request.arch, request.fragments, request.log)
        argv = kernel_argv(
            request.source, request.build_dir, request.arch, [request.arch.image_target], jobs=request.jobs
        )
        if configuration.config is None:
            assert configuration.log is not None
            return _failed(request, argv, 0.0, configuration.log, ())
        return _make_image(request, directory, argv, progress)


def _make_image(request: KernelRequest, directory: BuildDir, argv: Sequence[str], progress: Progress) -> KernelBuild:
    total = directory.expected_steps()
    with directory.journal() as journal, progress.task(request.label, total, "steps") as task:
        meter = _Meter(task)

        def take(chunk: bytes) -> None:
            journal.write(chunk)
            meter.feed(chunk)

        done = proc.run(argv, log=request.log, on_output=take, check=False)
    output = done.stdout + b"\n" + done.stderr
    if done.status:
        if fault := machine_fault(output, request.build_dir):
            raise fault
        return _failed(request, argv, done.seconds, directory.read_log(output), directory.warnings())
    directory.remember_steps(directory.read_log(output))
    image = _keep(request.build_dir / request.arch.image_path, request.out / Path(request.arch.image_path).name)
    return KernelBuild(
        ok=True,
        image=image,
        config=_keep(request.build_dir / ".config", request.out / "config"),
        seconds=done.seconds,
        command=proc.command_line(argv),
        log=request.log,
        warnings=directory.warnings(),
    )


class _Meter:
    """Counts kbuild's steps in output that comes in chunks."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        steps = [line for line in lines if is_step(line)]
        if steps:
            self._task.advance(len(steps))
            self._task.describe(steps[-1].split()[-1].decode("utf-8", "replace"))


def _failed(
    request: KernelRequest, argv: Sequence[str], seconds: float, log: BuildLog, warnings: tuple[str, ...]
) -> KernelBuild:
    errors = [str(error) for error in log.errors] or list(log.stopped) or ["make failed and did not say why"]
    return KernelBuild(
        ok=False,
        image=None,
        config=None,
        seconds=seconds,
        command=proc.command_line(argv),
        log=request.log,
        warnings=warnings,
        errors=tuple(dict.fromkeys(errors))[:_ERRORS_SHOWN],
    )


def _keep(made: Path, kept: Path) -> Path:
    """Copy *made* to *kept* so that *kept* is never half there."""
    if not made.is_file():
        raise MachineFault(f"make ended well without {made}")
    with file_faults(kept.parent):
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_name(f".{kept.name}.{os.getpid()}")
        try:
            shutil.copyfile(made, new)
            new.replace(kept)
        finally:
            new.unlink(missing_ok=True)
    return kept
