# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kind of tree is: a way to get a kernel's sources into the object store."""

from __future__ import annotations

from typing import Protocol

from seriestool.git.objects import ObjectStore
from seriestool.log import Progress
from seriestool.model.tree import Source, Tree, TreeSpec
from seriestool.places import Cache


class Kind(Protocol):
    """One kind of tree; an entry of ``TREES``."""

    def accepts(self, source: Source) -> bool:
        """Tell whether *source* is of this kind."""

    def describe(self, source: Source) -> str:
        """Name *source* in one line."""

    def known_tree(self, spec: TreeSpec, store: ObjectStore) -> Tree | None:
        """Return the tree as it was imported last, None where it was not."""

    def import_tree(
        self, spec: TreeSpec, *, store: ObjectStore, cache: Cache, progress: Progress, update: bool
    ) -> Tree:
        """Return the tree, imported now if it is not there; *update* asks again a source that can move."""
