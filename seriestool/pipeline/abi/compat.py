# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own types for 32-bit programs, in the base and after each patch that changes one side of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seriestool.abi.compat import CompatReader
from seriestool.abi.compat_compare import USER_HEADER, USER_TYPE, CompatState, expanded, is_alike, judge_compat
from seriestool.abi.compat_kernel import CompatFailure
from seriestool.abi.compat_source import touches_kernel
from seriestool.abi.headers import Installed, InstallFailure
from seriestool.abi.reader import HeaderReader
from seriestool.arch.abi import Abi
from seriestool.git.objects import ObjectStore
from seriestool.model.abi import CompatResult, HeaderFailure
from seriestool.model.layout import Record
from seriestool.pipeline.abi.installs import Installs
from seriestool.pipeline.abi.request import no_compiler
from seriestool.pipeline.abi.steps import Step, Steps

_Kernels = Mapping[tuple[str, str], Record | CompatFailure]


@dataclass(frozen=True)
class CompatCheck:
    """What is needed to compare both sides of every ABI that a 64-bit kernel runs."""

    store: ObjectStore
    kernels: CompatReader
    installs: Installs
    reader: HeaderReader

    def judge(self, abis: Sequence[Abi], steps: Steps) -> tuple[CompatResult, ...]:
        """Return what becomes of each of *abis*, in their order: the base, and every state in which a side is another.

        Which these are is not guessed: each state in which anything differs that a kernel's type could be made of is
        asked for, and what the type was made of is known from the base on. Nothing is returned of an ABI of which no
        patch changes a side, unless that could not be told. A state behind a patch that does not apply is none of the
        series, and is not looked at. Raises what ``CompatReader.read``, ``HeaderInstaller.install`` and
        ``HeaderReader.read`` raise.
        """
        wanted = [abi for abi in abis if abi.compat is not None and no_compiler(abi) is None]
        arches = {abi.compat.source_arch for abi in wanted if abi.compat is not None}
        touching = [step for step in _whole(steps) if self._touches(step, arches)] if wanted else []
        if not touching:
            return ()
        kernels = self.kernels.read([steps.base, *(step.after for step in touching)], wanted)
        return tuple(
            result for abi in wanted for result in judge_compat(abi, self._states(abi, steps.base, touching, kernels))
        )

    def _touches(self, step: Step, source_arches: set[str]) -> bool:
        return step.verdict is None or touches_kernel(self.store, step.before, step.after, source_arches)

    def _states(self, abi: Abi, base: str, steps: Sequence[Step], kernels: _Kernels) -> list[CompatState]:
        """Return the base and the states that differ from the one before; none where there is nothing to tell."""
        kernel = kernels[base, abi.name]
        still = all(is_alike(kernels[step.after, abi.name], kernel) for step in steps)
        if still and isinstance(kernel, CompatFailure):
            return [CompatState(None, kernel, kernel)]
        if still and all(step.verdict is not None for step in steps):
            return []  # and no header was installed for it
        last = CompatState(None, kernel, self._user(abi, base))
        found, read = [last], base
        for step in steps:
            user = last.user
            if step.verdict is None:
                user = self._user_after(abi, read, step.after, user)
                read = step.after
            state = CompatState(step.number, kernels[step.after, abi.name], user)
            if not (is_alike(state.kernel, last.kernel) and is_alike(state.user, last.user)):
                found.append(state)
            last = state
        unread = isinstance(found[0].user, CompatFailure) or isinstance(kernel, CompatFailure)
        return found if len(found) > 1 or unread else []

    def _user_after(
        self, abi: Abi, before: str, after: str, user: Record | CompatFailure
    ) -> Record | CompatFailure:
        """Return what programs have in *after*; *user* is what they have in *before*."""
        one, other = (self.installs.at(commit, abi.kernel_arch) for commit in (before, after))
        if isinstance(one, Installed) and isinstance(other, Installed):
            return user if USER_HEADER not in self.installs.affected(one, other) else self._user(abi, after)
        return self._user(abi, after)

    def _user(self, abi: Abi, commit: str) -> Record | CompatFailure:
        """Return what programs of *abi* have."""
        installed = self.installs.at(commit, abi.kernel_arch)
        if isinstance(installed, InstallFailure):
            return CompatFailure(f"the headers do not install: {installed.reason}")
        return _user_type(self.reader, abi, installed)


def _user_type(reader: HeaderReader, abi: Abi, installed: Installed) -> Record | CompatFailure:
    if USER_HEADER not in installed.files:
        return CompatFailure(f"no {USER_HEADER} is installed")
    layout = reader.read(abi, installed.include, [USER_HEADER])[USER_HEADER]
    if isinstance(layout, HeaderFailure):
        return CompatFailure(f"{USER_HEADER}: {layout.error}")
    return expanded(layout, USER_TYPE) or CompatFailure(f"{USER_HEADER} has no {USER_TYPE}")


def _whole(steps: Steps) -> Iterator[Step]:
    """Give the steps up to the first that does not apply."""
    for step in steps.steps:
        if not step.applies:
            return
        yield step
