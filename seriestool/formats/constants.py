# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers that are part of the ABI and no type has: of ioctls, which hold the size of a type, and of system calls.

Only the preprocessor knows what such a macro is made of, and only the compiler what comes out: the first is asked in
lines behind the header, and its answers are probes to the second (``formats.probes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from seriestool.formats.probes import value_of
from seriestool.model.layout import Enumeration

IOCTLS, CALLS = "ioctl numbers", "system calls"
NUMBERS = frozenset({IOCTLS, CALLS})
"""What the enumerations are called that hold them; no enum of C is called that."""

_FILE = "<numbers>"
_DEFINED = re.compile(
    rb"^[ \t]*#[ \t]*define[ \t]+(?:(\w+)[ \t]+\(?_IO\w*[ \t]*\(|(__(?:ARM_)?NR_\w+)[ \t])", re.MULTILINE
)
# A header may leave asm/ioctl.h to those who use its numbers.
_IOC = "#if !defined(_IOC) && __has_include(<asm/ioctl.h>)\n#include <asm/ioctl.h>\n#endif"
_ANSWER = re.compile(r"\bseriestool_number (\d+)([^;]*);")
_MARKER = re.compile(r"^#.*$", re.MULTILINE)  # gcc puts them around what a system header's macro stands for


def find_numbers(text: bytes) -> tuple[str, ...]:
    """Return the names of the macros of a header that are such numbers, each once, in their order."""
    return tuple(dict.fromkeys((ioctl or call).decode() for ioctl, call in _DEFINED.findall(text)))


def number_code(names: Sequence[str]) -> str:
    """Write the lines behind a header that ask what *names* are made of."""
    if not names:
        return ""
    lines = (f"#ifdef {name}\nseriestool_number {place} {name};\n#endif" for place, name in enumerate(names))
    return "\n".join([_IOC, f'# 1 "{_FILE}"', *lines, ""])


def split_numbers(code: str, names: Sequence[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return *code* without the answers to ``number_code``, and what each of *names* is made of, as far as it is."""
    head, _, tail = code.partition(f'# 1 "{_FILE}"')
    answers = _ANSWER.finditer(_MARKER.sub("", tail))
    return head, tuple((names[int(each[1])], " ".join(each[2].split())) for each in answers)


def number_enums(made_of: Iterable[tuple[str, str]], said: Mapping[str, int], header: str) -> list[Enumeration]:
    """Return the numbers that the compiler *said*, as what is next of kin to them."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name, expansion in made_of:
        value = said.get(value_of(expansion))
        if value is not None:
            found.setdefault(CALLS if "NR_" in name[:9] and name.startswith("__") else IOCTLS, []).append((name, value))
    return [Enumeration(title, 4, False, tuple(values), header) for title, values in sorted(found.items())]
