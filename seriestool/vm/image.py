# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest image: an initramfs with our own init and the tests, and nothing of the host.

The format is newc (Documentation/driver-api/early-userspace/buffer-format.rst), written by cpio(1). Same inputs give
the same bytes: order, times, owners, inode numbers and modes are fixed here.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.errors import MachineFault, ProgramMissing, UsageError

_INIT_SOURCE = Path(__file__).parent / "guest" / "init.c"
# Words of the init's list and of KTAP result lines: no blank, no "#".
_WORD = re.compile(r"[^\s#]+")
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]*")
_MOUNT_POINTS = ("dev", "proc", "sys", "tmp")


@dataclass(frozen=True, slots=True)
class GuestTest:
    """One test of a guest image.

    ``program`` is a file of the host, a static executable for the guest's arch; it lies in the guest as
    ``/tests/<name>/<file name>`` and starts in that directory, with ``files`` beside it. ``timeout`` is in seconds
    of the guest's clock.
    """

    name: str
    program: Path
    arguments: tuple[str, ...] = ()
    timeout: int = 60
    files: tuple[Path, ...] = ()

    @property
    def list_line(self) -> str:
        """Its line in the image's ``/tests/list``, as ``guest/init.c`` reads it."""
        return " ".join([self.name, str(self.timeout), f"/tests/{self.name}/{self.program.name}", *self.arguments])


def init_source() -> bytes:
    """Return the C source of the guest's init."""
    return _INIT_SOURCE.read_bytes()


def build_init(arch: Architecture, out: Path, log: Path) -> Path:
    """Compile the guest's init for *arch* as one static program and return *out*; *log* gets compiler and command.

    Raises ProgramMissing (naming the Debian package), CommandFailed.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".init-") as scratch:
        built = Path(scratch) / "init"
        # No build id: with it, the bytes would depend on where this file is installed.
        flags = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-static", "-s", "-Wl,--build-id=none")
        argv = (f"{arch.cross_compile}gcc", *flags, "-o", str(built), str(_INIT_SOURCE))
        hint = f"static C library missing? apt install {arch.compiler_package} {arch.libc_package}"
        try:
            proc.run(argv, log=log, timeout=120, hint=hint)
        except ProgramMissing as error:
            raise ProgramMissing(error.program, hint=f"apt install {arch.compiler_package}") from error
        built.replace(out)
    return out


def make_guest_image(init: Path, tests: Sequence[GuestTest], out: Path) -> Path:
    """Write the initramfs with *init* and *tests* to *out*, whole or not at all, and return *out*.

    Raises UsageError for a name the guest's list cannot hold or that comes twice; MachineFault (a file cannot be
    read, the disk is full); ProgramMissing (cpio).
    """
    _check(tests)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent, prefix=".image-") as scratch:
            root, packed = Path(scratch) / "root", Path(scratch) / "packed"
            _lay_out(root, init, tests)
            packed.write_bytes(_pack(root))
            packed.replace(out)
    except OSError as error:
        raise MachineFault(f"{out}: {error.strerror}: {error.filename or out}") from error
    return out


def _check(tests: Sequence[GuestTest]) -> None:
    names = [test.name for test in tests]
    for test in tests:
        if not _SAFE_NAME.fullmatch(test.name) or names.count(test.name) > 1:
            raise UsageError(f"test name {test.name!r} comes twice, or has other characters than A-Za-z0-9._:+-")
        for word in (test.program.name, *test.arguments):
            if not _WORD.fullmatch(word):
                raise UsageError(f"test {test.name}: the guest's list cannot hold {word!r}")
        if test.timeout < 1:
            raise UsageError(f"test {test.name}: a timeout of {test.timeout} s leaves it no time")


def _lay_out(root: Path, init: Path, tests: Sequence[GuestTest]) -> None:
    """Fill *root* as the guest shall see it, with fixed modes and times."""
    for name in ("tests", *_MOUNT_POINTS):
        (root / name).mkdir(parents=True)
    _install(init, root / "init")
    for test in tests:
        place = root / "tests" / test.name
        place.mkdir()
        for source in (test.program, *test.files):
            _install(source, place / source.name)
    (root / "tests" / "list").write_text("".join(f"{test.list_line}\n" for test in tests), encoding="utf-8")
    for path in (root, *root.rglob("*")):
        executable = path.is_dir() or os.access(path, os.X_OK)
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (0, 0))


def _install(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def _pack(root: Path) -> bytes:
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    # --reproducible drops device and inode numbers (cpio(1)).
    argv = ("cpio", "--create", "--format=newc", "--reproducible", "--owner=+0:+0", "--null", "--quiet")
    try:
        return proc.run(argv, cwd=root, stdin="".join(f"{name}\0" for name in names).encode(), timeout=120).stdout
    except ProgramMissing as error:
        raise ProgramMissing(error.program, hint="apt install cpio") from error
