# SPDX-License-Identifier: GPL-2.0-or-later
"""32-bit Arm, EABI: the ABI that aligns a 64-bit member of a union to 8 bytes where i386 and m68k align it to 4."""

from __future__ import annotations

from seriestool.arch.abis import find_abi
from seriestool.arch.architecture import Architecture

ARM = Architecture(
    name="arm",
    label="32-bit Arm",
    kernel_arch="arm",
    source_arch="arm",
    # Soft float: such programs run on any kernel with the EABI, with or without CONFIG_VFP.
    cross_compile="arm-linux-gnueabi-",
    image_target="zImage",
    image_path="arch/arm/boot/zImage",
    compiler_package="gcc-arm-linux-gnueabi",
    libc_package="libc6-dev-armel-cross",
    qemu_package="qemu-system-arm",
    qemu="qemu-system-arm",
    qemu_machine="virt",
    # A 32-bit core; with it, and this machine, a guest reaches poweroff within a second under emulation.
    qemu_cpu="cortex-a15",
    # The virt machine's own transport is virtio-mmio: it needs no PCI in the kernel.
    virtio_serial_device="virtio-serial-device",
    console="ttyAMA0",
    # No KVM for 32-bit Arm kernels: Linux removed it on 32-bit hosts, and no common host runs such guests.
    kvm_host_machines=(),
    elf_machine=40,  # EM_ARM
    abis=(find_abi("arm"),),
)
