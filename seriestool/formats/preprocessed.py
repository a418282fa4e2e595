# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``gcc -E -dD`` gives (GCC manual, "Preprocessor Output"): the code, and what its macros say about members."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MARKER = re.compile(r'# (\d+) "((?:[^"\\]|\\.)*)"((?: [1-4])*)')
_ALIAS = re.compile(r"#define (\w+) ([A-Za-z_]\w*(?: ?\. ?[A-Za-z_]\w*)+) *")
_UNDEFINED = re.compile(r"#undef (\w+)")
_ENTERED = "1"


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """One header with all that it includes.

    ``code`` has no macros; lines are where they were, and files in line markers are called as the installed header is
    ("linux/signal.h"). ``aliases`` are macros for a member by its path, sorted. ``reached`` are the files, in the
    order of their first inclusion.
    """

    code: str
    aliases: tuple[tuple[str, str], ...]
    reached: tuple[str, ...]


def read_preprocessed(data: bytes, places: Mapping[str, str]) -> Preprocessed:
    """Read the output of ``gcc -E -dD``; *places* maps directories to what stands in their place, with its slash.

    The same header gives the same code, wherever it is installed.
    """
    lines: list[str] = []
    aliases: dict[str, str] = {}
    reached: dict[str, None] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        if not line.startswith("#"):
            lines.append(line)
            continue
        marker = _MARKER.fullmatch(line)
        if marker:
            name = rename(marker[2], places)
            if _ENTERED in marker[3]:
                reached.setdefault(name)
            lines.append(f'# {marker[1]} "{name}"{marker[3]}')
        elif line.startswith(("#define ", "#undef ")):
            _note_alias(line, aliases)
            lines.append("")
        else:
            lines.append(line)  # a pragma
    return Preprocessed("\n".join(lines), tuple(sorted(aliases.items())), tuple(reached))


def rename(name: str, places: Mapping[str, str]) -> str:
    """Return *name*, a path, with the first of *places* that it lies in put in words."""
    for place, word in places.items():
        if name.startswith(f"{place}/"):
            return word + name[len(place) + 1 :]
    return name


def _note_alias(line: str, aliases: dict[str, str]) -> None:
    alias = _ALIAS.fullmatch(line)
    if alias:
        aliases[alias[1]] = alias[2].replace(" ", "")
        return
    gone = _UNDEFINED.match(line) or re.match(r"#define (\w+)", line)
    if gone:
        aliases.pop(gone[1], None)
