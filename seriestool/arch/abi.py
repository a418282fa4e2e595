# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user-space ABI is called, by everyone who has a say: the kernel, Debian and gcc."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompatKernel:
    """The 64-bit kernel that also runs programs of a 32-bit ABI, through its own ``compat_`` types.

    ``kernel_arch`` and ``cross_compile`` are make's; ``source_arch`` is the directory below arch/, and what ``ARCH=``
    is in trees that do not know ``kernel_arch`` yet. ``config`` are the symbols that switch the ABI on, after those
    that they depend on and ``allnoconfig`` leaves out; ABIs of one kernel name the same ones, so that one build serves
    them all.
    """

    kernel_arch: str
    source_arch: str
    cross_compile: str
    compiler_package: str
    config: tuple[str, ...]

    @property
    def compiler(self) -> str:
        """Name of the C compiler on PATH."""
        return f"{self.cross_compile}gcc"


@dataclass(frozen=True, slots=True)
class Abi:
    """One row of the table: one compile of a header."""

    # Ours: what --abi takes, and how a sentence calls it.
    name: str
    label: str

    # The bits of a pointer.
    bits: int

    # Kernel: make's ARCH= for headers_install, which is also the directory below arch/.
    kernel_arch: str

    # Debian 12: the compiler on PATH, and the package that has it.
    compiler: str
    compiler_package: str

    # gcc: what selects this ABI where one compiler serves several.
    flags: tuple[str, ...] = ()

    # gcc: the byte order, which decides where bit-fields lie.
    big_endian: bool = False

    # Kernel: the 64-bit kernel that runs this ABI beside its own, None where there is none.
    compat: CompatKernel | None = None
