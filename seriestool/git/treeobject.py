# SPDX-License-Identifier: GPL-2.0-or-later
"""Object names and tree objects, as bytes and as values (gitformat: ``<octal mode> SP <name> NUL <20 byte id>``)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

TREE = 0o040000
FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
GITLINK = 0o160000
_HEX40 = re.compile(r"[0-9a-f]{40}")


class Oid(str):
    """The name of a git object: 40 lower-case hex digits, and nothing else."""

    __slots__ = ()

    def __new__(cls, value: str) -> Oid:
        """Check *value*; raises ValueError when it is anything else."""
        if not _HEX40.fullmatch(value):
            raise ValueError(f"not an object id: {value!r}")
        return super().__new__(cls, value)

    @classmethod
    def of(cls, kind: str, data: bytes) -> Oid:
        """Compute the name git gives to *data* as an object of *kind* ("blob", "tree", "commit")."""
        return cls(hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree object: git's mode and the object it names."""

    mode: int
    oid: Oid

    @property
    def is_tree(self) -> bool:
        """Whether it is a directory."""
        return self.mode == TREE


def decode_tree(data: bytes) -> dict[str, Entry]:
    """Read a tree object; names that are not UTF-8 keep their bytes as surrogates (PEP 383)."""
    entries: dict[str, Entry] = {}
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        name = data[space + 1 : end].decode("utf-8", "surrogateescape")
        entries[name] = Entry(int(data[at:space], 8), Oid(data[end + 1 : end + 21].hex()))
        at = end + 21
    return entries


def encode_tree(entries: Mapping[str, Entry]) -> bytes:
    """Write a tree object, in git's order: names compared as bytes, directories as if they ended in a slash."""
    rows = [(name.encode("utf-8", "surrogateescape"), entry) for name, entry in entries.items()]
    rows.sort(key=lambda row: row[0] + b"/" if row[1].is_tree else row[0])
    return b"".join(b"%o %s\0" % (entry.mode, name) + bytes.fromhex(entry.oid) for name, entry in rows)
