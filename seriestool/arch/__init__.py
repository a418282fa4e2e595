# SPDX-License-Identifier: GPL-2.0-or-later
"""Architectures that a series can be built and booted for, one file each, and the user-space ABIs they have."""

from __future__ import annotations

from seriestool.arch.abi import Abi, CompatKernel
from seriestool.arch.abis import ABIS, default_abis, find_abi
from seriestool.arch.architecture import Architecture
from seriestool.arch.arm import ARM
from seriestool.arch.x86_64 import X86_64
from seriestool.errors import UsageError

__all__ = ["ABIS", "ARCHES", "Abi", "Architecture", "CompatKernel", "default_abis", "find_abi", "find_arch"]

ARCHES: tuple[Architecture, ...] = (ARM, X86_64)


def find_arch(name: str) -> Architecture:
    """Return the architecture called *name*.

    Raises UsageError, which names the known ones.
    """
    for arch in ARCHES:
        if arch.name == name:
            return arch
    raise UsageError(f"unknown arch: {name}", hint=f"known: {', '.join(arch.name for arch in ARCHES)}")
