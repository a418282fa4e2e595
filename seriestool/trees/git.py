# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel trees in git: a path on this machine or a URL, and a revision there.

Only the one commit is fetched (``--depth=1``): applying, building and testing need no history.
"""

from __future__ import annotations

import re
from pathlib import Path

from seriestool.errors import CommandFailed, MachineFault, UsageError
from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore
from seriestool.log import Progress
from seriestool.model.tree import GitSource, Source, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees.imported import load_tree, tree_ref

_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[^/:]+@[^/:]+:")
# A revision that is no ref's tip may be asked for; upload-pack refuses that by default (git-config(1), uploadpack.*).
_UPLOAD_PACK = "--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack"


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
        if _URL.match(source.url):
            if known is None or update:
                _fetch(store, source.url, source.ref, tree_ref(source), progress, spec.name)
        else:
            path = Path(source.url).expanduser().resolve()
            commit = _resolve(path, source)
            if known is None or known.commit != commit:
                # file://: git copies one commit, not all
                _fetch(store, path.as_uri(), commit, tree_ref(source), progress, spec.name)
        tree = self.known_tree(spec, store)
        assert tree is not None
        return tree


def _resolve(path: Path, source: GitSource) -> str:
    if not path.is_dir():
        raise UsageError(f"no such directory: {path}", hint="a path in seriestool.toml counts from that file")
    inner = path / ".git"  # a file in a linked worktree or a submodule
    git = git_at(inner, work_tree=path) if inner.exists() else git_at(path)
    try:
        return run_git(git, "rev-parse", "--verify", "--end-of-options", f"{source.ref}^{{commit}}")
    except CommandFailed as error:
        raise UsageError(f"{path}: no such revision, or no git repository: {source.ref}") from error


def _fetch(store: ObjectStore, url: str, rev: str, ref: str, progress: Progress, name: str) -> None:
    git = git_at(store.path, users_config=True)
    local = [_UPLOAD_PACK] if url.startswith("file://") else []
    with store.lock(progress=progress), progress.task(f"fetch {name}"):
        try:
            run_git(git, "fetch", "--quiet", "--depth=1", "--no-tags", "--force", *local, url, f"{rev}:{ref}")
        except CommandFailed as error:
            first = next((line for line in error.output.splitlines() if line.startswith("fatal:")), "")
            reason = first.removeprefix("fatal: ") or error.message
            raise MachineFault(f"{url} {rev}: {reason}", hint="is the address right, and within reach?") from error
    store.close()  # its git cat-file looks for packs and refs again
