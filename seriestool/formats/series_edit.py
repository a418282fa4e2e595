# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys added to a ``series.toml`` that people wrote: lines are put in, and not one byte of the others is changed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence

from seriestool.errors import UsageError
from seriestool.formats.series_toml import PATCH_KEYS, read_tracked
from seriestool.formats.toml import write_value

_TABLE = re.compile(r"""[ \t]*\[\[[ \t]*(["']?)(patch|follow-up)\1[ \t]*\]\]""")
_ANY_TABLE = re.compile(r"[ \t]*\[")
_KEY = re.compile(r"""([ \t]*)(["']?)([a-z-]+)\2[ \t]*=""")


def add_keys(text: str, slug: str, additions: Mapping[str, Mapping[str, str]]) -> str:
    """Return the ``series.toml`` *text* of *slug* with *additions*, by patch number a value for each key.

    A key goes into the table of its patch, behind the one that it follows in ``write_tracked``, with the same
    indentation and line ending. Raises UsageError where *text* is no ``series.toml``, or a value is none for its key;
    where a patch has such a key already; where it stands in no ``[[patch]]`` or ``[[follow-up]]`` of its own.
    """
    tracked = read_tracked(text, slug)
    where = f"patches/{slug}/series.toml"
    lines = text.split("\n")  # not splitlines(), which knows more line ends than TOML does
    tables = _tables(lines)
    if len(tables) != len(tracked.patches):
        numbers = ", ".join(sorted(additions))
        raise UsageError(f"{where}: {numbers}: no [[patch]] of its own", hint="write the keys by hand")
    inserted: list[tuple[int, str]] = []
    for one, keys in zip(tracked.patches, tables, strict=True):
        for key, value in sorted(additions.get(one.number, {}).items(), key=lambda item: PATCH_KEYS.index(item[0])):
            follows = [each for each in PATCH_KEYS[: PATCH_KEYS.index(key)] if each in keys]
            if key in keys or not follows:
                raise UsageError(f"{where}: {one.number}: {key} cannot be added", hint="write it by hand")
            indent, end = keys[follows[-1]]
            inserted.append((end, f"{indent}{key} = {write_value(value)}"))
    added = "\n".join(_with(lines, inserted))
    read_tracked(added, slug)
    return added


def _tables(lines: Sequence[str]) -> list[dict[str, tuple[str, int]]]:
    """Return the tables of patches, then those of follow-ups: of each key its indentation and the line behind it."""
    found: dict[str, list[dict[str, tuple[str, int]]]] = {"patch": [], "follow-up": []}
    keys: dict[str, tuple[str, int]] = {}
    for start, end in _statements(lines):
        if table := _TABLE.match(lines[start]):
            keys = {}
            found[table[2]].append(keys)
        elif _ANY_TABLE.match(lines[start]):
            keys = {}
        elif key := _KEY.match(lines[start]):
            keys[key[3]] = (key[1], end)
    return found["patch"] + found["follow-up"]


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where each statement begins and ends, comments and empty lines as well.

    A statement ends with the first line up to which it is TOML by itself: only then no string or list is open.
    """
    start = 0
    for end in range(1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(lines[start:end]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        yield start, end
        start = end


def _with(lines: Sequence[str], inserted: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Yield *lines* with those of *inserted* in front of the line of their number."""
    for number, line in enumerate(lines):
        yield from _at(number, lines, inserted)
        yield line
    yield from _at(len(lines), lines, inserted)


def _at(number: int, lines: Sequence[str], inserted: Sequence[tuple[int, str]]) -> Iterator[str]:
    for at, line in inserted:
        if at == number:
            yield line + ("\r" if lines[number - 1].endswith("\r") else "")
