# SPDX-License-Identifier: GPL-2.0-or-later
"""A run on a terminal: tables as wide as it is, colours as sparing as git's, and nothing that steers it.

Everything that comes from a mail, a tree or a guest goes through ``view.clean`` and is a ``Text``, never markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from seriestool.model.needs import ResolvedDependency, TreePrerequisites
from seriestool.model.outcome import HunkOutcome, TreeOutcome
from seriestool.model.run import RunRecord
from seriestool.model.series import Role
from seriestool.model.tree import Tree
from seriestool.report.abi.terminal import render_matrix
from seriestool.report.dependencies import render_dependencies
from seriestool.report.excerpt import excerpts
from seriestool.report.kernels import Failure, failures, kernel_rows, remarks, without_baseline
from seriestool.report.pieces import GAP, STYLES, Elastic, cell_text, labelled, list_item, new_table, plain
from seriestool.report.prerequisites import render_prerequisites
from seriestool.report.upstream import render_form
from seriestool.report.view import (
    NOTHING,
    Cell,
    PatchRow,
    Tone,
    clean,
    clean_line,
    diagnostic,
    differing,
    evidence,
    findings,
    hunk_name,
    introduced,
    kernel_name,
    missing,
    outcome_cell,
    patch_rows,
    ranges,
    rejected,
    time,
    verdict,
    warnings,
)

_ROLES = {
    Role.FIX: "the fix (state fixed)",
    Role.FOLLOW_UP: "follow-ups (on request)",
}
_MIN_SUBJECT = 24  # below that, several trees get a table each
_SHELL_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+""")  # POSIX.1-2017, Shell, 2.2 Quoting
_DIAGNOSTICS = 4
"""Lines of a failing test; the page has them all."""


def render_run(record: RunRecord) -> RenderableType:
    """Return everything a run found, the verdict and the command that repeats it last."""
    return Group(_headline(record), _matrix(record), *_details(record))


def render_text(record: RunRecord) -> str:
    """Return ``render_run`` as plain text, 100 columns wide, for a file."""
    console = Console(file=StringIO(), width=100, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(render_run(record))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def render_status(record: RunRecord) -> RenderableType:
    """Return where a series stands: as ``render_run``, with when it was and who said what on each patch."""
    return Group(_headline(record), _when(record), _matrix(record), *_trailers(record), *_details(record))


def render_status_list(records: Sequence[RunRecord]) -> RenderableType:
    """Return one line for each of *records*."""
    if not records:
        return Text("no series was run yet", style="dim")
    rows = []
    for record in records:
        when = (record.finished or record.started)[:10]
        rows.append((plain(record.slug), Text(f"v{record.revision}"), Text(str(record.id)), Text(when)))
    ends = [cell_text(verdict(record)) for record in records]
    headers = ("series", "rev", "run", "when", "verdict")
    return Elastic(headers, tuple((*row, end) for row, end in zip(rows, ends, strict=True)), elastic=4)


def render_apply(
    outcomes: Sequence[TreeOutcome],
    dependencies: Sequence[ResolvedDependency] = (),
    prerequisites: Sequence[TreePrerequisites] = (),
) -> RenderableType:
    """Return the verdict matrix, the evidence, each hunk that found no place, and what the series needs."""
    rows = patch_rows((), outcomes)
    matrix = _Matrix(rows, tuple(outcomes), archive=False)
    needs = (*render_prerequisites(prerequisites), *render_dependencies(dependencies))
    return Group(matrix, *_evidence(rows, outcomes, hunks=True), *needs)


def render_trees(trees: Sequence[tuple[str, str, Tree | None]]) -> RenderableType:
    """Return the list of trees: name, where it comes from, and what was imported (None: nothing yet)."""
    table = new_table("tree", "source", "imported")
    for name, source, tree in trees:
        imported = Text("not yet", style="dim") if tree is None else plain(f"{tree.version} {tree.commit[:12]}")
        table.add_row(plain(name), plain(source), imported)
    return table


def _headline(record: RunRecord) -> Text:
    return Text.assemble(
        (clean(record.title), "bold"), f", v{record.revision}", (f"  {clean(record.slug)}, run {record.id}", "dim")
    )


def _when(record: RunRecord) -> Text:
    end = f"finished {time(record.finished)}" if record.finished else "not finished"
    return Text(f"revision {record.revision}, started {time(record.started)}, {end}", style="dim")


def _matrix(record: RunRecord) -> RenderableType:
    return _Matrix(patch_rows(record.patches, record.trees), record.trees, archive=True)


def _details(record: RunRecord) -> Iterable[RenderableType]:
    """Yield all that comes behind the patch table."""
    yield from _evidence(patch_rows(record.patches, record.trees), record.trees, hunks=False)
    yield render_form(record.trees)
    yield from (part for matrix in record.abi for part in (Text(""), render_matrix(matrix)))
    yield from _kernels(record)
    yield from _failing(record)
    yield from _findings(record)
    yield Text("")
    end = verdict(record)
    yield Text.assemble(("verdict: ", "bold"), (end.text, "green" if end.tone is Tone.GOOD else STYLES[end.tone]))
    yield Paste("repeat:  ", record.command)


@dataclass(frozen=True, slots=True)
class _Matrix:
    """The patch table: one for all trees where the terminal is wide enough, else one per tree."""

    rows: tuple[PatchRow, ...]
    trees: tuple[TreeOutcome, ...]
    archive: bool
    """Whether upstream commits and trailers are known."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = self._table(range(len(self.trees)))
        apart = len(self.trees) > 1 and whole.room(options.max_width) < _MIN_SUBJECT
        for table in [self._table([index]) for index in range(len(self.trees))] if apart else [whole]:
            yield Text("")
            yield table

    def _table(self, group: Sequence[int]) -> Elastic:
        headers = ["#", "subject", *(clean(self.trees[index].tree) for index in group)]
        headers += ["upstream", "trailers"] if self.archive else []
        lines = []
        role = Role.SERIES
        for row in self.rows:
            if row.role is not role:
                role = row.role
                label = (Text(), Text(_ROLES.get(role, ""), style="dim"))
                lines.append((*label, *[Text()] * (len(headers) - len(label))))
            lines.append(tuple(self._cells(row, group)))
        right = frozenset({len(headers) - 1}) if self.archive else frozenset[int]()
        return Elastic(tuple(headers), tuple(lines), elastic=1, right=right)

    def _cells(self, row: PatchRow, group: Sequence[int]) -> list[Text]:
        cells = [plain(row.number), plain(row.subject)]
        cells += [cell_text(outcome_cell(row.outcomes[index])) for index in group]
        if self.archive:
            cells += [plain((row.upstream or "-")[:12]), Text(str(len(row.trailers)) if row.trailers else "-")]
        return cells


def _evidence(rows: Sequence[PatchRow], trees: Sequence[TreeOutcome], *, hunks: bool) -> Iterable[RenderableType]:
    """Yield why each outcome is what it is, where it is not plain ``applies``; what is said alike is said once."""
    alike: dict[tuple[str, tuple[HunkOutcome, ...]], list[str]] = {}
    for row in rows:
        for names, outcome in evidence(row, trees):
            label = f"{', '.join(names)}: " if len(trees) > 1 else ""
            said = f"{label}{outcome.outcome}: {outcome.evidence}"
            alike.setdefault((said, rejected(outcome) if hunks else ()), []).append(row.number)
    table = Table.grid(padding=(0, GAP, 0, 0))
    for (said, lost), numbers in alike.items():
        table.add_row(plain(ranges(numbers)), Group(plain(said), *(_hunk(hunk) for hunk in lost)))
    if table.row_count:
        table.columns[0].no_wrap = True
        yield from (Text(""), table)


def _hunk(hunk: HunkOutcome) -> Text:
    lines = [clean(f"{hunk_name(hunk)}: {hunk.cause or 'rejected'}")]
    lines += excerpts(hunk) or [f"  {label:9} {line}" for label, line in differing(hunk)]
    if hunk.elsewhere:
        lines.append(f"  would fit: {clean(', '.join(hunk.elsewhere))}")
    lines += [f"  {label:9} {line}" for label, line in introduced(hunk)]
    return Text("\n".join(lines), style="dim")


def _kernels(record: RunRecord) -> Iterable[RenderableType]:
    rows = kernel_rows(record)
    for tree in dict.fromkeys(row.tree for row in rows):
        mine = [row for row in rows if row.tree == tree]
        columns = [
            ("kernel" if len(record.trees) < 2 else tree, [Cell(f"{row.arch} {row.state}") for row in mine]),
            ("build", [row.build for row in mine]),
            ("boot", [row.boot for row in mine]),
            ("siginfo guard", [row.guard for row in mine]),
            ("kselftests", [row.selftests for row in mine]),
        ]
        shown = [(name, cells) for name, cells in columns if any(cell != NOTHING for cell in cells)]
        table = new_table(*(clean(name) for name, _ in shown))
        for cells in zip(*(cells for _, cells in shown), strict=True):
            table.add_row(*(cell_text(cell) for cell in cells))
        yield from (Text(""), table)
    notes = [labelled(remark.where, remark.text, remark.tone) for remark in remarks(record)]
    notes += [labelled(f"{'; '.join(where)}: new warning", text, Tone.CHANGED) for text, where in warnings(record)]
    if notes:
        yield from (Text(""), *notes)


def _failing(record: RunRecord) -> Iterable[RenderableType]:
    failed = failures(record)
    if failed:
        yield from (Text(""), Text("failing tests", style="bold"))
        yield from (_failure(record, failure) for failure in failed)
    for where, names in without_baseline(record):
        text = f"the base has no {', '.join(names)}: nothing to judge the series' own tests by"
        yield labelled(f"{where}: no baseline", text, Tone.QUIET)


def _failure(record: RunRecord, failure: Failure) -> Text:
    where = kernel_name(record, failure.tree, failure.arch)
    text = Text.assemble(
        (clean(failure.name), STYLES[Tone.BAD]),
        f"  {where} {', '.join(failure.states)}",
        (f"  {failure.baseline}", "dim"),
    )
    lines = failure.said[0][1]
    for line in lines[:_DIAGNOSTICS]:
        text.append(f"\n    {diagnostic(line)}", style="dim")
    if len(lines) > _DIAGNOSTICS:
        text.append(f"\n    … {len(lines) - _DIAGNOSTICS} more lines", style="dim")
    return text


def _findings(record: RunRecord) -> Iterable[RenderableType]:
    listed = findings(record)
    if listed:
        yield from (Text(""), Text("findings", style="bold"))
        for finding in listed:
            yield list_item(Text(clean(finding.text), style=STYLES[Tone.BAD] if finding.against else ""))
    lacking = missing(record)
    if lacking:
        yield from (Text(""), Text("follow-ups that were not applied", style="bold"))
    for item in lacking:
        number = f"{item.number} " if item.number else ""
        trees = f" (on {', '.join(item.trees)})" if item.trees else ""
        text = Text(clean(f"{number}{item.title}{trees}"))
        told = ": ".join(clean(part) for part in (item.message_id, item.note) if part)
        text.append(f"\n{told}" if told else "", style="dim")
        yield list_item(text)


def _trailers(record: RunRecord) -> Iterable[RenderableType]:
    table = Table.grid(padding=(0, GAP, 0, 0))
    for patch in record.patches:
        if patch.trailers:
            table.add_row(patch.tracked.number, Text("\n".join(clean(trailer) for trailer in patch.trailers)))
    if table.row_count:
        yield from (Text(""), Text("trailers", style="bold"), table)


@dataclass(frozen=True, slots=True)
class Paste:
    """A command that stays one when it is pasted: lines are broken between words, with a backslash, as in a shell."""

    label: str
    command: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indent = " " * len(self.label)
        lines = [""]
        for word in self._words():
            if lines[-1] and len(self.label) + len(lines[-1]) + len(word) + len("  \\") > options.max_width:
                lines.append("")
            lines[-1] += f" {word}" if lines[-1] else word
        text = Text(self.label, style="bold", overflow="fold")
        text.append(f" \\\n{indent}".join(lines), style="not bold")
        yield text

    def _words(self) -> list[str]:
        line = clean_line(self.command).strip()
        words = _SHELL_WORD.findall(line)
        # An open quote or a backslash at the end is no shell command: it is left in one piece.
        return words if _SHELL_WORD.sub("", line).strip() == "" else [line]
