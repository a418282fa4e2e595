# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to the compiler that debug information has no answer to: how types are aligned.

DWARF tells an alignment only where a source asks for one (DW_AT_alignment); packing, and what an ABI makes of a
64-bit integer, it does not. So constants with the value of ``_Alignof`` are compiled behind a header, and read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

FILE = "<alignment probes>"
PREFIX = "seriestool_align_"
_VALUE = "= "

_BASE = (
    "char", "short", "int", "long", "long long", "float", "double", "long double", "_Bool", "void *",
    "unsigned char", "unsigned short", "unsigned int", "unsigned long", "unsigned long long", "signed char",
)  # fmt: skip
_WIDE = ("__int128", "unsigned __int128")  # not on 32-bit machines, so only where a header speaks of it

_GAP = r"(?:\s|^\#[^\n]*\n)*"  # line markers may stand between any two tokens
_NEST = r"[^()]*"
for _ in range(6):
    _NEST = rf"(?:[^()]|\({_NEST}\))*"
_ATTRIBUTES = rf"(?:__attribute__{_GAP}\({_NEST}\){_GAP})*"
_TAGGED = re.compile(rf"\b(struct|union)\b{_GAP}{_ATTRIBUTES}([A-Za-z_]\w*){_GAP}{{", re.MULTILINE)
_UNTAGGED = re.compile(rf"\btypedef\b{_GAP}(?:const\b{_GAP})?(?:struct|union)\b{_GAP}{_ATTRIBUTES}{{", re.MULTILINE)
_NAME = re.compile(rf"{_GAP}{_ATTRIBUTES}([A-Za-z_]\w*){_GAP}{_ATTRIBUTES}[;,]", re.MULTILINE)
_BRACES = re.compile(r"[{}]")
_UNKNOWN = re.compile(r"['\u2018](\w+)['\u2019] undeclared")
_WORD = re.compile(r"[A-Za-z_]\w*")


def find_probes(code: str) -> tuple[str, ...]:
    """Return the types to ask about: C's own, every struct and union with a body, by tag or by typedef.

    A body that is not at file scope is found as well; the compiler will not know its tag.
    """
    wide = _WIDE if "__int128" in code else ()
    tagged = (f"{match[1]} {match[2]}" for match in _TAGGED.finditer(code))
    return (*_BASE, *wide, *dict.fromkeys((*tagged, *_untagged(code))))


def _untagged(code: str) -> Iterator[str]:
    for match in _UNTAGGED.finditer(code):
        depth = 1
        for brace in _BRACES.finditer(code, match.end()):
            depth += 1 if brace[0] == "{" else -1
            if not depth:
                name = _NAME.match(code, brace.end())
                if name:
                    yield name[1]
                break


def probe_code(probes: Sequence[str]) -> str:
    """Write the source that asks, one line per probe: line 2 of ``FILE`` is the first."""
    asked = (name.removeprefix(_VALUE) if name.startswith(_VALUE) else f"_Alignof({name})" for name in probes)
    lines = [f"{PREFIX}{number} = {what}," for number, what in enumerate(asked)]
    return "\n".join([f'# 1 "{FILE}"', f"enum {PREFIX}probes {{", *lines, f"{PREFIX}end }};", ""])


def value_of(expression: str) -> str:
    """Return the probe that asks for the value of an integer constant expression."""
    return f"{_VALUE}{expression}"


def is_value(probe: str) -> bool:
    """Tell whether *probe* asks for a value, and not for an alignment."""
    return probe.startswith(_VALUE)


def refused(errors: str, probes: Sequence[str]) -> frozenset[str]:
    """Return the probes that a compiler's messages complain about.

    Of a name that it does not know a compiler speaks once, however many lines use it: all of them are returned.
    """
    found = re.findall(rf"^{re.escape(FILE)}:(\d+):\d+: error: (.*)", errors, re.MULTILINE)
    lines = {int(line) - 2 for line, _ in found}
    unknown = frozenset(name for _, message in found for name in _UNKNOWN.findall(message))
    return frozenset(
        probe
        for line, probe in enumerate(probes)
        if line in lines or (unknown and not unknown.isdisjoint(_WORD.findall(probe)))
    )


def probe_number(name: str) -> int | None:
    """Return which probe an enumerator answers, None for any other."""
    number = name.removeprefix(PREFIX)
    return int(number) if number != name and number.isdecimal() else None
