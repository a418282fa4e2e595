# SPDX-License-Identifier: GPL-2.0-or-later
"""What an architecture is called, by everyone who has a say: the kernel, Debian, QEMU, ELF and user space."""

from __future__ import annotations

from dataclasses import dataclass

from seriestool.arch.abi import Abi


@dataclass(frozen=True, slots=True)
class Architecture:
    """One row of the table; no code asks for an arch by name, it asks the row."""

    # Ours: what --arch takes, what kernel-configs/<name>.config is named by.
    name: str

    # Ours: how a sentence calls it ("breaks 32-bit Arm user space").
    label: str

    # Kernel: make's ARCH=, and the directory below arch/ that it means (the top Makefile's SRCARCH).
    kernel_arch: str
    source_arch: str

    # Kernel: make's CROSS_COMPILE=, which is Debian's cross triplet with a dash behind it.
    cross_compile: str

    # Kernel: make's target that ends with the image, and where it then lies below O=.
    image_target: str
    image_path: str

    # Debian 12: the packages with the compiler, the C library to link statically, and QEMU.
    compiler_package: str
    libc_package: str
    qemu_package: str

    # QEMU: the program, its -machine and -cpu.
    qemu: str
    qemu_machine: str
    qemu_cpu: str

    # QEMU: the -device name of a virtio-serial bus on this machine's own transport.
    virtio_serial_device: str

    # Kernel: console= of the first serial port of that machine.
    console: str

    # uname -m: hosts on which KVM could run this guest (whether it does, a probe finds out).
    kvm_host_machines: tuple[str, ...]

    # ELF: e_machine of its programs (elf(5)).
    elf_machine: int

    # gcc: user-space ABIs, the one that static test programs are built for first.
    abis: tuple[Abi, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """Debian packages that this arch needs beside what every build needs."""
        return (self.compiler_package, self.libc_package, self.qemu_package)

    @property
    def compiler(self) -> str:
        """Name of the C compiler on PATH."""
        return f"{self.cross_compile}gcc"
