# SPDX-License-Identifier: GPL-2.0-or-later
"""64-bit x86."""

from __future__ import annotations

import platform

from seriestool.arch.abis import find_abi
from seriestool.arch.architecture import Architecture

_NATIVE = platform.machine() == "x86_64"

X86_64 = Architecture(
    name="x86_64",
    label="64-bit x86",
    # Not "x86", which is 32 bit to tinyconfig: symbols that only 64 bit has would not be asked there, and olddefconfig
    # would then set each that defaults to y.
    kernel_arch="x86_64",
    source_arch="x86",
    cross_compile="" if _NATIVE else "x86_64-linux-gnu-",
    image_target="bzImage",
    image_path="arch/x86/boot/bzImage",
    compiler_package="gcc" if _NATIVE else "gcc-x86-64-linux-gnu",
    libc_package="libc6-dev" if _NATIVE else "libc6-dev-amd64-cross",
    qemu_package="qemu-system-x86",
    qemu="qemu-system-x86_64",
    qemu_machine="q35",
    # Not "host": that may abort on a model-specific register, and it is no CPU at all without KVM.
    qemu_cpu="max",
    virtio_serial_device="virtio-serial-pci",
    console="ttyS0",
    kvm_host_machines=("x86_64",),
    elf_machine=62,  # EM_X86_64
    abis=(find_abi("x86_64"), find_abi("i386")),
)
