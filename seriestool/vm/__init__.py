# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests: their image, the runners that boot them, and the verdict that comes back."""

from __future__ import annotations

from collections.abc import Callable

from seriestool.log import Progress
from seriestool.model.testing import GuestResult
from seriestool.vm import qemu
from seriestool.vm.request import BootRequest

# What can boot a guest, by the name a workspace chooses it with.
RUNNERS: tuple[tuple[str, Callable[[BootRequest, Progress], GuestResult]], ...] = (("qemu", qemu.boot),)
