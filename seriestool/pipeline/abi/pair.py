# SPDX-License-Identifier: GPL-2.0-or-later
"""All user-space headers of two trees, installed, compiled and compared under every ABI."""

from __future__ import annotations

from collections.abc import Sequence

from seriestool.abi.headers import HeaderInstaller, Installed, InstallFailure
from seriestool.abi.reader import HeaderReader
from seriestool.abi.scope import Headers
from seriestool.abi.trees import compare_trees
from seriestool.arch.abi import Abi
from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict, TreeVersion
from seriestool.model.tree import Tree
from seriestool.pipeline.abi.installs import Installs
from seriestool.pipeline.abi.request import no_compiler
from seriestool.pipeline.library import Library


class Pair:
    """The work of one comparison, once it is known that it has to be done."""

    def __init__(self, library: Library, old: Tree, new: Tree) -> None:
        ctx = library.ctx
        place = ctx.cache.layouts
        self._ctx, self._old, self._new = ctx, old, new
        self._installs = Installs(HeaderInstaller(library.store, place / "headers", ctx.progress, ctx.jobs))
        self._reader = HeaderReader(place / "read", ctx.jobs)

    def matrix(self, abis: Sequence[Abi]) -> AbiMatrix:
        """Return the matrix, which has one row."""
        arches = [abi.kernel_arch for abi in abis if no_compiler(abi) is None]
        if arches:
            self._installs.make([self._old.commit, self._new.commit], arches)
        results = []
        what = f"layouts of {self._old.name} and {self._new.name}"
        with self._ctx.progress.task(what, len(abis), "ABIs") as task:
            for abi in abis:
                task.describe(abi.label)
                results.append(self._compare(abi))
                task.advance()
        return AbiMatrix(
            series="", tree=self._new.name, version=self._new.version, abis=tuple(abi.name for abi in abis),
            patches=(), final=tuple(results), old=TreeVersion(self._old.name, self._old.version),
        )  # fmt: skip

    @property
    def whole(self) -> bool:
        """Whether the same comes out next time."""
        return self._installs.whole

    def _compare(self, abi: Abi) -> AbiResult:
        if (reason := no_compiler(abi)) is not None:
            return AbiResult(abi.name, AbiVerdict.UNAVAILABLE, reason=reason)
        sides = []
        for tree in (self._old, self._new):
            installed = self._installs.at(tree.commit, abi.kernel_arch)
            if isinstance(installed, InstallFailure):
                reason = f"{tree.name}: the headers do not install: {installed.reason}"
                return AbiResult(abi.name, AbiVerdict.UNAVAILABLE, reason=reason)
            sides.append(installed)
        old, new = sides
        before = self._read(abi, old)
        return compare_trees(abi, before, before if old.include == new.include else self._read(abi, new))

    def _read(self, abi: Abi, installed: Installed) -> Headers:
        headers = [header for header in installed.files if header.endswith(".h")]
        return self._reader.read(abi, installed.include, headers)
