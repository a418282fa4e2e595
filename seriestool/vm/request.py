# SPDX-License-Identifier: GPL-2.0-or-later
"""What a runner is asked for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from seriestool.arch import Architecture


def new_nonce() -> str:
    """Return a word no earlier guest was given: a verdict of another boot cannot be taken for this one's."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class BootRequest:
    """One boot of *kernel* with the guest image *initrd*.

    ``tests`` are the names in the image's list, in order: a verdict about other tests is none. ``directory`` gets
    ``console.log`` and ``verdict.log``; ``timeout`` is in seconds of wall clock, for the whole life of the guest.
    ``accelerator`` is "tcg" or "kvm" (``accel.choose_accelerator``).
    """

    arch: Architecture
    kernel: Path
    initrd: Path
    tests: tuple[str, ...]
    directory: Path
    accelerator: str = "tcg"
    timeout: float = 120
    nonce: str = field(default_factory=new_nonce)

    @property
    def console_log(self) -> Path:
        """Everything the guest's serial port and QEMU itself said, after the command that started them."""
        return self.directory / "console.log"

    @property
    def verdict_log(self) -> Path:
        """What the guest wrote to its verdict port."""
        return self.directory / "verdict.log"
