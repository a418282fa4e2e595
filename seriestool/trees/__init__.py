# SPDX-License-Identifier: GPL-2.0-or-later
"""What series go onto. A new kind of tree is one file here and one entry in ``TREES``."""

from __future__ import annotations

from seriestool.errors import UsageError
from seriestool.git.objects import ObjectStore
from seriestool.log import QUIET, Progress
from seriestool.model.tree import Source, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees.debian import DebianTrees
from seriestool.trees.git import GitTrees
from seriestool.trees.history import open_history
from seriestool.trees.kind import Kind
from seriestool.trees.tarball import TarballTrees

TREES: tuple[Kind, ...] = (DebianTrees(), GitTrees(), TarballTrees())

__all__ = ["TREES", "Kind", "describe", "import_tree", "known_tree", "open_history"]


def import_tree(
    spec: TreeSpec, *, store: ObjectStore, cache: Cache, progress: Progress = QUIET, update: bool = False
) -> Tree:
    """Return the tree of *spec*, imported now if it is not in *store* yet.

    With *update*, a source that can move (a branch, a suite without a pinned version) is asked again. Raises
    MachineFault (no network, disk full, no such package) and UsageError (no such path or ref).
    """
    return _kind(spec.source).import_tree(spec, store=store, cache=cache, progress=progress, update=update)


def known_tree(spec: TreeSpec, store: ObjectStore) -> Tree | None:
    """Return the tree of *spec* as it was imported last, None where it was not; no network is asked."""
    return _kind(spec.source).known_tree(spec, store)


def describe(source: Source) -> str:
    """Return one line that names a source for people."""
    return _kind(source).describe(source)


def _kind(source: Source) -> Kind:
    for kind in TREES:
        if kind.accepts(source):
            return kind
    raise UsageError(f"no kind of tree takes {source}")
