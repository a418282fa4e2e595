# SPDX-License-Identifier: GPL-2.0-or-later
"""The commits that have to go in front of a series so that it applies to a tree: found, tried, and as few as possible.

Candidates are the commits that brought what rejected hunks expect, and theirs in turn. Nothing is proposed that was
not really applied, in upstream order, with the engine that applies the series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from seriestool.apply.introductions import Introductions, Origin, find_origin, in_tree
from seriestool.apply.landing import Landing, Upstream, find_landings
from seriestool.apply.outcomes import IN_TREE
from seriestool.apply.proposal import Candidate, HunkKey, Prerequisite, Prerequisites
from seriestool.apply.series import apply_series
from seriestool.apply.view import View
from seriestool.errors import InputRefused
from seriestool.git.commits import read_commit
from seriestool.git.history import Histories
from seriestool.git.objects import ObjectStore
from seriestool.model.adaptation import Adaptation
from seriestool.model.outcome import Introduction, Outcome, PatchOutcome, TreeOutcome
from seriestool.model.series import Patch
from seriestool.model.tree import Tree

ROUNDS = 4
"""How far prerequisites of prerequisites are followed."""
LIMIT = 40
"""Commits that are tried at once."""
_SHOWN = 6  # introductions of one hunk
_ALREADY = frozenset({Outcome.ALREADY, Outcome.ALREADY_EVOLVED})


def find_prerequisites(
    store: ObjectStore,
    tree: Tree,
    patches: Sequence[Patch],
    histories: Histories,
    *,
    known: Mapping[str, Upstream] | None = None,
    adaptations: Mapping[str, Sequence[Adaptation]] | None = None,
    landings: Mapping[str, Landing] | None = None,
    declared: Sequence[Candidate] = (),
    context: int | None = None,
) -> Prerequisites:
    """Find what has to go in front of *patches* on *tree*, in *histories* that have more than the tree.

    *known*, *adaptations* and *landings* go by patch number, and *context* is, as for ``apply_series``. *declared* are
    commits that the series itself says it needs: they stay in the set even where nothing rejects without them.

    Raises MachineFault where a history or the store cannot be read.
    """
    search = _Search(store, tree, patches, histories, known or {}, adaptations or {}, landings or {}, context)
    return search.run(declared)


class _Search:
    """One search: commits by id, and every set that was tried with what became of it."""

    def __init__(
        self,
        store: ObjectStore,
        tree: Tree,
        patches: Sequence[Patch],
        histories: Histories,
        known: Mapping[str, Upstream],
        adaptations: Mapping[str, Sequence[Adaptation]],
        landings: Mapping[str, Landing],
        context: int | None,
    ) -> None:
        self._store, self._tree, self._patches, self._histories = store, tree, patches, histories
        self._known, self._adaptations, self._context = known, adaptations, context
        self._landings = dict(landings)
        self._introductions = Introductions()
        self._candidates: dict[str, Candidate] = {}
        self._read: dict[str, Patch] = {}
        self._origins: dict[str, Origin | None] = {}
        self._tried: dict[tuple[str, ...], TreeOutcome] = {}
        self._direct: dict[HunkKey, tuple[str, ...]] = {}
        self._subjects = frozenset(patch.subject for patch in patches)

    def run(self, declared: Sequence[Candidate]) -> Prerequisites:
        wanted = self._lost(())
        every = self._ordered(self._learn(declared))
        kept = self._applying(every)
        if wanted and every:
            self._fresh(())  # what a declared commit brings is no less what the hunk misses
        gave_up = f"no end after {ROUNDS} rounds" if wanted else ""
        for _ in range(ROUNDS if wanted else 0):
            fresh = self._fresh(every)
            if not fresh:
                gave_up = ""
                break
            if len(every) + len(fresh) > LIMIT:
                gave_up = f"more than {LIMIT} commits"
                break
            every = self._ordered([*every, *fresh])
            kept = self._applying(every)
            if not self._lost(kept):
                gave_up = ""
                break
        return self._result(wanted, self._minimal(kept), gave_up)

    def _learn(self, candidates: Iterable[Candidate]) -> list[str]:
        """Read commits, each once, and return those that can go in front of the series."""
        fresh: dict[str, Patch] = {}
        usable = []
        for candidate in candidates:
            commit = candidate.commit
            if commit not in self._candidates:
                patch = _readable(candidate)
                if patch is None or patch.subject in self._subjects:  # one of the series
                    continue
                fresh[commit] = patch
                self._candidates[commit] = candidate
                origin = Origin(candidate.history, commit, in_tree(candidate.history, self._tree))
                self._origins[commit] = origin.before(commit)
            usable.append(commit)
        self._read.update(fresh)
        # A backport that the tree has is known by what it says of itself.
        upstream = {commit: Upstream(commit) for commit in fresh}
        self._landings.update(find_landings(self._tree, list(fresh.values()), upstream, self._histories))
        return usable

    def _outcome(self, commits: Sequence[str]) -> TreeOutcome:
        key = tuple(commits)
        if key not in self._tried:
            self._tried[key] = apply_series(
                self._store, self._tree, [*(self._read[commit] for commit in commits), *self._patches],
                adaptations=self._adaptations, landings=self._landings, context=self._context,
            )  # fmt: skip
        return self._tried[key]

    def _lost(self, commits: Sequence[str]) -> frozenset[str]:
        """Return the numbers of the patches of the series that do not apply behind *commits*."""
        series = self._outcome(commits).patches[len(commits) :]
        return frozenset(patch.number for patch in series if not patch.outcome.usable)

    def _applying(self, commits: Sequence[str]) -> tuple[str, ...]:
        """Return those of *commits* that apply, one behind the other, and that the tree does not have."""
        kept = tuple(commits)
        while True:
            tried = self._outcome(kept).patches[: len(kept)]
            good = tuple(each.number for each in tried if each.outcome.usable and each.outcome not in _ALREADY)
            if good == kept:
                return kept
            kept = good

    def _minimal(self, commits: Sequence[str]) -> tuple[str, ...]:
        """Drop, newest first and until none is left, every commit without which no less of the series applies.

        With it goes what does not apply without it: of two commits of which one undoes the other, neither is needed.
        """
        kept = tuple(commits)
        lost = self._lost(kept)
        declared = {commit for commit in kept if self._candidates[commit].declared}
        before: tuple[str, ...] = ()
        while kept != before:
            before = kept
            for commit in reversed(before):
                without = self._applying([each for each in kept if each != commit])
                if commit in kept and declared <= set(without) and self._lost(without) <= lost:
                    kept = without
        return kept

    def _fresh(self, commits: Sequence[str]) -> list[str]:
        """Return the commits not tried yet that brought what is rejected when *commits* go in front of the series."""
        outcome = self._outcome(commits)
        fresh: dict[str, None] = {}
        before = self._tree.tree_object
        patches = [*(self._read[commit] for commit in commits), *self._patches]
        for patch, tried in zip(patches, outcome.patches, strict=True):
            if not tried.outcome.usable:
                fresh.update(dict.fromkeys(self._brought(patch, tried, before)))
            before = tried.tree_object
        return [commit for commit in fresh if commit not in commits]

    def _brought(self, patch: Patch, tried: PatchOutcome, before: str) -> Iterable[str]:
        """Yield the commits that brought what *patch* expects and the tree object *before* lacks."""
        origin = self._origin(patch)
        if origin is None:
            return
        diffs = {diff.path: diff for diff in patch.files}
        view = View(self._store, before)
        for hunk in tried.hunks:
            if hunk.applied or hunk.cause == IN_TREE or hunk.path not in diffs:
                continue
            logged = self._introductions.of_hunk(origin, view, diffs[hunk.path], hunk.number)[:LIMIT]
            commits = self._learn(Candidate(origin.history, each.commit) for each in logged)
            if patch.number not in self._candidates:
                key = (patch.number, hunk.path, hunk.number)
                self._direct[key] = tuple(dict.fromkeys([*self._direct.get(key, ()), *commits]))
            yield from commits

    def _origin(self, patch: Patch) -> Origin | None:
        if patch.number not in self._origins:
            upstream = self._known.get(patch.number)
            self._origins[patch.number] = find_origin(patch, upstream, self._tree, self._histories)
        return self._origins[patch.number]

    def _ordered(self, commits: Sequence[str]) -> list[str]:
        """Return *commits* in upstream order, those of one history behind those of the one before."""
        ordered: list[str] = []
        for history in self._histories.all:
            mine = [commit for commit in commits if self._candidates[commit].history is history]
            paths = {diff.path for commit in mine for diff in self._read[commit].files}
            log = history.log(paths, until=mine, without=in_tree(history, self._tree)) if mine else ()
            ordered += [each.commit for each in reversed(log) if each.commit in mine]
        return ordered

    def _result(self, wanted: frozenset[str], minimal: Sequence[str], gave_up: str) -> Prerequisites:
        left = self._lost(minimal)
        without = {commit: self._applying([each for each in minimal if each != commit]) for commit in minimal}
        needed_by = {commit: tuple(sorted(self._lost(rest) - left)) for commit, rest in without.items()}
        needed = {commit: self._rejected(rest) for commit, rest in without.items()}
        commits = tuple(
            Prerequisite(
                replace(self._read[commit], number=f"P{position}"), commit,
                self._place(commit), needed_by[commit],
            )
            for position, commit in enumerate(minimal, 1)
        )  # fmt: skip
        introduced = {
            key: self._introduced(key, direct, needed, gained=key[0] in wanted - left)
            for key, direct in self._direct.items()
            if direct
        }
        return Prerequisites(commits, not left, tuple(sorted(left)), introduced, gave_up)

    def _place(self, commit: str) -> str:
        return self._histories.place_of(self._candidates[commit].history, commit)

    def _rejected(self, commits: Sequence[str]) -> frozenset[HunkKey]:
        """Return the hunks of the series that find no place behind *commits*."""
        series = self._outcome(commits).patches[len(commits) :]
        return frozenset(
            (patch.number, hunk.path, hunk.number)
            for patch in series
            if not patch.outcome.usable
            for hunk in patch.hunks
            if not hunk.applied and hunk.cause != IN_TREE
        )

    def _introduced(
        self, key: HunkKey, direct: Sequence[str], needed: Mapping[str, frozenset[HunkKey]], *, gained: bool
    ) -> tuple[Introduction, ...]:
        """Return the candidates of one hunk, those first without which it finds no place."""
        found = [
            Introduction(
                commit, self._read[commit].subject, self._place(commit),
                key in needed.get(commit, ()) if gained else None,
            )
            for commit in direct
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda each: not each.needed)[:_SHOWN])


def _readable(candidate: Candidate) -> Patch | None:
    try:
        return read_commit(candidate.history, candidate.commit, candidate.commit)
    except InputRefused:
        return None
