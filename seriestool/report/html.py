# SPDX-License-Identifier: GPL-2.0-or-later
"""A run as one page that needs nothing else: no script, no font, no picture, no link that loads by itself.

All text of mails, trees and guests is hostile: the template escapes whatever it is given, and what could reorder or
hide text goes through ``view.clean`` on its way.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from seriestool import __version__
from seriestool.model.outcome import HunkOutcome
from seriestool.model.run import KernelState, RunRecord, Stage, StageResult, Status
from seriestool.report.abi.layouts import folded
from seriestool.report.abi.page import abi_sections
from seriestool.report.abi.words import more
from seriestool.report.evidence import evidence_cell, evidence_text
from seriestool.report.kernels import KernelRow, kernel_rows, remarks, stage_name, test_tables, without_baseline
from seriestool.report.sides import sides
from seriestool.report.upstream import form_sentence
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
    missing,
    outcome_cell,
    patch_rows,
    rejected,
    seconds,
    time,
    unnamed,
    verdict,
    warnings,
)

_TEMPLATES = Path(__file__).parent / "templates"
_STATUS_TONES = {
    Status.PASSED: Tone.GOOD,
    Status.FAILED: Tone.BAD,
    Status.ERROR: Tone.UNCLEAR,
    Status.SKIPPED: Tone.QUIET,
}
_TEST_TONES = {"pass": Tone.GOOD, "fail": Tone.BAD, "error": Tone.BAD}


def render_html(record: RunRecord) -> str:
    """Return the page; the same record always gives the same page."""
    rows = patch_rows(record.patches, record.trees)
    return _template_environment().get_template("run.html.j2").render(
        record=record,
        verdict=verdict(record),
        took=_took(record),
        rows=rows,
        kernels=_kernel_tables(record),
        tests=test_tables(record),
        remarks=remarks(record),
        warnings=warnings(record),
        without_baseline=without_baseline(record),
        findings=findings(record),
        missing=missing(record),
        misfits=_misfits(record, rows),
        layouts=abi_sections(record.abi),
        form=form_sentence(record.trees),
        stages=[(stage_name(record, stage), stage, _stage_cell(stage)) for stage in record.stages],
        version=__version__,
        Stage=Stage,
    )  # fmt: skip


@cache
def _template_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "line": lambda text: Markup(escape(clean_line(text))),
        "diagnostic": lambda text: Markup(escape(diagnostic(text))),
        "hunk_name": hunk_name,
        "differing": differing,
        "evidence": evidence,
        "evidence_cell": evidence_cell,
        "evidence_text": evidence_text,
        "folded": folded,
        "introduced": introduced,
        "more": more,
        "outcome_cell": outcome_cell,
        "path": lambda text: Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=\.)", clean(text))),
        "percent": lambda fraction: f"{fraction:.0%}",
        "sides": sides,
        "time": time,
        "unnamed": unnamed,
        "test_tone": lambda status: _TEST_TONES.get(status, Tone.QUIET),
    }
    return environment


def _finalize(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _misfits(record: RunRecord, rows: Sequence[PatchRow]) -> list[tuple[PatchRow, str, tuple[HunkOutcome, ...]]]:
    """Return each patch with hunks that found no place, the trees that say the same, and these hunks."""
    return [
        (row, ", ".join(names), hunks)
        for row in rows
        for names, outcome in evidence(row, record.trees)
        if (hunks := rejected(outcome))
    ]


def _kernel_tables(record: RunRecord) -> list[tuple[str, tuple[KernelState, ...], list[tuple[str, list[Cell]]]]]:
    """Return, per tree and arch, its states and one line of cells per stage; a stage that none has is left out."""
    groups: dict[tuple[str, str], list[KernelRow]] = {}
    for row in kernel_rows(record):
        groups.setdefault((row.tree, row.arch), []).append(row)
    tables = []
    for (tree, arch), rows in groups.items():
        lines = [
            ("build", [row.build for row in rows]),
            ("boot", [row.boot for row in rows]),
            ("siginfo guard", [row.guard for row in rows]),
            ("kselftests", [row.selftests for row in rows]),
        ]
        shown = [(name, cells) for name, cells in lines if any(cell != NOTHING for cell in cells)]
        label = f"{tree}, {arch}" if len(record.trees) > 1 else arch
        tables.append((label, tuple(row.state for row in rows), shown))
    return tables


def _stage_cell(stage: StageResult) -> Cell:
    took = "cached" if stage.cached else seconds(stage.seconds)
    text = stage.status.value if stage.status is Status.SKIPPED else f"{stage.status}, {took}"
    return Cell(text, _STATUS_TONES[stage.status])


def _took(record: RunRecord) -> str | None:
    """Return how long the run took, or None where its times do not tell."""
    try:
        started = datetime.datetime.fromisoformat(record.started)
        finished = datetime.datetime.fromisoformat(record.finished or "")
        return seconds((finished - started).total_seconds())
    except (ValueError, TypeError):
        return None
