# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel releases in order: tags ("v5.13-rc1"), Makefiles ("5.13.0-rc1"), Debian versions ("5.13~rc1-1~exp1")."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RELEASE = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-~.]?rc(\d+))?")
_FINAL = 1 << 30


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """One release; ``candidate`` is 4 for -rc4, and above all candidates for the release itself."""

    version: int
    patchlevel: int
    sublevel: int = 0
    candidate: int = _FINAL

    @property
    def series(self) -> tuple[int, int]:
        """What the stable releases of one kernel have in common: (5, 10)."""
        return self.version, self.patchlevel

    @property
    def is_mainline(self) -> bool:
        """Whether mainline made it, and no stable branch; until 3.0, mainline counted in the third number."""
        return not self.sublevel or self.series == (2, 6)

    @property
    def tags(self) -> tuple[str, ...]:
        """Names of its tag: its own, and that of the release its series began with."""
        name = f"v{self.version}.{self.patchlevel}"
        if self.candidate != _FINAL:
            return (f"{name}-rc{self.candidate}",)
        return (f"{name}.{self.sublevel}", name) if self.sublevel else (name,)

    def has(self, other: Release) -> bool:
        """Tell whether all that *other* had is expected here: a stable release's own changes only in its series."""
        return self >= other and (not other.sublevel or self.series == other.series)


def parse_release(text: str) -> Release | None:
    """Return the release that *text* begins with, None where it begins with none."""
    match = _RELEASE.match(text)
    if match is None:
        return None
    version, patchlevel, sublevel, candidate = match.groups()
    return Release(int(version), int(patchlevel), int(sublevel or 0), int(candidate) if candidate else _FINAL)
