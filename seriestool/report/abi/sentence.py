# SPDX-License-Identifier: GPL-2.0-or-later
"""A matrix in one sentence, and as findings of a run. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict
from seriestool.model.run import Finding
from seriestool.report.abi.groups import AbiGroup, final_groups, patch_groups, reference_groups
from seriestool.report.abi.notes import abi_names, met_text, unavailable
from seriestool.report.abi.words import lead_text, not_as_reference, what_changed
from seriestool.report.view import clean, ranges

_CLAUSES = 3  # of a sentence


def abi_sentence(matrix: AbiMatrix) -> str:
    """Say what a series does to the user-space layout; what speaks against it before what does not.

    "05 breaks the user-space layout on arm, powerpc (siginfo_t: _sifields from 12 to 16), 11 cures it".
    """
    clauses = _clauses(matrix)
    told = [text for text, bad in clauses if bad] or [text for text, _ in clauses]
    rest = f"; and {len(told) - _CLAUSES} more" if len(told) > _CLAUSES else ""
    return clean("; ".join(told[:_CLAUSES]) + rest)


def abi_findings(matrix: AbiMatrix) -> tuple[Finding, ...]:
    """Return what a maintainer has to know of the matrix, one finding per thing; empty where nothing changes."""
    return tuple(Finding(clean(text), bad) for text, bad in _clauses(matrix) if text != _quiet(matrix))


def is_quiet(matrix: AbiMatrix) -> bool:
    """Tell whether there is nothing to show but one sentence: nothing changes, and everything could be told."""
    results = _results(matrix)
    return (
        all(result.verdict is AbiVerdict.SAME and not result.changes and not result.failures for result in results)
        and not any(result.cures for result in results)
        and all(each.verdict is AbiVerdict.SAME for each in matrix.compat)
        and all(each.met is True for each in matrix.expectations)
    )


def _clauses(matrix: AbiMatrix) -> list[tuple[str, bool]]:
    """Return each thing to say, and whether it speaks against the series."""
    groups = patch_groups(matrix)
    said = [*_breaks(matrix, groups), *_compat(matrix), *_reference(matrix), *_expectations(matrix)]
    against = [(text, True) for text in said]
    others = [(text, False) for text in (*_additions(matrix, groups), *_alike(matrix), *_unclear(matrix))]
    return [*against, *others] or [(_quiet(matrix), False)]


def _breaks(matrix: AbiMatrix, groups: Sequence[AbiGroup]) -> Iterator[str]:
    breaking = [each for each in groups if each.verdict is AbiVerdict.BREAKS]
    for step in dict.fromkeys(each.step for each in breaking):
        yield _break(matrix, [each for each in breaking if each.step == step])
    open_ones = {abi for each in breaking if not each.cured_by for abi in each.abis}
    for group in final_groups(matrix, groups):
        # Where a patch was said to break an ABI and nothing cures it, that says it.
        if not group.like and not set(group.abis) <= open_ones:
            yield (
                f"the series as a whole breaks the user-space layout on {abi_names(matrix, group.abis)} "
                f"({lead_text(group)})"
            )


def _break(matrix: AbiMatrix, groups: Sequence[AbiGroup]) -> str:
    abis = [abi for group in groups for abi in group.abis]
    texts = tuple(dict.fromkeys(text for group in groups if (text := lead_text(group))))
    leads = {(group.lead.change.type, what_changed(group.lead.change)) for group in groups if group.lead}
    others = "; other changes elsewhere" if len(leads) > 1 else ""
    what = f" ({texts[0]}{others})" if texts else ""
    who, whose = _who(matrix, groups[0].step)
    text = f"{who} breaks the user-space layout{whose} on {abi_names(matrix, abis)}{what}"
    cured = {group.cured_by for group in groups}
    if cured == {None}:
        return text
    if len(cured) == 1:
        return f"{text}, {cured.pop()} cures it"
    parts = [f"{group.cured_by} cures it on {abi_names(matrix, group.abis)}" for group in groups if group.cured_by]
    return f"{text}, {', '.join(parts)}"


def _compat(matrix: AbiMatrix) -> Iterator[str]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in matrix.compat:
        if each.verdict is AbiVerdict.BREAKS and each.new:
            found.setdefault((each.kernel, each.type, each.abi), []).append(each.number or "base")
    alike: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (kernel, kind, abi), numbers in found.items():
        alike.setdefault((kind, ranges(numbers)), []).append((kernel, abi))
    for (kind, after), places in alike.items():
        if len(places) == 1:
            kernel, abi = places[0]
            yield f"{kernel}'s {kind} is not what {abi} programs have (after {after})"
        else:
            where = ", ".join(f"{abi} on {kernel}" for kernel, abi in places)
            yield f"{kind} is not what 32-bit programs have (after {after}: {where})"


def _reference(matrix: AbiMatrix) -> Iterator[str]:
    for group in reference_groups(matrix):
        yield f"{not_as_reference(matrix, group)} on {abi_names(matrix, group.abis)}"


def _expectations(matrix: AbiMatrix) -> Iterator[str]:
    unmet = sum(each.met is False for each in matrix.expectations)
    if unmet:
        yield f"{unmet} of {len(matrix.expectations)} expectations {'is' if unmet == 1 else 'are'} not met"


def _additions(matrix: AbiMatrix, groups: Sequence[AbiGroup]) -> Iterator[str]:
    extending = [each for each in groups if each.verdict is AbiVerdict.EXTENDS]
    steps = tuple(dict.fromkeys(each.step for each in extending))
    if steps:
        verb = "extends" if len(steps) == 1 else "extend"
        abis = abi_names(matrix, (abi for group in extending for abi in group.abis))
        who, whose = _who(matrix, ranges(steps))
        yield f"{who} {verb} the user-space layout{whose} on {abis}"


def _who(matrix: AbiMatrix, step: str) -> tuple[str, str]:
    """Name who changes what: the patch, the user-space layout; or the new tree, that of the old one."""
    return (step, "") if matrix.old is None else (matrix.tree, f" of {matrix.old.tree}")


def _alike(matrix: AbiMatrix) -> Iterator[str]:
    """Yield where two trees have the same layout: beside headers that could not be compared, that has to be said."""
    same = [each.abi for each in matrix.final if each.verdict is AbiVerdict.SAME]
    if matrix.old is not None and same:
        yield f"{matrix.tree} has the user-space layout of {matrix.old.tree} on {abi_names(matrix, same)}"


def _unclear(matrix: AbiMatrix) -> Iterator[str]:
    yield from _untold(matrix)
    headers = dict.fromkeys(failure.header for result in _results(matrix) for failure in result.failures)
    if headers:
        number = f"{len(headers)} user-space header{'' if len(headers) == 1 else 's'}"
        verb = "read" if matrix.old is None else "compared"
        yield f"{number} could not be {verb} ({next(iter(headers))}{', ...' if len(headers) > 1 else ''})"
    unknown = sum(each.met is None for each in matrix.expectations)
    if unknown:
        yield f"{unknown} of {len(matrix.expectations)} expectations could not be told"


def _untold(matrix: AbiMatrix) -> Iterator[str]:
    """Yield one sentence for all ABIs of which something could not be told: many lack a compiler of their own."""
    lines = [line.text for line in unavailable(matrix)]
    if len(lines) == 1:
        yield f"the user-space layout could not be told on {lines[0]}"
    elif lines:
        names = [
            abi
            for abi in matrix.abis
            if any(each.abi == abi and each.verdict is AbiVerdict.UNAVAILABLE for each in _results(matrix))
        ]
        yield f"the user-space layout could not be told on {', '.join(names)} ({lines[0]}, and {len(lines) - 1} more)"


def _results(matrix: AbiMatrix) -> list[AbiResult]:
    return [*(result for patch in matrix.patches for result in patch.results), *matrix.final, *matrix.reference]


def _quiet(matrix: AbiMatrix) -> str:
    if not matrix.patches:
        return "no patch was looked at for the user-space layout"
    what = "no patch changes the user-space layout" if len(matrix.patches) > 1 else "the user-space layout is the same"
    met = f"; of the expectations {met_text(matrix)}" if matrix.expectations else ""
    return f"{what} on {', '.join(matrix.abis)}{met}"
