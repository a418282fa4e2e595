# SPDX-License-Identifier: GPL-2.0-or-later
"""What an imported tree leaves in the object store: one ref per source, and its version in the commit's message."""

from __future__ import annotations

import hashlib
import re

from seriestool.git.objects import ObjectStore
from seriestool.model.tree import Source, Tree, TreeSpec

_VERSION = re.compile(rb"^Version: (\S+)$", re.MULTILINE)
_MAKEFILE = re.compile(rb"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S*)$", re.MULTILINE)


def tree_ref(identity: Source | str) -> str:
    """Return the ref that an import of *identity*, a source or the hash of its bytes, ends at."""
    return f"refs/seriestool/trees/{hashlib.sha256(repr(identity).encode()).hexdigest()[:20]}"


def commit_message(what: str, version: str) -> str:
    """Return the message of an imported commit, which carries the version; same bytes, same message, same id."""
    return f"{what}\n\nVersion: {version}\n"


def load_tree(spec: TreeSpec, store: ObjectStore, ref: str) -> Tree | None:
    """Return the tree at *ref*, None where nothing was imported to it."""
    commit = store.resolve(ref)
    if commit is None:
        return None
    tree_object = store.tree_of(commit)
    own = _VERSION.search(store.read(commit, "commit"))
    version = own[1].decode() if own else makefile_version(store, tree_object)
    return Tree(spec.name, version, str(commit), str(tree_object))


def makefile_version(store: ObjectStore, tree_object: str) -> str:
    """Return the version that the kernel's top Makefile names ("5.10.262"), or "unknown"."""
    entry = store.entry(tree_object, "Makefile")
    found = dict(_MAKEFILE.findall(store.read_blob(entry.oid))) if entry is not None else {}
    numbers = [found.get(name, b"").decode("ascii", "replace") for name in (b"VERSION", b"PATCHLEVEL", b"SUBLEVEL")]
    extra = found.get(b"EXTRAVERSION", b"").decode("ascii", "replace")
    return (".".join(number for number in numbers if number) + extra) or "unknown"
