# SPDX-License-Identifier: GPL-2.0-or-later
"""The explanation that goes with an adaptation in progress: which hunk, what it wants, what is there, what to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from seriestool.adapt.conflict import Conflict
from seriestool.adapt.replay import Start
from seriestool.model.adaptation import HunkAdaptation
from seriestool.model.outcome import HunkOutcome
from seriestool.model.series import Hunk
from seriestool.pipeline.adapting.place import Place
from seriestool.pipeline.adapting.recorded import Recorded
from seriestool.pipeline.adapting.state import InProgress

_SHOWN = 40  # lines of one side


def sentence(hunk: HunkOutcome) -> str:
    """Write why a hunk did not fit as a sentence."""
    text = (hunk.cause or "it does not fit").strip()
    if hunk.expected is not None and hunk.found is not None and hunk.expected.strip() and hunk.found.strip():
        text += f"; expected {' '.join(hunk.expected.split())!r}, found {' '.join(hunk.found.split())!r}"
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def reason_for(hunk: HunkOutcome) -> str:
    """Write the reason that is recorded where nobody gives one: what differs, without what only matters now."""
    parts = []
    if hunk.absent:
        parts.append(f"Not in this tree: {', '.join(hunk.absent)}.")
    if hunk.expected is not None and hunk.found is not None and hunk.expected.strip() and hunk.found.strip():
        expected, found = (" ".join(text.split()) for text in (hunk.expected, hunk.found))
        parts.append(f"Context differs: the patch expects {expected!r}, the tree has {found!r}.")
    return " ".join(parts) or sentence(hunk)


def explain_adaptation(
    state: InProgress,
    place: Place,
    rejected: Sequence[HunkOutcome],
    found: Sequence[Conflict],
    start: Start,
    older: Recorded | None,
) -> str:
    """Write the whole explanation, Markdown that reads well as plain text."""
    lines = [f"# {state.number} on {state.tree} {state.version}: {state.subject}", ""]
    lines += [f"As {place.variant}: {place.outcome.outcome}: {place.outcome.evidence}", ""]
    lines += _older(state, older, start)
    places = {(conflict.path, number): line for conflict in found for number, line in conflict.places.items()}
    posted = {
        (diff.path, number): hunk for diff in place.patch.files for number, hunk in enumerate(diff.hunks, 1)
    }
    for hunk in rejected:
        first = min((line for (path, _), line in places.items() if path == hunk.path), default=None)
        whole = places.get((hunk.path, 0), None if hunk.number else first)
        line = places.get((hunk.path, hunk.number), whole)
        lines += _hunk(hunk, posted.get((hunk.path, hunk.number)), line)
    if not rejected:
        lines += ["Every hunk is in the worktree; nothing is left open.", ""]
    return "\n".join([*lines, *_next(state, place, bool(found)), ""])


def _older(state: InProgress, older: Recorded | None, start: Start) -> Iterator[str]:
    if older is None:
        return
    adaptation = older.adaptation
    whose = f"the adaptation for {adaptation.tree} ({adaptation.made_on}, {adaptation.date})"
    if adaptation.patch_id != state.patch_id:
        whose += f", which is for another revision of the patch (patch-id {adaptation.patch_id[:12]})"
    yield f"Started from {whose}: {adaptation.reason}"
    for title, hunks in (("taken over", start.used), ("not taken over, because it does not hold here", start.unused)):
        for hunk in hunks:
            yield f"- {title}: {_name(hunk)}: {hunk.reason}"
    if adaptation.extras and (start.unused or adaptation.patch_id != state.patch_id):
        yield "- not taken over: its changes beside the patch"
    yield ""


def _name(hunk: HunkAdaptation | HunkOutcome) -> str:
    return f"{hunk.path if isinstance(hunk, HunkOutcome) else hunk.file}{f' hunk {hunk.number}' if hunk.number else ''}"


def _hunk(hunk: HunkOutcome, posted: Hunk | None, line: int | None) -> Iterator[str]:
    yield f"## {_name(hunk)}{f', conflict at line {line}' if line else ''}"
    yield ""
    yield sentence(hunk)
    if hunk.absent and not all(name in (hunk.cause or "") for name in hunk.absent):
        yield f"Not in this tree: {', '.join(hunk.absent)}."
    if hunk.elsewhere:
        yield f"It would fit {', '.join(hunk.elsewhere)}."
    for commit in hunk.introduced:
        needed = {True: "needed", False: "not needed", None: "not tried"}[commit.needed]
        yield f"Brought by {commit.commit[:12]} ({commit.subject!r}, {commit.history}): {needed}."
    if line is None:
        yield "No conflict could be written for it; the worktree has the file as the tree has it."
    yield ""
    if hunk.there:
        near = "" if hunk.closeness is None else f", {hunk.closeness:.0%} alike"
        yield f"What stands there, from line {hunk.closest}{near}:"
        yield from ("", *_quoted(hunk.there), "")
    if posted is not None:
        yield f"The hunk, {posted.section.strip() or 'as it is'}:"
        texts = [f"{one.sign}{one.text.decode('utf-8', 'replace').rstrip()}" for one in posted.lines]
        yield from ("", *_quoted(texts), "")


def _quoted(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"    {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"    ... {len(lines) - _SHOWN} lines more"


def _next(state: InProgress, place: Place, conflicts: bool) -> Iterator[str]:
    where = shlex.quote(state.worktree)
    yield "## Next"
    yield ""
    yield f"    cd {where}"
    if conflicts:
        yield "    git mergetool                # or any editor; left as it is in the tree: git checkout --ours FILE"
    yield "    git diff HEAD                # what this patch does here"
    yield f"    seriestool adapt {state.words} --continue --reason '...'"
    yield f"    seriestool adapt {state.words} --abort"
    yield ""
    yield "A new file counts when git knows it: git add -f FILE. What is not checked out: git show HEAD:PATH."
    earlier = [outcome.number for outcome in place.earlier if not outcome.outcome.usable]
    if earlier:
        yield f"Before it, {', '.join(earlier)} did not apply: only what fits of them is in this worktree."
