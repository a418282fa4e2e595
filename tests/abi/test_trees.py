# SPDX-License-Identifier: GPL-2.0-or-later
"""Two trees as a whole: what changed, and what a header that does not compile hides and does not."""

from __future__ import annotations

from seriestool.abi.trees import compare_trees
from seriestool.arch.abis import find_abi
from seriestool.model.abi import AbiResult, AbiVerdict, HeaderFailure
from seriestool.model.layout import Layout
from tests.abi.layouts import Headers

A, B = "linux/a.h", "linux/b.h"
FAILED = HeaderFailure(B, "error: x")


def a(*members: str) -> Layout:
    return Headers("arm", A).record("struct a", *members).layout()


def b(*members: str) -> Layout:
    return Headers("arm", B).record("struct b", *members).layout()


def compared(old: dict[str, Layout | HeaderFailure], new: dict[str, Layout | HeaderFailure]) -> AbiResult:
    return compare_trees(find_abi("arm"), old, new)


def test_a_tree_against_itself() -> None:
    result = compared({A: a("int x"), B: b("int y")}, {A: a("int x"), B: b("int y")})
    assert (result.verdict, result.changes, result.reason) == (AbiVerdict.SAME, (), "")


def test_what_breaks_comes_first_side_by_side() -> None:
    result = compared({A: a("int x"), B: b("int y")}, {A: a("int x", "int z"), B: b("int z", "int y")})
    assert result.verdict is AbiVerdict.BREAKS
    assert [each.type for each in result.sides] == ["struct b", "struct a"]
    assert {each.type for each in result.changes if each.breaks} == {"struct b"}


def test_a_header_that_is_gone_breaks_and_one_that_came_does_not() -> None:
    assert compared({A: a("int x"), B: b("int y")}, {A: a("int x")}).verdict is AbiVerdict.BREAKS
    assert compared({A: a("int x")}, {A: a("int x"), B: b("int y")}).verdict is AbiVerdict.EXTENDS


def test_what_neither_tree_has_in_a_form_that_compiles_is_counted_and_hides_nothing_else() -> None:
    for old, new in (({B: FAILED}, {B: FAILED}), ({B: FAILED}, {}), ({}, {B: FAILED})):
        result = compared({A: a("int x"), **old}, {A: a("int x"), **new})
        assert (result.verdict, result.reason) == (AbiVerdict.SAME, "1 header could not be compared")
        assert result.failures == (FAILED,)
        grown = compared({A: a("int x"), **old}, {A: a("int x", "int y"), **new})
        assert grown.verdict is AbiVerdict.EXTENDS
        assert grown.reason == "1 header could not be compared"
    assert compared({B: FAILED}, {B: HeaderFailure(B, "another")}).reason == "1 header could not be compared"


def test_what_only_one_tree_has_in_a_form_that_compiles_is_never_the_same() -> None:
    for old, new in ((FAILED, b("int y")), (b("int y"), FAILED)):
        result = compared({A: a("int x"), B: old}, {A: a("int x"), B: new})
        assert (result.verdict, result.reason) == (
            AbiVerdict.UNAVAILABLE, "linux/b.h could not be read: error: x",
        )  # fmt: skip
        moved = compared({A: a("int x"), B: old}, {A: a("int z", "int x"), B: new})
        assert (moved.verdict, moved.failures) == (AbiVerdict.BREAKS, (FAILED,))
