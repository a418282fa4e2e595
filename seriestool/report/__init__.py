# SPDX-License-Identifier: GPL-2.0-or-later
"""A run, rendered: one module per form. Pure: a record goes in, text or a rich renderable comes out.

A new form is one more module, one entry in ``REPORTS``, and one line in the documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seriestool.model.run import RunRecord


@dataclass(frozen=True, slots=True)
class Report:
    """One form: the name ``report --format`` takes, the suffix of a file in it, and what makes it."""

    name: str
    suffix: str
    render: Callable[[RunRecord], str]


# The modules are imported when they are used: a terminal needs no template engine, and a page no terminal.


def _terminal(record: RunRecord) -> str:
    from seriestool.report.terminal import render_text

    return render_text(record)


def _json(record: RunRecord) -> str:
    import json

    from seriestool.report.json import run_json

    return json.dumps(run_json(record), indent=2, ensure_ascii=False) + "\n"


def _html(record: RunRecord) -> str:
    from seriestool.report.html import render_html

    return render_html(record)


REPORTS: tuple[Report, ...] = (
    Report("terminal", ".txt", _terminal),
    Report("json", ".json", _json),
    Report("html", ".html", _html),
)
