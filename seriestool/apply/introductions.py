# SPDX-License-Identifier: GPL-2.0-or-later
"""Which commits brought what a rejected hunk expects and the tree lacks, in a history that has the patch.

What ``git log -S<line> -- <file>`` would answer for every line, asked once per file: the walk is bounded to the file,
to what came before the patch, and to what is not in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seriestool.apply.explain import closest
from seriestool.apply.hunks import find_place, split_lines
from seriestool.apply.landing import Upstream, search_history
from seriestool.apply.view import View
from seriestool.formats.release import parse_release
from seriestool.git.history import Histories, History, Logged
from seriestool.model.series import FileDiff, Hunk, Patch
from seriestool.model.tree import Tree

_TELLING = re.compile(rb"\w.*\w.*\w")
_NEW_FILE = b"\nnew file mode "
_WALK = 5000  # commits of one file that are looked at, newest first


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a patch comes from: a history, the commit it stands on there, and the commits that the tree has."""

    history: History
    until: str
    without: tuple[str, ...]

    def before(self, commit: str) -> Origin | None:
        """Return the same for another commit of the history; None for one without a parent."""
        parent = self.history.resolve(f"{commit}^")
        return Origin(self.history, parent, self.without) if parent else None


def find_origin(patch: Patch, upstream: Upstream | None, tree: Tree, histories: Histories) -> Origin | None:
    """Return where *patch* comes from: where its upstream commit is, or what is it there, or where it would fit."""
    found = histories.find(upstream.commit) if upstream and upstream.commit else None
    if found:
        history, commit = found
        return Origin(history, commit, in_tree(history, tree)).before(commit)
    known = {patch.number: upstream} if upstream else {}
    for history in histories.others:
        landing = search_history(history, [patch], known).get(patch.number)
        origin = Origin(history, history.source.commit, in_tree(history, tree))
        if landing and landing.commit and (before := origin.before(landing.commit)):
            return before
        if not landing and _fits(history, patch):
            return origin
    return None


def in_tree(history: History, tree: Tree) -> tuple[str, ...]:
    """Return the commit of *history* up to which *tree* has everything: its own, else that of its release."""
    own = history.resolve(tree.commit)
    if own:
        return (own,)
    release = parse_release(tree.version)
    tags = (history.resolve(f"refs/tags/{tag}") for tag in (release.tags if release else ()))
    return tuple(commit for commit in tags if commit)[:1]


def _fits(history: History, patch: Patch) -> bool:
    """Tell whether every hunk has its place where the history ends."""
    view = View(history.objects, history.objects.tree_of(history.source.commit))
    for diff in patch.files:
        file = view.before(diff.old_path) if diff.old_path else None
        lines = split_lines(file.data) if file else []
        if diff.old_path and (file is None or not all(find_place(lines, hunk) for hunk in diff.hunks)):
            return False
    return any(diff.hunks for diff in patch.files)


class Introductions:
    """Finds the commits; what was read of a history is kept."""

    def __init__(self) -> None:
        self._diffs: dict[tuple[Origin, str], tuple[tuple[Logged, ...], Mapping[str, bytes]]] = {}

    def of_hunk(self, origin: Origin, view: View, diff: FileDiff, number: int) -> tuple[Logged, ...]:
        """Return the commits before the patch that brought what hunk *number* of *diff* misses in the tree of *view*.

        Newest first. Number 0 stands for the file as a whole: who brought that, where it is not there.
        """
        path = diff.old_path
        if path is None:
            return ()
        file = view.before(path)
        if file is None:
            marks: Sequence[bytes] = (_NEW_FILE,)
        elif number:
            marks = _marks(split_lines(file.data), diff.hunks[number - 1])
        else:
            return ()
        logged, diffs = self._read(origin, path)
        return tuple(each for each in logged if any(mark in diffs.get(each.commit, b"") for mark in marks))

    def _read(self, origin: Origin, path: str) -> tuple[tuple[Logged, ...], Mapping[str, bytes]]:
        key = (origin, path)
        if key not in self._diffs:
            history = origin.history
            logged = history.log([path], until=[origin.until], without=origin.without)[:_WALK]
            commits = [each.commit for each in logged]
            self._diffs[key] = logged, history.diffs(commits, renames=False, paths=[path]) if commits else {}
        return self._diffs[key]


def _marks(lines: Sequence[bytes], hunk: Hunk) -> list[bytes]:
    """Return what the diff of a commit to blame has in it: a line added that is missing, one removed that is left."""
    there = frozenset(lines)
    lacking = {line for line in hunk.old if line not in there}
    start = closest(lines, hunk)
    window = lines[start : start + len(hunk.old)] if start is not None else []
    left = {line for line in window if line not in hunk.old}
    marks = [*((b"+", line) for line in lacking), *((b"-", line) for line in left)]
    if not lacking:  # lines that are there, in another order or another place
        marks += [(b"+", line) for line in hunk.old]
    telling = [mark for mark in marks if _TELLING.search(mark[1])] or [mark for mark in marks if mark[1].strip()]
    return [b"\n" + sign + line for sign, line in telling]
