# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series needs on one tree: what it declares, and what its rejected hunks miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seriestool.apply.dependencies import Resolution, State, Surroundings, resolve_dependency
from seriestool.apply.landing import Landing, Upstream
from seriestool.apply.prerequisites import find_prerequisites
from seriestool.apply.proposal import Prerequisites
from seriestool.git.history import Histories
from seriestool.git.objects import ObjectStore
from seriestool.log import Progress
from seriestool.model.adaptation import Adaptation
from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import Dependency, Patch
from seriestool.model.tree import Tree
from seriestool.report.view import clean


@dataclass(frozen=True, slots=True)
class Needs:
    """What a series needs on one tree: the commits to put in front of it, and what became of what it declares."""

    prerequisites: Prerequisites = field(default_factory=Prerequisites)
    dependencies: tuple[Resolution, ...] = ()


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
) -> Needs:
    """Return what *patches* need on *tree*, where *outcome* is what they gave without; nothing without histories.

    Declared dependencies that are missing, and are in some history, come first; then what rejected hunks miss.
    Raises MachineFault where a history cannot be read.
    """
    if not histories.all:
        return Needs()
    around = Surroundings(store, tree, histories, patches, known)
    resolved = tuple(resolve_dependency(dependency, around) for dependency in dependencies)
    declared = {each.commit: each for one in resolved if one.state is State.MISSING for each in one.candidates}
    if outcome.applies and not declared:
        return Needs(Prerequisites(verified=True), resolved)
    found = find_prerequisites(
        store, tree, patches, histories,
        known=known, adaptations=adaptations, landings=landings, declared=tuple(declared.values()),
    )  # fmt: skip
    return Needs(found, resolved)


def tell_needs(needs: Needs, tree: str, progress: Progress, *, applied: bool) -> None:
    """Tell the user what was found, in a line each; with *applied*, what could not be found too."""
    for each in needs.dependencies:
        if each.state in (State.MISSING, State.NOT_NEEDED) or (applied and each.state is State.UNKNOWN):
            progress.note(clean(f"{tree}: {each}"))
    found = needs.prerequisites
    if found.commits and not applied:
        named = ", ".join(f"{each.commit[:12]} ({each.patch.subject})" for each in found.commits)
        rest = "" if found.verified else f"; {', '.join(found.conflicts)} would still not apply"
        progress.note(clean(f"{tree}: --with-prerequisites would apply {named} first{rest}"))
    if applied and not found.commits:
        progress.note(f"{tree}: no prerequisites were found")
    if found.gave_up:
        progress.note(f"{tree}: the search for prerequisites was given up: {found.gave_up}")
