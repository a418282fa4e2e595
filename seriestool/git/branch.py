# SPDX-License-Identifier: GPL-2.0-or-later
"""Hand commits of the object store over to another repository, as a branch there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seriestool.errors import CommandFailed, UsageError
from seriestool.git.command import Git, git_at, run_git
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.log import QUIET, Progress

_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")


def hand_over(
    store: ObjectStore,
    ref: str,
    directory: Path,
    branch: str,
    *,
    base: str,
    force: bool = False,
    progress: Progress = QUIET,
) -> None:
    """Make *branch* of the repository at *directory* what *ref* of the store is.

    A directory that is not there, or is empty, becomes a bare repository with this one branch. A repository gets the
    objects it lacks and nothing else; its worktree is not touched. *base* is the commit below the exported ones: where
    the store has no history below it, an existing repository must have it, or it would become a shallow one.

    Raises UsageError: no repository, a branch of that name that is not the same (unless *force*) or is checked out, no
    *base* there; MachineFault: the disk is full.
    """
    _check_branch(store, branch)
    commit = store.resolve(ref)
    assert commit is not None
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        git = _repository(directory)
        if _missing(git, base) and _is_shallow(store, base):
            raise UsageError(
                f"{directory} does not have the commit the series was applied to: {base}",
                hint="fetch the tree's branch there first",
            )
        _check_free(git, directory, branch, commit, force=force)
        _fetch(git, store, ref, branch, force=force, progress=progress)
        return
    with _new_repository(directory) as git:
        _fetch(git, store, ref, branch, progress=progress, shallow=True)
        run_git(git, "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def _check_branch(store: ObjectStore, branch: str) -> None:
    try:
        run_git(git_at(store.path), "check-ref-format", "--branch", branch)
    except CommandFailed as error:
        raise UsageError(f"no name for a branch: {branch}", hint="git help check-ref-format") from error


def _repository(directory: Path) -> Git:
    """Open the repository that *directory* itself is, not one around it."""
    inner = directory / ".git"  # a file in a linked worktree
    if inner.exists():
        return git_at(inner.resolve(), users_config=True)
    if (directory / "HEAD").is_file() and (directory / "objects").is_dir():
        return git_at(directory.resolve(), users_config=True)
    raise UsageError(f"{directory} is no git repository", hint="name a repository, or what is not there yet")


@contextmanager
def _new_repository(directory: Path) -> Iterator[Git]:
    """Make a bare repository beside *directory*, and put it there when the block ended well."""
    target = directory.resolve()
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        git = git_at(partial)
        run_git(git, "init", "--quiet", "--bare", "--template=", "--object-format=sha1")
        yield git
        partial.replace(target)
    except OSError as error:
        raise disk_fault(error, directory) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _missing(git: Git, commit: str) -> bool:
    try:
        run_git(git, "cat-file", "-e", f"{commit}^{{commit}}")
    except CommandFailed:
        return True
    return False


def _is_shallow(store: ObjectStore, commit: str) -> bool:
    path = store.path / "shallow"
    return path.is_file() and commit in path.read_text().split()


def _check_free(git: Git, directory: Path, branch: str, commit: str, *, force: bool) -> None:
    found = run_git(git, "for-each-ref", "--format=%(objectname) %(HEAD)%(worktreepath)", f"refs/heads/{branch}")
    there, _, checked_out = found.partition(" ")
    if there in ("", commit):
        return
    if not force:
        raise UsageError(f"{directory} has a branch {branch} already", hint="--force moves it, --branch names another")
    if checked_out.strip():
        raise UsageError(f"{directory}: the branch {branch} is checked out", hint="--branch names another")


def _fetch(
    git: Git,
    store: ObjectStore,
    ref: str,
    branch: str,
    *,
    progress: Progress,
    force: bool = False,
    shallow: bool = False,
) -> None:
    options = ["--update-shallow"] if shallow else []
    with progress.task(f"hand over {branch}"):
        run_git(git, *_FETCH, *options, str(store.path), f"{'+' if force else ''}{ref}:refs/heads/{branch}")
