# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series needs on one tree: what it declares, and what its rejected hunks miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seriestool.apply.dependencies import Resolution, Surroundings, resolve_dependency
from seriestool.apply.landing import Landing, Upstream
from seriestool.apply.prerequisites import find_prerequisites
from seriestool.apply.proposal import Prerequisites
from seriestool.git.history import Histories
from seriestool.git.objects import ObjectStore
from seriestool.model.adaptation import Adaptation
from seriestool.model.needs import DependencyState, NeededCommit, TreePrerequisites
from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import Dependency, Patch
from seriestool.model.tree import Tree
from seriestool.pipeline.series import Job


@dataclass(frozen=True, slots=True)
class Needs:
    """What a series needs on one tree: the commits to put in front of it, and what became of what it declares.

    ``dependencies`` are in the order in which the posting declares them, ``applied`` tells that the commits are there.
    """

    prerequisites: Prerequisites = field(default_factory=Prerequisites)
    dependencies: tuple[Resolution, ...] = ()
    applied: bool = False

    def on(self, tree: str) -> TreePrerequisites:
        """Return the commits as reports tell of them."""
        found = self.prerequisites
        commits = (NeededCommit(one.commit, one.patch.subject, one.history, one.needed_by) for one in found.commits)
        return TreePrerequisites(tree, tuple(commits), self.applied, found.conflicts, found.gave_up)

    def reason(self, found: Resolution) -> str:
        """Return the reason of one of ``dependencies``, and which patches bring what was missing."""
        wanted = {each.commit for each in found.candidates}
        commits = self.prerequisites.commits if self.applied else ()
        brought = [one.patch.number for one in commits if one.commit in wanted]
        return f"{found.reason}; brought by {', '.join(brought)}" if brought else found.reason

    def declarers(self, commit: str) -> tuple[str, ...]:
        """Return the numbers of the patches that declare that they need *commit*; none where the cover letter does."""
        numbers = {
            one.dependency.patch
            for one in self.dependencies
            if one.dependency.patch and any(each.commit == commit for each in one.candidates)
        }
        return tuple(sorted(numbers))


def known_upstream(job: Job) -> dict[str, Upstream]:
    """Return what is known of the upstream commits, by patch number: from ``series.toml`` and commit notices."""
    found = {}
    for patch in job.tracked.patches:
        landed = job.landed.get(patch.number)
        commit = landed.commit if landed else patch.upstream
        if commit or patch.released:
            found[patch.number] = Upstream(commit, patch.released)
    return found


def find_needs(
    store: ObjectStore,
    tree: Tree,
    patches: Sequence[Patch],
    outcome: TreeOutcome,
    histories: Histories,
    *,
    known: Mapping[str, Upstream],
    adaptations: Mapping[str, Sequence[Adaptation]],
    landings: Mapping[str, Landing],
    dependencies: Sequence[Dependency],
    context: int | None = None,
) -> Needs:
    """Return what *patches* need on *tree*, where *outcome* is what they gave without.

    Declared dependencies that are missing, and are in some history, come first; then what rejected hunks miss. Without
    any history nothing can be proposed. Raises MachineFault where a history cannot be read.
    """
    around = Surroundings(store, tree, histories, patches, known)
    resolved = tuple(resolve_dependency(dependency, around) for dependency in dependencies)
    missing = [one for one in resolved if one.state is DependencyState.MISSING]
    declared = {each.commit: each for one in missing for each in one.candidates}
    if not histories.all or (outcome.applies and not declared):
        lost = tuple(each.number for each in outcome.patches if not each.outcome.usable)
        return Needs(Prerequisites(verified=not lost, conflicts=lost), resolved)
    found = find_prerequisites(
        store, tree, patches, histories, known=known, adaptations=adaptations, landings=landings,
        declared=tuple(declared.values()), context=context,
    )  # fmt: skip
    return Needs(found, resolved)
