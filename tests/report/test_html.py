# SPDX-License-Identifier: GPL-2.0-or-later
"""The page: whole, safe, self-contained, and with everything a maintainer asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from seriestool import __version__
from seriestool.model.abi import (
    AbiMatrix,
    AbiResult,
    AbiVerdict,
    Change,
    ChangeKind,
    HeaderFailure,
    PatchAbi,
    Sides,
    SidesRow,
)
from seriestool.model.outcome import EvidenceClass, HunkOutcome
from seriestool.model.run import RunRecord
from seriestool.model.series import Variant
from seriestool.report.html import render_html
from tests.abi_records import ABIS, every_abi, flagship_abi, hostile_abi, quiet_abi, uncured_abi
from tests.records import COMMAND, VERDICT, as_posted, flagship, hostile, killed, several_trees


def with_layouts() -> RunRecord:
    """Return the flagship with what it does to the user-space layout, on three trees."""
    return replace(flagship(), abi=(flagship_abi(), uncured_abi(), replace(quiet_abi(), tree="stable-6.1")))


def with_hostile_layouts() -> RunRecord:
    return replace(hostile(), abi=(hostile_abi(), every_abi()))


RECORDS = (flagship, as_posted, killed, several_trees, hostile, with_layouts, with_hostile_layouts)
VOID = {"meta", "wbr"}
BREAK = "\u200b"  # where a word may be broken


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
        if tag == "wbr":
            self.words.append(BREAK)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "body" in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace(f" {BREAK} ", "").split())


@pytest.mark.parametrize("make", RECORDS)
def test_the_page_needs_nothing_else(make: Callable[[], RunRecord]) -> None:
    source = render_html(make())
    tags = Page(source).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "form", "base", "svg"}
    names = {name for _, attributes in tags for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "style", "srcset"}
    assert all((attributes["href"] or "").startswith("#") for tag, attributes in tags if "href" in attributes)
    assert not re.search(r"url\(|@import|https?:", source)
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source


@pytest.mark.parametrize("make", [hostile, with_hostile_layouts])
def test_hostile_text_stays_text(make: Callable[[], RunRecord]) -> None:
    source = render_html(make())
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
        "Follow-ups that were not applied 12 signal, perf: Add missing TRAP_PERF case in siginfo_layout()",
        "siginfo: ABI fixes for TRAP_PERF (5 patches)",
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
    part = text[text.index("What does not fit") : text.index("Kernels")]
    assert part.startswith("What does not fit 03 perf: Support only inheriting events if cloned with CLONE_THREAD")
    assert "include/uapi/linux/perf_event.h hunk 1 the context differs in 1 of 7 lines" in part
    assert "the tree has at line 395, 50% of these lines - build_id : 1, /* as posted */ __reserved_1 : 29;" in part
    assert "not there build_id would fit stable-6.1 needs 0b1d0b1d0b1d (perf: Add build_id) of mainline" in part
    assert "18 stages skipped: the series does not apply" in text


def test_the_sides_of_a_hunk_are_cells_of_one_row() -> None:
    source = render_html(as_posted())
    table = source[source.index('<table class="sides">') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    changed, same = re.findall(r"<tr[^>]*>.*?</tr>", body, re.DOTALL)
    assert re.findall(r'<td[^>]*>', changed) == ['<td class="wanted">', '<td class="none">']
    assert re.findall(r"<td[^>]*>(?:<code>)?([^<]*)", same) == ["__reserved_1   : 29;", "__reserved_1   : 29;"]
    assert same.startswith('<tr class="same">')


def test_a_hunk_without_a_place_says_what_it_expected() -> None:
    record = as_posted()
    (tree,) = record.trees
    cause = "no line of its context is in this file"
    hunk = HunkOutcome("a.c", 2, False, cause=cause, expected="int x;", wanted=("int x;",))
    patches = tuple(replace(patch, hunks=(hunk,)) if patch.number == "03" else patch for patch in tree.patches)
    text = Page(render_html(replace(record, trees=(replace(tree, patches=patches),)))).text
    assert "a.c hunk 2 no line of its context is in this file expected: int x;" in text


@pytest.mark.parametrize(
    ("kind", "said"), [(EvidenceClass.TEXT, "likely, by its text"), (EvidenceClass.CONTAINED, "in its history")]
)
def test_on_what_it_rests_that_a_tree_has_a_patch(kind: EvidenceClass, said: str) -> None:
    record = several_trees()
    front = "likely: text: " if kind is EvidenceClass.TEXT else f"{kind}: "
    trees = tuple(
        replace(tree, patches=tuple(
            replace(patch, evidence_class=kind, evidence=f"{front}{patch.evidence}") for patch in tree.patches
        ))
        for tree in record.trees[1:]
    )
    text = Page(render_html(replace(record, trees=trees))).text
    assert f"stable-6.1, stable-6.12, mainline-7.2: {said} all added lines are there" in text


def test_the_form_of_each_patch_is_told() -> None:
    record = flagship()
    (tree,) = record.trees
    patches = tuple(
        replace(patch, variant=Variant.LANDED if patch.number < "09" else Variant.POSTED) for patch in tree.patches
    )
    text = Page(render_html(replace(record, trees=(replace(tree, patches=patches),)))).text
    assert "form 01-08 as upstream has them; 09-11 as posted" in text
    assert len(re.findall("as upstream has it, commit [0-9a-f]{12}", text)) == 8
    assert len(re.findall("as posted, commit [0-9a-f]{12}", text)) == 3


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


def layout_part(record: RunRecord) -> str:
    text = Page(render_html(record)).text
    return text[text.index("User-space layout") : text.index("Kernels")]


def test_without_a_matrix_there_is_no_section() -> None:
    assert "User-space layout" not in Page(render_html(flagship())).text


def test_every_link_leads_to_one_place() -> None:
    tags = Page(render_html(with_layouts())).tags
    anchors = [attributes["id"] for _, attributes in tags if "id" in attributes]
    targets = [(attributes["href"] or "")[1:] for tag, attributes in tags if tag == "a"]
    assert len(anchors) == len(set(anchors))
    assert set(targets) <= set(anchors)
    # 05 on two ABIs and its cures, the reference on seven; 05 uncured on two, and the final state twice
    assert len(targets) == 2 + 2 + 7 + 2 + 2


def test_the_heat_map_is_a_table_in_words_with_headers() -> None:
    source = render_html(replace(flagship(), abi=(flagship_abi(),)))
    row = source[source.index('<tr><th scope="row" class="label">05</th>') :]
    row = row[: row.index("</tr>")]
    assert re.findall(r'<td class="(\w+)">(?:<a [^>]*>)?(\w+)', row) == [
        ("changed", "extends"), ("changed", "extends"), ("bad", "breaks"), ("changed", "extends"), ("bad", "breaks"),
        ("changed", "extends"), ("changed", "extends"), ("unclear", "unavailable"),
    ]  # fmt: skip
    assert 'aria-label="05 breaks, arm"' in row
    heads = "".join(f'<th scope="col">{abi}</th>' for abi in ABIS)
    assert heads in source
    assert 'role="region" aria-label="User-space layout, patch by ABI" tabindex="0"' in source


@pytest.mark.parametrize(
    "expected",
    [
        "arm, powerpc: broken by 05, cured by 11 signal: Introduce TRAP_PERF si_code and si_perf to siginfo",
        "_sifields and 16 members with it offset 12 16",
        "_sifields._sigfault._perf added - 24",
        "siginfo_t: `_sifields._sigfault._perf` is a __u64, which arm and powerpc align to 8, and the union "
        "`_sifields` with it: it begins at 16 instead of 12 member what before 05 with 05",
        "siginfo_t on arm, side by side before 05 with 05 0 int si_signo 0 int si_signo",
        "+ 12 4 bytes of padding - 12 union _sifields + 16 union _sifields",
        "not as stable-6.1 has it member what this series stable-6.1",
        "05 i386, m68k: siginfo_t: _sifields._sigfault._perf added (16)",
        "after 05, 06: x86_64's compat_siginfo has _sifields._sigfault._perf at offset 24, 8 bytes; "
        "i386 programs have it at offset 16, 4 bytes",
        "6 of 10 are met arm: struct perf_event_attr inherit_thread: expected at bit 35, found at bit 34",
        "sparc: no sparc64-linux-gnu-gcc: apt install gcc-sparc64-linux-gnu",
        "linux/bpf_perf_event.h on m68k: linux/perf_event.h:14:10: fatal error",
    ],
)
def test_a_maintainer_finds_it_in_the_layouts(expected: str) -> None:
    assert expected in layout_part(replace(flagship(), abi=(flagship_abi(),)))


def test_trees_are_told_apart_and_a_quiet_one_is_a_sentence() -> None:
    text = layout_part(with_layouts())
    quiet = "stable-6.1 no patch changes the user-space layout on x86_64, i386, arm, arm64, powerpc, s390, m68k"
    assert text.rstrip().endswith(f"{quiet}; of the expectations 6 of 6 are met")
    assert text.startswith("User-space layout stable-5.10 05 breaks")


def test_many_abis_leave_no_room_for_subjects() -> None:
    source = render_html(replace(flagship(), abi=(every_abi(),)))
    assert '<table class="heat many">' in source
    assert '<td class="subject wide">' not in source


def test_a_page_of_a_whole_release_is_bounded_and_says_so() -> None:
    rows = tuple(SidesRow(str(number), "", changed=True) for number in range(1000))
    changes = tuple(
        Change(f"struct s{number}", "a", ChangeKind.OFFSET, "0", "4", breaks=True) for number in range(1000)
    )
    failures = tuple(HeaderFailure(f"linux/{number}.h", "error") for number in range(300))
    sides = tuple(Sides(f"struct s{number}", rows if number == 0 else rows[:1]) for number in range(50))
    result = AbiResult("arm", AbiVerdict.BREAKS, changes, sides, failures)
    matrix = AbiMatrix("slug", "tree", "1", ("arm",), (PatchAbi("01", "all of it", (result,)),), (result,))
    text = layout_part(replace(flagship(), abi=(matrix,)))
    assert re.findall(r"and (\d+) more \(--json has all\)", text) == ["800", "600", "10", "100"]
