# SPDX-License-Identifier: GPL-2.0-or-later
"""Which installed headers a step can have changed the meaning of: those that differ, and all that include one.

An include counts wherever it stands, in a comment or under any ``#if``: one too many costs a compile, one too few a
finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from seriestool.abi.installed import Installed
from seriestool.git.disk import disk_fault

# include, include_next, and __has_include (gcc's cpp manual, "Include Syntax"); a backslash may end any line.
_INCLUDE = re.compile(rb"include(?:_next)?(?:__)?[\s\\(]*(?:<([^>\n]+)>|\"([^\"\n]+)\")")
# "#include NAME": what NAME stands for is anybody's guess.
_COMPUTED = re.compile(rb"^[ \t]*#[ \t]*include(?:_next)?[ \t]+[A-Za-z_]", re.MULTILINE)

# What a header includes that includes nobody knows what: reached whenever anything is.
_ANY = ""


@dataclass(frozen=True, slots=True)
class _Includes:
    """What one file includes: names in ``<>``, names in quotes, and whether there is one that a macro gives."""

    system: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    computed: bool = False


def affected(before: Installed | None, after: Installed | None) -> tuple[str, ...]:
    """Return the headers that were changed, added or removed, and all that reach one of them, sorted.

    None has no headers: against it, every header is affected. Raises MachineFault when a header cannot be read.
    """
    sides = [each for each in (before, after) if each is not None]
    old, new = (each.files if each is not None else {} for each in (before, after))
    reached = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    if len(sides) < 2 or not reached:
        return tuple(sorted(reached))
    includers: dict[str, set[str]] = {}
    for side in sides:
        for path, target in _edges(side):
            includers.setdefault(target, set()).add(path)
    waiting = [*reached, _ANY]
    while waiting:
        for path in includers.get(waiting.pop(), ()):
            if path not in reached:
                reached.add(path)
                waiting.append(path)
    return tuple(sorted(reached))


def _edges(installed: Installed) -> Iterator[tuple[str, str]]:
    """Yield each header with each name below ``include`` that it may include, whether that is there or not."""
    for path, content in installed.files.items():
        includes = _read(content, installed.include / path)
        for name in (*includes.system, *includes.quoted):
            yield path, name
        folder = PurePosixPath(path).parent
        for name in includes.quoted:
            yield path, _joined(folder, name)
        if includes.computed:
            yield path, _ANY


def _joined(folder: PurePosixPath, name: str) -> str:
    """Return the path of *name* seen from *folder*, without dots."""
    parts: list[str] = []
    for part in (folder / name).parts:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/".join(parts)


# Content id -> what it includes: the same for every architecture and state, so each content is read once.
_SEEN: dict[str, _Includes] = {}


def _read(content: str, place: Path) -> _Includes:
    found = _SEEN.get(content)
    if found is None:
        try:
            data = place.read_bytes()
        except OSError as error:
            raise disk_fault(error, place) from error
        found = _SEEN[content] = _scan(data)
    return found


def _scan(data: bytes) -> _Includes:
    names = _INCLUDE.findall(data)
    return _Includes(
        tuple(sorted({_name(system) for system, _ in names if system})),
        tuple(sorted({_name(quoted) for _, quoted in names if quoted})),
        _COMPUTED.search(data) is not None,
    )


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").strip()
