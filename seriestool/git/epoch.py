# SPDX-License-Identifier: GPL-2.0-or-later
"""One git repository of a public-inbox v2 archive: a history in which every commit is one mail.

public-inbox-v2-format(5): a commit's tree object has a single file, ``m`` for a mail that came, or ``d`` for one that
was removed, whose blob is then the mail's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import CommandFailed, MachineFault
from seriestool.git.command import git_at, run_git, stream_git
from seriestool.git.objects import ObjectStore

_SETTINGS = ("log.showRoot=true", "log.showSignature=false", "diff.relative=false", "color.ui=false")
_RAW = ("--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "-O/dev/null", "--format=%H")


@dataclass(frozen=True, slots=True)
class MailChange:
    """What one commit did: the mail *blob* came, or, where it is *removed*, it went."""

    commit: str
    blob: str
    removed: bool


class Epoch:
    """An epoch's repository, bare or not; nothing is ever written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        inner = path / ".git"
        self._git = git_at(inner if inner.exists() else path)
        self._objects = ObjectStore(inner if inner.exists() else path)

    def close(self) -> None:
        """End the helper process; the epoch can still be used and starts it again."""
        self._objects.close()

    def tip(self) -> str | None:
        """Return the newest commit, None where there is none yet.

        Raises MachineFault where there is one, and it cannot be read.
        """
        tip = self._objects.resolve("HEAD")
        if tip is None and (named := self._named()):
            raise MachineFault(
                f"{self.path}: its newest commit cannot be read: {named}", hint=f"git -C {self.path} fsck tells more"
            )
        return tip

    def _named(self) -> str:
        """Return the id that the ref of the newest commit holds, whether that object is there or not; "" for none."""
        try:
            return run_git(self._git, "rev-parse", "--verify", "--quiet", "HEAD")
        except CommandFailed:
            return ""

    def holds_mail(self) -> bool:
        """Tell whether the newest commit is one of the format."""
        tip = self.tip()
        if tip is None:
            return False
        return set(self._objects.read_tree(self._objects.tree_of(tip))) in ({"m"}, {"d"})

    def contains(self, commit: str, tip: str) -> bool:
        """Tell whether *commit* is in the history of *tip*: it is not after the history was rewritten."""
        try:
            run_git(self._git, "merge-base", "--is-ancestor", commit, tip)
        except CommandFailed:
            return False
        return True

    def count(self, since: str | None, tip: str) -> int:
        """Return the number of commits behind *since* (None: all) up to *tip*."""
        return int(run_git(self._git, "rev-list", "--count", _range(since, tip)))

    def changes(self, since: str | None, tip: str) -> Iterator[MailChange]:
        """Yield what the commits behind *since* (None: all) up to *tip* did, oldest first; raises as ``stream_git``."""
        with stream_git(self._git, "log", "--reverse", *_RAW, _range(since, tip), settings=_SETTINGS) as out:
            commit = ""
            for line in out:
                if not line.startswith(b":"):
                    commit = line.strip().decode("ascii") or commit
                    continue
                # ":100644 100644 <old> <new> M\tm"
                words, _, name = line.rstrip(b"\n").partition(b"\t")
                _, _, _, blob, status = words.split(b" ")
                if name in (b"m", b"d") and status in (b"A", b"M"):
                    yield MailChange(commit, blob.decode("ascii"), name == b"d")

    def mail(self, blob: str) -> bytes | None:
        """Return a mail, None where the object is not there: the history was rewritten meanwhile.

        Raises MachineFault where git ends unexpectedly.
        """
        try:
            return self._objects.read(blob, "blob")
        except MachineFault:
            with suppress(CommandFailed):
                run_git(self._git, "cat-file", "-e", blob)
                raise
            return None


def is_repository(path: Path) -> bool:
    """Tell whether *path* looks like a git repository, bare or with a work tree."""
    inner = path / ".git"
    place = inner if inner.exists() else path
    return (place / "HEAD").is_file() and (place / "objects").is_dir()


def _range(since: str | None, tip: str) -> str:
    return tip if since is None else f"{since}..{tip}"
