# SPDX-License-Identifier: GPL-2.0-or-later
"""The history of a tree, read where it lies: nothing is copied, and nothing of that repository is run or changed.

Only plumbing is asked (git-rev-list(1), git-diff-tree(1), git-merge-base(1)), which is deaf to the configuration of
``git log``. Every walk is bounded by the files it is about, and kept for the life of the process.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from seriestool.errors import CommandFailed
from seriestool.git.command import Git, git_at, read_git, run_git
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import Oid

_FORMAT = "--format=%H%n%P%n%an%n%ae%n%s%n%B%x00"
# Of all configuration these alone reach plumbing and change a diff.
_SETTINGS = ("diff.suppressBlankEmpty=false", "diff.renameLimit=0")
_PATCH = (
    "-r", "-p", "--unified=3", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
    "--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers",
)  # fmt: skip
_COMMIT_LINE = re.compile(rb"^([0-9a-f]{40})\n", re.MULTILINE)
_NAME_REV = re.compile(r"[~^].*")
_ID = re.compile(r"[0-9a-f]{7,40}")
# Of v6.1, v6.1.7, v6.1-rc3 and v6.1.7-rt5, the last is no release, although it says which it stands on.
_RELEASES = ("--refs=refs/tags/v[0-9]*", "--exclude=refs/tags/v*-[!r]*", "--exclude=refs/tags/v*-r[!c]*")
_RELEASE = re.compile(r"v\d+(?:\.\d+)+(?:-rc\d+)?")


@dataclass(frozen=True, slots=True)
class HistorySource:
    """Where a tree's history lies: a git directory, the tree's commit in it, and the name of the tree.

    ``after`` is a revision whose own history does not count. ``shallow`` tells that the repository ends somewhere:
    what is older than that is not known.
    """

    git_dir: Path
    commit: str
    tree: str
    after: str | None = None
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """One commit of a history, without its diff. ``message`` is whole, ``subject`` its first paragraph in one line."""

    commit: str
    parents: tuple[str, ...]
    author: str
    email: str
    subject: str
    message: str


class History:
    """A repository that knows how a tree came about. Use it as a context manager: leaving ends its helper process."""

    def __init__(self, source: HistorySource) -> None:
        self.source = source
        self.objects = ObjectStore(source.git_dir)
        self._git = git_at(source.git_dir)
        # A path of a patch is no pattern; a partial clone is asked for what it has; nothing is refreshed on the way.
        self._git.update_environment(GIT_LITERAL_PATHSPECS="1", GIT_NO_LAZY_FETCH="1", GIT_OPTIONAL_LOCKS="0")
        self._logs: dict[tuple[object, ...], tuple[Logged, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the helper process; the history can still be used and starts it again."""
        self.objects.close()

    @property
    def name(self) -> str:
        """The tree it is the history of."""
        return self.source.tree

    def resolve(self, rev: str) -> Oid | None:
        """Return the commit that *rev* names in this repository, None for none and for an ambiguous one.

        What looks like a commit's id is one, and no branch or tag of that name.
        """
        found = self.objects.resolve(rev)
        return None if found and _ID.fullmatch(rev) and not found.startswith(rev) else found

    def contains(self, commit: str) -> bool:
        """Tell whether *commit*, which must be in the repository, is the tree's own or one before it."""
        return self.is_ancestor(commit, self.source.commit)

    def is_ancestor(self, commit: str, other: str) -> bool:
        """Tell whether *commit* is *other* or comes before it (git-merge-base(1))."""
        try:
            run_git(self._git, "merge-base", "--is-ancestor", commit, other)
        except CommandFailed as error:
            if error.status == 1:
                return False
            raise
        return True

    def common_base(self, commits: Collection[str]) -> str | None:
        """Return a commit that all of *commits* have behind them, None where they have none."""
        try:
            found = run_git(self._git, "merge-base", "--octopus", *sorted(commits))
        except CommandFailed as error:
            if error.status == 1:
                return None
            raise
        return found.splitlines()[0] if found else None

    def log(
        self, paths: Iterable[str], *, until: Sequence[str] = (), without: Sequence[str] = ()
    ) -> tuple[Logged, ...]:
        """Return the commits that touched *paths*, newest first and each before its parents; merges left out.

        *until* are the commits to begin at (the tree's own where none is given), what *without* has behind it does
        not count. Both must be in the repository. Changes of side branches that a merge dropped are there too: a
        revert may be among them.
        """
        files = sorted({path for path in paths if "\n" not in path})  # git reads a path from a line
        if not files:
            return ()
        without = [*without, *([self.source.after] if self.source.after else [])]
        key = (*files, "", *until, "", *without)
        if key not in self._logs:
            asked = [*(until or [self.source.commit]), *(f"^{rev}" for rev in without), "--", *files]
            walk = ("rev-list", "--full-history", "--date-order", "--no-merges", "--encoding=UTF-8", _FORMAT, "--stdin")
            said = read_git(self._git, *walk, stdin=_lines(asked))
            self._logs[key] = tuple(_logged(record) for record in said.split(b"\0\n") if record.strip())
        return self._logs[key]

    def naming(
        self, words: Collection[str], *, without: Sequence[str] = (), not_before: int = 0
    ) -> tuple[Logged, ...]:
        """Return the commits whose message has one of *words* in it, oldest first, each behind its parents.

        Merges are left out, and what *without*, commits of the repository, have behind them. Where *not_before*
        (seconds since 1970) is given, the walk ends at commits that are older: git's own ``--since``.
        """
        if not words:
            return ()
        without = [*without, *([self.source.after] if self.source.after else [])]
        since = (f"--max-age={not_before}",) if not_before else ()
        said = read_git(
            self._git, "rev-list", "--reverse", "--date-order", "--no-merges", "--encoding=UTF-8", _FORMAT, *since,
            "--fixed-strings", *(f"--grep={word}" for word in sorted(words)), "--stdin",
            stdin=_lines([self.source.commit, *(f"^{rev}" for rev in without)]),
        )  # fmt: skip
        return tuple(_logged(record) for record in said.split(b"\0\n") if record.strip())

    def touched(self, commits: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return the paths each of *commits* changed; a renamed file counts under both names."""
        said = read_git(
            self._git, "diff-tree", "--stdin", "-r", "--name-only", "--no-renames", "-z", stdin=_lines(commits)
        )
        found: dict[str, set[str]] = {}
        here: set[str] = set()
        asked = frozenset(commits)
        for raw in said.split(b"\0"):
            word = raw.decode("utf-8", "surrogateescape")
            if word in asked:
                here = found.setdefault(word, set())
            elif word:
                here.add(word)
        return {commit: frozenset(paths) for commit, paths in found.items()}

    def diffs(self, commits: Sequence[str], *, renames: bool, paths: Sequence[str] = ()) -> Mapping[str, bytes]:
        """Return the diff of each of *commits* to its parent, of *paths* alone where some are given.

        Commits without parents or with several, and those that change nothing there, have none.
        """
        limits = ("--", *paths) if paths else ()
        said = read_git(
            self._git, "diff-tree", "--stdin", *_PATCH, "-M" if renames else "--no-renames", *limits,
            stdin=_lines(commits), settings=_SETTINGS,
        )  # fmt: skip
        # No line of a diff looks like a commit id: each has a sign or a word in front.
        parts = _COMMIT_LINE.split(said)
        return {commit.decode(): diff for commit, diff in zip(parts[1::2], parts[2::2], strict=True)}

    def first_releases(self, commits: Collection[str]) -> Mapping[str, str]:
        """Return for each of *commits* the oldest tag of a release ("v5.13-rc1") that has it; not all need be there.

        git-name-rev(1) prefers the older tag, however far away.
        """
        return first_tags(self._git, commits)


def first_tags(git: Git, commits: Collection[str]) -> Mapping[str, str]:
    """Return for each of *commits* of a repository the oldest tag of a release that has it, as ``first_releases``."""
    asked = sorted(commits)
    if not asked:
        return {}
    said = run_git(git, "name-rev", "--tags", *_RELEASES, "--name-only", *asked)
    names = (_NAME_REV.sub("", line) for line in said.splitlines())
    return {commit: name for commit, name in zip(asked, names, strict=True) if _RELEASE.fullmatch(name)}


@dataclass(frozen=True, slots=True)
class Histories:
    """What is known around one tree: its own history, None where it has none, and those of other trees."""

    own: History | None = None
    others: tuple[History, ...] = ()

    @property
    def all(self) -> tuple[History, ...]:
        """Every history, the tree's own first."""
        return (*([self.own] if self.own else []), *self.others)

    def place_of(self, history: History, commit: str) -> str:
        """Name where *commit* of the repository of *history* is: a tree whose history has it, else that directory.

        Only the directory's last name is told, which may be sent to others.
        """
        git_dir = history.source.git_dir
        here = (each for each in self.all if each.source.git_dir == git_dir)
        found = next((each.name for each in here if each.contains(commit)), None)
        return found or (git_dir.parent.name if git_dir.name == ".git" else git_dir.name)

    def find(self, rev: str) -> tuple[History, Oid] | None:
        """Return a history that has the commit *rev*, else a repository that merely knows it, and the whole id."""
        known = [(history, oid) for history in self.all if (oid := history.resolve(rev))]
        return next((each for each in known if each[0].contains(each[1])), known[0] if known else None)


def _lines(words: Iterable[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode("utf-8", "surrogateescape")


def _logged(record: bytes) -> Logged:
    """Take one record of ``_FORMAT`` apart; the first line of it is rev-list's own."""
    text = record.decode("utf-8", "replace")
    _, commit, parents, author, email, subject, message = text.split("\n", 6)
    return Logged(commit, tuple(parents.split()), author, email, subject, message)
