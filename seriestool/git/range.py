# SPDX-License-Identifier: GPL-2.0-or-later
"""A range of commits as mail: what ``git format-patch`` says of it, the same for everybody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import CommandFailed, InputRefused, UsageError
from seriestool.formats.release import parse_release
from seriestool.git.command import Git, git_at, run_git
from seriestool.git.history import first_tags

COMMIT_LIMIT = 1000
"""Commits of one range: more is a kernel release and no series."""

# Every setting of a repository's own config that would change the mail (git-config(1): format.*, diff.*, log.*).
_SETTINGS = (
    "format.headers=", "format.numbered=auto", "format.mboxrd=false", "format.encodeEmailHeaders=true",
    "format.noprefix=false", "log.showSignature=false", "log.mailmap=false", "diff.noprefix=false",
    "diff.mnemonicPrefix=false", "diff.suppressBlankEmpty=false", "diff.submodule=short", "diff.wsErrorHighlight=none",
    "diff.ignoreSubmodules=none", "diff.relative=false", "diff.interHunkContext=0", "diff.indentHeuristic=true",
    "diff.colorMoved=no", "core.quotePath=true", "color.ui=false",
)  # fmt: skip
_OPTIONS = (
    "--stdout", "--pretty=mboxrd", "--encoding=UTF-8", "--subject-prefix=PATCH", "--no-cover-letter", "--no-thread",
    "--no-signature", "--no-attach", "--no-signoff", "--no-from", "--no-base", "--no-notes", "--no-to", "--no-cc",
    "--no-add-header", "--full-index", "--binary", "-U3", "-M", "-l1000", "-O/dev/null", "--diff-algorithm=myers",
    "--src-prefix=a/", "--dst-prefix=b/", "--no-ext-diff", "--no-textconv", "--no-color",
)  # fmt: skip
# With --pretty=mboxrd no line of a message looks like this one (git-format-patch(1)).
_SEPARATOR = re.compile(rb"(?m)^From ([0-9a-f]{40,64}) Mon Sep 17 00:00:00 2001\n")
_MBOXRD = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"
_ELSEWHERE = "--repository DIR, or DIR:<rev>..<rev>, names the repository of a range"
# Where a mail's commit message ends early and its diff begins (git-mailinfo(1)).
_DIFF_IN_MESSAGE = re.compile(r"(?m)^(?:diff -|Index: |--- \S)")


@dataclass(frozen=True, slots=True)
class CommitRange:
    """The commits of a range that are patches, oldest first, and the same as an mboxrd.

    ``merges`` and ``empty`` count the commits that were left out, because they have several parents or no change.
    ``title`` is the range with the branch's name in the place of HEAD. ``released`` are those of ``commits`` that a
    release of mainline has, by the tags of the repository.
    """

    commits: tuple[str, ...]
    mbox: bytes
    merges: int
    empty: int
    title: str
    released: frozenset[str]


def find_repository(start: Path) -> Git | None:
    """Return the door to the git repository that *start* is in, bare or with a work tree; None where it is in none."""
    for directory in (start, *start.parents):
        if (directory / ".git").exists():
            return git_at(directory / ".git")
        if (directory / "HEAD").is_file() and (directory / "objects").is_dir() and (directory / "refs").is_dir():
            return git_at(directory)
    return None


def read_range(directory: Path, left: str, dots: str, right: str) -> CommitRange:
    """Return the commits of the range *left* *dots* *right* (gitrevisions(7)) in the repository of *directory*.

    An empty side is HEAD. Raises UsageError where there is no repository, where a side is no commit, and for a range
    without a patch; InputRefused for more than ``COMMIT_LIMIT`` commits and for a commit that cannot be told as mail.
    """
    git = find_repository(directory.resolve())
    if git is None:
        raise UsageError(f"no git repository in {directory.resolve()} or above", hint=_ELSEWHERE)
    name = f"{left}{dots}{right}"
    ends = [_commit(git, side or "HEAD", directory) for side in (left, right)]
    commits = dots.join(ends)
    parents = [line.split()[1:] for line in run_git(git, "rev-list", "--parents", commits).splitlines()]
    if not parents:
        back = int(run_git(git, "rev-list", "--count", dots.join(reversed(ends))))
        hint = f"the other way round, {right}{dots}{left}, has {back}" if back else None
        raise UsageError(f"{name}: no commit in this range", hint=hint)
    if len(parents) > COMMIT_LIMIT:
        raise InputRefused(f"{name}: {len(parents)} commits, the limit is {COMMIT_LIMIT}")
    merges = sum(len(one) > 1 for one in parents)
    _check_messages(git, commits)
    said = run_git(git, "format-patch", *_OPTIONS, commits, settings=_SETTINGS)
    mails = said.encode("utf-8", "surrogateescape") + b"\n"
    made = tuple(commit.decode("ascii") for commit in _SEPARATOR.findall(mails))
    empty = len(parents) - merges - len(made)
    if not made:
        raise UsageError(f"{name}: no patch in this range: {left_out(merges, empty)}")
    title, released = _title(git, left, dots, right), _released(git, made)
    return CommitRange(made, _SEPARATOR.sub(_MBOXRD, mails), merges, empty, title, released)


def left_out(merges: int, empty: int) -> str:
    """Say which commits of a range are no patches: "2 merges, 1 commit without a change"; "" for none."""
    counts = ((merges, "merge", "merges"), (empty, "commit without a change", "commits without a change"))
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def _commit(git: Git, rev: str, directory: Path) -> str:
    """Return the id of the commit that *rev* names."""
    try:
        named = run_git(git, "rev-parse", "--verify", "--quiet", "--end-of-options", rev)
        return run_git(git, "rev-parse", "--verify", "--quiet", f"{named}^{{commit}}")
    except CommandFailed as error:
        raise UsageError(f"no such revision in {directory.resolve()}: {rev}", hint=_ELSEWHERE) from error


def _check_messages(git: Git, commits: str) -> None:
    """Refuse a commit whose message would be read as a diff once it is mail, as ``git am`` would."""
    said = run_git(git, "log", "--no-merges", "-z", "--format=%H%n%B", commits, settings=_SETTINGS)
    for entry in said.split("\0"):
        commit, _, message = entry.partition("\n")
        if found := _DIFF_IN_MESSAGE.search(message):
            line = message[found.start() :].partition("\n")[0]
            raise InputRefused(
                f"commit {commit[:12]}: a line of its message would be read as the diff: {line}",
                hint="git am has the same trouble; indent the line",
            )


def _released(git: Git, commits: Sequence[str]) -> frozenset[str]:
    tags = first_tags(git, commits).items()
    return frozenset(commit for commit, tag in tags if (release := parse_release(tag)) and release.is_mainline)


def _title(git: Git, left: str, dots: str, right: str) -> str:
    branch = run_git(git, "rev-parse", "--abbrev-ref", "HEAD")
    return dots.join(branch if side in ("", "HEAD", "@") else side for side in (left, right))
