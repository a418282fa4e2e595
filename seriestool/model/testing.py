# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of tests that ran in a guest, and how a guest ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TestStatus(StrEnum):
    """KTAP results, kept apart (Documentation/dev-tools/ktap.rst); XFAIL is the kselftest directive."""

    __test__ = False  # not a test class, whatever its name says to pytest

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    XFAIL = "xfail"
    ERROR = "error"
    """The plan promised it, and no result line came."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """One KTAP result line; ``name`` without number; ``diagnostics`` are the "#" lines that belong to it."""

    __test__ = False

    name: str
    status: TestStatus
    diagnostics: tuple[str, ...] = ()
    subtests: tuple[TestResult, ...] = ()

    def leaves(self) -> tuple[TestResult, ...]:
        """Return the results without subtests, in order."""
        if not self.subtests:
            return (self,)
        return tuple(leaf for subtest in self.subtests for leaf in subtest.leaves())


class GuestEnd(StrEnum):
    """How a guest ended."""

    COMPLETE = "complete"
    LOST = "lost guest"


@dataclass(frozen=True, slots=True)
class GuestResult:
    """What one boot gave.

    ``end`` is COMPLETE only when the verdict stream was closed by its own closing line; ``reason`` says otherwise
    what was seen ("kernel panic: ...", "no end after 60 s", "half a result"). ``accelerator`` is "tcg" or "kvm".
    """

    end: GuestEnd
    reason: str
    tests: tuple[TestResult, ...]
    kernel: str
    seconds: float
    accelerator: str
    command: str
    console_log: str
    """Path of the console's log."""
