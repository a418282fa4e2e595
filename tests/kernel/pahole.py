# SPDX-License-Identifier: GPL-2.0-or-later
"""What pahole (Debian's dwarves) prints about an object, as places of members."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from seriestool import proc

# Its lines: "what;  /* offset size */", "what:width;  /* offset:first-bit size */", the end of something inside, and
# of the whole. Numbers are bytes, but for width and first bit, which on a little-endian machine counts from bit 0.
_MEMBER = re.compile(
    r"(?P<what>.*?)(?::(?P<width>\d+))?;\s*/\*\s*(?P<offset>\d+)(?::\s*(?P<bit>\d+))?\s+(?P<size>\d+) \*/"
)
_INNER = re.compile(r"\}(?P<what>.*?);\s*/\*\s*(?P<offset>\d+)\s+(?P<size>\d+) \*/")
_SIZE = re.compile(r"/\* size: (\d+), .*\*/")
_OPEN = re.compile(r"(?P<typedef>typedef )?(?:const |volatile )*(?P<keyword>struct|union|enum)\b ?(?P<tag>\w*).*\{")
_FUNCTION = re.compile(r"\(\*+ ?(?P<name>\w+)(?:\[[^)]*)?\)")
_NAME = re.compile(r"(?P<name>[A-Za-z_]\w*)?(?:\[\d*\])*$")
_STARTS = re.compile(r"^(?=(?:typedef |struct |union |enum ))", re.MULTILINE)
_ATTRIBUTE = re.compile(r"\s*__attribute__\(\((?:[^()]|\([^()]*\))*\)\)")


# Of a member: path, and first bit and number of bits.
Place = tuple[str, tuple[int, int]]


@dataclass(frozen=True)
class Printed:
    """One struct or union: bytes, None where pahole prints none (unions), and its members in order.

    Places of what has no name are listed as if they were the outer record's own.
    """

    name: str
    size: int | None
    members: tuple[Place, ...]


def printed(path: Path) -> dict[str, Printed]:
    """Return every struct and union that pahole finds in an object, by the name that a Record has."""
    done = proc.run(["pahole", "--show_private_classes", "--anon_include", str(path)], timeout=60)
    return parse(done.stdout.decode())


def parse(text: str) -> dict[str, Printed]:
    """Read pahole's output."""
    blocks = _STARTS.split(text)
    return {each.name: each for each in map(_block, blocks) if each is not None}


# The same types come with thousands of headers.
@cache
def _block(text: str) -> Printed | None:
    lines = text.strip().splitlines()
    opened = _OPEN.match(lines[0]) if lines else None
    if opened is None or opened["keyword"] == "enum":
        return None
    closing = next(line for line in reversed(lines) if line.startswith("}"))
    name = _ATTRIBUTE.sub("", closing).strip("}; ") if opened["typedef"] else f"{opened['keyword']} {opened['tag']}"
    size = _SIZE.search(text)
    members, _ = _body(iter(lines[1:]))
    return Printed(name, int(size[1]) if size else None, tuple(members))


def _body(lines: Iterator[str]) -> tuple[list[Place], Place | None]:
    """Return the members up to the closing brace, and what that line says."""
    members: list[Place] = []
    for raw in lines:
        line = raw.strip()
        if line.startswith("}"):
            end = _INNER.match(line)
            return members, _member(end) if end else None
        if _OPEN.match(line):
            inner, whole = _body(lines)
            assert whole is not None, line
            name, place = whole
            if name:
                members += [(name, place), *((f"{name}.{path}", each) for path, each in inner)]
            else:
                members += inner
        elif found := _MEMBER.match(line):
            members.append(_member(found))
    raise AssertionError("pahole printed no closing brace")


def _member(found: re.Match[str]) -> Place:
    group = found.groupdict()
    what = _ATTRIBUTE.sub("", group["what"]).strip()
    named = _FUNCTION.search(what) or _NAME.search(what)
    name = (named["name"] or "") if named else ""
    start = 8 * int(group["offset"])
    if group.get("width"):
        return name, (start + int(group["bit"]), int(group["width"]))
    return name, (start, 8 * int(group["size"]))
