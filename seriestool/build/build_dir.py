# SPDX-License-Identifier: GPL-2.0-or-later
"""A build dir (``O=``) that outlives killed builds, and remembers what each object's compilation complained about.

Beside kbuild's files it holds a directory ``.seriestool``: a lock, the output of the build that runs (a journal: it is
there afterwards only when that build was killed), the warnings per object, and the number of steps of a full build.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seriestool.build.kbuild import disk_full
from seriestool.errors import MachineFault
from seriestool.formats.buildlog import BuildLog, read_build_log

_SOURCES = (".c", ".S", ".o", ".s", ".rs")
_WHOLE_KERNEL = ""


class BuildDir:
    """One build dir, held by this process for the length of ``open_build_dir``."""

    def __init__(self, path: Path, source: Path) -> None:
        self.path = path
        self._roots = (str(source), str(path))
        self._own = path / ".seriestool"
        self._journal = self._own / "running"
        self._ledger = self._own / "warnings.json"
        self._steps = self._own / "steps"
        self.config_key = self._own / "config.key"

    def read_log(self, output: bytes) -> BuildLog:
        """Read a build's output; file names become relative to the tree or to this directory."""
        return read_build_log(output, self._roots)

    def recover(self) -> int:
        """Clean up after a build that was killed and return how many half-made files were deleted.

        make deletes the target it works on when it is interrupted or a command fails; SIGKILL, a power cut and a full
        disk leave it no chance. A half-written object looks newer than its source, so make would link it. kbuild
        writes ``.<target>.cmd`` when the command has ended: a target newer than that was not finished.
        """
        if not self._journal.exists():
            return 0
        head, _, output = self._journal.read_bytes().partition(b"\n")
        # Half-made also when the journal's own first line was: then no time is known, and everything is looked at.
        started = int(head) if head.isdigit() else 0
        doomed = list(_half_made(self.path, started))
        for path in doomed:
            path.unlink(missing_ok=True)
        self._remember(self.read_log(output))
        self._journal.unlink()
        return len(doomed)

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Keep the output of a build until its warnings are stored; yield what takes it."""
        self._journal.touch()
        started = self._journal.stat().st_mtime_ns  # the file system's clock, the one targets are stamped by
        with self._journal.open("wb", buffering=0) as file:
            file.write(f"{started}\n".encode())
            yield Journal(file.fileno())
        _, _, output = self._journal.read_bytes().partition(b"\n")
        if b"No space left on device" not in output:
            self._remember(self.read_log(output))
            self._journal.unlink()

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings of every object that is here, however long ago it was compiled, sorted by object."""
        texts = [text for unit, found in sorted(self._read_ledger().items()) for text in found if self._has(unit)]
        return tuple(dict.fromkeys(texts))

    def expected_steps(self) -> float | None:
        """Return how many steps the largest build had; before the first a guess, without a configuration None."""
        if self._steps.exists():
            return float(self._steps.read_text())
        try:
            config = (self.path / ".config").read_bytes()
        except FileNotFoundError:
            return None
        # Measured on 5.10: 2.7 steps (arm) to 3.2 steps (x86_64) for each symbol that is set.
        return 3.0 * config.count(b"=y\n")

    def remember_steps(self, log: BuildLog) -> None:
        """Remember how many steps a build had that came to its end, if none had more."""
        if len(log.steps) > (float(self._steps.read_text()) if self._steps.exists() else 0):
            write_atomically(self._steps, str(len(log.steps)).encode())

    def _remember(self, log: BuildLog) -> None:
        redone = {_stem(target) for _, target in log.steps}
        if any(what == "LD" and "vmlinux" in target for what, target in log.steps):
            redone.add(_WHOLE_KERNEL)
        ledger = {unit: texts for unit, texts in self._read_ledger().items() if unit not in redone}
        for warning in log.warnings:
            texts = ledger.setdefault(_unit(warning.unit), [])
            if warning.text not in texts:
                texts.append(warning.text)
        write_atomically(self._ledger, json.dumps(ledger, indent=1, sort_keys=True).encode())

    def _read_ledger(self) -> dict[str, list[str]]:
        try:
            ledger: dict[str, list[str]] = json.loads(self._ledger.read_bytes())
        except FileNotFoundError:
            return {}
        return ledger

    def _has(self, unit: str) -> bool:
        return unit == _WHOLE_KERNEL or any((self.path / f"{unit}{suffix}").exists() for suffix in (".o", ".s"))


class Journal:
    """Takes the output of a build as it comes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, chunk: bytes) -> None:
        """Append *chunk*; raises OSError when the disk is full."""
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._descriptor, view) :]


@contextmanager
def open_build_dir(path: Path, source: Path) -> Iterator[BuildDir]:
    """Create or take the build dir at *path* for the tree at *source*, cleaned up after a killed build.

    Raises MachineFault when another process has it (flock(2): nothing stale stays behind a dead one), or when the
    file system refuses.
    """
    with file_faults(path):
        (path / ".seriestool").mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / ".seriestool/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MachineFault(f"another seriestool builds in {path}", hint="wait for it, or end it") from error
        directory = BuildDir(path, source)
        with file_faults(path):
            directory.recover()
        yield directory
    finally:
        os.close(descriptor)


@contextmanager
def file_faults(where: Path) -> Iterator[None]:
    """Turn an OSError of the block into a MachineFault that names the file, or *where*."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(where) from error
        raise MachineFault(f"{error.filename or where}: {error.strerror}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write *path* so that it never holds half of *content*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


def _half_made(top: Path, started: int) -> Iterable[Path]:
    """Yield targets changed since *started* (ns) that kbuild did not finish, and records that it did not."""
    for directory, _, names in os.walk(top):
        for name in names:
            if not (name.startswith(".") and name.endswith(".cmd")):
                continue
            record, target = Path(directory, name), Path(directory, name[1:-4])
            written = record.stat().st_mtime_ns
            if written >= started and not _complete(record):
                yield record
                yield target
            elif target.is_file() and target.stat().st_mtime_ns >= max(started, written + 1):
                yield target
    for path in top.rglob("*.o"):
        if path.is_file() and path.stat().st_size == 0:
            yield path


def _complete(record: Path) -> bool:
    return record.read_bytes().endswith(b"\n")


def _stem(target: str) -> str:
    path = Path(target)
    return str(path.with_suffix("")) if path.suffix in _SOURCES else target


def _unit(unit: str) -> str:
    """Return the ledger's key for what was compiled; a header nobody is known to have included speaks for all."""
    return _stem(unit) if Path(unit).suffix in _SOURCES else _WHOLE_KERNEL
