# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel configurations and fragments: what was asked for, what came of it.

The file format is that of Documentation/kbuild/kconfig.rst and scripts/kconfig/merge_config.sh: ``CONFIG_X=value``,
``# CONFIG_X is not set``, comments and empty lines. A symbol that a configuration does not mention is "n".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seriestool.errors import UsageError

_SET = re.compile(r"CONFIG_(?P<name>\w+)=(?P<value>.*)")
_UNSET = re.compile(r"# CONFIG_(?P<name>\w+) is not set")


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: symbol without ``CONFIG_``, value as written ("y", "n", '"text"', "0x10"), and where it stands."""

    name: str
    value: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"# CONFIG_{self.name} is not set" if self.value == "n" else f"CONFIG_{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class LostSymbol:
    """A setting that did not survive: what was asked for and what the configuration has instead."""

    asked: Setting
    came: str

    def __str__(self) -> str:
        return f"{self.asked} became {self.came} ({self.asked.file}:{self.asked.line})"


def read_settings(text: str, file: str) -> tuple[Setting, ...]:
    """Read the settings of a configuration or fragment, in order; *file* is the name to show.

    Raises UsageError at a line that kconfig would silently ignore (``CONFIG_X = y``).
    """
    settings = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _SET.fullmatch(line.rstrip()) or _UNSET.fullmatch(line.rstrip())
        if match:
            settings.append(Setting(match["name"], match.groupdict().get("value", "n"), file, number))
        elif line.strip() and not line.startswith("#"):
            raise UsageError(
                f"{file}:{number}: not a configuration line: {line.strip()}",
                hint="CONFIG_X=y without spaces, or: # CONFIG_X is not set",
            )
    return tuple(settings)


def values(settings: Iterable[Setting]) -> dict[str, str]:
    """Return symbol to value; of several lines for one symbol the last counts, as it does for kconfig."""
    return {setting.name: setting.value for setting in settings}


def lost_symbols(asked: Iterable[Setting], came: Mapping[str, str]) -> tuple[LostSymbol, ...]:
    """Return what of *asked* is not in *came*, sorted by symbol; of contradicting lines the last is meant."""
    last = {setting.name: setting for setting in asked}
    return tuple(
        LostSymbol(setting, came.get(name, "n"))
        for name, setting in sorted(last.items())
        if came.get(name, "n") != setting.value
    )
