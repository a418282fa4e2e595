# SPDX-License-Identifier: GPL-2.0-or-later
"""One change, mismatch or expectation in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from seriestool.model.abi import (
    WHOLE,
    AbiMatrix,
    Change,
    ChangeKind,
    CompatMismatch,
    CompatResult,
    ExpectationResult,
)
from seriestool.report.abi.groups import PLACES, AbiGroup

# What a number or a text alone does not say.
_NAMED = frozenset({ChangeKind.SIZE, ChangeKind.ALIGNMENT, ChangeKind.GREW})


def what_changed(change: Change) -> str:
    """Say what became of one thing: "_sifields from 12 to 16", "size from 12 to 16", "si_perf added"."""
    kind = "size" if change.kind is ChangeKind.GREW and change.member is None else change.kind.value
    parts = [change.member] if change.member else []
    if change.kind in _NAMED or not parts:
        parts.append(kind)
    if change.kind is ChangeKind.RENAMED and change.after is not None:
        parts.append(f"renamed to {change.after}")
    elif change.before is not None and change.after is not None:
        parts.append(f"from {change.before} to {change.after}")
    else:
        parts += [] if kind in parts else [kind]
        parts += [f"({change.after or change.before})"] if change.after or change.before else []
    return " ".join(parts)


def lead_text(group: AbiGroup) -> str:
    """Say the change of a group that tells most, and how many are left: "siginfo_t: _sifields from 12 to 16"."""
    lead = group.lead
    if lead is None:
        return ""
    others = [told for told in group.changes if told is not lead and told.change.breaks == lead.change.breaks]
    more = f", and {len(others)} more" if others else ""
    return f"{lead.change.type}: {what_changed(lead.change)}{more}"


def not_as_reference(matrix: AbiMatrix, group: AbiGroup) -> str:
    """Say what the reference has elsewhere: "stable-6.1 has struct foo: bar elsewhere (bit 35, here bit 34)"."""
    lead = group.lead
    if lead is None:
        return f"{matrix.reference_tree} has something elsewhere"
    change = lead.change
    others = sum(told.change.breaks for told in group.changes) - change.breaks
    name = f"{change.type}: {change.member}" if change.member else change.type
    more = f", and {others} more" if others else ""
    if change.after is None:
        return f"{matrix.reference_tree} has no {name} (here {change.before}{more})"
    how = "elsewhere" if change.kind in PLACES else "otherwise"
    kind = "" if change.after.startswith(change.kind.value) else f"{change.kind} "
    return f"{matrix.reference_tree} has {name} {how} ({kind}{change.after}, here {change.before}{more})"


def before_after(change: Change) -> str:
    """Write "offset 12 -> 16", "bit 35 -> bit 34"; of what is on one side only "added, offset 16, 4 bytes".

    What only a series has that is held against a reference was added by it: "here alone, offset 104, 8 bytes".
    """
    both = change.before is not None and change.after is not None
    if change.kind is ChangeKind.ADDED and change.after is None:
        return f"here alone, {change.before}"
    text = f"{change.before} -> {change.after}" if both else change.after or change.before or ""
    if text.startswith(change.kind.value):
        return text
    return f"{change.kind} {text}" if both else f"{change.kind}, {text}" if text else change.kind.value


def fate(group: AbiGroup) -> str:
    """Say by which patch a break came, and by which it went: "broken by 05, cured by 11"."""
    if group.step == "..".join(group.states):
        return f"broken from {group.states[0]} to {group.states[1]}"
    if group.like:
        return f"still broken with {group.step}, by {group.like}"
    return f"broken by {group.step}, cured by {group.cured_by}" if group.cured_by else f"broken by {group.step}"


def mismatch_text(results: Sequence[CompatResult], mismatch: CompatMismatch) -> str:
    """Say where 64-bit kernels and 32-bit programs disagree; *results* are those of which it is said."""
    first, where = results[0], ""
    kernel, programs = f"{first.kernel}'s {first.type}", f"{first.abi} programs"
    if len(results) > 1:
        kernel, programs = first.type, "32-bit programs"
        where = f": {', '.join(f'{each.abi} on {each.kernel}' for each in results)}"
    if mismatch.member == WHOLE:
        text = f"{kernel} is {mismatch.kernel}; {programs} have {(mismatch.user or '').removesuffix(' bytes')}"
    elif mismatch.kernel is None:
        text = f"{kernel} has no {mismatch.member}; {programs} have it at {mismatch.user}"
    elif mismatch.user is None:
        text = f"{kernel} has {mismatch.member} at {mismatch.kernel}; {programs} do not have it"
    else:
        text = f"{kernel} has {mismatch.member} at {mismatch.kernel}; {programs} have it at {mismatch.user}"
    return text + where


def expectation_text(result: ExpectationResult) -> str:
    """Say what was expected and what is there: "arm: siginfo_t _sifields: expected at 12, found at 16"."""
    wanted = result.expected
    subject = f"{wanted.abi}: {wanted.type}{f' {wanted.member}' if wanted.member else ''}"
    expected = _expected(wanted.offset, wanted.size, wanted.bit)
    if result.met is None:
        return f"{subject}: expected {expected}, cannot tell: {result.reason}"
    place = "nothing of that name" if result.found is None else _found(result)
    told = "; ".join(text for text in (result.reason, wanted.source) if text)
    return f"{subject}: expected {expected}, found {place}{f' ({told})' if told else ''}"


def _expected(offset: int | None, size: int | None, bit: int | None) -> str:
    parts = [f"at {offset}"] if offset is not None else []
    parts += [f"at bit {bit}"] if bit is not None else []
    parts += [f"{size} bytes"] if size is not None else []
    return ", ".join(parts)


def _found(result: ExpectationResult) -> str:
    wanted = result.expected
    if wanted.bit is not None:
        return f"at bit {result.found}"
    return f"{result.found} bytes" if wanted.offset is None else f"at {result.found}"


def more(number: int) -> str:
    """Say how much is left out, and where it is."""
    return f"and {number} more (--json has all)"
