# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told below the matrix and its breaks: compat types, expectations, what could not be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict, CompatResult, ExpectationResult
from seriestool.report.abi.rows import compiled_rows, final_label, unavailable_throughout
from seriestool.report.abi.words import expectation_text, mismatch_text
from seriestool.report.view import Tone, ranges

_PACKAGE = re.compile(r": apt install (\S+)$")
_MANY = 4  # ABIs, from which on "all" is shorter than their names


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to tell."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Note:
    """A list with its heading."""

    heading: str
    lines: tuple[Line, ...]


def notes(matrix: AbiMatrix) -> tuple[Note, ...]:
    """Return every list that has something to tell."""
    found = (
        Note("compat types of 64-bit kernels", tuple(_compat(matrix))),
        Note("expectations", tuple(_expectations(matrix))),
        Note("unavailable", tuple(_unavailable(matrix))),
        Note("headers that do not compile alone", tuple(_failures(matrix))),
    )
    return tuple(note for note in found if note.lines)


def _compat(matrix: AbiMatrix) -> Iterator[Line]:
    alike: dict[tuple[object, ...], list[CompatResult]] = {}
    for result in matrix.compat:
        key = (result.abi, result.kernel, result.type, result.verdict, result.mismatches, result.reason, result.new)
        alike.setdefault(key, []).append(result)
    agreeing: dict[str, list[str]] = {}
    unread: list[Line] = []
    differing: dict[str, dict[tuple[object, ...], list[CompatResult]]] = {}
    for results in alike.values():
        first, when = results[0], _when(results)
        if first.verdict is AbiVerdict.UNAVAILABLE:
            text = f"{first.abi} on {first.kernel}: {first.type} could not be read {when}: {first.reason}"
            unread.append(Line(text, Tone.UNCLEAR))
        elif first.mismatches or first.verdict is AbiVerdict.BREAKS:
            said = (first.type, first.mismatches, first.reason, first.new)
            differing.setdefault(when, {}).setdefault(said, []).append(first)
        else:
            agreeing.setdefault(f"{first.type} is what 32-bit programs have {when}", []).append(
                f"{first.abi} on {first.kernel}"
            )
    for when, groups in differing.items():
        for several in groups.values():
            yield from _mismatches(several, when)
    yield from unread
    for text, where in agreeing.items():
        yield Line(f"{text}: {', '.join(where)}", Tone.GOOD)


def _mismatches(results: Sequence[CompatResult], when: str) -> Iterator[Line]:
    first = results[0]
    old = "" if first.new else "; the base has that too"
    texts = [mismatch_text(results, mismatch) for mismatch in first.mismatches]
    for text in texts or [f"{first.kernel}'s {first.type} is not what {first.abi} programs have: {first.reason}"]:
        yield Line(f"{when}: {text}{old}", Tone.BAD if first.new else Tone.PLAIN)


def _when(results: Sequence[CompatResult]) -> str:
    """Name the states: "with the base and after 05-10"."""
    numbers = [result.number for result in results if result.number is not None]
    base = ["in the base"] if any(result.number is None for result in results) else []
    return " and ".join([*base, *([f"after {ranges(numbers)}"] if numbers else [])])


def _expectations(matrix: AbiMatrix) -> Iterator[Line]:
    unmet = [each for each in matrix.expectations if each.met is False]
    unknown = [each for each in matrix.expectations if each.met is None]
    if matrix.expectations:
        yield Line(met_text(matrix), Tone.GOOD)
    yield from (Line(expectation_text(each), Tone.BAD) for each in unmet)
    alike: dict[tuple[str, str], list[ExpectationResult]] = {}
    for each in unknown:
        alike.setdefault((each.expected.abi, each.reason), []).append(each)
    for (abi, reason), several in alike.items():
        text = expectation_text(several[0]) if len(several) == 1 else f"{abi}: {len(several)} cannot be told: {reason}"
        yield Line(text, Tone.UNCLEAR)


def met_text(matrix: AbiMatrix) -> str:
    """Count the expectations that are met."""
    met = sum(each.met is True for each in matrix.expectations)
    verb = "is" if met == 1 else "are"
    return f"{met} of {len(matrix.expectations)} {verb} met"


def unavailable(matrix: AbiMatrix) -> Iterator[Line]:
    """Yield which ABIs could not be told and why, with the steps where that does not hold for all of them."""
    rows = [(row.label, result) for row in compiled_rows(matrix) for result in row.results if result is not None]
    places: dict[tuple[str, str], list[str]] = {}
    for step, result in rows:
        if result.verdict is AbiVerdict.UNAVAILABLE:
            places.setdefault((result.abi, result.reason), []).append(step)
    abis: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (abi, reason), steps in places.items():
        everywhere = len(steps) == sum(result.abi == abi for _, result in rows)
        abis.setdefault((reason, () if everywhere else tuple(steps)), []).append(abi)
    for (reason, where), names in abis.items():
        limited = f" ({ranges(where)})" if where else ""
        yield Line(f"{', '.join(names)}{limited}: {reason or 'no reason is known'}", Tone.UNCLEAR)


def _unavailable(matrix: AbiMatrix) -> Iterator[Line]:
    """Yield the same, after the one command that would help where several packages are missing."""
    lines = tuple(unavailable(matrix))
    packages = sorted({found[1] for line in lines if (found := _PACKAGE.search(line.text))})
    if len(packages) > 1:
        yield Line(f"apt-get install --no-install-recommends {' '.join(packages)}")
    yield from lines


def _failures(matrix: AbiMatrix) -> Iterator[Line]:
    found: dict[tuple[str, str], dict[str, None]] = {}
    for _, result in _steps(matrix):
        for failure in result.failures:
            found.setdefault((failure.header, failure.error), {})[result.abi] = None
    for (header, error), abis in found.items():
        yield Line(f"{header} on {abi_names(matrix, abis)}: {error}", Tone.UNCLEAR)


def abi_names(matrix: AbiMatrix, abis: Iterable[str]) -> str:
    """Name *abis* in the matrix's order, in few words where they are all that could be told."""
    wanted = set(abis)
    readable = [abi for abi in matrix.abis if abi not in unavailable_throughout(matrix)]
    if len(readable) >= _MANY and wanted == set(readable):
        return f"all {len(readable)} ABIs"
    return ", ".join(abi for abi in matrix.abis if abi in wanted)


def _steps(matrix: AbiMatrix) -> Iterator[tuple[str, AbiResult]]:
    for patch in matrix.patches:
        yield from ((patch.number, result) for result in patch.results)
    yield from ((final_label(matrix), result) for result in matrix.final)
    yield from ((f"vs {matrix.reference_tree}", result) for result in matrix.reference)
