# SPDX-License-Identifier: GPL-2.0-or-later
"""Worktrees of the bare store, moved from one applied state to the next so that make rebuilds only what changed.

git decides by its index which files differ and rewrites only those (``git checkout --force``), so the time stamps
of all others stay. Everything can be killed at any moment: the next move puts it right.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from seriestool.errors import MachineFault
from seriestool.git.command import Git, feed_git, git_at, run_git
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.log import QUIET, Progress, Task

_PERCENT = re.compile(rb"Updating files:\s+(\d+)%")
_LOCKS = ("index.lock", "HEAD.lock", "ORIG_HEAD.lock")


def move_worktree(store: ObjectStore, path: Path, commit: str, *, progress: Progress = QUIET) -> None:
    """Make the worktree at *path* hold exactly *commit*: made on first use, moved afterwards.

    Files that are the same in both states keep their time stamps; local changes and files that git does not know are
    removed. Line endings, filters and keywords of the tree's own .gitattributes do not count.

    Raises MachineFault when *path* is in use for something else, when the commit is not there or the disk is full.
    """
    path = path.absolute()
    if store.resolve(commit) is None:
        raise MachineFault(f"no such commit in {store.path}: {commit}")
    with store.lock(progress=progress), progress.task(f"check out {path.name}", 100, "%") as task:
        try:
            admin = administration(store, path) or create(store, path)
        except OSError as error:
            raise disk_fault(error, path) from error
        for name in _LOCKS:  # left by a git that was killed; ours is the only one, we hold the store's lock
            (admin / name).unlink(missing_ok=True)
        git = git_at(admin, work_tree=path)
        _checkout(git, commit, task)
        run_git(git, "clean", "-ffdxq")


def remove_worktree(store: ObjectStore, path: Path) -> None:
    """Remove the worktree at *path*, if there is one.

    Raises MachineFault when *path* is in use for something else.
    """
    with store.lock():
        if path.is_dir() and any(path.iterdir()):
            _check_ours(store, path)
        shutil.rmtree(path, ignore_errors=True)
        run_git(git_at(store.path), "worktree", "prune", "--expire=now")


def administration(store: ObjectStore, path: Path) -> Path | None:
    """Return the administrative directory of the worktree at *path* (gitrepository-layout(5)), None without one."""
    pointer = path / ".git"
    if not pointer.is_file():
        return None
    admin = Path(pointer.read_text().removeprefix("gitdir:").strip())
    intact = all((admin / name).is_file() for name in ("commondir", "gitdir", "HEAD"))
    return admin if admin.parent == store.path / "worktrees" and intact else None


def create(store: ObjectStore, path: Path) -> Path:
    """Add a worktree without files; the first checkout fills it."""
    if path.is_dir() and any(path.iterdir()):
        _check_ours(store, path)
        shutil.rmtree(path)  # half-made: its administrative directory is gone or never was complete
    path.parent.mkdir(parents=True, exist_ok=True)
    git = git_at(store.path)
    run_git(git, "worktree", "prune", "--expire=now")
    shutil.rmtree(path, ignore_errors=True)
    empty = run_git(git, "hash-object", "-t", "tree", "-w", "--stdin")
    root = store.write_commit(_EMPTY_COMMIT % empty.encode())
    run_git(git, "worktree", "add", "--quiet", "--force", "--force", "--detach", "--no-checkout", str(path), root)
    admin = administration(store, path)
    if admin is None:
        raise MachineFault(f"git made no worktree at {path}")
    return admin


_EMPTY_COMMIT = (
    b"tree %s\nauthor seriestool <seriestool@localhost> 0 +0000\n"
    b"committer seriestool <seriestool@localhost> 0 +0000\n\nan empty tree\n"
)


def _check_ours(store: ObjectStore, path: Path) -> None:
    """Refuse to touch a directory that no seriestool made."""
    pointer = path / ".git"
    ours = f"gitdir: {store.path}/"
    if not pointer.is_file() or not pointer.read_text().startswith(ours):
        raise MachineFault(f"{path} exists and is no worktree of {store.path}", hint="move it out of the way")


def _checkout(git: Git, commit: str, task: Task) -> None:
    shown = 0

    def report(chunk: bytes) -> None:
        nonlocal shown
        for percent in map(int, _PERCENT.findall(chunk)):
            task.advance(max(percent - shown, 0))
            shown = max(percent, shown)

    # --progress on a pipe has a second use: should we be killed, git's next percent ends it with SIGPIPE.
    feed_git(
        git, "checkout", "--force", "--detach", "--progress", commit, "--",
        on_error_output=report, settings=("checkout.workers=0", "submodule.recurse=false"),
    )  # fmt: skip
    task.advance(100 - shown)
