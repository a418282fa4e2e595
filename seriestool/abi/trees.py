# SPDX-License-Identifier: GPL-2.0-or-later
"""All user-space headers of one tree against those of another."""

from __future__ import annotations

from seriestool.abi.compare import compare
from seriestool.abi.scope import Headers, failures_of, scope
from seriestool.abi.sides import sides
from seriestool.arch.abi import Abi
from seriestool.model.abi import AbiResult, AbiVerdict
from seriestool.model.layout import Layout


def compare_trees(abi: Abi, old: Headers, new: Headers) -> AbiResult:
    """Compare every header of two trees, which have no series between them, under *abi*.

    A header that neither tree has in a form that can be read is among ``failures``, ``reason`` counts them, and of all
    others the verdict is told. One that is read in one tree and fails in the other may have changed in any way: without
    another break the result is ``unavailable``.
    """
    pair = scope(old, new)
    changes = compare(pair.before, pair.after, abi)
    names = {*old, *new}
    failures = failures_of(names, old, new)
    lost = failures_of({name for name in names if _is_layout(old, name) or _is_layout(new, name)}, old, new)
    verdict, reason = AbiVerdict.SAME, _not_compared(len({each.header for each in failures}))
    if any(each.breaks for each in changes):
        verdict = AbiVerdict.BREAKS
    elif lost:
        verdict, reason = AbiVerdict.UNAVAILABLE, f"{lost[0].header} could not be read: {lost[0].error}"
    elif changes:
        verdict = AbiVerdict.EXTENDS
    beside = sides(pair.before, pair.after, sorted(changes, key=lambda each: not each.breaks))
    return AbiResult(abi.name, verdict, changes, beside, failures, reason)


def _is_layout(headers: Headers, name: str) -> bool:
    return isinstance(headers.get(name), Layout)


def _not_compared(number: int) -> str:
    return f"{number} header{'' if number == 1 else 's'} could not be compared" if number else ""
