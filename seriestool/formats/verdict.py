# SPDX-License-Identifier: GPL-2.0-or-later
"""The stream a guest writes to its verdict port: believed only when it is whole.

The grammar is that of ``vm/guest/init.c``: a BEGIN and an END line with this boot's nonce, between them KTAP with a
plan; output of tests is indented by two spaces, so it can imitate none of the lines that count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from seriestool.formats.ktap import parse_ktap
from seriestool.model.testing import TestResult

_BEGIN = "SERIESTOOL-BEGIN "
_END = re.compile(r"SERIESTOOL-END (?P<nonce>\S+) (?P<count>\d{1,9})")
_PLAN = re.compile(r"1\.\.(?P<count>\d{1,9})")
_RESULT = re.compile(r"(?:not )?ok (?P<number>\d{1,9}) \S+( # .*)?")
_KERNEL = "# kernel: "
_VERSION = "KTAP version 1"


class Lost(StrEnum):
    """Why a stream is no verdict."""

    SILENT = "ended without a verdict"
    HALF = "half a result"
    OTHER_NONCE = "a verdict of another boot"
    GARBAGE = "not a verdict"
    NO_TESTS = "no tests"


@dataclass(frozen=True, slots=True)
class VerdictStream:
    """A whole verdict: the kernel's release and banner as the guest saw them, and one result per test."""

    kernel: str
    tests: tuple[TestResult, ...]


@dataclass(frozen=True, slots=True)
class LostGuest:
    """No verdict, and why; ``tests`` are for people to read: what came before it broke off, the rest as ERROR."""

    reason: Lost
    detail: str = ""
    kernel: str = ""
    tests: tuple[TestResult, ...] = ()

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" if self.detail else self.reason.value


def read_verdict(stream: bytes, nonce: str) -> VerdictStream | LostGuest:
    """Return the verdict in *stream*, if it is whole and of the boot that was given *nonce*.

    Whole means: BEGIN, the plan, a result line for each planned test in order, and END with the same count, nothing
    else at the left margin, nothing behind it. A guest that was given no tests has no verdict either.
    """
    if not stream:
        return LostGuest(Lost.SILENT)
    text = stream.decode("utf-8", "replace")
    first, newline, rest = text.partition("\n")
    opening = _BEGIN + nonce
    if not newline and opening.startswith(first):
        return LostGuest(Lost.HALF, "the opening line breaks off")
    if not newline or not first.startswith(_BEGIN):
        return LostGuest(Lost.GARBAGE, f"begins with {first[:60]!r}")
    if first != opening:
        return LostGuest(Lost.OTHER_NONCE, f"{first.removeprefix(_BEGIN)[:60]!r} instead of {nonce!r}")
    return _read_body(rest, nonce)


def _read_body(text: str, nonce: str) -> VerdictStream | LostGuest:
    # split("\n"), not splitlines(): form feeds and Unicode line separators in a test's output end no line here.
    *lines, unfinished = text.split("\n")
    reader = _Reader(nonce)
    for line in lines:
        reader.take(line)
    if unfinished and reader.ended:
        reader.refuse(unfinished)
    tests = parse_ktap("\n".join(reader.ktap))
    if reader.strange is not None:
        return LostGuest(Lost.GARBAGE, f"unexpected {reader.strange[:60]!r}", reader.kernel, tests)
    if not reader.ended:
        return LostGuest(Lost.HALF, reader.progress(), reader.kernel, tests)
    if not reader.results:
        return LostGuest(Lost.NO_TESTS, "; ".join(reader.remarks), reader.kernel)
    return VerdictStream(reader.kernel, tests)


class _Reader:
    """Checks the lines at the left margin, one after the other."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._plan: int | None = None
        self.kernel = ""
        self.results = 0
        self.ended = False
        self.strange: str | None = None
        self.ktap: list[str] = []
        self.remarks: list[str] = []

    def take(self, line: str) -> None:
        if self.ended:
            self.refuse(line)
        elif line.startswith("  ") or self._result(line):
            self.ktap.append(line)
        elif not self._framing(line):
            self.refuse(line)

    def refuse(self, line: str) -> None:
        """Keep the first line that does not belong here."""
        self.strange = line if self.strange is None else self.strange

    def progress(self) -> str:
        if self._plan is None:
            return "no plan"
        if self.results < self._plan:
            return f"{self.results} of {self._plan} tests"
        return f"all {self._plan} tests, but no closing line"

    def _framing(self, line: str) -> bool:
        if line.startswith(_KERNEL):
            self.kernel = self.kernel or line.removeprefix(_KERNEL)
        elif line.startswith("# "):
            self.remarks.append(line.removeprefix("# "))
        elif match := _PLAN.fullmatch(line):
            if self._plan is not None:
                return False
            self._plan = int(match["count"])
            self.ktap.append(line)
        elif match := _END.fullmatch(line):
            self.ended = match["nonce"] == self._nonce and int(match["count"]) == self._plan == self.results
            return self.ended
        else:
            return line == _VERSION
        return True

    def _result(self, line: str) -> bool:
        match = _RESULT.fullmatch(line)
        if match is None or self._plan is None or self.results >= self._plan:
            return False
        if int(match["number"]) != self.results + 1:
            return False
        self.results += 1
        return True
