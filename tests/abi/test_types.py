# SPDX-License-Identifier: GPL-2.0-or-later
"""Merged headers, enumerators, typedefs, names that mean something, and what holds for every layout there is."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seriestool.abi.compare import compare
from seriestool.abi.names import is_reserved, is_sentinel
from seriestool.abi.types import merge, shifted
from seriestool.arch.abis import find_abi
from seriestool.model.layout import Layout
from tests.abi.layouts import Headers, Inline, struct, union
from tests.abi.test_records import changes_of, seen


def test_a_type_seen_by_many_headers_is_there_once_and_two_of_one_name_stay_apart() -> None:
    one = Headers(header="asm/t.h").record("struct t", "int a").layout()
    other = Headers(header="linux/t.h").record("struct t", "int b").layout()
    merged = merge([one, other, one])
    assert [(each.name, each.header) for each in merged.records] == [
        ("struct t", "asm/t.h"), ("struct t", "linux/t.h"),
    ]  # fmt: skip
    assert len(merged.typedefs) == len(one.typedefs)
    assert compare(merged, merged, find_abi("x86_64")) == ()
    assert [(each.kind, each.header) for each in compare(merged, one, find_abi("x86_64"))] == [
        ("renamed", "asm/t.h"),
    ]  # the copy of linux/t.h is gone, and what is left of that name calls its member otherwise


def test_nothing_at_all_is_a_layout() -> None:
    assert merge([]) == Layout("")
    assert compare(merge([]), merge([]), find_abi("arm")) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["A", "B"], ["A", "B", "C"], [("C", "added", None, "2", False)]),
        (["A", "B"], ["A", "X", "B"], [("B", "value", "1", "2", True), ("X", "added", None, "1", False)]),
        (["A", "B"], ["A"], [("B", "removed", "1", None, True)]),
        (["A", "A_MAX"], ["A", "B", "A_MAX"], [("A_MAX", "grew", "1", "2", False), ("B", "added", None, "1", False)]),
        (["A", "B", "A_MAX"], ["A", "A_MAX"], [("B", "removed", "1", None, True), ("A_MAX", "value", "2", "1", True)]),
        (["A=1", "A_MASK=1"], ["A=1", "B=2", "A_MASK=3"], [
            ("A_MASK", "grew", "1", "3", False), ("B", "added", None, "2", False),
        ]),
        (["A=1", "A_MASK=0xf"], ["A=1", "A_MASK=0x1f"], [("A_MASK", "value", "15", "31", True)]),
        (["A=-1"], ["A=0xffffffff"], [("A", "value", "-1", "4294967295", True)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["enum e", ""])
def test_enumerators(name: str, before: list[str], after: list[str], expected: list[object]) -> None:
    assert seen(changes_of(Headers().enum(name, *before), Headers().enum(name, *after))) == expected


def test_why_a_value_changed() -> None:
    changes = changes_of(Headers().enum("enum e", "A", "B"), Headers().enum("enum e", "A", "X", "B"))
    assert changes[0].why == "`X` was inserted before it and has its value"


def test_an_enumerator_may_move_to_another_enum_and_header() -> None:
    before = Headers().enum("enum e", "A", "B").enum("", "C=7")
    after = Headers().enum("enum e", "A", "B")
    other = Headers(header="linux/b.h").enum("enum f", "C=7")
    assert compare(before.layout(), merge([after.layout(), other.layout()]), find_abi("arm")) == ()


def test_numbers_that_only_macros_have() -> None:
    calls = Headers().enum("system calls", "__NR_max=1", "__NR_foo=2", "__NR_syscalls=3")
    more = Headers().enum("system calls", "__NR_max=1", "__NR_foo=2", "__NR_bar=3", "__NR_syscalls=4")
    assert seen(changes_of(calls, more)) == [
        ("__NR_syscalls", "grew", "3", "4", False), ("__NR_bar", "added", None, "3", False),
    ]  # fmt: skip
    other = Headers().enum("system calls", "__NR_max=2", "__NR_foo=2", "__NR_syscalls=3")
    assert seen(changes_of(calls, other)) == [("__NR_max", "value", "1", "2", True)], "it counts nothing"
    ioctls = Headers().enum("ioctl numbers", f"FOO={0x80047801}")
    (change,) = changes_of(ioctls, Headers().enum("ioctl numbers", f"FOO={0x80087801}"))
    assert (change.before, change.after, change.breaks) == ("0x80047801", "0x80087801", True)
    assert change.why.endswith("its type went from 4 to 8 bytes")
    assert seen(changes_of(ioctls, Headers())) == [("FOO", "removed", "0x80047801", None, True)]
    assert seen(changes_of(Headers(), ioctls)) == [("FOO", "added", None, "0x80047801", False)]


def test_enums_themselves() -> None:
    base = Headers().enum("enum e", "A")
    assert seen(changes_of(base, Headers().enum("enum e", "A", size=8))) == [(None, "size", "4", "8", True)]
    assert seen(changes_of(base, Headers())) == [
        (None, "removed", "4 bytes", None, True), ("A", "removed", "0", None, True),
    ]  # fmt: skip
    assert seen(changes_of(base, Headers().enum("", "A"))) == [(None, "removed", "4 bytes", None, True)]
    assert seen(changes_of(Headers(), base)) == [(None, "added", None, "1 enumerator", False)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("int", "__u32", [(None, "signedness", "signed", "unsigned", True)]),
        ("int", "long", []),
        ("int", "__u64", [
            (None, "alignment", "4", "8", True), (None, "size", "4", "8", True),
            (None, "signedness", "signed", "unsigned", True),
        ]),
        ("int", "float", [(None, "type", "int", "float", True)]),
        ("struct p", "struct q", []),
        ("struct p", "struct r", [(None, "type", "struct p", "struct r", True)]),
        ("void *", "char *", []),
    ],
)  # fmt: skip
def test_typedefs(before: str, after: str, expected: list[object]) -> None:
    def made(type_: str) -> Headers:
        headers = Headers("arm").record("struct p", "int a").record("struct q", "int a").record("struct r", "float a")
        return headers.typedef(type_, "foo_t")

    assert seen(changes_of(made(before), made(after), "arm")) == expected


def test_a_typedef_of_a_record_that_changed_says_nothing_of_its_own() -> None:
    before = Headers().record("struct p", "int a").typedef("struct p", "foo_t")
    after = Headers().record("struct p", "int a", "int b").typedef("struct p", "foo_t")
    assert {each.type for each in changes_of(before, after)} == {"struct p"}
    assert seen(changes_of(before, Headers().record("struct p", "int a"))) == [
        (None, "removed", "4 bytes", None, True),
    ]  # fmt: skip


def test_names_of_free_space() -> None:
    free = (
        "reserved", "__reserved_1", "_reserved2", "rsvd", "resv", "pad", "__pad1", "padding_", "unused", "__unused4",
        "f_spare", "mbz", "dummy", "_si_pad", "cap_____res", "Reserved", "x.y.pad", "pad[]", "filler",
        "__reserved_build_id", "reserved_d0", "reserved_20",
    )  # fmt: skip
    used = ("padded", "nr_unused", "pad_size", "reserved_by", "fill_level", "res", "path", "id", "no_pad", "dummy_data")
    assert [name for name in free if not is_reserved(name)] == []
    assert [name for name in used if is_reserved(name)] == []


def test_names_of_the_end_of_an_enumeration() -> None:
    ends = (
        "IFLA_MAX", "__IFLA_MAX", "FOO_LAST", "FOO_CNT", "FOO_COUNT", "NR_FOO", "NUM_FOO", "FOO_NR", "__FOO_END",
        "__NL80211_ATTR_AFTER_LAST", "__MAX_BPF_ATTACH_TYPE", "__BPF_FUNC_MAX_ID", "PERF_BRANCH_MAX_SHIFT",
        "RDMA_NLDEV_NUM_OPS", "NF_NETDEV_NUMHOOKS", "__LINK_MODE_MASK_NBITS", "__LINUX_MIB_TLSMAX",
    )  # fmt: skip
    others = ("FOO_END", "MAXIMUM", "COUNTER", "PERF_COUNT_HW_CPU_CYCLES", "LASTING", "NRX")
    assert [name for name in ends if not is_sentinel(name)] == []
    assert [name for name in others if is_sentinel(name)] == []


TYPES = st.sampled_from(["__u8", "__u16", "__u32", "__u64", "void *", "long", "float", "char"])
SHAPES = st.sampled_from(["{} {}", "{} {}[3]"])


@st.composite
def fields(draw: st.DrawFn) -> list[str | Inline]:
    """Some members with names of their own, a few of them in unions and structs."""
    result: list[str | Inline] = []
    for number in range(draw(st.integers(1, 6))):
        plain = draw(SHAPES).format(draw(TYPES), f"m{number}")
        match draw(st.integers(0, 5)):
            case 0:
                result.append(union("", plain, f"{draw(TYPES)} u{number}"))
            case 1:
                result.append(struct(f"s{number}", plain))
            case 2:
                result.append(f"__u32 b{number}:{draw(st.integers(1, 31))}")
            case _:
                result.append(plain)
    return result


ABIS = st.sampled_from(["x86_64", "i386", "arm", "m68k", "s390"])


def made(abi: str, members: list[str | Inline]) -> Layout:
    return Headers(abi).record("struct s", *members).layout()


@settings(max_examples=60, deadline=None)
@given(ABIS, fields())
def test_nothing_differs_from_itself(abi: str, members: list[str | Inline]) -> None:
    assert compare(made(abi, members), made(abi, members), find_abi(abi)) == ()


@settings(max_examples=60, deadline=None)
@given(ABIS, fields(), st.integers(1, 3))
def test_adding_bytes_behind_the_end_never_breaks(abi: str, members: list[str | Inline], number: int) -> None:
    changes = compare(made(abi, members), made(abi, [*members, f"__u8 new[{number}]"]), find_abi(abi))
    assert "new" in {each.member for each in changes}
    assert not any(each.breaks for each in changes)


@settings(max_examples=80, deadline=None)
@given(ABIS, fields(), st.data())
def test_another_offset_of_anything_that_was_there_always_breaks(
    abi: str, members: list[str | Inline], data: st.DataObject
) -> None:
    before = made(abi, members)
    record = next(iter(before.records))
    index = data.draw(st.integers(0, len(record.members) - 1))
    moved = list(record.members)
    moved[index] = shifted(moved[index], data.draw(st.integers(1, 40)) * 8)
    after = replace(before, records=(replace(record, members=tuple(moved)),))
    changes = compare(before, after, find_abi(abi))
    assert any(each.breaks and each.kind in ("offset", "bit") and each.why for each in changes)


@settings(max_examples=20, deadline=None)
@given(st.lists(fields(), min_size=3, max_size=3), st.lists(fields(), min_size=3, max_size=3))
def test_the_order_of_headers_does_not_matter(old: list[list[str | Inline]], new: list[list[str | Inline]]) -> None:
    def headers(all_fields: list[list[str | Inline]]) -> list[Layout]:
        return [
            Headers(header=f"linux/{number}.h").record(f"struct s{number % 2}", *each).layout()
            for number, each in enumerate(all_fields)
        ]

    abi = find_abi("x86_64")
    results = {compare(merge(order), merge(reversed(headers(new))), abi) for order in permutations(headers(old))}
    assert len(results) == 1
