# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a tree has a patch, by what its history and its version say; text is asked elsewhere (``evolved``).

Strongest first: the upstream commit itself, a commit with the same patch-id, one that names the upstream commit, one
with the same author and subject, the release that first had it. What was taken back later is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seriestool.apply.reverts import Trail
from seriestool.errors import InputRefused
from seriestool.formats.commit_references import Naming
from seriestool.formats.patch_id import patch_id
from seriestool.formats.release import parse_release
from seriestool.git.history import Histories, History, Logged
from seriestool.git.treeobject import Oid
from seriestool.model.outcome import EvidenceClass
from seriestool.model.series import Change, Patch
from seriestool.model.tree import Tree

_SHOWN = 12  # digits of a commit


@dataclass(frozen=True, slots=True)
class Upstream:
    """What is known of a patch upstream: its commit (7 to 40 hex digits) and the release that first had that."""

    commit: str | None = None
    released: str | None = None


@dataclass(frozen=True, slots=True)
class Landing:
    """What says that a tree has a patch, or that it has not.

    ``evidence_class`` is None where nothing says that it has. ``sentence`` is the evidence as it is printed, ``commit``
    the commit of the history that is the patch. ``reverted`` names the commit that took it back, if that is why.
    ``note`` is what is to be said beside the outcome of trying the patch. ``doubtful`` tells that the commit says of
    itself that it is another one.
    """

    evidence_class: EvidenceClass | None = None
    sentence: str = ""
    commit: str | None = None
    reverted: str | None = None
    note: str = ""
    doubtful: bool = False


def find_landings(
    tree: Tree, patches: Sequence[Patch], known: Mapping[str, Upstream], histories: Histories
) -> dict[str, Landing]:
    """Return, by patch number, what says that *tree* has it; a patch of which nothing is known is left out.

    *known* goes by patch number. A release that nobody wrote down is taken from the tags of the *histories* that have
    the upstream commit. Raises MachineFault where a history cannot be read.
    """
    found = search_history(histories.own, patches, known) if histories.own else {}
    open_ones = [patch for patch in patches if patch.number not in found and patch.number in known]
    released = _released(open_ones, known, histories)
    for patch in open_ones:
        landing = _by_release(tree, released.get(patch.number))
        if landing:
            found[patch.number] = landing
    return found


def search_history(
    history: History, patches: Sequence[Patch], known: Mapping[str, Upstream]
) -> dict[str, Landing]:
    """Return, by patch number, what *history* says of *patches*: that it has them, or that they were taken back.

    One walk for all patches whose upstream commit is in the repository, which begins where these do; one for the rest.
    """
    oids: dict[str, Oid] = {}
    for patch in patches:
        commit = known.get(patch.number, Upstream()).commit
        oid = history.resolve(commit) if commit else None
        if oid:
            oids[patch.number] = oid
    base = history.common_base(oids.values()) if oids else None
    found: dict[str, Landing] = {}
    for bounded in (True, False):
        group = [patch for patch in patches if (patch.number in oids) is bounded]
        # Whatever is a copy of an upstream commit, or takes one back, does not come before it.
        without = [base] if bounded and base else []
        logged = history.log((path for patch in group for path in _paths(patch)), without=without)
        search = _Search(history, Trail(logged))
        for patch in group:
            upstream = oids.get(patch.number) or known.get(patch.number, Upstream()).commit
            landing = search.landing(patch, upstream, contained=bounded and history.contains(oids[patch.number]))
            if landing:
                found[patch.number] = landing
    return found


class _Search:
    """One log, asked for one patch after the other."""

    def __init__(self, history: History, trail: Trail) -> None:
        self._history = history
        self._trail = trail
        self._touched: Mapping[str, frozenset[str]] | None = None
        self._diffs: dict[tuple[str, bool], bytes] = {}

    def landing(self, patch: Patch, upstream: str | None, *, contained: bool) -> Landing | None:
        """Return the strongest evidence that is still in force, else who took the patch back, else None."""
        oldest = len(self._trail.logged)
        also = [upstream] if upstream else []
        places = []
        for at, landing in self._applications(patch, upstream, contained=contained):
            if self._trail.reverter(at, also, patch.subject) is None:
                return landing
            places.append(at)
        reverter = self._trail.reverter(min(places, default=oldest), also, patch.subject)
        if reverter is None:
            return None
        said = f"{reverter.commit[:_SHOWN]} ({reverter.subject})"
        return Landing(reverted=said, note=f"reverted by {said}")

    def _applications(
        self, patch: Patch, upstream: str | None, *, contained: bool
    ) -> Iterator[tuple[int, Landing]]:
        """Yield every way in which the patch came in, strongest first, with its position in the log."""
        if contained and upstream:
            said = f"contained: upstream commit {upstream[:_SHOWN]} is in the history"
            yield self._position(upstream), Landing(EvidenceClass.CONTAINED, said, upstream)
        said_so = self._trail.says(upstream) if upstream else ()
        named = {at: naming for at, naming in said_so if self._is_sure(at, naming, str(upstream), patch)}
        alike = [at for at in self._trail.by_subject.get(patch.subject, ()) if _same_author(self._trail, at, patch)]
        candidates = sorted({*named, *alike})
        same = self._same_patch_id(patch, candidates)
        if not candidates and not contained:
            same = candidates = self._same_patch_id(patch, self._touching(patch))
        for at in same:
            commit = self._trail.logged[at].commit
            said = f"patch-id: {commit[:_SHOWN]} has the same patch-id"
            yield at, Landing(EvidenceClass.PATCH_ID, said, commit)
        for at, naming in named.items():
            commit = self._trail.logged[at].commit
            line = naming.line.replace(naming.commit, naming.commit[:_SHOWN])
            yield at, Landing(EvidenceClass.NAMED, f"named: {commit[:_SHOWN]} says {line}", commit)
        for at in alike:
            commit = self._trail.logged[at].commit
            said = f"author-subject: {commit[:_SHOWN]} has the same author and subject"
            other = self._trail.is_another(at, upstream) if upstream else None
            said += f", and says that it is commit {other[:_SHOWN]}" if other else ""
            yield at, Landing(EvidenceClass.AUTHOR_SUBJECT, said, commit, doubtful=other is not None)

    def _is_sure(self, at: int, naming: Naming, upstream: str, patch: Patch) -> bool:
        """Tell whether the commit at position *at* names *upstream*: few digits may be those of another commit too."""
        return min(len(naming.commit), len(upstream)) >= _SHOWN or self._trail.logged[at].subject == patch.subject

    def _position(self, commit: str) -> int:
        places = (at for at, each in enumerate(self._trail.logged) if each.commit == commit)
        return next(places, len(self._trail.logged))

    def _touching(self, patch: Patch) -> list[int]:
        """Return the commits that change the files of the patch and no others: only they can have its patch-id."""
        logged = self._trail.logged
        if self._touched is None:
            self._touched = self._history.touched([each.commit for each in logged])
        paths = frozenset(_paths(patch))
        return [at for at, each in enumerate(logged) if self._touched.get(each.commit) == paths]

    def _same_patch_id(self, patch: Patch, places: Sequence[int]) -> list[int]:
        renames = any(file.change in (Change.RENAME, Change.COPY) for file in patch.files)
        commits = [self._trail.logged[at].commit for at in places]
        unknown = [commit for commit in commits if (commit, renames) not in self._diffs]
        for commit, diff in self._history.diffs(unknown, renames=renames).items() if unknown else ():
            self._diffs[commit, renames] = diff
        mark = _longest_word(patch)
        diffs = [(at, self._diffs.get((commit, renames), b"")) for at, commit in zip(places, commits, strict=True)]
        return [at for at, diff in diffs if mark in diff and _patch_id(diff) == patch.patch_id]


def _longest_word(patch: Patch) -> bytes:
    """Return what every diff with the same patch-id has in it, as only white space may differ."""
    lines = (line.text for file in patch.files for hunk in file.hunks for line in hunk.lines if line.sign != " ")
    return max((word for line in lines for word in line.split()), key=len, default=b"")


def _patch_id(diff: bytes) -> str:
    try:
        return patch_id(diff)
    except InputRefused:  # nothing but a submodule, say
        return ""


def _same_author(trail: Trail, at: int, patch: Patch) -> bool:
    each: Logged = trail.logged[at]
    return each.email.lower() == patch.author.email.lower() or each.author == patch.author.name != ""


def _paths(patch: Patch) -> set[str]:
    return {path for file in patch.files for path in (file.old_path, file.new_path) if path is not None}


def _released(
    patches: Sequence[Patch], known: Mapping[str, Upstream], histories: Histories
) -> dict[str, str]:
    """Return, by patch number, the release that first had it: as written down, else by the tags of a history."""
    found = {patch.number: said for patch in patches if (said := known[patch.number].released)}
    for history in histories.all:
        oids: dict[str, str] = {}
        for patch in patches:
            commit = known[patch.number].commit
            oid = history.resolve(commit) if commit and patch.number not in found else None
            if oid:
                oids[patch.number] = oid
        releases = history.first_releases(set(oids.values()))
        found.update({number: releases[oid] for number, oid in oids.items() if oid in releases})
    return found


def _by_release(tree: Tree, released: str | None) -> Landing | None:
    first, version = parse_release(released or ""), parse_release(tree.version)
    if first is None or version is None or not version.has(first):
        return None
    return Landing(EvidenceClass.RELEASE, f"release: {released} first had it, this is {tree.version}")
