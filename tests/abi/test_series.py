# SPDX-License-Identifier: GPL-2.0-or-later
"""A series judged patch by patch against the base: who breaks, who cures, and what could not be told."""

from __future__ import annotations

import pytest

from seriestool.abi.series import judge_states
from seriestool.abi.state import Judgement, State
from seriestool.arch.abis import find_abi
from seriestool.model.abi import AbiVerdict, HeaderFailure
from seriestool.model.layout import Layout
from tests.abi.flagship import BASE, BROKEN, FIXED, siginfo
from tests.abi.layouts import Headers

A = "linux/a.h"
NO_HEADERS = "touches no user-space header"


def judged(*bodies: list[str] | str | HeaderFailure | None, abi: str = "arm") -> Judgement:
    """Judge the base and patches 01, 02, ...: the members of one struct, an error, or None for no header touched."""
    states = []
    for number, body in enumerate(bodies):
        name = f"{number:02}" if number else ""
        if body is None:
            states.append(State(name, untouched=NO_HEADERS))
        elif isinstance(body, str):
            states.append(State(name, unavailable=body))
        else:
            layout = body if isinstance(body, HeaderFailure) else Headers(abi).record("struct s", *body).layout()
            states.append(State(name, headers={A: layout}))
    return judge_states(find_abi(abi), states)


def told(judgement: Judgement) -> list[str]:
    """Return "breaks", "breaks cured by 02", "extends cures 01" for each patch."""
    return [
        str(each.verdict)
        + (f" cured by {each.cured_by}" if each.cured_by else "")
        + (f" cures {' '.join(each.cures)}" if each.cures else "")
        for each in judgement.patches
    ]


@pytest.mark.parametrize(
    ("bodies", "expected", "final"),
    [
        ([["int a"], ["int x", "int a"], ["int a"]], ["breaks cured by 02", "extends cures 01"], "same"),
        ([["int a"], ["int x", "int a"], ["int a", "int x"]], ["breaks cured by 02", "extends cures 01"], "extends"),
        ([["int a"], ["int x", "int a"], ["int x", "int y", "int a"]], ["breaks", "breaks"], "breaks"),
        (
            [["int a"], ["int x", "int a"], ["int x", "int y", "int a"], ["int a"]],
            ["breaks cured by 03", "breaks cured by 03", "extends cures 01 02"], "same",
        ),
        ([["int a"], ["int a", "int x"], ["int a", "int y", "int x"]], ["extends", "extends"], "extends"),
        ([["int a"], ["int a", "int x"], ["int a", "float x"], ["int a"]], ["extends"] * 3, "same"),
        ([["int a", "int b"], ["int a"], ["int b", "int a"]], ["breaks", "breaks"], "breaks"),
        ([["int a", "int b"], ["int b"], ["int a", "int b"]], ["breaks cured by 02", "extends cures 01"], "same"),
        ([["int a", "int b"], ["__u32 a", "__u32 b"], ["__u32 a", "int b"]], ["breaks", "extends"], "breaks"),
        ([["int a"], ["int x", "int a"], ["int x", "int a", "int z"]], ["breaks", "extends"], "breaks"),
        ([["int a"], ["int x", "int a"], ["int a"], ["int x", "int a"]],
         ["breaks cured by 02", "extends cures 01", "breaks"], "breaks"),
        ([["int a"], ["long a"], None], ["same", "same"], "same"),
        ([["int a"], None, None], ["same", "same"], "same"),
        ([["int a"], ["int x", "int a"], None, ["int a"]], ["breaks cured by 03", "same", "extends cures 01"], "same"),
    ],
)  # fmt: skip
def test_patches_against_the_base(bodies: list[list[str] | None], expected: list[str], final: str) -> None:
    judgement = judged(*bodies)
    assert told(judgement) == expected
    assert judgement.final.verdict == final


def test_a_change_of_what_only_the_series_has_names_who_added_it() -> None:
    result = judged(["int a"], ["int a", "int x"], ["int a", "float x"]).patches[1]
    assert [(each.member, each.breaks) for each in result.changes] == [("x", False)]
    assert result.changes[0].why.startswith("added by 01 of the series; the same bytes are a floating-point number now")


def test_what_is_put_back_says_so() -> None:
    result = judged(["int a"], ["int x", "int a"], ["int a"]).patches[1]
    assert {each.why for each in result.changes if each.member == "a"} == {"as in the base again"}
    assert not any(each.breaks for each in result.changes)


def test_reasons_are_never_lost() -> None:
    failure = HeaderFailure(A, "a.h:3: error: unknown type name 'foo'")
    good, bad = ["int a"], ["int x", "int a"]
    assert [each.reason for each in judged(good, None, good).patches] == [
        NO_HEADERS, "the headers differ, the layouts do not",
    ]  # fmt: skip
    broken = judged(good, failure, good)
    assert told(broken) == ["unavailable", "unavailable"]
    assert broken.patches[0].reason == f"linux/a.h could not be read: {failure.error}"
    assert broken.patches[0].failures == (failure,)
    assert broken.final.verdict is AbiVerdict.SAME
    assert judged(good, failure).final.verdict is AbiVerdict.UNAVAILABLE
    assert told(judged(failure, good)) == ["unavailable"]
    gap = judged(good, "the headers do not install: x", bad, good)
    assert told(gap) == ["unavailable", "unavailable", "extends"]
    assert gap.patches[1].reason == "what it found there could not be read: 01: the headers do not install: x"
    nothing = judged("gcc is not installed", good, None)
    assert told(nothing) == ["unavailable", "same"]
    assert nothing.final.reason == "the base: gcc is not installed"
    last = judged(good, bad, "it does not install")
    assert told(last) == ["breaks", "unavailable"]
    assert last.final.verdict is AbiVerdict.UNAVAILABLE
    assert last.final.reason == "the last state: 02: it does not install"


def test_a_header_that_does_not_compile_cures_nothing_and_is_not_blamed() -> None:
    failure = HeaderFailure(A, "error")
    assert told(judged(["int a"], ["int x", "int a"], failure)) == ["breaks", "unavailable"]
    again = judged(["int a"], ["int x", "int a"], failure, ["int x", "int a"])
    assert told(again) == ["breaks", "unavailable", "unavailable"]
    assert told(judged(["int a"], failure, ["int x", "int a"])) == ["unavailable", "unavailable"]


def test_a_header_that_breaks_breaks_although_another_cannot_be_read() -> None:
    def state(number: str, *members: str) -> State:
        layout = Headers("arm").record("struct s", *members).layout()
        return State(number, headers={A: layout, "linux/b.h": HeaderFailure("linux/b.h", "error")})

    result = judge_states(find_abi("arm"), [state("", "int a"), state("01", "float a")]).patches[0]
    assert result.verdict is AbiVerdict.BREAKS
    assert [each.header for each in result.failures] == ["linux/b.h"]


def seen_through(other: str, *members: str) -> Layout:
    """Return the layout of a header that defines nothing and includes *other*."""
    return Headers("arm", other).record("struct s", *members).layout()


def test_a_header_that_is_no_longer_included_has_lost_nothing() -> None:
    empty = Layout("arm")
    states = [State(headers={A: seen_through("linux/b.h", "int a")}), State("01", headers={A: empty})]
    assert judge_states(find_abi("arm"), states).patches[0].verdict is AbiVerdict.SAME
    assert judge_states(find_abi("arm"), [states[1], State("01", headers=states[0].headers)]).final.changes == ()


def test_a_removed_header_takes_its_types_along_and_a_new_one_brings_some() -> None:
    layout = seen_through("linux/b.h", "int a")
    other = Headers("arm").record("struct t", "int a").layout()
    base = State(headers={A: other, "linux/b.h": layout})
    gone = judge_states(find_abi("arm"), [base, State("01", removed=("linux/b.h",))])
    assert [(each.type, str(each.kind)) for each in gone.final.changes if each.breaks] == [
        ("struct s", "removed"), ("linux/b.h", "removed"),
    ]  # fmt: skip
    new = judge_states(find_abi("arm"), [State(headers={A: other}), State("01", headers={"linux/b.h": layout})])
    assert [(each.type, str(each.kind)) for each in new.final.changes] == [("struct s", "added")]


def test_a_header_that_is_gone_breaks_although_its_types_are_elsewhere() -> None:
    layout = Headers("arm", A).record("struct s", "int a").layout()
    moved = seen_through("linux/b.h", "int a")
    base = State(headers={A: layout})
    gone, back = judge_states(
        find_abi("arm"),
        [base, State("01", headers={"linux/b.h": moved}, removed=(A,)), State("02", headers={A: moved})],
    ).patches
    assert [(each.type, each.why) for each in gone.changes if each.breaks] == [
        (A, "sources that include it do not compile"),
    ]  # fmt: skip
    assert gone.cured_by == "02"
    assert back.cures == ("01",)


def test_a_type_has_to_stay_behind_the_include_that_gave_it() -> None:
    layout = Headers("arm", A).record("struct s", "int a").enum("", "RED").layout()
    other = Headers("arm", "linux/b.h").record("struct s", "int a").enum("", "RED").layout()
    base = State(headers={A: layout, "linux/b.h": Layout("arm")})
    (left,) = judge_states(find_abi("arm"), [base, State("01", headers={A: Layout("arm"), "linux/b.h": other})]).patches
    assert [(each.type, each.member, each.why) for each in left.changes if each.breaks] == [
        ("struct s", None, "sources that include linux/a.h do not find it: it is in linux/b.h now"),
        ("enum {RED}", "RED", "sources that include linux/a.h do not find it: it is in linux/b.h now"),
    ]
    (through,) = judge_states(find_abi("arm"), [base, State("01", headers={A: other, "linux/b.h": other})]).patches
    assert through.verdict is AbiVerdict.SAME, "the header includes the one that has it now"


def flagship(abi: str) -> Judgement:
    states = []
    for number in range(13):
        if number in (0, 5, 11):
            layout = siginfo(abi, {0: BASE, 5: BROKEN, 11: FIXED}[number])
            states.append(State(f"{number:02}" if number else "", headers={"asm-generic/siginfo.h": layout}))
        else:
            states.append(State(f"{number:02}", untouched=NO_HEADERS))
    return judge_states(find_abi(abi), states)


@pytest.mark.parametrize("abi", ["arm", "powerpc"])
def test_the_flagship_is_broken_by_05_and_cured_by_11(abi: str) -> None:
    judgement = flagship(abi)
    assert told(judgement)[4] == "breaks cured by 11"
    assert told(judgement)[10] == "extends cures 05"
    assert {verdict for number, verdict in enumerate(told(judgement)) if number not in (4, 10)} == {"same"}
    assert judgement.final.verdict is AbiVerdict.EXTENDS
    moved = next(each for each in judgement.patches[4].changes if each.member == "_sifields")
    assert (moved.before, moved.after) == ("12", "16")
    assert "is a __u64, which" in moved.why
    cure = judgement.patches[10]
    assert not any(each.breaks for each in cure.changes)
    perf = next(each for each in cure.changes if each.member == "_sigfault._perf" and each.kind == "size")
    assert perf.why == "added by 05 of the series; it was __u64 and is unsigned long"


@pytest.mark.parametrize("abi", ["x86_64", "i386", "m68k", "arm64", "riscv64", "s390"])
def test_nothing_breaks_elsewhere(abi: str) -> None:
    assert told(flagship(abi))[4] == "extends"
    assert flagship(abi).final.verdict is AbiVerdict.EXTENDS


def test_the_two_layouts_stand_side_by_side() -> None:
    sides = {each.type: each for each in flagship("arm").patches[4].sides}
    rows = [(row.before, row.after) for row in sides["struct siginfo"].rows if row.changed]
    assert ("  12    20        union __sifields {", "  16    24        union __sifields {") in rows
    assert ("", "  24     8              __u64 _perf  /* si_perf */") in rows
    assert rows[0] == (
        "   0   128  struct siginfo {  /* aligned to 4 */", "   0   128  struct siginfo {  /* aligned to 8 */",
    )  # fmt: skip
    assert ("   8     4        int si_code",) * 2 in [(r.before, r.after) for r in sides["struct siginfo"].rows]


def test_long_stretches_that_are_alike_are_counted() -> None:
    many = [f"int m{number}" for number in range(60)]
    rows = judged(many, [*many, "int x"]).final.sides[0].rows
    assert [row.before.strip() for row in rows if "alike" in row.before] == ["... 50 lines alike"]
    assert len(rows) == 1 + 5 + 1 + 5 + 1 + 1
    few = [f"int m{number}" for number in range(30)]
    assert not any("alike" in row.before for row in judged(few, [*few, "int x"]).final.sides[0].rows)


def test_bit_fields_have_their_position() -> None:
    rows = judged(["__u64 a:35", "__u64 __reserved_1:29"], ["__u64 a:35", "__u64 b:1", "__u64 __reserved_1:28"])
    assert [(row.before, row.after) for row in rows.final.sides[0].rows if row.changed] == [
        ("", "      35:1    __u64 b:1"),
        ("     35:29    __u64 __reserved_1:29", "     36:28    __u64 __reserved_1:28"),
    ]


def test_an_enum_has_its_values() -> None:
    def state(number: str, *names: str) -> State:
        return State(number, headers={A: Headers("arm").enum("", *names).layout()})

    sides = judge_states(find_abi("arm"), [state("", "X", "Y"), state("01", "X", "N", "Y")]).final.sides
    changed = [(row.before, row.after) for row in sides[0].rows if row.changed]
    assert changed == [("", "  N = 1"), ("  Y = 1", "  Y = 2")]
