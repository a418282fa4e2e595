# SPDX-License-Identifier: GPL-2.0-or-later
"""KTAP and its dialects, as test programs really print them.

Sources: Documentation/dev-tools/ktap.rst (KTAP version 1: directives, nesting, unknown lines, "bubbling up"),
tools/testing/selftests/kselftest.h and kselftest_harness.h (what kselftests print), kselftest/runner.sh (output of a
test behind "# "), and the TAP 13 and 14 specifications (plan at the end, ``1..0 # SKIP``, ``Bail out!``, YAML blocks).

Every level of nesting is known by what stands in front of its lines: two spaces (KTAP), four (TAP 14, KUnit), "# "
(kselftest's runner), or several of these. A level is opened by a version line, a plan, or a ``# Subtest:`` line, and
ends with the result line of its parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from seriestool.model.testing import TestResult, TestStatus

_VERSION = re.compile(r"K?TAP version \d+$")
# At most nine digits: a guest that promises more tests than that is not counted, and not believed.
_PLAN = re.compile(r"1\.\.(?P<count>\d{1,9})(?:\s*#\s*(?P<note>.*))?$")
_BAIL = re.compile(r"Bail out!\s*(?P<reason>.*)", re.IGNORECASE)
_RESULT = re.compile(r"(?P<result>(?:not )?ok)(?:\s+(?P<number>\d{1,9}))?(?:\s+(?:-\s+)?(?P<rest>.*))?$")
# "#" begins the note only where nothing else can be meant: "ok 1 issue #42" has none.
_NOTE = re.compile(r"(?:^|\s)#(?=\s|$|skip|todo|xfail|timeout|error)\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(skip|todo|xfail|timeout|error)(?:ped)?\b[:\s]*(?P<data>.*)", re.IGNORECASE)
_PREFIX = re.compile(r"(?: {2}|# )+")
_SUBTEST = "Subtest: "
_RUNS = re.compile(r"\s*RUN\s+(?P<name>\S+) \.\.\.")  # kselftest_harness.h announces each test so
_TOTALS = re.compile(r"# Totals:(?: \w+:\d+)+$")

# Directive -> status of an "ok" line, of a "not ok" line. ktap.rst: SKIP holds with both, TIMEOUT and ERROR are for
# "not ok"; kselftest.h prints XFAIL with "ok"; TAP counts an "ok" that was TODO as passed.
_MEANING = {
    "skip": (TestStatus.SKIP, TestStatus.SKIP),
    "todo": (TestStatus.PASS, TestStatus.XFAIL),
    "xfail": (TestStatus.XFAIL, TestStatus.XFAIL),
    "timeout": (TestStatus.PASS, TestStatus.FAIL),
    "error": (TestStatus.PASS, TestStatus.ERROR),
}
_PLAIN = (TestStatus.PASS, TestStatus.FAIL)
# Which one of two results of one test to believe.
_GRAVITY = (TestStatus.PASS, TestStatus.XFAIL, TestStatus.SKIP, TestStatus.ERROR, TestStatus.FAIL)

# What would move the cursor of a terminal or has no place in XML; the tab stays.
_CONTROL = dict.fromkeys((*range(9), *range(10, 32), *range(127, 160), 0x2028, 0x2029), "?")
_MAX_DEPTH = 16
_MAX_ABSENT = 100
_MAX_DIAGNOSTICS = 200
_MAX_LENGTH = 500


def parse_ktap(text: str) -> tuple[TestResult, ...]:
    """Return the results of the outermost level of *text*, in order, their subtests within them.

    What a plan promised and no line told is an ERROR result named "test <number>"; so is a ``Bail out!`` behind
    which nothing was promised, and output that begins like KTAP and holds no result. A test that says "ok" over a
    failed subtest has failed (ktap.rst, "bubbling up"); one that says "not ok" over none gets a subtest of its own
    name, so that its leaves tell it too. Unknown lines are diagnostics of the test whose result line they precede.
    Long diagnostics lose their middle. Text without any KTAP in it gives ().
    """
    parser = _Parser()
    # Not splitlines(): a form feed or a Unicode line separator in a program's output begins no line.
    for line in text.split("\n"):
        parser.feed(line.rstrip().translate(_CONTROL))
    return parser.end()


@dataclass(slots=True)
class _Level:
    """One level of nesting while it is read."""

    prefix: str
    name: str | None = None
    mark: int = 0
    """How many diagnostics the parent had when this level was opened."""
    announced: bool = False
    """A version line or plan was seen."""
    numbered: bool = False
    plan: int | None = None
    skip: str | None = None
    bail: str | None = None
    totals: str | None = None
    last: int = 0
    lines: int = 0
    entries: dict[tuple[int, str], TestResult] = field(default_factory=dict)
    groups: list[TestResult] = field(default_factory=list)
    """Results of earlier version lines at this level."""
    pending: list[str] = field(default_factory=list)

    def takes_unnumbered(self, result: str) -> bool:
        """Tell a TAP result without number from prose: "ok then" beside numbered ones is prose, "not ok" never."""
        return self.announced and (result != "ok" or not self.numbered)

    def add(self, number: int | None, result: TestResult) -> None:
        """Take a result; a line that came twice (stdio buffers doubled by fork()) is one test."""
        self.lines += 1
        self.numbered = self.numbered or number is not None
        expected, self.last = self.last + 1, self.last + 1 if number is None else number
        if self.last not in (expected, len(self.entries) + 1):
            result = _noted(result, f"numbered {self.last}, expected {expected}")
        if self.plan is not None and self.last > self.plan:
            result = _noted(result, f"beyond the plan 1..{self.plan}")
        key = (self.last, result.name)
        if key in self.entries:
            worse = max(self.entries[key], result, key=lambda one: _GRAVITY.index(one.status))
            result = _noted(worse, "this result line came more than once")
        self.entries[key] = result

    def finish(self, absent: TestStatus = TestStatus.ERROR) -> tuple[list[TestResult], list[str]]:
        """Return all results and the diagnostics that belong to none; what is missing gets the status *absent*."""
        results = [*self.groups, *self.entries.values()]
        missing = list(self._missing(absent))
        if missing:
            missing[0] = _noted(missing[0], *self.pending)
            return results + missing, []
        if self.bail is not None:
            return [*results, TestResult("Bail out!", TestStatus.ERROR, _bounded([*self.pending, self.bail]))], []
        if self.announced and not results and self.skip is None and absent is TestStatus.ERROR:
            results = [TestResult("no result", TestStatus.ERROR, ("begins like KTAP and holds no result line",))]
        return results, [*self.pending, *([self.skip] if self.skip else [])]

    def _missing(self, status: TestStatus) -> Iterator[TestResult]:
        promised = self.plan if self.plan is not None else max((number for number, _ in self.entries), default=0)
        count = promised - len(self.entries)
        seen = {number for number, _ in self.entries}
        why = ("no result line" if self.bail is None else self.bail,)
        holes = (number for number in range(1, promised + 1) if number not in seen)
        for number in islice(holes, max(0, min(count, _MAX_ABSENT))):
            yield TestResult(f"test {number}", status, why)
        if count > _MAX_ABSENT:
            yield TestResult(f"{count - _MAX_ABSENT} more tests", status, why)
        told = sum(int(number) for number in re.findall(r":(\d+)", self.totals or ""))
        if count <= 0 and told > self.lines:
            yield TestResult("Totals", status, (f"{told} results counted by the test, {self.lines} lines came",))


class _Parser:
    def __init__(self) -> None:
        self._stack = [_Level("")]
        self._yaml: tuple[_Level, tuple[int, str]] | None = None

    def feed(self, line: str) -> None:
        """Take one line, without its ending."""
        if self._in_yaml(line) or not line.strip(" #"):
            return
        for level in reversed(self._stack):
            if line.startswith(level.prefix) and self._protocol(level, line.removeprefix(level.prefix)):
                return
        if not self._opens(line):
            self._diagnostic(line)

    def end(self) -> tuple[TestResult, ...]:
        """Close what is open and return the outermost results."""
        top = self._stack[0]
        self._close_above(top)
        results, rest = top.finish()
        rest = [line for line in rest if line != (top.totals or "").removeprefix("# ")]
        if not results and top.skip is not None:
            return (TestResult("all tests", TestStatus.SKIP, _bounded(rest)),)
        if results and rest:
            results[-1] = _noted(results[-1], *rest)
        return tuple(results)

    def _protocol(self, level: _Level, body: str) -> bool:
        """Handle *body* if it is a version, plan, result or bail-out line of *level*."""
        if match := _RESULT.match(body):
            if match["number"] is None and not level.takes_unnumbered(match["result"]):
                return False
            self._result(level, match)
        elif _VERSION.match(body):
            self._close_above(level)
            if level.entries or level.plan is not None:
                self._next_group(level)
            level.announced = True
        elif match := _PLAN.match(body):
            self._close_above(level)
            level.announced = True
            if level.plan is None:
                level.plan, level.skip = int(match["count"]), match["note"]
        elif match := _BAIL.match(body):
            self._close_above(level)
            level.bail = body
        else:
            return False
        return True

    def _next_group(self, level: _Level) -> None:
        """A second version line: two programs printed one behind the other, and numbers begin anew."""
        results, rest = level.finish()
        fresh = _Level(level.prefix, level.name, level.mark, groups=results, pending=rest)
        self._stack[self._stack.index(level)] = fresh
        fresh.announced = True

    def _opens(self, line: str) -> bool:
        match = _PREFIX.match(line)
        if match is None:
            return False
        prefix, body, name = match[0], line[match.end() :], None
        if body.startswith(_SUBTEST) and prefix.endswith("# "):
            prefix, name = prefix.removesuffix("# "), body.removeprefix(_SUBTEST)
        elif not (_VERSION.match(body) or _PLAN.match(body)):
            return False
        same = next((level for level in self._stack if level.prefix == prefix), None)
        if same is not None:
            same.name = name if not same.entries else same.name
            return True
        if len(self._stack) >= _MAX_DEPTH:
            return False
        parent = next(level for level in reversed(self._stack) if prefix.startswith(level.prefix))
        self._close_above(parent)
        self._stack.append(_Level(prefix, name, mark=len(parent.pending)))
        return name is not None or self._protocol(self._stack[-1], body)

    def _result(self, level: _Level, match: re.Match[str]) -> None:
        rest = match["rest"] or ""
        split = _NOTE.search(rest)
        name, note = (rest[: split.start()], rest[split.end() :]) if split else (rest, "")
        directive = _DIRECTIVE.match(note)
        statuses = _MEANING[directive[1].lower()] if directive else _PLAIN
        status = statuses[match["result"] != "ok"]
        subtests = self._take_child(level, absent=status if status is TestStatus.SKIP else TestStatus.ERROR)
        number = int(match["number"]) if match["number"] else None
        name = name.strip().replace(r"\#", "#") or _unnamed(
            level.pending, directive["data"] if directive else "", number or level.last + 1
        )
        diagnostics = _bounded([*level.pending, *([note] if note and note not in level.pending else [])])
        level.pending.clear()
        level.add(number, _judged(TestResult(name, status, diagnostics, tuple(subtests))))

    def _take_child(self, level: _Level, absent: TestStatus) -> list[TestResult]:
        """End the levels above *level* and return the results of the one right above it."""
        index = self._stack.index(level)
        if index + 1 == len(self._stack):
            return []
        child = self._stack[index + 1]
        self._close_above(child)
        child = self._stack.pop()
        results, rest = child.finish(absent)
        level.pending[child.mark : child.mark] = rest
        return results

    def _close_above(self, level: _Level) -> None:
        """End the levels above *level*: the tests they are in never came to a result line of their own."""
        for parent in reversed(self._stack[self._stack.index(level) : -1]):
            name = self._stack[-1].name
            subtests = self._take_child(parent, absent=TestStatus.ERROR)
            if subtests or name is not None:
                diagnostics = _bounded([*parent.pending, "no result line"])
                parent.pending.clear()
                name = name or f"test {parent.last + 1}"
                parent.add(None, _judged(TestResult(name, TestStatus.ERROR, diagnostics, tuple(subtests))))
                parent.lines -= 1

    def _diagnostic(self, line: str) -> None:
        level = next(level for level in reversed(self._stack) if line.startswith(level.prefix))
        body = line.removeprefix(level.prefix)
        if body.lstrip() == "---" and body != "---" and level.entries:
            self._yaml = (level, next(reversed(level.entries)))
            return
        if _TOTALS.match(body):
            level.totals = body
        level.pending.append(body.removeprefix("# "))

    def _in_yaml(self, line: str) -> bool:
        """Give a line of a YAML block (TAP 13) to the test right before it."""
        if self._yaml is None:
            return False
        level, key = self._yaml
        body = line.removeprefix(level.prefix)
        if not line.startswith(level.prefix + " ") or body.strip() == "...":
            self._yaml = None
            return body.strip() == "..."
        level.entries[key] = _noted(level.entries[key], body.strip())
        return True


def _judged(result: TestResult) -> TestResult:
    """Make a result and its subtests agree."""
    statuses = {subtest.status for subtest in result.subtests}
    bad = {TestStatus.FAIL, TestStatus.ERROR}
    if result.status in {TestStatus.PASS, TestStatus.SKIP} and statuses & bad:
        status = TestStatus.FAIL if TestStatus.FAIL in statuses else TestStatus.ERROR
        return replace(_noted(result, "says ok over a subtest that is not"), status=status)
    if result.status in bad and statuses and not statuses & bad:
        own = TestResult(result.name, result.status, result.diagnostics[-1:])
        return replace(result, subtests=(*result.subtests, own))
    return result


def _unnamed(pending: list[str], data: str, number: int) -> str:
    """Name a test whose result line does not: 5.10's kselftest harness prints only the reason of a skip."""
    for line in reversed(pending):
        if match := _RUNS.match(line):
            return match["name"]
    return data or f"test {number}"


def _noted(result: TestResult, *lines: str) -> TestResult:
    return replace(result, diagnostics=_bounded([*result.diagnostics, *lines]))


def _bounded(lines: list[str]) -> tuple[str, ...]:
    half = _MAX_DIAGNOSTICS // 2
    if len(lines) > _MAX_DIAGNOSTICS:
        lines = [*lines[:half], f"({len(lines) - 2 * half} lines left out)", *lines[-half:]]
    return tuple(line[:_MAX_LENGTH] for line in lines)
