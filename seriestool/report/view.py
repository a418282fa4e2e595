# SPDX-License-Identifier: GPL-2.0-or-later
"""What all forms of a report show, computed once: rows, cells, failures, what is missing. Pure.

A form decides how a thing looks; what is said, and in which order, is decided here.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from seriestool.model.outcome import HunkOutcome, Outcome, PatchOutcome, TreeOutcome
from seriestool.model.run import Finding, KernelState, PatchStatus, RunRecord, StageResult, Status
from seriestool.model.series import Role

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# What is worth a word although the patch applies: evidence against having it, and what stands in front of the series.
_REMARKS = ("reverted by ", "release: ", "author-subject: ", "prerequisite: ")
_JOINERS = frozenset("\u200c\u200d\u00ad")  # of category Cf, but part of how some languages are written


class Tone(StrEnum):
    """How loud a thing is said."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    CHANGED = "changed"
    """Good, by other means than as posted."""
    UNCLEAR = "unclear"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    tone: Tone = Tone.PLAIN


NOTHING = Cell("-", Tone.QUIET)


@dataclass(frozen=True, slots=True)
class PatchRow:
    """One patch: what the archive knows of it, and its outcome per tree (None where it was not tried)."""

    number: str
    role: Role
    subject: str
    message_id: str
    upstream: str | None
    author: str
    note: str | None
    trailers: tuple[str, ...]
    outcomes: tuple[PatchOutcome | None, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A follow-up that belongs to the series and was not applied on ``trees`` (none named: on no tree)."""

    number: str | None
    title: str
    message_id: str
    note: str
    trees: tuple[str, ...] = ()


def clean(text: str) -> str:
    """Return *text* without what could steer a terminal or reorder a line: controls, overrides, and line breaks.

    White space becomes single blanks; everything else that is not to be seen becomes U+FFFD.
    """
    return " ".join("".join(char if _harmless(char) else "\ufffd" for char in text).split())


def clean_line(text: str) -> str:
    """As ``clean``, for a line of code or of a log: white space stays, tabs become blanks."""
    expanded = text.rstrip("\r\n").expandtabs(8)
    return "".join(char if char == " " or (_harmless(char) and not char.isspace()) else "\ufffd" for char in expanded)


def _harmless(char: str) -> bool:
    if char.isascii():
        return char.isprintable() or char in "\t\n\r"
    return char in _JOINERS or unicodedata.category(char) not in _UNSEEN


def outcome_tone(outcome: Outcome) -> Tone:
    """Tell how loud an outcome is."""
    if not outcome.usable:
        return Tone.BAD
    as_posted = (Outcome.APPLIES, Outcome.ALREADY, Outcome.ALREADY_EVOLVED)
    return Tone.GOOD if outcome in as_posted else Tone.CHANGED


def outcome_cell(outcome: PatchOutcome | None) -> Cell:
    """Return the cell of one patch on one tree."""
    return NOTHING if outcome is None else Cell(outcome.outcome.value, outcome_tone(outcome.outcome))


def patch_rows(patches: Sequence[PatchStatus], trees: Sequence[TreeOutcome]) -> tuple[PatchRow, ...]:
    """Join the patches as tracked with their outcomes, by number; patches without either come too."""
    by_number = [{patch.number: patch for patch in tree.patches} for tree in trees]
    tracked = {patch.tracked.number: patch for patch in patches}
    numbers = dict.fromkeys([*tracked, *(number for tree in by_number for number in tree)])
    rows = []
    for number in numbers:
        outcomes = tuple(tree.get(number) for tree in by_number)
        status = tracked.get(number)
        rows.append(_untracked(number, outcomes) if status is None else _tracked(status, outcomes))
    return tuple(rows)


def _tracked(status: PatchStatus, outcomes: tuple[PatchOutcome | None, ...]) -> PatchRow:
    tracked = status.tracked
    return PatchRow(
        tracked.number, tracked.role, tracked.subject, tracked.message_id, tracked.upstream,
        status.author, tracked.note, status.trailers, outcomes,
    )  # fmt: skip


def _untracked(number: str, outcomes: tuple[PatchOutcome | None, ...]) -> PatchRow:
    known = next(outcome for outcome in outcomes if outcome is not None)
    return PatchRow(number, Role.SERIES, known.subject, known.message_id, None, "", None, (), outcomes)


def evidence(row: PatchRow, trees: Sequence[TreeOutcome]) -> tuple[tuple[tuple[str, ...], PatchOutcome], ...]:
    """Return the outcomes that are not plainly ``applies``, each with the trees of which the same is said."""
    alike: dict[tuple[Outcome, str, tuple[HunkOutcome, ...]], tuple[list[str], PatchOutcome]] = {}
    for tree, outcome in zip(trees, row.outcomes, strict=True):
        if outcome is not None and not _plain(outcome):
            key = (outcome.outcome, outcome.evidence, rejected(outcome))
            alike.setdefault(key, ([], outcome))[0].append(tree.tree)
    return tuple((tuple(names), outcome) for names, outcome in alike.values())


def _plain(outcome: PatchOutcome) -> bool:
    """Tell whether there is nothing to say but where the patch went."""
    return outcome.outcome is Outcome.APPLIES and not outcome.evidence.startswith(_REMARKS)


def rejected(outcome: PatchOutcome) -> tuple[HunkOutcome, ...]:
    """Return the hunks that found no place, where that is why the patch is not in."""
    return () if outcome.outcome.usable else tuple(hunk for hunk in outcome.hunks if not hunk.applied)


def missing(record: RunRecord) -> tuple[Missing, ...]:
    """Return the follow-ups that were not applied: tracked ones that were not asked for, then those only known of."""
    found = []
    for patch in record.patches:
        tracked = patch.tracked
        if tracked.role is not Role.FOLLOW_UP:
            continue
        without = [tree.tree for tree in record.trees if tracked.number not in {each.number for each in tree.patches}]
        if without or not record.trees:
            named = tuple(without) if len(without) < len(record.trees) else ()
            found.append(Missing(tracked.number, tracked.subject, tracked.message_id, tracked.note or "", named))
    return (*found, *(Missing(None, known.title, known.message_id, known.note) for known in record.known))


def warnings(record: RunRecord) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each new compiler warning with the kernels that have it: "arm series, fixed"."""
    found: dict[str, dict[str, list[str]]] = {}
    for stage in record.stages:
        for warning in stage.warnings:
            states = found.setdefault(warning, {}).setdefault(kernel_name(record, stage.tree, stage.arch), [])
            if stage.state is not None and stage.state.value not in states:
                states.append(stage.state.value)
    return tuple(
        (warning, tuple(f"{where} {', '.join(states)}".strip() for where, states in places.items()))
        for warning, places in found.items()
    )


def findings(record: RunRecord) -> tuple[Finding, ...]:
    """Return the findings to list: without what the verdict says, and what a list of its own shows in full."""
    elsewhere = [item.title for item in missing(record)] + [warning for warning, _ in warnings(record)]
    elsewhere += [patch.evidence for tree in record.trees for patch in tree.patches if not patch.outcome.usable]
    elsewhere += [stage.detail for stage in record.stages if stage.status is Status.ERROR]
    return tuple(
        finding
        for finding in record.findings
        if finding.text not in record.verdict and not any(text and text in finding.text for text in elsewhere)
    )


def hunk_name(hunk: HunkOutcome) -> str:
    """Name a hunk; number 0 is the whole file."""
    return f"{hunk.path} hunk {hunk.number}" if hunk.number else hunk.path


def differing(hunk: HunkOutcome) -> tuple[tuple[str, str], ...]:
    """Return, labelled, the line that was expected and the one found; where only white space differs, that is shown."""
    both = (("expected:", hunk.expected), ("found:", hunk.found))
    lines = [(label, line) for label, line in both if line is not None]
    if len({" ".join(line.split()) for _, line in lines}) < len(lines):
        lines = [(label, line.replace(" ", "\u00b7").replace("\t", "\u2192\t")) for label, line in lines]
    return tuple((label, clean_line(line.strip())) for label, line in lines)


def unnamed(hunk: HunkOutcome) -> tuple[str, ...]:
    """Return the names that *hunk* needs and the tree does not have, where its cause does not name them."""
    return tuple(name for name in hunk.absent if name not in (hunk.cause or ""))


def introduced(hunk: HunkOutcome) -> tuple[tuple[str, str], ...]:
    """Return, labelled, the commits that brought what the hunk expects: needed, perhaps needed, or by the way."""
    labels = {True: "needs:", False: "not:", None: "perhaps:"}
    return tuple(
        (labels[each.needed], clean(f"{each.commit[:12]} ({each.subject}) of {each.history}"))
        for each in hunk.introduced
    )


def diagnostic(line: str) -> str:
    """Return one diagnostic line of a test without KTAP's sign in front."""
    return clean_line(line.removeprefix("#").removeprefix(" "))


def time(value: str) -> str:
    """Write an ISO 8601 time for people: "2026-10-21 09:00 UTC"; what is no time stays as it is."""
    try:
        when = datetime.datetime.fromisoformat(value)
    except ValueError:
        return value
    zone = "" if when.tzinfo is None else f" {when.tzname()}"
    return f"{when:%Y-%m-%d %H:%M}{zone}"


def verdict(record: RunRecord) -> Cell:
    """Return the verdict in one sentence; a run without one was ended before it had any."""
    if record.finished is None:
        return Cell("none yet: the run is under way, or was ended before it could judge", Tone.UNCLEAR)
    tones = {0: Tone.GOOD, 1: Tone.BAD, 3: Tone.BAD}
    return Cell(clean(record.verdict), tones.get(record.exit_code, Tone.UNCLEAR))


def place(record: RunRecord, stage: StageResult) -> str:
    """Name the kernel a stage is about: "arm series", with the tree in front where there are several."""
    return kernel_name(record, stage.tree, stage.arch, stage.state)


def kernel_name(record: RunRecord, tree: str | None, arch: str | None, state: KernelState | None = None) -> str:
    """As ``place``, from its parts."""
    return " ".join(part for part in (tree if len(record.trees) > 1 else None, arch, state) if part)


def seconds(value: float) -> str:
    """Write a duration: "0.9 s", "75 s", "12 min"."""
    if value < 9.95:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 600 else f"{value / 60:.0f} min"


def in_order(wanted: Iterable[str | None], known: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct names of *wanted*: those of *known* in its order, then the others as they come."""
    names = dict.fromkeys(name for name in wanted if name is not None)
    return (*(name for name in known if name in names), *(name for name in names if name not in known))


def ranges(numbers: Sequence[str]) -> str:
    """Write patch numbers in short: "01-03, 07"."""
    runs: list[list[str]] = []
    for number in numbers:
        if runs and number.isdecimal() and runs[-1][-1].isdecimal() and int(number) == int(runs[-1][-1]) + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)
