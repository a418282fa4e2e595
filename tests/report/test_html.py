# SPDX-License-Identifier: GPL-2.0-or-later
"""The page: whole, safe, self-contained, and with everything a maintainer asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from seriestool import __version__
from seriestool.model.run import RunRecord
from seriestool.report.html import render_html
from tests.records import COMMAND, VERDICT, as_posted, flagship, hostile, killed, several_trees

RECORDS = (flagship, as_posted, killed, several_trees, hostile)
VOID = {"meta"}


class Page(HTMLParser):
    """The page as a browser takes it: tags with their attributes, and the text of the body."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == [], "tags that nobody closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "body" in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("make", RECORDS)
def test_the_page_needs_nothing_else(make: Callable[[], RunRecord]) -> None:
    source = render_html(make())
    tags = Page(source).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "form", "base", "a", "svg"}
    names = {name for _, attributes in tags for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "href", "style", "srcset"}
    assert not re.search(r"url\(|@import|https?:", source)
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source


def test_hostile_text_stays_text() -> None:
    source = render_html(hostile())
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", source)
    assert "<script" not in source
    assert Page(source).text.count("<script>alert(1)</script>[red]\ufffd]0;owned\ufffd\ufffdgnp.exe") > 10


def test_the_verdict_stands_on_top() -> None:
    text = Page(render_html(flagship())).text
    assert text.index(VERDICT) < text.index("What to know") < text.index("Patches") < text.index("Kernels")
    assert 'class="verdict bad"' in render_html(flagship())


@pytest.mark.parametrize(
    "expected",
    [
        "20210408103605.1676875-6-elver@google.com",  # message-id
        "Acked-by: Geert Uytterhoeven <geert@linux-m68k.org> # m68k",  # trailers with their comments
        "hide_si_addr_tag_bits is not in this tree",  # evidence
        "kernel/events/core.c hunk 1 at line 2217, 31 lines further up",  # hunks
        "FAIL waitid, sigqueue +1",  # guard
        "si_pid 0, expected 57",  # diagnostics
        "sigtrap_threads.modify_and_enable_event no baseline",
        "the base has no sigtrap_threads, remove_on_exec",
        "arm series, fixed: new compiler warning: kernel/events/core.c: perf_sigtrap",
        "Not applied: 12 signal, perf: Add missing TRAP_PERF case in siginfo_layout()",
        "Not applied: siginfo: ABI fixes for TRAP_PERF (5 patches)",
        "seriestool build synchronous-perf-signals --tree stable-5.10 --arch arm",  # to repeat a stage
        ".seriestool/runs/7/stable-5.10-arm-series-console.log",
        COMMAND,
        f"seriestool {__version__}, run 7, started 2026-10-21 09:00 UTC, finished 2026-10-21 09:11 UTC, exit code 1.",
        "took 12 min",
        "stable-5.10 is 5.10.262-1 at c0ffee0000000000000000000000000000000000",
    ],
)
def test_a_maintainer_finds_it(expected: str) -> None:
    assert expected in Page(render_html(flagship())).text


def test_a_rejected_hunk_shows_what_was_expected_and_found() -> None:
    text = Page(render_html(as_posted())).text
    assert "include/uapi/linux/perf_event.h hunk 1 the context differs in 1 of 7 lines" in text
    assert "expected: build_id : 1, /* as posted */ found: __reserved_1 : 29;" in text
    assert "18 stages skipped: the series does not apply" in text


def test_evidence_names_the_trees_it_is_about() -> None:
    text = Page(render_html(several_trees())).text
    assert "stable-5.10: 2 of 11 hunks: the tree has no build_id bit" in text
    assert "stable-6.1, stable-6.12, mainline-7.2: all added lines are there" in text
    for name in ("stable-6.1", "stable-6.12", "mainline-7.2"):
        assert text.count(f"{name} already-evolved: all added lines are there") == 11


def test_a_killed_run_says_so() -> None:
    source = render_html(killed())
    assert 'class="verdict unclear"' in source
    assert "not finished" in Page(source).text


def test_the_same_record_gives_the_same_page() -> None:
    assert render_html(flagship()) == render_html(flagship())
