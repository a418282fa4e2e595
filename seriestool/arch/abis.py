# SPDX-License-Identifier: GPL-2.0-or-later
"""User-space ABIs whose layout can be read: one row each, in the order they are shown.

Where one compiler serves several ABIs, gcc's own flags select one (gcc(1), "Machine-Dependent Options"); headers are
compiled and never linked, so no C library of that ABI is needed.
"""

from __future__ import annotations

import platform
import shutil

from seriestool.arch.abi import Abi, CompatKernel
from seriestool.errors import UsageError

_ON_X86_64 = platform.machine() == "x86_64"
_X86 = "" if _ON_X86_64 else "x86_64-linux-gnu-"
_X86_PACKAGE = "gcc" if _ON_X86_64 else "gcc-x86-64-linux-gnu"
_ON_ARM64 = platform.machine() == "aarch64"
_ARM64 = "" if _ON_ARM64 else "aarch64-linux-gnu-"
_ARM64_PACKAGE = "gcc" if _ON_ARM64 else "gcc-aarch64-linux-gnu"
_RISCV64, _RISCV64_PACKAGE = "riscv64-linux-gnu-", "gcc-riscv64-linux-gnu"
_S390X, _S390X_PACKAGE = "s390x-linux-gnu-", "gcc-s390x-linux-gnu"
_MIPS64, _MIPS64_PACKAGE = "mips64-linux-gnuabi64-", "gcc-mips64-linux-gnuabi64"
_SPARC64, _SPARC64_PACKAGE = "sparc64-linux-gnu-", "gcc-sparc64-linux-gnu"
_MIPS64_KERNEL = CompatKernel(
    "mips", "mips", _MIPS64, _MIPS64_PACKAGE, ("CPU_MIPS64_R2", "CPU_BIG_ENDIAN", "64BIT", "MIPS32_O32", "MIPS32_N32")
)

ABIS: tuple[Abi, ...] = (
    Abi("x86_64", "64-bit x86", 64, "x86", f"{_X86}gcc", _X86_PACKAGE, ("-m64",)),
    Abi(
        "i386", "32-bit x86", 32, "x86", f"{_X86}gcc", _X86_PACKAGE, ("-m32",),
        compat=CompatKernel("x86_64", "x86", _X86, _X86_PACKAGE, ("IA32_EMULATION",)),
    ),
    Abi("x32", "x32", 32, "x86", f"{_X86}gcc", _X86_PACKAGE, ("-mx32",)),
    Abi(
        "arm", "32-bit Arm", 32, "arm", "arm-linux-gnueabi-gcc", "gcc-arm-linux-gnueabi",
        compat=CompatKernel("arm64", "arm64", _ARM64, _ARM64_PACKAGE, ("COMPAT",)),
    ),
    Abi("arm64", "64-bit Arm", 64, "arm64", f"{_ARM64}gcc", _ARM64_PACKAGE),
    Abi("riscv64", "64-bit RISC-V", 64, "riscv", f"{_RISCV64}gcc", _RISCV64_PACKAGE, ("-march=rv64gc", "-mabi=lp64d")),
    Abi(
        "riscv32", "32-bit RISC-V", 32, "riscv", f"{_RISCV64}gcc", _RISCV64_PACKAGE, ("-march=rv32gc", "-mabi=ilp32d"),
        # Linux kernel commit 9be8459298ea ("riscv: compat: Add COMPAT Kbuild skeletal support") (in v5.19)
        compat=CompatKernel("riscv", "riscv", _RISCV64, _RISCV64_PACKAGE, ("64BIT", "MMU", "COMPAT")),
    ),
    Abi(
        "powerpc", "32-bit PowerPC", 32, "powerpc", "powerpc-linux-gnu-gcc", "gcc-powerpc-linux-gnu",
        big_endian=True,
        compat=CompatKernel(
            "powerpc", "powerpc", "powerpc64-linux-gnu-", "gcc-powerpc64-linux-gnu",
            ("PPC64", "CPU_BIG_ENDIAN", "COMPAT"),
        ),
    ),
    Abi(
        "powerpc64le", "64-bit little-endian PowerPC", 64, "powerpc", "powerpc64le-linux-gnu-gcc",
        "gcc-powerpc64le-linux-gnu",
    ),
    Abi("s390", "64-bit s390", 64, "s390", f"{_S390X}gcc", _S390X_PACKAGE, ("-m64",), big_endian=True),
    Abi(
        "s390-31", "31-bit s390", 32, "s390", f"{_S390X}gcc", _S390X_PACKAGE, ("-m31",), big_endian=True,
        compat=CompatKernel("s390", "s390", _S390X, _S390X_PACKAGE, ("MULTIUSER", "COMPAT")),
    ),
    Abi("m68k", "m68k", 32, "m68k", "m68k-linux-gnu-gcc", "gcc-m68k-linux-gnu", big_endian=True),
    Abi(
        "mips-o32", "MIPS o32", 32, "mips", "mips-linux-gnu-gcc", "gcc-mips-linux-gnu", ("-mabi=32",), big_endian=True,
        compat=_MIPS64_KERNEL,
    ),
    Abi(
        "mips-n32", "MIPS n32", 32, "mips", f"{_MIPS64}gcc", _MIPS64_PACKAGE, ("-mabi=n32",), big_endian=True,
        compat=_MIPS64_KERNEL,
    ),
    Abi("mips-n64", "MIPS n64", 64, "mips", f"{_MIPS64}gcc", _MIPS64_PACKAGE, ("-mabi=64",), big_endian=True),
    Abi(
        "sparc", "32-bit SPARC", 32, "sparc", f"{_SPARC64}gcc", _SPARC64_PACKAGE, ("-m32",), big_endian=True,
        compat=CompatKernel("sparc64", "sparc", _SPARC64, _SPARC64_PACKAGE, ("64BIT", "COMPAT")),
    ),
    Abi("sparc64", "64-bit SPARC", 64, "sparc", f"{_SPARC64}gcc", _SPARC64_PACKAGE, ("-m64",), big_endian=True),
    Abi("alpha", "Alpha", 64, "alpha", "alpha-linux-gnu-gcc", "gcc-alpha-linux-gnu"),
    Abi(
        "parisc", "PA-RISC", 32, "parisc", "hppa-linux-gnu-gcc", "gcc-hppa-linux-gnu", big_endian=True,
        compat=CompatKernel(
            "parisc64", "parisc", "hppa64-linux-gnu-", "gcc-hppa64-linux-gnu", ("PA8X00", "64BIT", "COMPAT")
        ),
    ),
    Abi("sh", "SuperH", 32, "sh", "sh4-linux-gnu-gcc", "gcc-sh4-linux-gnu"),
)  # fmt: skip

# What is asked for without --abi, installed or not: the ABIs on which the same header most often differs.
_ALWAYS = frozenset({"x86_64", "i386", "arm", "arm64", "powerpc", "s390"})


def find_abi(name: str) -> Abi:
    """Return the ABI called *name*.

    Raises UsageError, which names the known ones.
    """
    for abi in ABIS:
        if abi.name == name:
            return abi
    raise UsageError(f"unknown abi: {name}", hint=f"known: {', '.join(abi.name for abi in ABIS)}")


def needed_abis() -> tuple[Abi, ...]:
    """Return the ABIs that are asked for whatever is installed, in the table's order."""
    return tuple(abi for abi in ABIS if abi.name in _ALWAYS)


def default_abis() -> tuple[Abi, ...]:
    """Return every ABI whose compiler is on PATH, and the six that are always asked for, in the table's order."""
    return tuple(abi for abi in ABIS if abi.name in _ALWAYS or shutil.which(abi.compiler) is not None)
