# SPDX-License-Identifier: GPL-2.0-or-later
"""An empty store and cache, and somebody who listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seriestool.git.objects import ObjectStore, open_store
from seriestool.log import QUIET, Task
from seriestool.model.tree import Source, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees import import_tree, known_tree


@dataclass
class Place:
    """Where trees are imported to; ``notes`` is what a user was told."""

    store: ObjectStore
    cache: Cache
    notes: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.notes.append(message)

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        with QUIET.task(label, total, unit) as task:
            yield task

    def get(self, source: Source, *, update: bool = False) -> Tree:
        """Import."""
        spec = TreeSpec("tree", source)
        tree = import_tree(spec, store=self.store, cache=self.cache, progress=self, update=update)
        assert known_tree(spec, self.store) == tree
        return tree

    def known(self, source: Source) -> Tree | None:
        """Return what is there already."""
        return known_tree(TreeSpec("tree", source), self.store)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_store(tmp_path / "cache" / "kernel.git") as store:
        yield Place(store, Cache(tmp_path / "cache"))
