# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel trees in git: a path on this machine or a URL, and a revision there.

Only the one commit is fetched into the store (``--depth=1``): applying, building and testing need no history. Where
the history is wanted too, it lies in a repository of its own (``history``).
"""

from __future__ import annotations

from pathlib import Path

from seriestool.errors import CommandFailed
from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore
from seriestool.log import Progress
from seriestool.model.tree import GitSource, Source, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees.history import fetch_history, is_url, no_answer, open_path, upload_pack, wants_fetch
from seriestool.trees.imported import load_tree, tree_ref


class GitTrees:
    """``git = "<url or path>"``, ``ref = "<rev>"``."""

    def accepts(self, source: Source) -> bool:
        """Tell whether *source* is a git repository."""
        return isinstance(source, GitSource)

    def describe(self, source: Source) -> str:
        """Return ref and place."""
        assert isinstance(source, GitSource)
        return f"{source.ref} of {source.url}"

    def known_tree(self, spec: TreeSpec, store: ObjectStore) -> Tree | None:
        """Return what was fetched last."""
        return load_tree(spec, store, tree_ref(spec.source))

    def import_tree(
        self, spec: TreeSpec, *, store: ObjectStore, cache: Cache, progress: Progress, update: bool
    ) -> Tree:
        """Fetch the commit unless it is there; a path of this machine is asked every time, a URL only to *update*.

        Raises UsageError for a path that is no repository or has no such revision, MachineFault for a URL that does
        not answer or a full disk.
        """
        source = spec.source
        assert isinstance(source, GitSource)
        known = self.known_tree(spec, store)
        if is_url(source.url):
            if source.history and (known is None or update or wants_fetch(source, store)):
                clone, commit = fetch_history(source, store, progress, spec.name)
                _fetch(store, clone.as_uri(), commit, tree_ref(source), progress, spec.name)
            elif known is None or update:
                _fetch(store, source.url, source.ref, tree_ref(source), progress, spec.name)
        else:
            path = Path(source.url).expanduser().resolve()
            commit = open_path(path, source.ref)[1]
            if known is None or known.commit != commit:
                # file://: git copies one commit, not all
                _fetch(store, path.as_uri(), commit, tree_ref(source), progress, spec.name)
        tree = self.known_tree(spec, store)
        assert tree is not None
        return tree


def _fetch(store: ObjectStore, url: str, rev: str, ref: str, progress: Progress, name: str) -> None:
    git = git_at(store.path, users_config=True)
    with store.lock(progress=progress), progress.task(f"fetch {name}"):
        try:
            options = ("--quiet", "--depth=1", "--no-tags", "--force", *upload_pack(url))
            run_git(git, "fetch", *options, url, f"{rev}:{ref}")
        except CommandFailed as error:
            raise no_answer(error, url, rev) from error
    store.close()  # its git cat-file looks for packs and refs again
