# SPDX-License-Identifier: GPL-2.0-or-later
"""How a 64-bit kernel is asked for, and whether the tree can be configured so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from seriestool.arch.abi import CompatKernel
from seriestool.formats.kconfig import lost_symbols, read_settings, values

_KCONFIG = re.compile(r"(?:.*/)?Kconfig[^/]*")


def make_arch(kernel: CompatKernel, source: Path) -> str:
    """Return what make's ``ARCH=`` is in the tree at *source*: 5.10 calls parisc64 "parisc" and asks for 64BIT."""
    known = re.compile(rf"\b{kernel.kernel_arch}\b".encode())
    if (source / "arch" / kernel.kernel_arch).is_dir() or known.search((source / "Makefile").read_bytes()):
        return kernel.kernel_arch
    return kernel.source_arch


def fragment(kernel: CompatKernel) -> str:
    """Return the settings that are asked for, as KCONFIG_ALLCONFIG takes them."""
    return "".join(f"CONFIG_{name}=y\n" for name in kernel.config)


def what_is_lost(kernel: CompatKernel, config: str, source: Path, files: Iterable[str]) -> str:
    """Return why *config*, a ``.config``, is not what was asked for; nothing where it is.

    *files* are those of the tree at *source*: a symbol that none of its Kconfig files has is told from one that
    something else keeps from being set.
    """
    asked = read_settings(fragment(kernel), kernel.kernel_arch)
    names = [lost.asked.name for lost in lost_symbols(asked, values(read_settings(config, ".config")))]
    if not names:
        return ""
    others = re.compile(rf"arch/(?!{kernel.source_arch}/)[^/]+/.*")
    texts = [(source / path).read_bytes() for path in files if _KCONFIG.fullmatch(path) and not others.fullmatch(path)]
    for name in names:
        pattern = re.compile(rf"^\s*(?:menu)?config\s+{name}\s*$".encode(), re.M)
        if not any(pattern.search(text) for text in texts):
            return f"{kernel.source_arch} has no CONFIG_{name} in this tree"
    return f"CONFIG_{names[0]} cannot be set in this tree: something that it depends on is not"
