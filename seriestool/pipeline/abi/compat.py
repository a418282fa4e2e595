# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own types for 32-bit programs, in the base and after each patch that can change them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seriestool.abi.compat import CompatReader
from seriestool.abi.compat_compare import USER_HEADER, USER_TYPE, CompatState, expanded, judge_compat
from seriestool.abi.compat_kernel import CompatFailure
from seriestool.abi.headers import Installed, InstallFailure
from seriestool.abi.reader import HeaderReader
from seriestool.arch.abi import Abi
from seriestool.git.listing import changes
from seriestool.git.objects import ObjectStore
from seriestool.model.abi import CompatResult, HeaderFailure
from seriestool.model.layout import Record
from seriestool.pipeline.abi.installs import Installs
from seriestool.pipeline.abi.request import no_compiler
from seriestool.pipeline.abi.steps import Step, Steps

# What compat_siginfo and siginfo_t are made of, on every arch and in every tree since v2.6: linux/compat.h,
# asm/compat.h, asm-generic/compat.h, asm/siginfo.h, linux/types.h, asm/posix_types.h, asm/bitsperlong.h.
_MADE_OF = re.compile(
    r"(?:arch/[^/]+/)?include/(?:.+/)?(?:compat|siginfo|signal|types|posix_types|int-l+64|bitsperlong)[^/]*\.h"
)


@dataclass(frozen=True)
class CompatCheck:
    """What is needed to compare both sides of every ABI that a 64-bit kernel runs."""

    store: ObjectStore
    kernels: CompatReader
    installs: Installs
    reader: HeaderReader

    def judge(self, abis: Sequence[Abi], steps: Steps) -> tuple[CompatResult, ...]:
        """Return what becomes of each of *abis*, in their order; nothing where no patch can change it.

        A state behind a patch that does not apply is none of the series, and is not looked at. Raises what
        ``CompatReader.read``, ``HeaderInstaller.install`` and ``HeaderReader.read`` raise.
        """
        wanted = [abi for abi in abis if abi.compat is not None and no_compiler(abi) is None]
        concerned = [step for step in _whole(steps) if self._can_change(step)]
        if not wanted or not concerned:
            return ()
        states: dict[str | None, str] = {None: steps.base, **{step.number: step.after for step in concerned}}
        commits = list(dict.fromkeys(states.values()))
        self.installs.make(commits, [abi.kernel_arch for abi in wanted])
        kernels = self.kernels.read(commits, wanted)
        return tuple(result for abi in wanted for result in self._results(abi, states, kernels))

    def _can_change(self, step: Step) -> bool:
        before, after = (self.store.tree_of(commit) for commit in (step.before, step.after))
        found = changes(self.store, before, after, enter=_may_hold_headers)
        return any(_MADE_OF.fullmatch(path) for path, _, _ in found)

    def _results(
        self,
        abi: Abi,
        states: Mapping[str | None, str],
        kernels: Mapping[tuple[str, str], Record | CompatFailure],
    ) -> tuple[CompatResult, ...]:
        return judge_compat(
            abi,
            [
                CompatState(number, kernels[commit, abi.name], self._user(abi, commit))
                for number, commit in states.items()
            ],
        )

    def _user(self, abi: Abi, commit: str) -> Record | CompatFailure:
        """Return what programs of *abis* have."""
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


def _may_hold_headers(folder: str) -> bool:
    top, _, rest = folder.partition("/")
    return top == "include" or (top == "arch" and (rest.count("/") == 0 or rest.split("/")[1] == "include"))
