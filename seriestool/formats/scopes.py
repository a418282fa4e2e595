# SPDX-License-Identifier: GPL-2.0-or-later
"""Which function, type or table a line stands in: by the headings that git writes behind ``@@``.

A heading is a line that begins with a letter, ``_`` or ``$`` and is no label (gitattributes(5), "Defining a custom
hunk-header"). A scope goes by the name of what its heading declares, so that it stays the same one where arguments and
qualifiers change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from seriestool.model.series import Hunk, HunkLine

TOP = b""
"""The scope of what stands before the first heading of a file."""

_HEADING = re.compile(rb"[A-Za-z_$]")
_LABEL = re.compile(rb"\w+:\s*(?:$|/[*/])")
_DECLARED = re.compile(rb"[^=({\[;]*")
_NAME = re.compile(rb"[A-Za-z_$]\w*")
_ARGUMENT = re.compile(rb"\(\s*(\w+)")


def scope_at(line: bytes) -> bytes | None:
    """Return the name of the scope that begins with *line*, None where none does.

    >>> scope_at(b"static int start(struct device *device)")
    b'start'
    """
    if not _HEADING.match(line) or _LABEL.match(line):
        return None
    declared = _DECLARED.match(line)
    head = declared[0] if declared else b""
    names = _NAME.findall(head)
    if not names:
        return line.strip()
    name: bytes = names[-1]
    argument = _ARGUMENT.match(line, len(head))
    # All calls of a macro such as EXPORT_SYMBOL() have its name; what they are about is in the parentheses.
    return name + b"(" + argument[1] if argument and name.isupper() else name


def with_scopes(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield every line of a file with its scope; a heading stands in its own."""
    scope = TOP
    for line in lines:
        scope = scope_at(line) or scope
        yield scope, line


def hunk_scopes(hunk: Hunk) -> Iterator[tuple[HunkLine, bytes | None]]:
    """Yield every line of *hunk* with its scope, None where that is not known.

    An added line has its scope in the post-image, the others theirs in the pre-image.
    """
    old = new = scope_at(hunk.section.encode("utf-8", "surrogateescape"))
    for line in hunk.lines:
        begun = scope_at(line.text)
        if begun is not None:
            old, new = (old if line.sign == "+" else begun), (new if line.sign == "-" else begun)
        yield line, (new if line.sign == "+" else old)
