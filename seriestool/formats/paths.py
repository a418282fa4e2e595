# SPDX-License-Identifier: GPL-2.0-or-later
"""Names in a diff: git's quoting undone, and nothing let through that could leave the tree.

Paths become ``str`` through UTF-8 with surrogateescape (PEP 383), so any bytes survive the way to git and back.
"""

from __future__ import annotations

import re

from seriestool.errors import InputRefused

DEV_NULL = "/dev/null"

_ESCAPE = re.compile(r'\\([abfnrtv"\\]|[0-3][0-7]{2})')
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# What some file systems take for .git: trailing dots and spaces, and the short name (git's path.c, is_ntfs_dotgit).
_DOTGIT = re.compile(r"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE)
# Code points that HFS+ ignores in names (git's utf8.c, is_hfs_dotgit).
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_PATH_MAX = 4095  # limits.h(0p), without the NUL
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def split_quoted(text: str) -> tuple[str, str] | None:
    """Split a C-quoted name off the front of *text*: the name unquoted, and the rest; None if *text* is not quoted.

    *text* holds one byte per character (latin-1). The quoting is that of ``core.quotePath`` in git-config(1).
    """
    match = _QUOTED.match(text)
    if match is None:
        return None
    name = _ESCAPE.sub(lambda found: _SIMPLE.get(found[1]) or chr(int(found[1], 8)), match[0][1:-1])
    return name, text[match.end() :]


def unquote(text: str) -> str:
    """Undo git's C quoting of a whole field, where it is quoted; one byte per character in and out."""
    quoted = split_quoted(text)
    return quoted[0] if quoted is not None and not quoted[1].strip() else text


def without_prefix(name: str) -> str | None:
    """Take the first component ("a/", "b/") off *name* as ``git apply -p1`` does; None for ``/dev/null``.

    Raises InputRefused for an absolute name, and for one without a component to take off.
    """
    if name == DEV_NULL:
        return None
    if name.startswith("/"):
        raise InputRefused(f"the patch names an absolute path: {shown(name)}")
    _, slash, rest = name.partition("/")
    if not slash:
        raise InputRefused(f"the patch names a file without a leading a/ or b/: {shown(name)}")
    return rest


def checked(name: str) -> str:
    """Return *name* (one byte per character) as a path below the top of a tree.

    Raises InputRefused for absolute paths, ``..``, ``.``, ``.git`` in any spelling, and control characters.
    """
    path = name.encode("latin-1").decode("utf-8", "surrogateescape")
    if path.startswith("/"):
        raise InputRefused(f"the patch names an absolute path: {shown(name)}")
    if _CONTROL.search(path):
        raise InputRefused(f"the patch names a path with a control character: {shown(name)}")
    if len(path) > _PATH_MAX:
        raise InputRefused(f"the patch names a path of {len(path)} bytes: {shown(name)}")
    for part in re.split(r"[/\\]", path):  # a backslash divides names where Windows reads them
        if part == "..":
            raise InputRefused(f"the patch names a path that leaves the tree: {shown(name)}")
        if is_dotgit(part):
            raise InputRefused(f"the patch names a path inside git's own directory: {shown(name)}")
    if any(part in ("", ".") for part in path.split("/")):
        raise InputRefused(f"the patch names a path that is not canonical: {shown(name)}")
    return path


def is_dotgit(part: str) -> bool:
    """Tell whether some file system takes *part* for ``.git``."""
    return bool(_DOTGIT.fullmatch(_IGNORED.sub("", part)))


def check_symlink(path: str, target: bytes) -> None:
    """Refuse a symbolic link at *path* whose *target* is absolute, leaves the tree or enters git's own directory.

    Raises InputRefused.
    """
    name = target.decode("utf-8", "surrogateescape")
    if not name or name.startswith("/"):
        raise InputRefused(f"the patch makes {path} a symbolic link to an absolute path: {shown(name)}")
    depth = path.count("/")
    for part in name.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            raise InputRefused(f"the patch makes {path} a symbolic link that leaves the tree: {shown(name)}")
        if is_dotgit(part):
            raise InputRefused(f"the patch makes {path} a symbolic link into git's own directory: {shown(name)}")


def shown(name: str) -> str:
    """Write *name* so that a terminal can show it, at most 200 characters."""
    return ascii(name)[1:-1] if len(name) <= 200 else ascii(name[:200])[1:-1] + "..."
