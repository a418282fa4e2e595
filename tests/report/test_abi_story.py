# SPDX-License-Identifier: GPL-2.0-or-later
"""How a group of changes is told: one cause once, what moved along counted, layouts that add nothing left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seriestool.model.abi import (
    WHOLE,
    AbiMatrix,
    AbiResult,
    AbiVerdict,
    Change,
    ChangeKind,
    CompatMismatch,
    CompatResult,
    ExpectationResult,
    Expected,
    PatchAbi,
    Sides,
    SidesRow,
)
from seriestool.report.abi import abi_sentence, render_abi
from seriestool.report.abi.additions import additions
from seriestool.report.abi.groups import AbiGroup, patch_groups
from seriestool.report.abi.layouts import DiffLine, LayoutRow, folded, unified
from seriestool.report.abi.notes import notes
from seriestool.report.abi.rows import unavailable_throughout
from seriestool.report.abi.story import story
from tests.report.test_terminal import shown

BIG = "`u.f.big` is a __u64, which arm aligns to 8"
INSIDE = "`f.big` is a __u64, which arm aligns to 8"


def change(kind: str, member: str | None, what: ChangeKind, why: str = "", **how: object) -> Change:
    made = Change(kind, member, what, "4", "8", breaks=True, why=why)
    return replace(made, **how)  # type: ignore[arg-type]


def group(*changes: Change, sides: tuple[Sides, ...] = (), cures: tuple[str, ...] = ()) -> AbiGroup:
    """Return the group that one patch is under one ABI."""
    verdict = AbiVerdict.BREAKS if any(each.breaks for each in changes) else AbiVerdict.EXTENDS
    (made,) = patch_groups(matrix(AbiResult("arm", verdict, changes, sides, cures=cures)))
    return made


def matrix(*results: AbiResult) -> AbiMatrix:
    return AbiMatrix(
        "slug", "tree", "1", tuple(each.abi for each in results), (PatchAbi("05", "the fifth", results),), ()
    )


def flagship() -> tuple[Change, ...]:
    """Return what one aligned member in a union in a struct does, as the comparison tells it."""
    return (
        change("struct s", None, ChangeKind.ALIGNMENT, BIG),
        change("struct s", "u", ChangeKind.OFFSET, f"{BIG}; the union `u` with it, so it begins at 8 instead of 4"),
        change("union u", None, ChangeKind.ALIGNMENT, INSIDE),
        change("union u", None, ChangeKind.SIZE, "see `f.a`"),
        change(
            "union u", "f.a", ChangeKind.OFFSET,
            f"{INSIDE}; the union around `f.a` with it, so it begins at 8 instead of 4",
        ),
        change("union u", "f.b", ChangeKind.OFFSET, "moved with `f.a`"),
        change("union u", "f.b.c", ChangeKind.OFFSET, "moved with `f.a`"),
        change("union u", "f.d", ChangeKind.OFFSET, "moved with `f.a`"),
        change("union u", "f", ChangeKind.GREW, "`f.big` (8 bytes) is new", breaks=False),
        change("union u", "f.big", ChangeKind.ADDED, breaks=False, before=None, after="offset 8, 8 bytes"),
    )  # fmt: skip


def test_one_cause_is_told_once_from_outside_and_with_what_it_did() -> None:
    assert story(group(*flagship())).causes == (
        "struct s: `u.f.big` is a __u64, which arm aligns to 8, and the union `u` with it: it begins at 8 instead of 4",
    )


def test_what_moved_along_is_counted_and_what_made_room_is_not_told() -> None:
    told = [(each.change.type, each.change.member, each.along, each.why) for each in story(group(*flagship())).told]
    assert told == [
        ("struct s", None, 0, ""), ("struct s", "u", 0, ""),
        ("union u", None, 0, ""), ("union u", None, 0, ""), ("union u", "f.a", 3, ""), ("union u", "f.big", 0, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            "`x` (4 bytes) was inserted before it, so it begins at 8 instead of 4",
            "struct s: `x` (4 bytes) was inserted before `m`, so `m` begins at 8 instead of 4",
        ),
        (
            "`x` (4 bytes) before it is gone, so it begins at 4 instead of 8",
            "struct s: `x` (4 bytes) before `m` is gone, so `m` begins at 4 instead of 8",
        ),
        (
            "`x` grew from 4 bytes to 8 bytes, so it is bit 3 instead of 2",
            "struct s: `x` grew from 4 bytes to 8 bytes, so `m` is bit 3 instead of 2",
        ),
        (
            "`x` is a __u64, which arm aligns to 8; the struct around `m` with it, so it begins at 8 instead of 4",
            "struct s: `x` is a __u64, which arm aligns to 8, and the struct around `m` with it: "
            "`m` begins at 8 instead of 4",
        ),
    ],
)
def test_a_cause_stands_alone_in_a_mail(why: str, said: str) -> None:
    assert story(group(change("struct s", "m", ChangeKind.OFFSET, why))).causes == (said,)


def test_two_causes_are_two_and_a_reason_of_one_change_stays_with_it() -> None:
    tale = story(
        group(
            change("struct s", "m", ChangeKind.OFFSET, "`x` (4 bytes) was inserted before it, so it begins at 8"),
            change("struct t", "m", ChangeKind.OFFSET, "`y` (4 bytes) was inserted before it, so it begins at 8"),
            change("struct t", "n", ChangeKind.SIGNEDNESS, "the same bits are another number"),
            change("struct t", "o", ChangeKind.OFFSET, "moved with `gone`"),
        )
    )
    assert len(tale.causes) == 2
    assert [each.why for each in tale.told] == ["", "", "the same bits are another number", "moved with `gone`"]


def test_reserved_space_alone_is_told() -> None:
    only = change("struct s", "__pad", ChangeKind.RESERVED, breaks=False)
    new = change("struct s", "n", ChangeKind.ADDED, breaks=False)
    assert [each.change.member for each in story(group(only)).told] == ["__pad"]
    assert [each.change.member for each in story(group(only, new)).told] == ["n"]


def test_a_layout_that_is_in_another_one_and_one_that_does_not_break_are_left_out() -> None:
    outer = Sides("struct s", tuple(SidesRow(text, text, changed=True) for text in ("0 struct s {", "4   union u {")))
    inner = Sides("union u", (SidesRow("0 union u {", "0 union u {", changed=True),))
    other = Sides("struct o", (SidesRow("0 struct o {", "0 struct o {", changed=True),))
    changes = (*flagship(), change("struct o", "n", ChangeKind.ADDED, breaks=False))
    assert story(group(*changes, sides=(outer, inner, other))).sides == (outer,)
    assert story(group(*changes, sides=(inner, other))).sides == (inner,)
    assert story(group(changes[-1], sides=(other,))).sides == (other,)


def test_a_stretch_that_moves_as_one_is_shown_by_its_beginning() -> None:
    rows = [SidesRow("   0     8  struct s {", "   0    12  struct s {", changed=True)]
    rows += [SidesRow(f"{at:4}     4    int m{at}", f"{at + 4:4}     4    int m{at}", changed=True) for at in range(9)]
    rows.append(SidesRow("            }", "            }", changed=False))
    found = folded(Sides("struct s", tuple(rows)))
    assert found[4:] == (LayoutRow(hidden=7, moved=4),)
    assert found[4].fold == "7 more lines, each 4 bytes further on"
    other = SidesRow("   9     4    int n", "  17     4    int n", changed=True)
    assert folded(Sides("struct s", (*rows[:4], other))) == tuple(
        LayoutRow(row.before, row.after, row.changed) for row in (*rows[:4], other)
    )


def test_lines_that_the_comparison_left_out_are_counted_as_lines() -> None:
    rows = [SidesRow("a", "a", changed=False), *[SidesRow("   ... 30 lines alike", "   ... 30 lines alike", False)] * 1]
    rows += [SidesRow(str(at), str(at), changed=False) for at in range(5)] + [SidesRow("x", "y", changed=True)]
    assert folded(Sides("struct s", tuple(rows)))[0] == LayoutRow(hidden=33)


def test_a_diff_has_what_was_before_what_is() -> None:
    rows = (
        LayoutRow(hidden=2), LayoutRow("a", "a"), LayoutRow("b", "c", changed=True), LayoutRow("", "d", changed=True),
        LayoutRow("e", "e"), LayoutRow("f", "", changed=True),
    )  # fmt: skip
    assert [(line.sign, line.text) for line in unified(rows)] == [
        (".", "2 lines alike"), (" ", "a"), ("-", "b"), ("+", "c"), ("+", "d"), (" ", "e"), ("-", "f"),
    ]  # fmt: skip
    assert unified((LayoutRow("a", "b", changed=True),)) == (DiffLine("-", "a"), DiffLine("+", "b"))


@pytest.mark.parametrize(("width", "beside"), [(80, False), (100, False), (120, True)])
def test_layouts_stand_side_by_side_only_where_there_is_room(width: int, beside: bool) -> None:
    line = "  12    20        union __sifields {"
    sides = (Sides("struct s", (SidesRow(line, line.replace("12", "16"), changed=True),)),)
    page = shown(
        render_abi(matrix(AbiResult("arm", AbiVerdict.BREAKS, (change("struct s", "u", ChangeKind.OFFSET),), sides))),
        width,
    )
    assert ("--- struct s on arm, before 05" in page) is not beside
    assert any(each.count("union __sifields {") == 2 for each in page.splitlines()) is beside


def test_abis_of_which_the_same_is_said_share_a_line() -> None:
    new = change("struct s", "n", ChangeKind.ADDED, "in what was padding", breaks=False, before=None, after="bit 3")
    pad = change("struct s", "__pad", ChangeKind.RESERVED, breaks=False)
    back = change("struct s", "m", ChangeKind.OFFSET, "as in the base again", breaks=False)
    one = matrix(
        AbiResult("arm", AbiVerdict.EXTENDS, (new,)),
        AbiResult("sh", AbiVerdict.EXTENDS, (pad, new)),
        AbiResult("m68k", AbiVerdict.EXTENDS, (back, new), cures=("04",)),
    )
    assert [line.text for line in additions(one, patch_groups(one))] == [
        "arm, sh: struct s: n added (bit 3)", "m68k: cures 04; struct s: n added (bit 3)",
    ]  # fmt: skip


def test_a_cause_is_told_from_the_outermost_type_wherever_that_comes() -> None:
    changes = flagship()
    assert story(group(*changes[2:], changes[1])).causes == story(group(*changes)).causes


def test_two_variants_of_a_type_that_change_alike_are_told_once() -> None:
    size = change("struct s", None, ChangeKind.SIZE, "see `m`")
    tale = story(group(size, replace(size, why="with its alignment, which is 8 now")))
    assert [(each.change.kind, each.why) for each in tale.told] == [(ChangeKind.SIZE, "")]


def test_layouts_that_differ_alike_are_shown_once() -> None:
    sides = (Sides("struct s", (SidesRow("   4     4  u", "   8     4  u", changed=True),)),)
    moved = change("struct s", "u", ChangeKind.OFFSET)
    other = change("struct s", None, ChangeKind.SIZE)
    page = shown(
        render_abi(
            matrix(
                AbiResult("arm", AbiVerdict.BREAKS, (moved,), sides),
                AbiResult("sh", AbiVerdict.BREAKS, (other, moved), sides),
            )
        )
    )
    assert page.count("+++ struct s") == 1
    assert "    struct s: the layouts differ as on arm" in page.splitlines()


def test_kernels_that_differ_alike_from_their_programs_share_a_line() -> None:
    size = CompatMismatch(WHOLE, "136 bytes", "128 bytes")
    kernels = (("arm", "arm64"), ("s390-31", "s390"))
    found = replace(
        matrix(AbiResult("arm", AbiVerdict.SAME)),
        compat=tuple(CompatResult(*each, "05", "struct c", AbiVerdict.BREAKS, (size,)) for each in kernels),
    )
    (note,) = notes(found)
    assert [line.text for line in note.lines] == [
        "after 05: struct c is 136 bytes; 32-bit programs have 128: arm on arm64, s390-31 on s390"
    ]
    (note,) = notes(replace(found, compat=found.compat[:1]))
    assert [line.text for line in note.lines] == ["after 05: arm64's struct c is 136 bytes; arm programs have 128"]


def test_where_compilers_are_missing_one_command_installs_them_all() -> None:
    gone = (
        AbiResult("arm", AbiVerdict.UNAVAILABLE, reason="no arm-gcc: apt install gcc-arm"),
        AbiResult("sh", AbiVerdict.UNAVAILABLE, reason="no sh-gcc: apt install gcc-sh"),
    )
    (note,) = notes(matrix(*gone))
    assert [line.text for line in note.lines] == [
        "apt-get install --no-install-recommends gcc-arm gcc-sh",
        "arm: no arm-gcc: apt install gcc-arm",
        "sh: no sh-gcc: apt install gcc-sh",
    ]
    (note,) = notes(matrix(gone[0]))
    assert len(note.lines) == 1


def test_an_abi_without_a_compiler_says_so_in_the_matrix_although_other_patches_touch_no_header() -> None:
    gone = AbiResult("arm", AbiVerdict.UNAVAILABLE, reason="no arm-gcc: apt install gcc-arm")
    same = AbiResult("x86_64", AbiVerdict.SAME, reason="touches no user-space header")
    new = AbiResult("x86_64", AbiVerdict.EXTENDS, (change("struct s", "n", ChangeKind.ADDED, breaks=False),))
    steps = (PatchAbi("01", "one", (same, replace(same, abi="arm"))), PatchAbi("02", "two", (new, gone)))
    found = replace(matrix(new, gone), patches=steps, final=(new, gone))
    assert unavailable_throughout(found) == {"arm": "no arm-gcc: apt install gcc-arm"}
    assert "- arm: no arm-gcc: apt install gcc-arm" in shown(render_abi(found)).splitlines()


def test_what_was_expected_of_an_abi_that_cannot_be_told_is_counted() -> None:
    unknown = ExpectationResult(Expected("struct s", "a", "arm", 4), None, None, "no arm-gcc")
    other = replace(unknown, expected=replace(unknown.expected, abi="sh"))
    found = replace(matrix(AbiResult("arm", AbiVerdict.SAME)), expectations=(unknown, unknown, other))
    (note,) = notes(found)
    assert [line.text for line in note.lines] == [
        "0 of 3 are met", "arm: 2 cannot be told: no arm-gcc",
        "sh: struct s a: expected at 4, cannot tell: no arm-gcc",
    ]  # fmt: skip


def test_the_sentence_leads_with_the_outermost_member_and_names_compat_types_once() -> None:
    deep, top = change("union u", "f.a", ChangeKind.OFFSET), change("struct s", "u", ChangeKind.OFFSET)
    size = (CompatMismatch(WHOLE, "136 bytes", "128 bytes"),)
    found = replace(
        matrix(
            AbiResult("x32", AbiVerdict.BREAKS, (deep, top)),
            AbiResult("arm", AbiVerdict.BREAKS, (top, deep, replace(deep, member="f.b"))),
        ),
        compat=tuple(
            CompatResult(*each, "05", "struct c", AbiVerdict.BREAKS, size)
            for each in (("arm", "arm64"), ("s390-31", "s390"))
        ),
    )
    assert abi_sentence(found) == (
        "05 breaks the user-space layout on x32, arm (struct s: u from 4 to 8, and 1 more); "
        "struct c is not what 32-bit programs have (after 05: arm on arm64, s390-31 on s390)"
    )
