# SPDX-License-Identifier: GPL-2.0-or-later
"""A worktree for a person: a real one of the store, with only the directories a patch touches, and its conflicts.

What is not there is marked ``skip-worktree`` in the index (git-sparse-checkout(1), "INTERNALS - SPARSE CHECKOUT"), by
settings of our own commands: the store's configuration stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from seriestool.adapt.conflict import Conflict
from seriestool.errors import MachineFault
from seriestool.git.command import feed_git, git_at, run_git
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.git.treeobject import EXECUTABLE, Oid
from seriestool.git.worktree import administration, create
from seriestool.log import QUIET, Progress

_SPARSE = ("core.sparseCheckout=true", "core.sparseCheckoutCone=false")
_GLOB = re.compile(r"([\\*?\[\]])")
_ESCAPED = r"\\\1"


def open_worktree(
    store: ObjectStore,
    path: Path,
    *,
    commit: str,
    staged: str,
    conflicts: Sequence[Conflict],
    around: Iterable[str] | None,
    progress: Progress = QUIET,
) -> None:
    """Make a worktree at *path* whose HEAD is *commit*, with the tree object *staged* in index and files.

    *conflicts* are written over it, and are unmerged in the index: ``git checkout --theirs`` and mergetools work. Only
    the directories of the paths *around* are there, without those below them, and the files at the top; None has
    everything. Raises MachineFault when *path* is in use, or the disk is full.
    """
    with store.lock(progress=progress), progress.task(f"check out {path.name}"):
        try:
            admin = create(store, path)
            settings: Sequence[str] = ()
            if around is not None:
                settings = _SPARSE
                (admin / "info").mkdir(exist_ok=True)
                (admin / "info" / "sparse-checkout").write_bytes(_patterns(around))
            git = git_at(admin, work_tree=path)
            feed_git(git, "checkout", "--force", "--detach", "--quiet", commit, "--", settings=settings)
            run_git(git, "read-tree", "-m", "-u", commit, staged, settings=settings)
            feed_git(git, "update-index", "-z", "--index-info", feed=lambda pipe: _unmerged(store, pipe, conflicts))
            for conflict in conflicts:
                _write(path / conflict.path, conflict)
        except OSError as error:
            raise disk_fault(error, path) from error


def _patterns(around: Iterable[str]) -> bytes:
    """Write patterns (gitignore(5)) for the files, and only the files, of the directories of some paths."""
    folders = sorted({path.rpartition("/")[0] for path in around} | {""})  # the last pattern that matches decides
    names = [f"/{_GLOB.sub(_ESCAPED, folder)}" if folder else "" for folder in folders]
    text = "".join(f"{name}/*\n!{name}/*/\n" for name in names)
    return text.encode("utf-8", "surrogateescape")


def _unmerged(store: ObjectStore, pipe: IO[bytes], conflicts: Sequence[Conflict]) -> None:
    """Write the index entries of *conflicts*: stages 1 to 3 are base, ours, theirs (git-update-index(1))."""
    for conflict in conflicts:
        path = conflict.path.encode("utf-8", "surrogateescape")
        pipe.write(b"0 %s\t%s\0" % (b"0" * 40, path))
        for stage, side in enumerate((conflict.base, conflict.ours, conflict.theirs), 1):
            if side is not None:
                pipe.write(b"%o %s %d\t%s\0" % (conflict.mode, store.write_blob(side).encode(), stage, path))


def _write(file: Path, conflict: Conflict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(conflict.data)
    file.chmod(0o755 if conflict.mode == EXECUTABLE else 0o644)


def changed_files(store: ObjectStore, path: Path, commit: str) -> list[str]:
    """Return the paths of tracked files in the worktree at *path* that are not as in *commit*; raises MachineFault."""
    git = git_at(_admin(store, path), work_tree=path)
    return _names(run_git(git, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", commit, "--"))


def take_worktree(store: ObjectStore, path: Path) -> tuple[Oid, list[str]]:
    """Take the files of the worktree at *path* into its index; return the tree object, and what git does not know.

    Raises MachineFault.
    """
    git = git_at(_admin(store, path), work_tree=path)
    run_git(git, "add", "--update", "--", ":/")
    unknown = _names(run_git(git, "ls-files", "--others", "-z"))
    return Oid(run_git(git, "write-tree")), unknown


def _names(listing: str) -> list[str]:
    return sorted({name for name in listing.split("\0") if name})


def _admin(store: ObjectStore, path: Path) -> Path:
    admin = administration(store, path)
    if admin is None:
        raise MachineFault(f"no worktree of {store.path} at {path}", hint="seriestool adapt --abort clears up")
    return admin
