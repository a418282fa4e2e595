# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``gcc -E -dD`` gives (GCC manual, "Preprocessor Output"): the code, and what its macros say about members."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seriestool.formats.constants import split_numbers

_MARKER = re.compile(r'# (\d+) "((?:[^"\\]|\\.)*)"((?: [1-4])*)')
_ALIAS = re.compile(r"#define (\w+) ([A-Za-z_]\w*(?: ?\. ?[A-Za-z_]\w*)*) *")
_NAMED = re.compile(r"#(?:define|undef) (\w+)")
_DIRECTIVE = re.compile(r"^#.*$", re.MULTILINE)
_ENTERED = "1"


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """One header with all that it includes.

    ``code`` has no macros; lines are where they were, and files in line markers are called as the installed header is
    ("linux/signal.h"). ``aliases`` are macros for another name, or for a member by its path, sorted. ``reached`` are
    the files, in the order of their first inclusion. ``numbers`` are the macros that were asked for, and what they are
    made of.
    """

    code: str
    aliases: tuple[tuple[str, str], ...]
    reached: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...] = ()


def read_preprocessed(data: bytes, places: Mapping[str, str], numbers: Sequence[str] = ()) -> Preprocessed:
    """Read the output of ``gcc -E -dD``; *places* maps directories to what stands in their place, with its slash.

    *numbers* are the macros that ``constants.number_code`` asked for.

    The same header gives the same code, wherever it is installed.
    """
    aliases: dict[str, str] = {}
    reached: dict[str, None] = {}
    names: dict[str, str] = {}

    def directive(line: re.Match[str]) -> str:
        text = line[0]
        if text.startswith(("#define ", "#undef ")):
            _note_alias(text, aliases)
            return ""
        marker = _MARKER.fullmatch(text)
        if marker is None:
            return text  # a pragma
        name = names.get(marker[2])
        if name is None:
            name = names[marker[2]] = rename(marker[2], places)
        if _ENTERED in marker[3]:
            reached.setdefault(name)
        return f'# {marker[1]} "{name}"{marker[3]}'

    code = _DIRECTIVE.sub(directive, data.decode("utf-8", "surrogateescape"))
    made_of: tuple[tuple[str, str], ...] = ()
    if numbers:
        code, made_of = split_numbers(code, numbers)
    return Preprocessed(code, tuple(sorted(aliases.items())), tuple(reached), made_of)


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
    gone = _NAMED.match(line) if aliases else None
    if gone:
        aliases.pop(gone[1], None)
