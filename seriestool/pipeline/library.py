# SPDX-License-Identifier: GPL-2.0-or-later
"""The object store and the histories of a workspace, opened once for all that one command asks of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seriestool.errors import MachineFault, UsageError
from seriestool.git.history import Histories, History
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.tree import GitSource, Tree, TreeSpec
from seriestool.pipeline.context import Context
from seriestool.trees import open_history


class Library:
    """The store, and the histories of the trees: each is opened when it is first asked for, and its walks are kept."""

    def __init__(self, ctx: Context, store: ObjectStore) -> None:
        self.ctx = ctx
        self.store = store
        self._opened: dict[str, History] = {}
        self._own: dict[tuple[str, str], History | None] = {}
        self._unreadable: set[str] = set()
        self._told: set[str] = set()

    def around(self, spec: TreeSpec, tree: Tree) -> Histories:
        """Return the history of *spec* up to *tree*, and those of the other trees of the workspace that have one.

        Raises UsageError where that of *spec* cannot be read; another tree's that cannot is left out, which is said.
        """
        others = [self._other(other) for other in self.ctx.config.trees if other.name != spec.name]
        return Histories(self._own_of(spec, tree), tuple(history for history in others if history))

    def histories(self) -> tuple[History, ...]:
        """Return every history of the workspace, each up to where its tree's ref is now."""
        found = [self._other(spec) for spec in self.ctx.config.trees]
        return tuple(history for history in found if history)

    def close(self) -> None:
        """End the helper processes of all histories."""
        for history in {*self._opened.values(), *filter(None, self._own.values())}:
            history.close()

    def _own_of(self, spec: TreeSpec, tree: Tree) -> History | None:
        key = (spec.name, tree.commit)
        if key not in self._own:
            found = open_history(spec, self.store, tree, progress=self.ctx.progress)
            known = self._opened.get(spec.name)
            self._own[key] = known if known and found and known.source == found.source else found
            if found and not known:
                self._opened[spec.name] = found
        return self._own[key]

    def _other(self, spec: TreeSpec) -> History | None:
        if spec.name not in self._opened and spec.name not in self._unreadable:
            try:
                found = open_history(spec, self.store)
            except (UsageError, MachineFault) as error:
                self._unreadable.add(spec.name)
                self.ctx.progress.note(f"the history of {spec.name} is left out: {error.message}")
                return None
            if found is None:  # an import may bring it yet
                self._tell_of_import(spec)
                return None
            self._opened[spec.name] = found
        return self._opened.get(spec.name)


    def _tell_of_import(self, spec: TreeSpec) -> None:
        source = spec.source
        if isinstance(source, GitSource) and source.history and spec.name not in self._told:
            self._told.add(spec.name)
            self.ctx.progress.note(
                f"the history of {spec.name} is not here yet: seriestool trees --import {spec.name} fetches it"
            )


@contextmanager
def open_library(ctx: Context) -> Iterator[Library]:
    """Open the object store of *ctx*, and with it the histories; leaving the block ends their helper processes."""
    with open_store(ctx.cache.store) as store:
        library = Library(ctx, store)
        try:
            yield library
        finally:
            library.close()
