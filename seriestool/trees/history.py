# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the history of a tree is: in the repository itself for a path, in a clone below the cache for a URL.

A clone has its own repository beside the store, one per URL and extent: what cuts a history short (gitrepository-layout
(5), "shallow") holds for a whole repository, and the trees without history are cut in the store.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from seriestool.errors import CommandFailed, MachineFault, UsageError
from seriestool.git.command import Git, git_at, run_git
from seriestool.git.history import History, HistorySource
from seriestool.git.objects import ObjectStore, open_store
from seriestool.log import QUIET, Progress
from seriestool.model.tree import GitSource, Tree, TreeSpec
from seriestool.trees.imported import tree_ref

# A revision that is no ref's tip may be asked for; upload-pack refuses that by default (git-config(1), uploadpack.*).
_UPLOAD_PACK = "--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack"
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[^/:]+@[^/:]+:")


def open_history(
    spec: TreeSpec, store: ObjectStore, tree: Tree | None = None, *, progress: Progress = QUIET
) -> History | None:
    """Return the history of *spec* up to *tree*, or up to where its ref is now; None where none is kept or asked for.

    Nothing is fetched. That a history ends early is told to *progress*. Raises UsageError for a path that is no
    repository or lacks the revision that ``ref`` or ``history`` name.
    """
    source = spec.source
    if not isinstance(source, GitSource) or source.history is False:
        return None
    if is_url(source.url):
        return _cloned(spec, source, store, tree) if source.history else None
    git_dir, commit = open_path(Path(source.url).expanduser().resolve(), source.ref)
    after = source.history if isinstance(source.history, str) else None
    git = git_at(git_dir)
    after_commit = _verify(git, after, Path(source.url)) if after else None
    shallow = run_git(git, "rev-parse", "--is-shallow-repository") == "true"
    if shallow:
        progress.note(f"{spec.name}: {source.url} is shallow: of its history only what is there counts")
    return History(HistorySource(git_dir, tree.commit if tree else commit, spec.name, after_commit, shallow))


def is_url(place: str) -> bool:
    """Tell whether *place* is an address and no path: a scheme, or scp's form (git-fetch(1), GIT URLS)."""
    return _URL.match(place) is not None


def open_path(path: Path, ref: str) -> tuple[Path, str]:
    """Return the git directory at *path*, bare or not, and the commit that *ref* names there.

    Raises UsageError where either is not there.
    """
    if not path.is_dir():
        raise UsageError(f"no such directory: {path}", hint="a path in seriestool.toml counts from that file")
    inner = path / ".git"  # a file in a linked worktree or a submodule
    git = git_at(inner, work_tree=path) if inner.exists() else git_at(path)
    commit = _verify(git, ref, path)
    return Path(run_git(git, "rev-parse", "--absolute-git-dir")), commit


def _verify(git: Git, rev: str, path: Path) -> str:
    try:
        return run_git(git, "rev-parse", "--verify", "--end-of-options", f"{rev}^{{commit}}")
    except CommandFailed as error:
        raise UsageError(f"{path}: no such revision, or no git repository: {rev}") from error


def wants_fetch(source: GitSource, store: ObjectStore) -> bool:
    """Tell whether the history of a URL is asked for and was not fetched yet."""
    clone = _clone(source, store)
    return not (clone / "info" / "attributes").is_file() or _fetched(clone, source) is None


def fetch_history(source: GitSource, store: ObjectStore, progress: Progress, name: str) -> tuple[Path, str]:
    """Fetch the ref of a URL with its history; return the clone and the commit.

    Raises MachineFault where the URL does not answer, has no such ref, or the disk is full.
    """
    ref = tree_ref(source)
    # Tags that name what comes with the history come along: they tell releases.
    extent = [f"--shallow-exclude={source.history}"] if isinstance(source.history, str) else []
    with open_store(_clone(source, store)) as clone:
        git = git_at(clone.path, users_config=True)
        with clone.lock(progress=progress), progress.task(f"fetch {name} with its history"):
            try:
                options = ("--quiet", "--force", *extent, *upload_pack(source.url))
                run_git(git, "fetch", *options, source.url, f"{source.ref}:{ref}")
            except CommandFailed as error:
                raise no_answer(error, source.url, source.ref) from error
        clone.close()  # its git cat-file looks for packs and refs again
        commit = clone.resolve(ref)
        assert commit is not None
        return clone.path, commit


def upload_pack(url: str) -> tuple[str, ...]:
    """Return the option that lets git-fetch(1) ask a repository of this machine for any commit."""
    return (_UPLOAD_PACK,) if url.startswith("file://") else ()


def no_answer(error: CommandFailed, url: str, rev: str) -> MachineFault:
    """Return the fault for a fetch that failed: git's first reason."""
    first = next((line for line in error.output.splitlines() if line.startswith("fatal:")), "")
    reason = first.removeprefix("fatal: ") or error.message
    return MachineFault(f"{url} {rev}: {reason}", hint="is the address right, and within reach?")


def _cloned(spec: TreeSpec, source: GitSource, store: ObjectStore, tree: Tree | None) -> History | None:
    clone = _clone(source, store)
    if wants_fetch(source, store):
        return None
    commit = tree.commit if tree else _fetched(clone, source)
    shallow = (clone / "shallow").is_file()
    return History(HistorySource(clone, commit, spec.name, shallow=shallow)) if commit else None


def _fetched(clone: Path, source: GitSource) -> str | None:
    with ObjectStore(clone) as opened:
        return opened.resolve(tree_ref(source))


def _clone(source: GitSource, store: ObjectStore) -> Path:
    identity = repr((source.url, source.history))
    return store.path.parent / "history" / f"{hashlib.sha256(identity.encode()).hexdigest()[:20]}.git"
