# SPDX-License-Identifier: GPL-2.0-or-later
"""Stages, their results, and the record of a whole run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import KnownFollowUp, TrackedPatch
from seriestool.model.testing import TestResult


class Stage(StrEnum):
    """The stages in the order they run."""

    FETCH = "fetch"
    APPLY = "apply"
    ABI = "abi"
    BUILD = "build"
    BOOT = "boot"
    SELFTEST = "selftest"


class Status(StrEnum):
    """How one stage ended. Silence is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    """A verdict: what was tested is at fault."""
    ERROR = "error"
    """The stage could not tell."""
    SKIPPED = "skipped"
    """Its input failed or does not exist; ``detail`` says which."""


class KernelState(StrEnum):
    """The kernels of a run: the tree alone, with the series, with series and fixes."""

    BASE = "base"
    SERIES = "series"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage of a run, for one tree, arch and state where it has them.

    ``tests`` are those of a boot (the guard) or selftest stage. ``command`` repeats the stage when pasted; ``log`` is
    a path below the workspace's ``.seriestool``. ``cached`` tells that an earlier run's result was taken; ``seconds``
    is what it cost when it ran.
    """

    stage: Stage
    status: Status
    detail: str
    seconds: float
    tree: str | None = None
    arch: str | None = None
    state: KernelState | None = None
    commit: str | None = None
    key: str | None = None
    cached: bool = False
    command: str | None = None
    log: str | None = None
    warnings: tuple[str, ...] = ()
    """New compiler warnings: those the base build does not have."""
    tests: tuple[TestResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence a maintainer needs, and what it is about; ``against`` tells a verdict against the series."""

    text: str
    against: bool


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """One patch as the archive knows it: trailers of the posting and of the replies that belong to it."""

    tracked: TrackedPatch
    author: str
    trailers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything one run found. Times are UTC, ISO 8601; ``finished`` is None while it runs or when it was killed."""

    id: int
    slug: str
    title: str
    revision: int
    started: str
    finished: str | None
    arches: tuple[str, ...]
    patches: tuple[PatchStatus, ...]
    known: tuple[KnownFollowUp, ...]
    trees: tuple[TreeOutcome, ...]
    stages: tuple[StageResult, ...]
    findings: tuple[Finding, ...]
    verdict: str
    exit_code: int
    command: str
    abi: tuple[AbiMatrix, ...] = ()
    """What it does to the user-space layout, one per tree; empty where that was not looked at."""
