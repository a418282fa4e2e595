# SPDX-License-Identifier: GPL-2.0-or-later
"""The commit message of a backport, in the form that the stable trees ask for.

Documentation/process/stable-kernel-rules.rst: the upstream commit in a line of its own above the text, and every
deviation documented. Documentation/process/submitting-patches.rst: what a later hand changed stands in square
brackets, with the name, before that hand's own Signed-off-by.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from seriestool.formats.trailers import trailer_block_start
from seriestool.model.export import UpstreamStyle
from seriestool.model.outcome import Outcome, PatchOutcome
from seriestool.model.series import Person

WIDTH = 72
"""Columns of what we write into a message (submitting-patches.rst: 75 at most)."""

_NAMED_ALREADY = re.compile(
    r"commit ([0-9a-f]{7,40}) upstream\.?|\[ ?upstream commit ([0-9a-f]{7,40}) ?\]", re.IGNORECASE
)
# A third number that is not 0 is a stable release: 5.10.262, also as Debian's 5.10.262-1.
_STABLE = re.compile(r"(\d+)\.(\d+)\.0*[1-9]\d*(?![\d.])")
_CANDIDATE = re.compile(r"-rc\d|~rc\d|-next")


def stable_branch(version: str) -> str | None:
    """Return the name of the stable branch that *version* is of ("5.10.262-1": "5.10.y"), None for mainline's."""
    match = _STABLE.match(version)
    return f"{match[1]}.{match[2]}.y" if match and not _CANDIDATE.search(version) else None


def upstream_line(commit: str, style: UpstreamStyle) -> str:
    """Return the line that names the upstream commit."""
    return f"commit {commit} upstream." if style is UpstreamStyle.COMMIT else f"[ Upstream commit {commit} ]"


def named_upstream(message: str) -> str | None:
    """Return the upstream commit that a commit message names in the form of stable trees, in lower case."""
    _, text = split_message(message)
    found = next((match for line in _first_paragraph(text) if (match := _NAMED_ALREADY.fullmatch(line))), None)
    return (found[1] or found[2]).lower() if found else None


def deviations(outcome: PatchOutcome) -> tuple[str, ...]:
    """Say in sentences how what is applied differs from the patch: nothing for one that applies as it is."""
    match outcome.outcome:
        case Outcome.ADAPTED:
            omitted = (hunk for hunk in outcome.hunks if not hunk.applied and hunk.cause)
            left_out = (f"{hunk.path} hunk {hunk.number} {hunk.cause}" for hunk in omitted)
            return outcome.evidence, *left_out
        case Outcome.THREE_WAY:
            return (f"merged three-way: {outcome.evidence}",)
        case Outcome.APPLIES_REDUCED:
            least = "" if outcome.context is None else f" to {outcome.context} line{'s' * (outcome.context != 1)}"
            return (f"context reduced{least}: {outcome.evidence}",)
    return ()


def backport_message(message: str, *, first_line: str | None, notes: Sequence[str], signer: Person) -> str:
    """Return *message* with *first_line* above its text, *notes* and the signer's Signed-off-by at its end.

    All other lines stay as they are and in their order; a Signed-off-by of the signer that is the last line already is
    not repeated. Notes stand directly before it where git-interpret-trailers(1) then still finds the trailers, else
    as a paragraph of their own above them.
    """
    title, text = split_message(message)
    lines = [*title, ""]
    if first_line and named_upstream(message) is None:
        lines += [first_line, ""]
    lines += text
    while not lines[-1].strip():
        lines.pop()
    return "\n".join(_signed(lines, _brackets(notes, signer), f"Signed-off-by: {signer}")) + "\n"


def split_message(message: str) -> tuple[list[str], list[str]]:
    """Take a commit message apart: the lines of its title paragraph, and those of its text."""
    lines = message.strip("\n").split("\n")
    end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    start = next((number for number in range(end, len(lines)) if lines[number].strip()), len(lines))
    return lines[:end], lines[start:]


def _first_paragraph(text: Sequence[str]) -> Sequence[str]:
    end = next((number for number, line in enumerate(text) if not line.strip()), len(text))
    return text[:end]


def _brackets(notes: Sequence[str], signer: Person) -> list[str]:
    name = signer.name or signer.email
    return [line for note in notes for line in _wrapped(f"[ {name}: {' '.join(note.split())}", " ]")]


def _wrapped(note: str, end: str) -> list[str]:
    *lines, last = textwrap.wrap(
        note, WIDTH - len(end), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return [*lines, last + end]


def _signed(lines: list[str], notes: list[str], signature: str) -> list[str]:
    if lines[-1] == signature:
        if not notes:
            return lines
        lines = lines[:-1]
        while not lines[-1].strip():
            lines.pop()
    start = trailer_block_start(lines)
    if start is None:
        lines = [*lines, ""]
        start = len(lines)
    together = [*lines, *notes, signature]
    if trailer_block_start(together) == start:
        return together
    trailers = [*lines[start:], signature]
    return [*lines[:start], *notes, "", *trailers]
