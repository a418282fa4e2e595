# SPDX-License-Identifier: GPL-2.0-or-later
"""The abi stage as a part of a run: whatever happens in it, the run goes on."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace

from seriestool.errors import MachineFault
from seriestool.model.abi import AbiMatrix
from seriestool.model.run import Stage, StageResult, Status
from seriestool.pipeline.abi.check import check_abi
from seriestool.pipeline.abi.request import AbiRequest, asked_abis
from seriestool.pipeline.abi.verdict import stage_result
from seriestool.pipeline.apply import Applied
from seriestool.pipeline.context import Context
from seriestool.pipeline.library import Library
from seriestool.pipeline.series import Job
from seriestool.pipeline.terms import Terms


class Guard:
    """Checks one tree after the other; None for a request leaves it out."""

    def __init__(self, ctx: Context, request: AbiRequest | None, series: str, terms: Terms) -> None:
        """Read what is asked for; raises UsageError for an ABI that is not known."""
        self._request = request
        self._words = ("seriestool", "abi", series, *terms.words)
        self._asked = asked_abis(ctx, request) if request is not None else None

    def check(self, library: Library, job: Job, applied: Applied) -> tuple[StageResult, AbiMatrix | None]:
        """Return the stage's result on one tree, and the matrix where there is one.

        A machine that cannot install headers (no make, a full disk) makes it an error of this stage alone. Raises
        UsageError for expectations that cannot be read.
        """
        tree = applied.tree.name
        if self._request is None or self._asked is None:
            return StageResult(Stage.ABI, Status.SKIPPED, "--no-abi", 0.0, tree=tree), None
        started = time.monotonic()
        command = shlex.join([*self._words, "--tree", tree])
        try:
            checked = check_abi(library, job, applied, self._request)
        except MachineFault as error:
            seconds = time.monotonic() - started
            return StageResult(Stage.ABI, Status.ERROR, error.message, seconds, tree=tree, command=command), None
        commit = applied.outcome.patches[-1].commit if applied.outcome.patches else applied.outcome.commit
        result = stage_result(
            checked.matrix, self._asked.insisted, seconds=time.monotonic() - started, commit=commit,
            cached=checked.cached,
        )  # fmt: skip
        return replace(result, command=command), checked.matrix
