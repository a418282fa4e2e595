# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a tree has what a posting says it needs, by the histories that are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from seriestool.apply.evolved import gather
from seriestool.apply.introductions import in_tree
from seriestool.apply.landing import Landing, Upstream, find_landings
from seriestool.apply.proposal import Candidate
from seriestool.apply.reverts import Trail
from seriestool.apply.view import View
from seriestool.apply.weigh import weigh
from seriestool.errors import InputRefused
from seriestool.formats.commit_references import same_commit
from seriestool.formats.patch_id import patch_id
from seriestool.formats.release import parse_release
from seriestool.git.commits import read_commit
from seriestool.git.history import Histories, History
from seriestool.git.objects import ObjectStore
from seriestool.model.needs import DependencyState as State
from seriestool.model.series import Dependency, DependencyKind, Patch
from seriestool.model.tree import Tree

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_RANGE = re.compile(r"(?:\.x)?\s*(?:-|\.{2,3}|to|through)\s*v?", re.IGNORECASE)
_LATER = re.compile(r"(?:\.x)?\s*(?:[+-]|onwards?\b|(?:and|or) (?:later|newer|up|above)\b)", re.IGNORECASE)
_SINCE = re.compile(r"(?:\bsince|\bfrom|\bstarting (?:with|from)|>=)\s*v?$", re.IGNORECASE)
_UP_TO = re.compile(r"(?:\bup to|\buntil|<=)\s*v?$", re.IGNORECASE)
# How git-send-email(1) and b4 number the mails of one posting; the cover letter comes first.
_POSTINGS = (
    re.compile(r"(?P<head>\d{8,}\.\d+-)[01](?P<tail>-[^@]+@.+)"),
    re.compile(r"(?P<head>.+-v\d+-)[01](?P<tail>-[0-9a-f]{8,}@.+)"),
)
_WALK = 2000  # commits whose patch-id is computed in search of one


@dataclass(frozen=True, slots=True)
class Resolution:
    """One dependency on one tree: ``candidates`` are the commits that would satisfy it.

    ``reason`` is a sentence that does not name the tree, so that it is the same wherever the same holds.
    """

    dependency: Dependency
    state: State
    reason: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a dependency is looked for in: the tree, the series itself, and the *histories* that are known."""

    store: ObjectStore
    tree: Tree
    histories: Histories
    patches: Sequence[Patch] = ()
    known: Mapping[str, Upstream] = field(default_factory=dict)

    @property
    def paths(self) -> frozenset[str]:
        """The files of the series: what it needs is looked for among the commits that touched them."""
        return frozenset(
            path for patch in self.patches for file in patch.files for path in (file.old_path, file.new_path) if path
        )


def resolve_dependency(dependency: Dependency, around: Surroundings) -> Resolution:
    """Say whether the tree has what *dependency* names, and which commits would bring it.

    Raises MachineFault where a history cannot be read.
    """
    state, reason, candidates = _resolved(dependency, around)
    return Resolution(dependency, state, reason, tuple(candidates))


_Answer = tuple[State, str, Sequence[Candidate]]


def _resolved(dependency: Dependency, around: Surroundings) -> _Answer:
    value = dependency.value
    match dependency.kind:
        case DependencyKind.BASE_COMMIT:
            return _base_commit(value, around)
        case DependencyKind.PATCH_ID:
            return _patch_id(value, around)
        case DependencyKind.FIXES:
            state, reason, _ = _commit(dependency, around)
            return (State.NOT_NEEDED if state is State.MISSING else state), reason, ()
        case DependencyKind.STABLE if dependency.versions and not _is_for(dependency.versions, around.tree):
            return State.NOT_NEEDED, f"is for {dependency.versions}, this is {around.tree.version}", ()
    return _commit(dependency, around) if _COMMIT.fullmatch(value) else _mentioned(value, around)


def _is_for(versions: str, tree: Tree) -> bool:
    """Tell whether "5.10.x", "5.10+" or "5.4.x 5.10.x" means *tree*: one series each, with + or - all later ones too.

    "5.4 - 5.9", "since 5.4" and "up to 5.9" mean what they say. Words without a version limit nothing.
    """
    release = parse_release(tree.version)
    named = list(_VERSION.finditer(versions))
    if release is None or not named:
        return True
    series = [(int(match[1]), int(match[2])) for match in named]
    for at, match in enumerate(named):
        behind, here = versions[match.end() :], series[at]
        if release.series == here or (_UP_TO.search(versions[: match.start()]) and release.series < here):
            return True
        if at + 1 < len(named) and _RANGE.fullmatch(versions[match.end() : named[at + 1].start()]):
            if here < release.series <= series[at + 1]:
                return True
        elif release.series > here and (_LATER.match(behind) or _SINCE.search(versions[: match.start()])):
            return True
    return False


def _base_commit(value: str, around: Surroundings) -> _Answer:
    tree, own = around.tree, around.histories.own
    for history in around.histories.all:
        oid = history.resolve(value)
        if oid and history.objects.tree_of(oid) == tree.tree_object:
            return State.SATISFIED, f"{value[:12]} has the same files as the tree", ()
    if own is None:
        return State.UNKNOWN, f"no history of the tree is known to look for {value[:12]} in", ()
    oid = own.resolve(value)
    if oid and own.contains(oid):
        return State.SATISFIED, f"{value[:12]} is in the tree's history", ()
    if oid is None and own.source.shallow:
        return State.UNKNOWN, f"{value[:12]} is not in what is there of the tree's history", ()
    return State.MISSING, f"{value[:12]} is not in the tree's history", ()


def _commit(dependency: Dependency, around: Surroundings) -> _Answer:
    """Look for a commit by its id: in the series, in the tree, in other histories."""
    value = dependency.value
    for number, upstream in around.known.items():
        if upstream.commit and same_commit(upstream.commit, value):
            return State.SATISFIED, f"{value[:12]} is patch {number} of the series", ()
    found = around.histories.find(value)
    if found:
        return _known_commit(Candidate(*found, declared=True), around)
    own = around.histories.own
    if own:
        trail = Trail(own.log(around.paths))
        places = [at for at, _ in trail.says(value)] + trail.by_subject.get(dependency.subject or "", [])
        for at in places:
            if trail.reverter(at, [value]) is None:
                said = f"{trail.logged[at].commit[:12]} ({trail.logged[at].subject})"
                return State.SATISFIED, f"{value[:12]} is in the tree's history as {said}", ()
    return State.UNKNOWN, f"no known history has {value[:12]}", ()


def _known_commit(candidate: Candidate, around: Surroundings) -> _Answer:
    """Tell whether the tree has a commit that some history has."""
    tree, history = around.tree, candidate.history
    try:
        patch = read_commit(history, candidate.commit)
    except InputRefused as error:  # a merge, say: it can be there, and cannot be brought
        there = history is around.histories.own and history.contains(candidate.commit)
        said = f"{candidate.commit[:12]} is in the tree's history" if there else error.message
        return (State.SATISFIED if there else State.UNKNOWN), said, ()
    found = find_landings(tree, [patch], {patch.number: Upstream(candidate.commit)}, around.histories)
    view = View(around.store, tree.tree_object)
    landing = weigh(view, patch.files, found.get(patch.number, Landing()))
    named = f"{candidate.commit[:12]} ({patch.subject})"
    if landing.evidence_class:
        return State.SATISFIED, f"{named}: {landing.sentence}", ()
    if landing.note:
        return State.MISSING, f"{named}: {landing.note}", [candidate]
    text = gather(view, patch.files)
    if text.strong:
        return State.SATISFIED, f"{named}: {text}", ()
    if around.histories.own and not around.histories.own.source.shallow:
        return State.MISSING, f"{named} is not in the tree's history", [candidate]
    release = history.first_releases([candidate.commit]).get(candidate.commit)
    if release:
        reason = f"{named}: {release} first had it, this is {tree.version}, and its text is not there"
        return State.MISSING, reason, [candidate]
    return State.UNKNOWN, f"{named} is in no release that is known, and its text is not there", ()


def _patch_id(value: str, around: Surroundings) -> _Answer:
    """Look for a patch-id: in the series, then among the commits that touched its files."""
    for patch in around.patches:
        if patch.patch_id == value:
            return State.SATISFIED, f"it is patch {patch.number} of the series", ()
    own = around.histories.own
    for history in around.histories.all:
        logged = history.log(around.paths, without=() if history is own else in_tree(history, around.tree))[:_WALK]
        trail = Trail(logged)
        diffs = history.diffs([each.commit for each in logged], renames=True) if logged else {}
        for at, each in enumerate(logged):
            if _has_patch_id(diffs.get(each.commit, b""), value):
                return _found(trail, [at], history, around)
    return State.UNKNOWN, f"no known commit that touches the files of the series has the patch-id {value[:12]}", ()


def _has_patch_id(diff: bytes, value: str) -> bool:
    try:
        return patch_id(diff) == value
    except InputRefused:
        return False


def _mentioned(value: str, around: Surroundings) -> _Answer:
    """Look for commits whose message has a message-id (``Link:``) or a change-id in it."""
    if any(patch.message_id == value for patch in around.patches):
        return State.SATISFIED, "it is a patch of the series", ()
    own = around.histories.own
    for history in around.histories.all:
        without = () if history is own else in_tree(history, around.tree)
        trail = Trail(history.log(around.paths, without=without))
        for pattern in _patterns(value):
            places = [at for at, each in enumerate(trail.logged) if pattern.search(each.message)]
            if places:
                return _found(trail, places, history, around)
    return State.UNKNOWN, f"no known commit that touches the files of the series names {value}", ()


def _patterns(value: str) -> Iterator[re.Pattern[str]]:
    """Yield what to look for: the value, then, for a cover letter, the mails of its posting."""
    yield re.compile(rf"(?<![\w.@-]){re.escape(value)}(?![\w@-])")
    for posting in _POSTINGS:
        if match := posting.fullmatch(value):
            yield re.compile(rf"(?<![\w.@-]){re.escape(match['head'])}\d+{re.escape(match['tail'])}(?![\w@-])")


def _found(trail: Trail, places: Sequence[int], history: History, around: Surroundings) -> _Answer:
    """Say what it means that the commits at *places* of a log are what was looked for, newest first."""
    named = ", ".join(f"{trail.logged[at].commit[:12]} ({trail.logged[at].subject})" for at in reversed(places))
    candidates = [Candidate(history, trail.logged[at].commit, declared=True) for at in reversed(places)]
    if history is around.histories.own:
        for at in places:
            if reverter := trail.reverter(at):
                return State.MISSING, f"{named}: reverted by {reverter.commit[:12]} ({reverter.subject})", candidates
        return State.SATISFIED, f"{named} is in the tree's history", ()
    answers = [_known_commit(candidate, around) for candidate in candidates]
    missing = [candidate for _, _, each in answers for candidate in each]
    if missing:
        return State.MISSING, f"{named} of {history.name} is not in the tree", missing
    unknown = [reason for state, reason, _ in answers if state is State.UNKNOWN]
    return (State.UNKNOWN if unknown else State.SATISFIED), "; ".join(unknown) or answers[0][1], ()
