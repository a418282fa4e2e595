# SPDX-License-Identifier: GPL-2.0-or-later
"""How make is called on a kernel tree, and what is the machine's fault when it fails."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.errors import MachineFault, ProgramMissing

# Documentation/kbuild/reproducible-builds.rst: user, host and time go into the image, and so does the count of builds
# in this build dir (.version). An empty LOCALVERSION= keeps the "+" of "not exactly a tag" out of the release.
IDENTITY = (
    "KBUILD_BUILD_USER=seriestool",
    "KBUILD_BUILD_HOST=seriestool",
    "KBUILD_BUILD_TIMESTAMP=1970-01-01 00:00:00 UTC",
    "KBUILD_BUILD_VERSION=1",
    "LOCALVERSION=",
)

# Programs a kernel build starts, and Debian's packages with them (Documentation/process/changes.rst).
_PROGRAMS = (("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison"), ("bc", "bc"))
_PACKAGES = dict(_PROGRAMS) | {
    "rsync": "rsync", "perl": "perl", "cpio": "cpio", "xz": "xz-utils", "lz4": "lz4", "zstd": "zstd",
    "openssl": "openssl", "pahole": "dwarves", "ld": "binutils", "as": "binutils",
}  # fmt: skip

_NO_SPACE = re.compile(rb"No space left on device|Disk quota exceeded")
_NO_MEMORY = re.compile(rb"Killed signal terminated program|virtual memory exhausted|[Cc]annot allocate memory")
_CRASH = re.compile(rb"[^\n]*internal compiler error: [^\n]*")
_NOT_FOUND = re.compile(  # the shell's line, or make's own where it needs no shell
    rb"(?:^|: )(?P<name>[\w.+/-]+): (?:command )?not found$"
    rb"|^make\S*: (?P<make>[\w.+/-]+): No such file or directory$",
    re.M,
)
_LIBRARY = re.compile(rb"fatal error: (?P<header>(?:gelf|libelf)\.h|openssl/[\w./]+): No such file")
_UNCLEAN = re.compile(rb"The source tree is not clean|mrproper")


def make_argv(
    source: Path, arch: Architecture, variables: Sequence[str], targets: Sequence[str], *, jobs: int = 1
) -> list[str]:
    """Return the make command for *targets* of the tree at *source*, complete: it can be pasted."""
    return [
        "make", f"-j{jobs}", "-C", str(source), f"ARCH={arch.kernel_arch}", f"CROSS_COMPILE={arch.cross_compile}",
        *variables, *targets,
    ]  # fmt: skip


def kernel_argv(
    source: Path, build_dir: Path, arch: Architecture, targets: Sequence[str], *, jobs: int = 1
) -> list[str]:
    """Return the make command for *targets*, with ``O=`` *build_dir* and the fixed build identity."""
    return make_argv(source, arch, [f"O={build_dir}", *IDENTITY], targets, jobs=jobs)


def require_programs(arch: Architecture, *more: str) -> None:
    """Raise ProgramMissing, naming the Debian package, unless everything that a build for *arch* starts is on PATH."""
    wanted = [*_PROGRAMS, (arch.compiler, arch.compiler_package)]
    for name, package in [*wanted, *((name, _PACKAGES.get(name, name)) for name in more)]:
        if shutil.which(name) is None:
            raise _missing(name, package)


def toolchain(arch: Architecture) -> tuple[str, ...]:
    """Return the first ``--version`` lines of compiler and linker: what can change an image beside the tree.

    Raises ProgramMissing, which names the Debian package.
    """
    lines = []
    for name, package in ((arch.compiler, arch.compiler_package), (f"{arch.cross_compile}ld", "binutils")):
        try:
            done = proc.run([name, "--version"], timeout=60)
        except ProgramMissing as error:
            raise _missing(name, package) from error
        lines.append(done.stdout.decode("utf-8", "replace").partition("\n")[0].strip())
    return tuple(lines)


def machine_fault(output: bytes, build_dir: Path) -> MachineFault | None:
    """Return what was the machine's fault in a failed make's *output*, None when it can only be the tree's."""
    if _NO_SPACE.search(output):
        return disk_full(build_dir)
    if _NO_MEMORY.search(output):
        return MachineFault("out of memory while building", hint="build with fewer jobs (-j1), or give it more memory")
    if crash := _CRASH.search(output):
        return MachineFault(f"the compiler crashed: {crash[0].decode('utf-8', 'replace').strip()}")
    if _UNCLEAN.search(output):
        return MachineFault("the worktree holds results of a build inside the tree", hint="delete the worktree")
    return _missing_part(output)


def _missing_part(output: bytes) -> MachineFault | None:
    """Return the fault for a program or a library's header that the build wanted and this machine lacks."""
    if library := _LIBRARY.search(output):
        package = "libssl-dev" if library["header"].startswith(b"openssl/") else "libelf-dev"
        return MachineFault(f"header not found: {library['header'].decode()}", hint=install_hint(package))
    found = _NOT_FOUND.search(output)
    if found and b"Error 127" in output:
        name = (found["name"] or found["make"]).decode()
        return _missing(name, _PACKAGES.get(Path(name).name))
    return None


def disk_full(where: Path) -> MachineFault:
    """Return the fault for a full file system at *where*."""
    return MachineFault(
        f"no space left on device: {where}", hint="free some space and run again; what was finished is kept"
    )


def install_hint(*packages: str) -> str:
    """Return the hint that names Debian packages."""
    return f"apt install {' '.join(packages)}, or: seriestool doctor --install"


def _missing(name: str, package: str | None) -> ProgramMissing:
    return ProgramMissing(name, hint=install_hint(package) if package else None)
