# SPDX-License-Identifier: GPL-2.0-or-later
"""One series on one tree: which patches can change a layout, and what they do to it under every ABI."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from seriestool.abi.compat import CompatReader
from seriestool.abi.expectations import check_expectations
from seriestool.abi.headers import HeaderInstaller, InstallFailure
from seriestool.abi.reader import HeaderReader
from seriestool.abi.reference import compare_reference
from seriestool.abi.source import is_source, touches_headers
from seriestool.abi.state import Judgement
from seriestool.arch.abi import Abi
from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict, CompatResult, Expected, PatchAbi
from seriestool.model.layout import Layout
from seriestool.model.outcome import TreeOutcome
from seriestool.model.tree import Tree
from seriestool.pipeline.abi.compat import CompatCheck
from seriestool.pipeline.abi.installs import Installs
from seriestool.pipeline.abi.layouts import judge, layout_with
from seriestool.pipeline.abi.request import Asked, no_compiler
from seriestool.pipeline.abi.steps import Steps, steps_of
from seriestool.pipeline.library import Library


class Work:
    """The work of one check, once it is known that it has to be done."""

    def __init__(self, library: Library, asked: Asked, outcome: TreeOutcome, reference: Tree | None) -> None:
        ctx, store = library.ctx, library.store
        self._ctx, self._store, self._asked = ctx, store, asked
        self._outcome, self._reference = outcome, reference
        place = ctx.cache.layouts
        self._installs = Installs(HeaderInstaller(store, place / "headers", ctx.progress, ctx.jobs))
        self._reader = HeaderReader(place / "read", ctx.jobs)
        self._steps = steps_of(outcome, partial(touches_headers, store), is_source)

    def matrix(self, slug: str, expected: Sequence[Expected], *, compat: bool) -> AbiMatrix:
        """Return the whole matrix."""
        abis = self._asked.abis
        self._install()
        judged = self._judge_all()
        reference = self._compare_reference(judged)
        columns = [judged[abi.name] for abi in abis]
        return AbiMatrix(
            series=slug, tree=self._outcome.tree, version=self._outcome.version,
            abis=tuple(abi.name for abi in abis),
            patches=tuple(
                PatchAbi(step.number, step.subject, tuple(column.patches[place] for column in columns))
                for place, step in enumerate(self._steps.steps)
            ),
            final=tuple(column.final for column in columns),
            compat=self._check_compat() if compat else (),
            reference_tree=self._reference.name if self._reference else None, reference=reference,
            expectations=check_expectations(expected, self._layouts(expected, judged)),
        )  # fmt: skip

    @property
    def whole(self) -> bool:
        """Whether the same comes out next time."""
        return self._installs.whole

    def _install(self) -> None:
        """Install what is needed by every ABI with a compiler, all archs of a state at once."""
        arches = [abi.kernel_arch for abi in self._asked.abis if no_compiler(abi) is None]
        if arches:
            self._installs.make(self._steps.commits, arches)
            if self._reference is not None and self._steps.read:
                self._installs.make([self._reference.commit], arches)

    def _judge_all(self) -> dict[str, Judgement]:
        judged = {}
        with self._ctx.progress.task(f"layouts of {self._outcome.tree}", len(self._asked.abis), "ABIs") as task:
            for abi in self._asked.abis:
                task.describe(abi.label)
                judged[abi.name] = self._judge(abi)
                task.advance()
        return judged

    def _judge(self, abi: Abi) -> Judgement:
        if (reason := no_compiler(abi)) is not None:
            return _without_compiler(abi, self._steps, reason)
        return judge(abi, self._steps, self._installs, self._reader)

    def _compare_reference(self, judged: dict[str, Judgement]) -> tuple[AbiResult, ...]:
        if self._reference is None:
            return ()
        return tuple(self._beside(abi, judged[abi.name], self._reference) for abi in self._asked.abis)

    def _beside(self, abi: Abi, judged: Judgement, reference: Tree) -> AbiResult:
        if judged.final.verdict is AbiVerdict.UNAVAILABLE:
            return AbiResult(abi.name, AbiVerdict.UNAVAILABLE, reason=judged.final.reason)
        if not judged.last:
            return AbiResult(abi.name, AbiVerdict.SAME, reason=judged.final.reason)
        installed = self._installs.at(reference.commit, abi.kernel_arch)
        if isinstance(installed, InstallFailure):
            reason = f"{reference.name}: the headers do not install: {installed.reason}"
            return AbiResult(abi.name, AbiVerdict.UNAVAILABLE, reason=reason)
        there = [header for header in judged.last if header in installed.files]
        read = self._reader.read(abi, installed.include, there)
        return compare_reference(judged.base, judged.last, read, abi)

    def _check_compat(self) -> tuple[CompatResult, ...]:
        ctx = self._ctx
        kernels = CompatReader(self._store, ctx.cache.layouts / "compat", ctx.progress, ctx.jobs)
        return CompatCheck(self._store, kernels, self._installs, self._reader).judge(self._asked.abis, self._steps)

    def _layouts(self, expected: Sequence[Expected], judged: dict[str, Judgement]) -> dict[str, Layout | str]:
        """Return the layout after the last patch by ABI, with the types that something is expected of."""
        found: dict[str, Layout | str] = {}
        last = self._outcome.patches[-1].commit if self._outcome.patches else self._outcome.commit
        for abi in self._asked.abis:
            types = list(dict.fromkeys(each.type for each in expected if each.abi == abi.name))
            if types:
                found[abi.name] = self._layout(abi, types, judged[abi.name], last)
        return found

    def _layout(self, abi: Abi, types: Sequence[str], judged: Judgement, last: str) -> Layout | str:
        if (reason := no_compiler(abi)) is not None:
            return reason
        if self._steps.lost is not None:
            return f"{self._steps.lost} does not apply"
        installed = self._installs.at(last, abi.kernel_arch)
        if isinstance(installed, InstallFailure):
            return f"the headers do not install: {installed.reason}"
        return layout_with(abi, judged.last, types, installed, self._reader)


def _without_compiler(abi: Abi, steps: Steps, reason: str) -> Judgement:
    """Return what is known about *abi* without compiling anything: what touches no header is the same there, too."""
    lost = AbiResult(abi.name, AbiVerdict.UNAVAILABLE, reason=reason)
    results = tuple(step.known(abi.name) if step.verdict is not None else lost for step in steps.steps)
    final = lost if steps.read or steps.lost else AbiResult(abi.name, AbiVerdict.SAME, reason=steps.quiet)
    return Judgement(results, final, {}, {})
