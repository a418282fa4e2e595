# SPDX-License-Identifier: GPL-2.0-or-later
"""The user-space headers of the commits of a series, each installed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seriestool.abi.headers import HeaderInstaller, Installed, InstallFailure
from seriestool.abi.make import NO_END
from seriestool.abi.reach import affected


@dataclass
class Installs:
    """Installed headers by commit and kernel arch."""

    installer: HeaderInstaller
    _known: dict[tuple[str, str], Installed | InstallFailure] = field(default_factory=dict, init=False)
    _affected: dict[tuple[Path, Path], tuple[str, ...]] = field(default_factory=dict, init=False)

    def make(self, commits: Iterable[str], kernel_arches: Sequence[str]) -> None:
        """Install the headers of every commit for every arch; raises what ``HeaderInstaller.install`` raises."""
        for commit in dict.fromkeys(commits):
            missing = [arch for arch in dict.fromkeys(kernel_arches) if (commit, arch) not in self._known]
            if missing:
                found = self.installer.install(commit, missing)
                self._known |= {(commit, arch): each for arch, each in found.items()}

    def at(self, commit: str, kernel_arch: str) -> Installed | InstallFailure:
        """Return the headers of *commit* for *kernel_arch*."""
        self.make([commit], [kernel_arch])
        return self._known[commit, kernel_arch]

    def affected(self, before: Installed, after: Installed) -> tuple[str, ...]:
        """Return the headers that a step can have changed the meaning of, asked once for all ABIs of an arch."""
        pair = before.include, after.include
        if pair not in self._affected:
            self._affected[pair] = affected(before, after)
        return self._affected[pair]

    @property
    def whole(self) -> bool:
        """Whether every failure is the tree's: one that only took too long may be gone tomorrow."""
        failures = (each for each in self._known.values() if isinstance(each, InstallFailure))
        return not any(each.reason.startswith(NO_END) for each in failures)
