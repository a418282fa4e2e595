# SPDX-License-Identifier: GPL-2.0-or-later
"""A series as steps from one state of the tree to the next, and which of them layouts can be told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seriestool.model.abi import AbiResult, AbiVerdict
from seriestool.model.outcome import PatchOutcome, TreeOutcome

NO_HEADER = "touches no user-space header"


@dataclass(frozen=True, slots=True)
class Step:
    """One patch, from the commit ``before`` it to the one ``after`` it.

    ``verdict`` is what is known without compiling anything, with its ``reason``; None where headers have to be read.
    """

    number: str
    subject: str
    before: str
    after: str
    verdict: AbiVerdict | None = None
    reason: str = ""
    applies: bool = True

    def known(self, abi: str) -> AbiResult:
        """Return what is known of it under *abi* without compiling anything."""
        assert self.verdict is not None
        return AbiResult(abi, self.verdict, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Steps:
    """All steps; ``lost`` is the patch behind which no state is that of the series, None where there is none."""

    steps: tuple[Step, ...]
    base: str
    lost: str | None

    def is_lost(self, step: Step) -> bool:
        """Tell whether the state after *step* is none that the series makes."""
        numbers = [each.number for each in self.steps]
        return self.lost is not None and numbers.index(step.number) >= numbers.index(self.lost)

    @property
    def quiet(self) -> str:
        """Why a series without anything to read changes no layout."""
        return next((step.reason for step in self.steps if step.verdict is AbiVerdict.SAME), "there are no patches")

    @property
    def read(self) -> tuple[Step, ...]:
        """The steps whose headers have to be read."""
        return tuple(step for step in self.steps if step.verdict is None)

    @property
    def commits(self) -> tuple[str, ...]:
        """The states whose headers have to be read: the base and one per step of ``read``; none without steps."""
        read = self.read
        return (self.base, *(step.after for step in read)) if read else ()


def steps_of(
    outcome: TreeOutcome, touches: Callable[[str, str], bool], may_touch: Callable[[str], bool]
) -> Steps:
    """Return the steps of an applied series.

    *touches* tells whether an installed header can differ between two commits, *may_touch* whether a file can be part
    of one. A patch that does not apply leaves the hunks that fit: with such a file among those it names, neither this
    state nor any behind it is one that the series makes, and nothing is told of them.
    """
    found = list(_steps(outcome, touches, may_touch))
    lost = next((step.number for step, gone in found if gone), None)
    return Steps(tuple(step for step, _ in found), outcome.commit, lost)


def _steps(
    outcome: TreeOutcome, touches: Callable[[str, str], bool], may_touch: Callable[[str], bool]
) -> Iterator[tuple[Step, bool]]:
    before, lost = outcome.commit, None
    for patch in outcome.patches:
        verdict: AbiVerdict | None = None
        reason, gone = "", False
        if not patch.outcome.usable:
            verdict, reason = AbiVerdict.UNAVAILABLE, f"{patch.number} does not apply"
            gone = lost is None and _names_header(patch, may_touch)
        elif patch.commit == before or not touches(before, patch.commit):
            verdict, reason = AbiVerdict.SAME, _why_same(patch, before)
        elif lost is not None:
            verdict, reason = AbiVerdict.UNAVAILABLE, f"behind {lost}, which does not apply"
        yield Step(patch.number, patch.subject, before, patch.commit, verdict, reason, patch.outcome.usable), gone
        lost = patch.number if gone else lost
        before = patch.commit


def _why_same(patch: PatchOutcome, before: str) -> str:
    return "in the tree already" if patch.commit == before else NO_HEADER


def _names_header(patch: PatchOutcome, may_touch: Callable[[str], bool]) -> bool:
    return any(may_touch(hunk.path) for hunk in patch.hunks)
