# SPDX-License-Identifier: GPL-2.0-or-later
"""What seriestool needs of a machine, need by need: how its presence is found out, and Debian's package that has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seriestool.arch import Architecture
from seriestool.arch.abi import Abi


@dataclass(frozen=True, slots=True)
class Program:
    """Present when *name* is on PATH."""

    name: str


@dataclass(frozen=True, slots=True)
class File:
    """Present when *path* exists."""

    path: Path


@dataclass(frozen=True, slots=True)
class Links:
    """Present when *compiler* links *source* with *flags*; headers and libraries have no better witness."""

    compiler: str
    flags: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a machine must have: ``package`` is Debian 12's, ``purpose`` says who stops without it."""

    name: str
    probe: Program | File | Links
    package: str
    purpose: str
    arch: str | None = None
    """Only with this arch; None: with every one."""


_STATIC = Links("", ("-static",), "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n")

# The kernel's own list is Documentation/process/changes.rst: of it, what builds of 5.10 to 7.2 for a guest may call.
COMMON = (
    Need("git", Program("git"), "git", "the object store"),
    Need("apt-get", Program("apt-get"), "apt", "download of Debian's kernel sources"),
    Need("dpkg-deb", Program("dpkg-deb"), "dpkg", "unpacking of Debian's kernel sources"),
    Need(
        "keys of Debian's archive", File(Path("/usr/share/keyrings/debian-archive-keyring.gpg")),
        "debian-archive-keyring", "kernel sources of other suites than the machine's own",
    ),
    Need(
        "certificate authorities", File(Path("/etc/ssl/certs/ca-certificates.crt")),
        "ca-certificates", "mail archives and git servers over HTTPS",
    ),
    Need("make", Program("make"), "make", "kernel builds"),
    Need("gcc", Program("gcc"), "gcc", "programs a kernel build makes for itself"),
    Need("C library", Links("gcc", (), _STATIC.source), "libc6-dev", "programs a kernel build makes for itself"),
    Need("flex", Program("flex"), "flex", "kernel configuration (kconfig)"),
    Need("bison", Program("bison"), "bison", "kernel configuration (kconfig)"),
    Need("bc", Program("bc"), "bc", "kernel builds (kernel/time/timeconst.bc)"),
    Need("perl", Program("perl"), "perl", "kernel builds (scripts)"),
    Need(
        "libelf", Links("gcc", ("-lelf",), "#include <gelf.h>\nint main(void) { return elf_version(EV_NONE) == 0; }\n"),
        "libelf-dev", "x86 kernel builds (tools/objtool)",
    ),
    Need(
        "libcrypto",
        Links("gcc", ("-lcrypto",), "#include <openssl/bio.h>\nint main(void) { return BIO_new(BIO_s_mem()) == 0; }\n"),
        "libssl-dev", "kernel builds (scripts/sign-file, certs/extract-cert)",
    ),
    # The kernel's Makefile copies headers with rsync, in 5.10 as in 7.2; so does tools/testing/selftests/lib.mk.
    Need("rsync", Program("rsync"), "rsync", "user-space headers of a kernel (make headers_install), selftests"),
    Need("cpio", Program("cpio"), "cpio", "guest images"),
    Need("pahole", Program("pahole"), "dwarves", "kernels with BTF, and a second opinion on user-space layouts"),
    Need("quilt", Program("quilt"), "quilt", "quilt series, as export --format quilt writes them"),
)  # fmt: skip


def of_arch(arch: Architecture) -> tuple[Need, ...]:
    """Return what *arch* needs beside COMMON: its compiler, a C library to link statically, its QEMU."""
    return (
        Need(arch.compiler, Program(arch.compiler), arch.compiler_package, "kernel builds", arch.name),
        Need(
            f"static C library for {arch.name}", Links(arch.compiler, _STATIC.flags, _STATIC.source),
            arch.libc_package, "test programs and init of the guest", arch.name,
        ),
        Need(arch.qemu, Program(arch.qemu), arch.qemu_package, "guests", arch.name),
    )  # fmt: skip


def of_abi(abi: Abi) -> Need:
    """Return what reading layouts of *abi* needs: its compiler, and no C library."""
    return Need(abi.compiler, Program(abi.compiler), abi.compiler_package, f"user-space layout ({abi.label})")


def needs(arches: Sequence[Architecture], abis: Sequence[Abi] = ()) -> tuple[Need, ...]:
    """Return COMMON and what each of *arches* and *abis* needs, each probe once."""
    unique: dict[Program | File | Links, Need] = {}
    for need in (*COMMON, *(need for arch in arches for need in of_arch(arch)), *(of_abi(abi) for abi in abis)):
        unique.setdefault(need.probe, need)
    return tuple(unique.values())
