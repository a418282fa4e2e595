# SPDX-License-Identifier: GPL-2.0-or-later
"""A real repository in which the real git and seriestool's engine meet on the same objects."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from seriestool.apply.filediff import FileResult, apply_files, reverse_files
from seriestool.apply.view import View
from seriestool.formats.mail import git_date
from seriestool.formats.patch import parse_diff
from seriestool.formats.patch_id import patch_id
from seriestool.git.objects import ObjectStore
from seriestool.model.series import Change, Patch, Person
from seriestool.model.tree import Tree
from tests.mails import git

_APPLIED = re.compile(r"Hunk #(\d+) applied cleanly|Rejected hunk #(\d+)")


@dataclass(frozen=True)
class Blob:
    """A file of a test tree: git's mode and the bytes."""

    data: bytes
    mode: int = 0o100644


Files = Mapping[str, Blob]


@dataclass(frozen=True)
class Answer:
    """What became of a diff: whether all of it was taken, each hunk's fate in order, and the tree object after.

    ``said`` is what git wrote about it.
    """

    whole: bool
    hunks: tuple[bool, ...]
    tree: str
    said: str = field(default="", compare=False)


class GitDied(Exception):
    """git did not judge the diff: some rejected deletions end in its "internal error"."""


@dataclass
class Room:
    """A repository; ``store`` stands on its objects."""

    path: Path
    store: ObjectStore = field(init=False)

    def __post_init__(self) -> None:
        self.path.mkdir()
        self.git("init", "--quiet", "--template=")
        self.git("config", "core.quotePath", "true")
        self.git("config", "gc.auto", "0")
        self.store = ObjectStore(self.path / ".git")

    def git(self, *words: str, stdin: bytes = b"", check: bool = True) -> str:
        """Run the real git in it and return what it says."""
        return git(*words, stdin=stdin, cwd=self.path, check=check).decode("utf-8", "surrogateescape").strip()

    def trees(self, *states: Files) -> list[str]:
        """Write each state as a tree object, with the real git (git-fast-import(1)), and return their ids."""
        out = io.BytesIO()
        for number, files in enumerate(states, 1):
            out.write(b"commit refs/heads/s%d\nmark :%d\ncommitter a <a> 0 +0000\ndata 0\n" % (number, number))
            out.write(b"deleteall\n")
            for path, blob in files.items():
                quoted = b'"' + b"".join(b"\\%03o" % byte for byte in os.fsencode(path)) + b'"'
                out.write(b"M %o inline %s\ndata %d\n" % (blob.mode, quoted, len(blob.data)))
                out.write(blob.data + b"\n")
        self.git("fast-import", "--quiet", "--force", stdin=out.getvalue())
        names = (f"refs/heads/s{number}^{{tree}}" for number in range(1, len(states) + 1))
        return self.git("rev-parse", *names).split()

    def tree(self, files: Files) -> str:
        """Write one state."""
        return self.trees(files)[0]

    def base(self, files: Files, name: str = "base") -> Tree:
        """Write one state as a commit to apply onto."""
        tree = self.tree(files)
        return Tree(name, "1.0", self.git("rev-parse", "refs/heads/s1"), tree)

    def diff(self, old: str, new: str, *options: str) -> bytes:
        """Return the diff from one tree object to another as ``git diff`` writes it."""
        return git("diff", "--binary", "--full-index", *options, old, new, cwd=self.path)

    def git_applies(self, tree: str, diff: bytes, *options: str) -> Answer:
        """Let ``git apply --reject`` put *diff* onto *tree*, checked out anew: after a rejection it writes no index."""
        with tempfile.TemporaryDirectory() as place:
            self.git("read-tree", tree)
            self.git("checkout-index", "--all", f"--prefix={place}/")
            places = f"--git-dir={self.path / '.git'}", f"--work-tree={place}"
            command = ["git", *places, "apply", "--reject", "--verbose", *options]
            done = subprocess.run(command, input=diff, capture_output=True, cwd=place, check=False)
            for left in Path(place).rglob("*.rej"):
                left.unlink()
            self.git(f"--work-tree={place}", "add", "--all")
        if done.returncode > 1:
            raise GitDied(done.stderr.decode("utf-8", "replace"))
        said = done.stderr.decode("utf-8", "replace")
        found = _APPLIED.findall(said)
        return Answer(done.returncode == 0, tuple(bool(applied) for applied, _ in found), self.git("write-tree"), said)

    def ours_applies(self, tree: str, diff: bytes, *, reverse: bool = False) -> Answer:
        """Let our engine do the same."""
        files = parse_diff(diff)
        view = View(self.store, tree)
        results = apply_files(view, reverse_files(files) if reverse else files)
        return Answer(all(result.whole for result in results), rejects(results), str(view.write()))


@contextmanager
def temporary_room() -> Iterator[Room]:
    """Make a room that is gone afterwards, for the many examples of a property."""
    with tempfile.TemporaryDirectory() as place:
        made = Room(Path(place) / "repository")
        yield made
        made.store.close()


def rejects(results: tuple[FileResult, ...]) -> tuple[bool, ...]:
    """Return the fate of each hunk where git tells it: in files with a rejection that are not to be deleted."""
    fates: list[bool] = []
    for result in results:
        if result.fault is None and result.diff.change is not Change.DELETE and not all(result.places):
            fates += [place is not None for place in result.places]
    return tuple(fates)


def tar_of(files: Files, *, top: str = "linux/") -> bytes:
    """Return an uncompressed tar of *files* below one folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, blob in files.items():
            member = tarfile.TarInfo(top + path)
            if blob.mode == 0o120000:
                member.type, member.linkname = tarfile.SYMTYPE, os.fsdecode(blob.data)
                archive.addfile(member)
            else:
                member.size, member.mode = len(blob.data), blob.mode & 0o777
                archive.addfile(member, io.BytesIO(blob.data))
    return out.getvalue()


def patch_of(diff: bytes, number: str = "01", subject: str = "core: change things") -> Patch:
    """Return *diff* as a patch of a series."""
    return Patch(
        number=number,
        subject=subject,
        author=Person("A U Thor", "author@example.com"),
        date=git_date("Thu, 08 Apr 2021 12:36:05 +0200"),
        message=f"{subject}\n\nWhy.\n\nSigned-off-by: A U Thor <author@example.com>\n",
        message_id=f"{number}@example.com",
        trailers=(),
        files=parse_diff(diff),
        diff=diff,
        patch_id=patch_id(diff),
    )
