# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked and what is answered when one patch is judged: the values that the judges hand on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seriestool.apply.blocked import Missed
from seriestool.apply.landing import Landing
from seriestool.apply.threeway import KnownBlobs
from seriestool.apply.view import View
from seriestool.git.objects import ObjectStore
from seriestool.model.adaptation import Adaptation
from seriestool.model.outcome import EvidenceClass, HunkOutcome, Outcome
from seriestool.model.series import Patch


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of one patch, the tree object after it, and what of it is now missing there.

    ``context`` is the number of context lines that an ``applies-reduced`` needed.
    """

    outcome: Outcome
    evidence: str
    hunks: tuple[HunkOutcome, ...]
    tree_object: str
    missed: tuple[Missed, ...] = ()
    context: int | None = None
    evidence_class: EvidenceClass | None = None


@dataclass(frozen=True, slots=True)
class Aids:
    """What is known beside the patch and the tree.

    ``own`` are adaptations recorded for this tree, ``others`` those of other trees, the first to try first. ``missed``
    is what earlier patches of the series could not bring in; ``series_is_there`` is asked when only weak evidence says
    that the tree has the patch. ``landing`` is what the tree's history or version says of it, weighed. ``known`` are
    the blobs it may be merged with, ``context`` the lines of context that are enough (``git apply -C<n>``), None: all.
    """

    own: tuple[Adaptation, ...] = ()
    others: tuple[Adaptation, ...] = ()
    missed: Sequence[Missed] = ()
    series_is_there: Callable[[], bool] = lambda: False
    known: KnownBlobs | None = None
    context: int | None = None
    landing: Landing | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One patch on one tree object."""

    store: ObjectStore
    tree: str
    patch: Patch
    aids: Aids

    def view(self) -> View:
        """Return the tree with nothing of the patch in it."""
        return View(self.store, self.tree)
