# SPDX-License-Identifier: GPL-2.0-or-later
"""Each patch of a series judged against the base: what it breaks, and which earlier breaks are gone with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from seriestool.abi.blame import Ledger, has, key_of, own_breaks, softened
from seriestool.abi.compare import compare
from seriestool.abi.homes import compare_homes
from seriestool.abi.scope import Headers, Scope, failures_of, layout_of, scope
from seriestool.abi.sides import sides
from seriestool.abi.state import Judgement, State
from seriestool.abi.types import Types
from seriestool.arch.abi import Abi
from seriestool.model.abi import AbiResult, AbiVerdict, Change, HeaderFailure
from seriestool.model.layout import Layout

_NOTHING = "the headers differ, the layouts do not"


def judge_states(abi: Abi, states: Sequence[State]) -> Judgement:
    """Judge every patch of *states*, whose first is the base, under *abi*; see ``State`` for what they hold.

    Programs were compiled against the base, so that is the judge: a patch breaks what the base has if it was as in the
    base before this patch and is not after it, or was wrong already and this patch makes it wrong in another way. What
    only the series itself brought may still change. A patch with which all that an earlier one broke is as in the base
    again cures that one.

    A header that could not be read before or after a patch makes its result ``unavailable``, unless something breaks
    anyway; it is never ``same``. What was left behind by a state that could not be read is not blamed on the next.
    """
    base, *patches = states
    if base.unavailable:
        reason = f"the base: {base.unavailable}"
        lost = AbiResult(abi.name, AbiVerdict.UNAVAILABLE, reason=reason)
        return Judgement(tuple(_untouched(abi, each) or lost for each in patches), lost, {}, {})
    walk = _Walk(abi, dict(base.headers))
    results = [walk.step(state) for state in patches]
    cured = {number: by for by, result in walk.cures.items() for number in result}
    results = [
        replace(result, cures=walk.cures.get(state.number, ()), cured_by=cured.get(state.number))
        for state, result in zip(patches, results, strict=True)
    ]
    return Judgement(tuple(results), walk.end(patches), walk.base, {} if walk.gap else walk.view)


class _Walk:
    """One pass over the states: ``view`` is all headers after the last that could be read."""

    def __init__(self, abi: Abi, base: Headers) -> None:
        self.abi = abi
        self.base = base
        self.view: Headers = base
        self.gap = ""  # why the state before the next patch is not known
        self.wrong: tuple[Change, ...] = ()  # the base against ``view``
        self.cures: dict[str, tuple[str, ...]] = {}
        self.ledger = Ledger()
        self._open: dict[str, tuple[Change, ...]] = {}

    def step(self, state: State) -> AbiResult:
        """Return the result of one patch, without cures."""
        if untouched := _untouched(self.abi, state):
            return untouched
        if state.unavailable:
            self.gap = f"{state.number}: {state.unavailable}"
            return AbiResult(self.abi.name, AbiVerdict.UNAVAILABLE, reason=state.unavailable)
        before, after = self.view, _overlaid(self.view, state)
        whole = scope(self.base, after)
        wrong = (*compare(whole.before, whole.after, self.abi), *compare_homes(self.base, after))
        pair = scope(before, after)
        steps = (*compare(pair.before, pair.after, self.abi), *compare_homes(before, after))
        unknown = _unreadable(before, layout_of(before))
        breaks = [each for each in own_breaks(wrong, self.wrong, steps) if not unknown(each)]
        gap, self.gap = self.gap, ""
        self.view, self.wrong = after, wrong
        self._settle(state.number)
        if gap:
            return AbiResult(
                self.abi.name, AbiVerdict.UNAVAILABLE, reason=f"what it found there could not be read: {gap}"
            )
        if breaks:
            self._open[state.number] = tuple(breaks)
        rest = softened(steps, breaks, wrong, Types(whole.before), self.ledger)
        self.ledger.note(state.number, steps)
        affected = {*state.headers, *state.removed}
        failures = failures_of(affected, before, after)
        return _result(self.abi, [*breaks, *rest], pair, failures)

    def end(self, patches: Sequence[State]) -> AbiResult:
        """Return base against the last patch."""
        if self.gap:
            return AbiResult(self.abi.name, AbiVerdict.UNAVAILABLE, reason=f"the last state: {self.gap}")
        reasons = list(dict.fromkeys(each.untouched for each in patches))
        if all(reasons):
            return AbiResult(self.abi.name, AbiVerdict.SAME, reason=reasons[0] if reasons else "there are no patches")
        whole = scope(self.base, self.view)
        failures = failures_of({*self.base, *self.view}, self.base, self.view)
        return _result(self.abi, self.wrong, whole, failures)

    def _settle(self, number: str) -> None:
        """Close what earlier patches broke and is as in the base now."""
        wrong = [each for each in self.wrong if each.breaks]
        unknown = _unreadable(self.view, layout_of(self.view)) if self._open else None
        for earlier, breaks in self._open.items():
            self._open[earlier] = tuple(
                each for each in breaks
                if (unknown and unknown(each)) or any(key_of(each).is_about(other) for other in wrong)
            )  # fmt: skip
        cured = [earlier for earlier, breaks in self._open.items() if not breaks]
        self._open = {earlier: breaks for earlier, breaks in self._open.items() if breaks}
        if cured:
            self.cures[number] = tuple(cured)


def _untouched(abi: Abi, state: State) -> AbiResult | None:
    return AbiResult(abi.name, AbiVerdict.SAME, reason=state.untouched) if state.untouched else None


def _unreadable(headers: Headers, layout: Layout) -> Callable[[Change], bool]:
    """Return what tells of a change that *headers* cannot show it: its header failed, and no other reaches it."""
    failed = {each.header for each in failures_of(headers, headers)}
    types = Types(layout)
    return lambda change: change.header in failed and not has(types, change)


def _overlaid(view: Headers, state: State) -> Headers:
    return {name: each for name, each in {**view, **state.headers}.items() if name not in state.removed}


def _result(abi: Abi, changes: Sequence[Change], pair: Scope, failures: tuple[HeaderFailure, ...]) -> AbiResult:
    """Return the verdict of *changes*; headers that could not be read leave room for more."""
    verdict, reason = AbiVerdict.SAME, _NOTHING
    if any(each.breaks for each in changes):
        verdict, reason = AbiVerdict.BREAKS, ""
    elif failures:
        verdict = AbiVerdict.UNAVAILABLE
        more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
        reason = f"{failures[0].header} could not be read: {failures[0].error}{more}"
    elif changes:
        verdict, reason = AbiVerdict.EXTENDS, ""
    beside = sides(pair.before, pair.after, changes)
    return AbiResult(abi.name, verdict, tuple(changes), beside, failures, reason)
