# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rejected hunk expected and what stands where it comes closest, as few lines as tell it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from textwrap import dedent

from seriestool.model.outcome import HunkOutcome
from seriestool.report.view import clean_line

_CHANGES = 6  # lines that differ
_ELLIPSIS = "\u2026"


def excerpts(hunk: HunkOutcome) -> list[str]:
    """Return the differing lines of the closest place, "-" expected and "+" found, below a line that names the place.

    At most eight lines; empty where nothing is known of a place, or where the place itself does not differ.
    """
    if hunk.closest is None or hunk.closeness is None:
        return []
    changes = _changes(hunk.wanted, hunk.there)
    if not changes:
        return []
    lines = [f"  closest at line {hunk.closest}, {hunk.closeness:.0%} of its lines; - expected, + found:"]
    shown = changes[:_CHANGES]
    texts = dedent("\n".join(clean_line(text) for _, text in shown)).split("\n")
    lines += [f"  {sign} {text}" for (sign, _), text in zip(shown, texts, strict=True)]
    if len(changes) > _CHANGES:
        lines.append(f"  {_ELLIPSIS} {len(changes) - _CHANGES} more lines differ")
    return lines


def _changes(wanted: Sequence[str], there: Sequence[str]) -> list[tuple[str, str]]:
    changes: list[tuple[str, str]] = []
    for tag, low, high, start, end in SequenceMatcher(None, wanted, there, autojunk=False).get_opcodes():
        if tag != "equal":
            minus, plus = list(wanted[low:high]), list(there[start:end])
            if differ_in_space_only(minus, plus):
                minus, plus = [with_space_seen(line) for line in minus], [with_space_seen(line) for line in plus]
            changes += [("-", line) for line in minus] + [("+", line) for line in plus]
    return changes


def differ_in_space_only(wanted: Sequence[str], there: Sequence[str]) -> bool:
    """Tell whether the lines are as many, and the same but for white space."""
    pairs = zip(wanted, there, strict=False)
    return len(wanted) == len(there) and all(one.split() == other.split() for one, other in pairs)


def with_space_seen(line: str) -> str:
    """Make the white space of *line* seen, where nothing else differs."""
    return line.replace(" ", "\u00b7").replace("\t", "\u2192\t")
