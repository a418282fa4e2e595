# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of a user-space layout: recorded pages, one sentence, findings; nothing lost and nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

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
from seriestool.report.abi import abi_findings, abi_sentence, render_abi
from seriestool.report.abi.groups import outline, patch_groups
from seriestool.report.abi.layouts import LayoutRow, folded
from seriestool.report.abi.story import story
from seriestool.report.abi.words import what_changed
from tests.abi_records import ABIS, every_abi, flagship_abi, hostile_abi, quiet_abi, uncured_abi
from tests.report.test_terminal import GOLDEN, shown

RECORDS = (flagship_abi, quiet_abi, uncured_abi, every_abi, hostile_abi)


def moved(member: str | None, before: str | None, after: str | None, **how: object) -> Change:
    change = Change("struct a", member, ChangeKind.OFFSET, before, after, breaks=True)
    return replace(change, **how)  # type: ignore[arg-type]


def one(*results: AbiResult, **how: object) -> AbiMatrix:
    """Return a matrix of one patch."""
    abis = tuple(result.abi for result in results)
    matrix = AbiMatrix("slug", "tree", "1", abis, (PatchAbi("01", "the first", results),), results)
    return replace(matrix, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "make", "width"),
    [
        ("abi", flagship_abi, 80),
        ("abi-wide", flagship_abi, 140),
        ("abi-uncured", uncured_abi, 80),
        ("abi-every", every_abi, 80),
        ("abi-quiet", quiet_abi, 80),
    ],
)
def test_the_page_is_as_recorded(name: str, make: Callable[[], AbiMatrix], width: int) -> None:
    # After a change that is meant: print shown(...) into the file, and read the difference before committing it.
    assert shown(render_abi(make()), width) == Path(GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("make", RECORDS)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_no_verdict_is_cut(make: Callable[[], AbiMatrix], width: int) -> None:
    page = shown(render_abi(make()), width)
    assert max(cell_len(line) for line in page.splitlines()) <= width
    assert not re.search(r"\b(?:br|bre|brea|break|ext\w{0,3}|cure|cures)\b(?!s)…", page)


@pytest.mark.parametrize("make", RECORDS)
def test_without_colour_there_is_no_escape_sequence_and_with_it_only_colours(make: Callable[[], AbiMatrix]) -> None:
    assert "\x1b" not in shown(render_abi(make()))
    coloured = shown(render_abi(make()), colour=True)
    assert set(re.findall(r"\x1b.[\d;]*(.)", coloured)) <= {"m"}
    assert "\x07" not in coloured
    assert "\u202e" not in coloured


def test_hostile_text_is_text_and_no_markup() -> None:
    page = shown(render_abi(hostile_abi()), 120)
    assert page.count("<script>alert(1)</script>") == page.count("[red]")


@pytest.mark.parametrize(("width", "columns"), [(140, ABIS), (100, ABIS), (80, ("03", "04", "05", "06", "11"))])
def test_the_matrix_is_turned_before_a_word_is_cut(width: int, columns: tuple[str, ...]) -> None:
    head = next(line for line in shown(render_abi(flagship_abi()), width).splitlines() if line.startswith(("#", "abi")))
    assert set(columns) <= set(head.split())


def test_a_matrix_that_fits_no_other_way_comes_in_parts() -> None:
    lines = shown(render_abi(every_abi()), 50).splitlines()
    heads = [line.split()[1:] for line in lines if line.startswith("abi ")]
    assert heads == [["03", "04", "05", "06"], ["11", "base..11", "vs", "stable-6.1"]]
    assert sum(line.startswith("mips-o32 ") for line in lines) == 2


def test_the_final_state_and_the_reference_are_the_last_rows() -> None:
    lines = shown(render_abi(flagship_abi()), 100).splitlines()
    row = {line.split()[0]: line.split()[1:] for line in lines[2:16]}
    assert row["05"] == ["extends", "extends", "breaks", "extends", "breaks", "extends", "extends", "unavailable"]
    assert row["base..11"] == [*["extends"] * 7, "unavailable"]
    assert lines[15].startswith("vs stable-6.1  breaks")


def test_nothing_to_say_is_one_line() -> None:
    assert shown(render_abi(quiet_abi()), 200) == (
        "stable-5.10: no patch changes the user-space layout on x86_64, i386, arm, arm64, powerpc, s390, m68k; "
        "of the expectations 6 of 6 are met\n"
    )


@pytest.mark.parametrize(
    "loud",
    [
        AbiResult("arm", AbiVerdict.UNAVAILABLE, reason="no compiler"),
        AbiResult("arm", AbiVerdict.SAME, failures=(HeaderFailure("linux/a.h", "a.h:1: error"),)),
        AbiResult("arm", AbiVerdict.SAME, cures=("05",)),
        AbiResult("arm", AbiVerdict.EXTENDS, (moved("a", "1", "2", breaks=False),)),
        AbiResult("arm", AbiVerdict.BREAKS),
    ],
)
def test_what_could_not_be_told_is_never_passed_over(loud: AbiResult) -> None:
    assert len(shown(render_abi(one(loud))).splitlines()) > 3
    assert "no patch changes" not in abi_sentence(one(loud, reference_tree="x", reference=(loud,)))


def test_the_sentence_tells_the_flagship_story() -> None:
    assert abi_sentence(replace(flagship_abi(), compat=(), reference_tree=None, reference=(), expectations=())) == (
        "05 breaks the user-space layout on arm, powerpc (siginfo_t: _sifields from 12 to 16, and 1 more), 11 cures it"
    )
    assert abi_sentence(flagship_abi()).endswith("; and 1 more")
    assert abi_sentence(uncured_abi()) == (
        "05 breaks the user-space layout on arm, powerpc (siginfo_t: _sifields from 12 to 16, and 1 more)"
    )


def test_what_one_abi_has_cured_and_another_has_not_is_told_apart() -> None:
    results = (
        AbiResult("arm", AbiVerdict.BREAKS, (moved("b", "4", "8"),), cured_by="02"),
        AbiResult("sh", AbiVerdict.BREAKS, (moved("b", "4", "12"),)),
    )
    assert abi_sentence(one(*results)) == (
        "01 breaks the user-space layout on arm, sh (struct a: b from 4 to 8; other changes elsewhere), "
        "02 cures it on arm"
    )


def test_findings_speak_for_or_against() -> None:
    found = abi_findings(flagship_abi())
    assert [finding.against for finding in found] == [True] * 4 + [False] * 4
    assert found[1].text == "x86_64's compat_siginfo is not what i386 programs have (after 05, 06)"
    assert found[2].text == (
        "stable-6.1 has struct perf_event_attr: inherit_thread elsewhere (bit 35, 1 wide, here bit 34, 1 wide) "
        "on all 7 ABIs"
    )
    assert found[3].text == "3 of 10 expectations are not met"
    assert "sparc: no sparc64-linux-gnu-gcc: apt install gcc-sparc64-linux-gnu" in found[5].text
    assert found[6].text == "1 user-space header could not be read (linux/bpf_perf_event.h)"
    assert abi_findings(quiet_abi()) == ()


def test_many_missing_compilers_are_one_finding() -> None:
    (text,) = [finding.text for finding in abi_findings(every_abi()) if "could not be told on" in finding.text]
    assert "on sparc, mips-n32, mips-n64, sparc64, parisc, sh (" in text


def test_the_series_as_a_whole_breaks_what_no_patch_was_seen_to_break() -> None:
    gone = AbiResult("arm", AbiVerdict.UNAVAILABLE, reason="the headers do not install")
    whole = AbiResult("arm", AbiVerdict.BREAKS, (moved("b", "4", "8"),))
    assert abi_sentence(one(gone, final=(whole,))) == (
        "the series as a whole breaks the user-space layout on arm (struct a: b from 4 to 8)"
    )
    assert "arm: broken by base..01" in shown(render_abi(one(gone, final=(whole,))))


def test_what_moves_along_is_counted_and_what_does_not_is_told() -> None:
    changes = [
        moved("u", "12", "16"),
        moved("u.a", "12", "16"),
        moved("u.b", "16", "20"),
        moved("u.c", "20", "28"),
        moved("uu.a", "12", "16"),
        moved("u.a", "12", "16", type="struct b"),
        moved("u.d", "1", "2", kind=ChangeKind.SIZE),
    ]
    told = outline(changes)
    assert [(each.change.member, each.change.type, each.along) for each in told] == [
        ("u", "struct a", 2), ("u.c", "struct a", 0), ("uu.a", "struct a", 0), ("u.a", "struct b", 0),
        ("u.d", "struct a", 0),
    ]  # fmt: skip


def test_abis_are_grouped_only_where_everything_is_alike() -> None:
    why = "b is a __u64, which {} aligns to 8"
    results = (
        AbiResult("arm", AbiVerdict.BREAKS, (moved("b", "4", "8", why=why.format("arm")),)),
        AbiResult("sh", AbiVerdict.BREAKS, (moved("b", "4", "8", why=why.format("sh")),)),
        AbiResult("alpha", AbiVerdict.BREAKS, (moved("b", "8", "16"),)),
        AbiResult("m68k", AbiVerdict.SAME),
    )
    first, second = patch_groups(one(*results))
    assert (first.abis, second.abis) == (("arm", "sh"), ("alpha",))
    assert [told.why for told in first.changes] == ["b is a __u64, which arm and sh align to 8"]
    assert [group.number for group in (first, second)] == [1, 2]


def test_a_reason_is_told_once_and_apart_where_abis_differ() -> None:
    same = moved("b", "4", "8", why="it grew"), moved("c", "8", "12", why="it grew")
    (group,) = patch_groups(one(AbiResult("arm", AbiVerdict.BREAKS, same), AbiResult("sh", AbiVerdict.BREAKS, same)))
    assert [told.why for told in story(group).told] == ["it grew", ""]
    other = replace(same[0], why="a came before it"), same[1]
    (group,) = patch_groups(one(AbiResult("arm", AbiVerdict.BREAKS, same), AbiResult("sh", AbiVerdict.BREAKS, other)))
    assert [told.why for told in story(group).told] == ["arm: it grew; sh: a came before it", "it grew"]


def test_the_change_that_says_most_leads() -> None:
    changes = (
        moved(None, "4", "8", kind=ChangeKind.ALIGNMENT),
        moved("gone", "0", None, kind=ChangeKind.REMOVED),
        moved("b", "4", "8"),
        moved("new", None, "12", kind=ChangeKind.ADDED, breaks=False),
    )
    assert "(struct a: b from 4 to 8, and 2 more)" in abi_sentence(one(AbiResult("arm", AbiVerdict.BREAKS, changes)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (moved("b", "4", "8"), "new has struct a: b elsewhere (offset 8, here 4)"),
        (moved("b", "bit 4", "bit 5", kind=ChangeKind.BIT), "new has struct a: b elsewhere (bit 5, here bit 4)"),
        (moved("b", "8", None), "new has no struct a: b (here 8)"),
        (moved(None, "4", "8", kind=ChangeKind.SIZE), "new has struct a otherwise (size 8, here 4)"),
    ],
)
def test_how_the_reference_differs(change: Change, said: str) -> None:
    same, other = AbiResult("arm", AbiVerdict.SAME), AbiResult("arm", AbiVerdict.BREAKS, (change,))
    assert abi_sentence(one(same, reference_tree="new", reference=(other,))) == f"{said} on arm"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (moved("b", "4", "8"), "b from 4 to 8"),
        (moved(None, "4", "8", kind=ChangeKind.SIZE), "size from 4 to 8"),
        (moved("b", "4", "8", kind=ChangeKind.SIZE), "b size from 4 to 8"),
        (moved(None, "4", "8", kind=ChangeKind.GREW), "size from 4 to 8"),
        (moved("b", "b", "c", kind=ChangeKind.RENAMED), "b renamed to c"),
        (moved("B_MAX", "4", "8", kind=ChangeKind.GREW), "B_MAX grew from 4 to 8"),
        (moved("b", "4", "8", kind=ChangeKind.VALUE), "b from 4 to 8"),
        (moved("b", "8", None, kind=ChangeKind.REMOVED), "b removed (8)"),
        (moved("b", None, "8", kind=ChangeKind.ADDED), "b added (8)"),
        (moved(None, None, None, kind=ChangeKind.REMOVED), "removed"),
    ],
)
def test_changes_in_words(change: Change, said: str) -> None:
    assert what_changed(change) == said


def test_lines_that_are_alike_are_folded_and_none_is_lost() -> None:
    rows = [SidesRow(str(number), str(number), changed=False) for number in range(20)]
    rows[10] = SidesRow("10", "", changed=True)
    assert folded(Sides("struct a", tuple(rows))) == (
        LayoutRow(hidden=7), LayoutRow("7", "7"), LayoutRow("8", "8"), LayoutRow("9", "9"),
        LayoutRow("10", "", changed=True),
        LayoutRow("11", "11"), LayoutRow("12", "12"), LayoutRow("13", "13"), LayoutRow(hidden=6),
    )  # fmt: skip
    rows[10] = replace(rows[10], changed=False)
    assert len(folded(Sides("struct a", tuple(rows)))) == 20


def test_long_lists_are_bounded_and_say_so() -> None:
    changes = tuple(moved(f"m{number}", "0", f"{number + 1}") for number in range(40))
    rows = tuple(SidesRow(str(number), "", changed=True) for number in range(100))
    sides = tuple(Sides(f"struct s{number}", rows) for number in range(7))  # none of them of a type that is told
    failures = tuple(HeaderFailure(f"linux/{number}.h", "error") for number in range(30))
    result = AbiResult("arm", AbiVerdict.BREAKS, changes, sides, failures)
    page = shown(render_abi(one(result, final=())))
    assert re.findall(r"and (\d+) more \(--json has all\)", page) == ["30", "40", "40", "40", "4", "20"]


def test_the_same_matrix_gives_the_same_page() -> None:
    assert shown(render_abi(flagship_abi())) == shown(render_abi(flagship_abi()))
