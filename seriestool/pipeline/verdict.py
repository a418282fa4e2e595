# SPDX-License-Identifier: GPL-2.0-or-later
"""What the results of a run mean: findings, one verdict line, one exit code. Pure.

Every state is judged against the base of the same tree and arch: what fails there too is not the series' fault, and
what passes there and fails with the series is. A test that the base does not have has no baseline and is reported
without judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seriestool.arch import find_arch
from seriestool.errors import ExitCode
from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import Outcome, TreeOutcome
from seriestool.model.run import Finding, KernelState, Stage, StageResult, Status
from seriestool.model.series import Role, TrackedSeries
from seriestool.model.testing import TestResult, TestStatus
from seriestool.report.abi import abi_findings, abi_sentence


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a run: findings in the order they matter, one sentence, and the exit code."""

    findings: tuple[Finding, ...]
    sentence: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class _Effect:
    """What one state does to one arch of one tree that the base does not."""

    stage: Stage
    what: str
    state: KernelState
    cured: bool | None = None
    """Whether the fixed state takes it back; None where no fix was tested, or where it is the fix that does it."""


def judge(
    tracked: TrackedSeries,
    trees: Sequence[TreeOutcome],
    stages: Sequence[StageResult],
    arches: Sequence[str],
    abi: Sequence[AbiMatrix] = (),
) -> Verdict:
    """Return what *stages* say about the series on each of *trees*, judged against each tree's own base.

    *abi* is what its user-space layouts say, which comes first: it needs no kernel.
    """
    findings = [*_apply_findings(trees), *_missing_findings(tracked, trees)]
    sentences: list[str] = []
    for tree in trees:
        label = f" on {tree.tree}" if len(trees) > 1 else ""
        for matrix in (each for each in abi if each.tree == tree.tree):
            findings += [replace(finding, text=finding.text + label) for finding in abi_findings(matrix)]
            sentences += [abi_sentence(matrix) + label] if matrix.broken else []
        for arch in arches:
            mine = [stage for stage in stages if stage.tree == tree.tree and stage.arch == arch]
            effects = _effects(mine)
            sentences += [_sentence(tracked, arch, effect) + label for effect in effects]
            findings += [Finding(_sentence(tracked, arch, effect) + label, True) for effect in effects]
            findings += [Finding(text + label, False) for text in _remarks(arch, mine)]
    unclear = [stage for stage in stages if stage.status is Status.ERROR or _no_baseline(stage)]
    told = {matrix.tree for matrix in abi}
    findings += [
        Finding(_unclear(stage), False) for stage in unclear if stage.stage is not Stage.ABI or stage.tree not in told
    ]
    applied = all(tree.applies for tree in trees)
    return Verdict(
        tuple(findings), *_end(applied=applied, trees=trees, against=sentences, unclear=unclear, stages=stages)
    )


def _end(
    *,
    applied: bool,
    trees: Sequence[TreeOutcome],
    against: Sequence[str],
    unclear: Sequence[StageResult],
    stages: Sequence[StageResult],
) -> tuple[str, ExitCode]:
    if not applied:
        names = ", ".join(tree.tree for tree in trees if not tree.applies)
        return f"the series does not apply to {names}", ExitCode.DOES_NOT_APPLY
    if against:
        return "; ".join(against), ExitCode.VERDICT
    if unclear:
        return f"cannot tell: {_unclear(unclear[0])}", ExitCode.CANNOT_TELL
    done = {stage.stage for stage in stages if stage.status in (Status.PASSED, Status.FAILED)}
    if Stage.BOOT in done:
        return "the series applies, builds, boots and passes what its base passes", ExitCode.PASSED
    return "the series applies and builds" if Stage.BUILD in done else "the series applies", ExitCode.PASSED


def _apply_findings(trees: Sequence[TreeOutcome]) -> list[Finding]:
    found = []
    for tree in trees:
        adapted = [patch.number for patch in tree.patches if patch.outcome is Outcome.ADAPTED]
        if adapted:
            found.append(Finding(f"{tree.tree}: {_join(adapted)} applied with recorded adaptations", False))
        found += [
            Finding(f"{tree.tree}: {patch.number} {patch.outcome}: {patch.evidence}", True)
            for patch in tree.patches
            if not patch.outcome.usable
        ]
    return found


def _missing_findings(tracked: TrackedSeries, trees: Sequence[TreeOutcome]) -> list[Finding]:
    tried = {patch.number for tree in trees for patch in tree.patches}
    missing = [
        Finding(f"follow-up {patch.number} is known and was not applied: {patch.subject}", False)
        for patch in tracked.patches
        if patch.role is Role.FOLLOW_UP and patch.number not in tried
    ]
    return missing + [Finding(f"known follow-up, not part of this job: {each.title}", False) for each in tracked.known]


def _effects(stages: Sequence[StageResult]) -> list[_Effect]:
    """Compare the series with the base, stage by stage, and the fixed state with both."""
    effects = []
    for kind in (Stage.BUILD, Stage.BOOT, Stage.SELFTEST):
        for base, series, fixed in _triples(stages, kind):
            broken = _breaks(base, series)
            still = _breaks(base, fixed)
            if broken is not None:
                effects.append(_Effect(kind, broken, KernelState.SERIES, _cured(fixed, still)))
            elif still is not None:
                effects.append(_Effect(kind, still, KernelState.FIXED))
    return effects


def _triples(
    stages: Sequence[StageResult], kind: Stage
) -> list[tuple[StageResult, StageResult | None, StageResult | None]]:
    """Return base, series and fixed of one stage; of a selftest stage, those of each suite that the base has."""
    by_state = [[stage for stage in stages if stage.stage is kind and stage.state is state] for state in KernelState]
    base, series, fixed = by_state
    return [
        (one, series[number] if number < len(series) else None, fixed[number] if number < len(fixed) else None)
        for number, one in enumerate(base)
    ]


def _breaks(base: StageResult, other: StageResult | None) -> str | None:
    """Return in what *other* is worse than *base*, None if it is not, or if one of them could not tell."""
    if other is None or other.status not in (Status.PASSED, Status.FAILED):
        return None
    broken = _regressions(base, other) if other.tests else ()
    if broken:
        return _tests_text(broken)
    return other.detail if other.status is Status.FAILED and base.status is Status.PASSED and not other.tests else None


def _cured(fixed: StageResult | None, still: str | None) -> bool | None:
    if fixed is None or fixed.status in (Status.SKIPPED, Status.ERROR):
        return None
    return still is None


def _regressions(base: StageResult, other: StageResult) -> tuple[TestResult, ...]:
    """Return the leaves that pass on the base and do not on *other*: silence and a skip are no pass."""
    there = dict(_leaves(other.tests))
    broken = []
    for name, leaf in _leaves(base.tests):
        found = there.get(name, replace(leaf, status=TestStatus.ERROR, diagnostics=("no result",)))
        if leaf.status is TestStatus.PASS and found.status is TestStatus.SKIP:
            found = replace(found, diagnostics=("skipped", *found.diagnostics))
        if leaf.status is TestStatus.PASS and found.status is not TestStatus.PASS:
            broken.append(found)
    return tuple(broken)


def _leaves(tests: Sequence[TestResult], prefix: str = "") -> list[tuple[str, TestResult]]:
    found = []
    for test in tests:
        name = f"{prefix}{test.name}"
        found += _leaves(test.subtests, f"{name}.") if test.subtests else [(name, test)]
    return found


def _tests_text(broken: Sequence[TestResult]) -> str:
    first = broken[0]
    detail = next((line.lstrip("# ") for line in first.diagnostics if line.strip("# ")), "")
    more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
    return f"{first.name}{': ' + detail if detail else ''}{more}"


def _sentence(tracked: TrackedSeries, arch: str, effect: _Effect) -> str:
    fixes = _join([patch.number for patch in tracked.patches if patch.role is Role.FIX])
    who = "the series" if effect.state is KernelState.SERIES else f"the fix ({fixes})"
    what = f"the {arch} build" if effect.stage is Stage.BUILD else f"{find_arch(arch).label} user space"
    if effect.stage is Stage.SELFTEST:
        what = f"{arch} selftests"
    text = f"{who} breaks {what} ({effect.what})"
    if effect.cured is None:
        return text
    return f"{text}, the fix ({fixes}) {'cures it' if effect.cured else 'does not cure it'}"


def _remarks(arch: str, stages: Sequence[StageResult]) -> list[str]:
    remarks = []
    for stage in stages:
        if stage.state is KernelState.BASE and stage.status is Status.FAILED and not _no_baseline(stage):
            remarks.append(f"{arch}: {stage.stage} of the base itself fails: {stage.detail}")
        if stage.state is KernelState.SERIES:
            remarks += [f"{arch}: new compiler warning with the series: {warning}" for warning in stage.warnings]
    base = _find(stages, Stage.SELFTEST, KernelState.BASE)
    series = _find(stages, Stage.SELFTEST, KernelState.SERIES)
    if series is not None and series.status is Status.FAILED and (base is None or not base.tests):
        failing = sum(leaf.status is TestStatus.FAIL for _, leaf in _leaves(series.tests))
        remarks.append(
            f"{arch}: {failing} subtests of the series' own selftests fail; the base does not have them, so there is "
            "no baseline to judge them by"
        )
    return remarks


def _no_baseline(stage: StageResult) -> bool:
    """Tell whether *stage* is a base that does not build: then nothing on it can be judged."""
    return stage.stage is Stage.BUILD and stage.state is KernelState.BASE and stage.status is Status.FAILED


def _unclear(stage: StageResult) -> str:
    where = " ".join(str(part) for part in (stage.tree, stage.arch, stage.state) if part)
    return f"{stage.stage} {where}: {stage.detail}".replace("  ", " ")


def _find(stages: Sequence[StageResult], kind: Stage, state: KernelState) -> StageResult | None:
    return next((stage for stage in stages if stage.stage is kind and stage.state is state), None)


def _join(words: Sequence[str]) -> str:
    return ", ".join(words)
