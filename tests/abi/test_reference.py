# SPDX-License-Identifier: GPL-2.0-or-later
"""A backport beside the tree that has the series: what must agree, and what need not."""

from __future__ import annotations

import pytest

from seriestool.abi.reference import compare_reference
from seriestool.arch.abis import find_abi
from seriestool.model.abi import AbiResult, AbiVerdict, HeaderFailure
from seriestool.model.layout import Layout
from tests.abi.flagship import attributes
from tests.abi.layouts import Headers, union

A = "linux/perf_event.h"
BITS = ("__u64 inherit_thread:1", "__u64 remove_on_exec:1", "__u64 sigtrap:1")
UPSTREAM = ("__u64 build_id:1", *BITS, "__u64 __reserved_1:26")
NAIVE = (*BITS, "__u64 __reserved_1:27")
RIGHT = ("__u64 __reserved_build_id:1", *BITS, "__u64 __reserved_1:26")


def against(base: Layout, last: Layout, reference: Layout | HeaderFailure) -> AbiResult:
    def headers(layout: Layout | HeaderFailure) -> dict[str, Layout | HeaderFailure]:
        return {A: layout} if isinstance(layout, HeaderFailure) else {A: layout, "linux/a.h": layout}

    return compare_reference(headers(base), headers(last), headers(reference), find_abi(base.abi))


def attributes_against(abi: str, *tail: str) -> AbiResult:
    base = attributes(abi, "__u64 __reserved_1:30")
    return against(base, attributes(abi, *tail, sig_data=True), attributes(abi, *UPSTREAM, sig_data=True))


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "powerpc", "s390"])
def test_the_naive_merge_is_found_and_explained(abi: str) -> None:
    result = attributes_against(abi, *NAIVE)
    assert result.verdict is AbiVerdict.BREAKS
    assert [(each.member, str(each.kind), each.before, each.after, each.breaks) for each in result.changes] == [
        ("inherit_thread", "bit", "bit 34", "bit 35", True),
        ("remove_on_exec", "bit", "bit 35", "bit 36", True),
        ("sigtrap", "bit", "bit 36", "bit 37", True),
    ]
    assert result.changes[0].why == (
        "in the reference `build_id` holds bit 34; "
        "reserved space in its place puts `inherit_thread` where the reference has it"
    )
    assert result.changes[1].why == "in the reference `inherit_thread` holds bit 35"
    assert result.sides[0].type == "struct perf_event_attr"


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "powerpc", "s390"])
def test_the_right_one_agrees(abi: str) -> None:
    result = attributes_against(abi, *RIGHT)
    assert (result.verdict, result.changes, result.reason) == (AbiVerdict.SAME, (), "")


def s(*members: str) -> Layout:
    return Headers("arm").record("struct s", *members).layout()


def told(result: AbiResult) -> list[tuple[str | None, str, str | None, str | None, bool]]:
    return [(each.member, str(each.kind), each.before, each.after, each.breaks) for each in result.changes]


def test_what_only_the_reference_has_is_no_finding_and_what_it_lacks_breaks_nothing() -> None:
    assert told(against(s("int a"), s("int a", "int b"), s("int a", "int b", "int c"))) == []
    result = against(s("int a"), s("int a", "int b"), s("int a"))
    assert result.verdict is AbiVerdict.BREAKS
    assert told(result) == [(None, "size", "8", "4", True), ("b", "added", "offset 4, 4 bytes", None, False)]
    padded = against(s("__u8 a", "int z"), s("__u8 a", "__u8 b", "int z"), s("__u8 a", "__u8 c", "int z"))
    assert padded.verdict is AbiVerdict.EXTENDS
    assert padded.changes[0].why == "the reference calls these bytes `c`"
    more = Headers("arm").record("struct t", "int b").record("struct s", "int a").layout()
    gone = against(s("int a"), more, s("int a"))
    assert [(each.type, each.why) for each in gone.changes] == [("struct t", "the reference has no such type")]


def test_what_the_series_leaves_alone_is_not_compared() -> None:
    assert told(against(s("int a"), s("int a"), s("float x", "long a"))) == []
    assert against(s("int a"), s("int a"), s("float a")).reason == "the series adds and changes nothing"
    result = against(s("int a"), s("int a", "int b"), s("float a", "int b"))
    assert told(result) == []


@pytest.mark.parametrize(
    ("there", "kind", "before", "after", "why"),
    [
        ("float b", "type", "int", "float", "here it is int, in the reference float"),
        ("__u32 b", "signedness", "int", "__u32", "here it is int, in the reference __u32"),
        ("__u16 b", "size", "4", "2", "here it is int, in the reference __u16"),
    ],
)
def test_the_meaning_must_agree(there: str, kind: str, before: str, after: str, why: str) -> None:
    result = against(s("int a"), s("int a", "int b"), s("int a", there, "__u16 c"))
    found = next(each for each in result.changes if each.member == "b")
    assert (str(found.kind), found.breaks) == (kind, True)
    assert (found.before, found.after, found.why) == (before, after, why)


def test_sizes_and_alignments_must_agree() -> None:
    result = against(s("int a"), s("int a", "int b"), s("int a", "int b", "int reserved[2]"))
    assert told(result) == []  # it has more behind the end
    result = against(s("int a"), s("int a", "int b", "int c"), s("int a", "int b"))
    assert (None, "size", "12", "8", True) in told(result)


def test_a_scalar_that_the_reference_made_a_struct_is_found() -> None:
    def made(*members: str) -> Layout:
        headers = Headers("arm").record("struct p", "unsigned long d", "__u32 t")
        return headers.record("struct s", "int a", *members).layout()

    result = against(made(), made("unsigned long _perf"), made("struct p _perf"))
    assert [each[:2] for each in told(result) if each[4]] == [("_perf", "size")]


def e(*names: str) -> Layout:
    return Headers("arm").enum("enum e", *names).layout()


def test_enumerators() -> None:
    assert told(against(e("A", "A_MAX"), e("A", "B", "A_MAX"), e("A", "B", "C", "A_MAX"))) == []
    result = against(e("A", "A_MAX"), e("A", "B", "A_MAX"), e("A", "X", "B", "A_MAX"))
    assert told(result) == [("B", "value", "1", "2", True)]
    assert result.changes[0].why == "in the reference `X` has 1"
    assert told(against(e("A"), e("A", "B"), e("A"))) == [("B", "added", "1", None, False)]
    both = Headers("arm").record("struct s", "int a").enum("enum e", "A", "B").layout()
    assert told(against(s("int a"), both, e("A", "B=7"))) == [("B", "value", "1", "7", True)]


def test_typedefs() -> None:
    def t(type_: str | None) -> Layout:
        headers = Headers("arm")
        return (headers.typedef(type_, "foo_t") if type_ else headers).layout()

    assert told(against(t(None), t("int"), t("int"))) == []
    assert told(against(t(None), t("int"), t("__u32"))) == [(None, "signedness", "signed", "unsigned", True)]
    assert told(against(t(None), t("int"), t(None))) == [(None, "added", "int", None, False)]


def test_a_header_of_the_reference_that_cannot_be_read_is_never_the_same() -> None:
    failure = HeaderFailure(A, "error: x")
    result = against(s("int a"), s("int a", "int b"), failure)
    assert (result.verdict, result.reason, result.failures) == (
        AbiVerdict.UNAVAILABLE, f"{A} could not be read: error: x", (failure,),
    )  # fmt: skip


def test_an_unrelated_union_does_not_matter() -> None:
    def made(*more: str) -> Layout:
        return Headers("arm").record("struct s", union("u", "int a", *more)).layout()

    assert told(against(made(), made("int b"), made("int b", "__u64 c"))) == []
