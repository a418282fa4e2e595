# SPDX-License-Identifier: GPL-2.0-or-later
"""One rule of structs and unions after the other: what breaks programs, what does not, and what is said about it."""

from __future__ import annotations

import pytest

from seriestool.abi.compare import compare
from seriestool.arch.abis import find_abi
from seriestool.model.abi import Change
from tests.abi.flagship import BASE, BROKEN, FIXED, attributes, siginfo
from tests.abi.layouts import Headers, Inline, struct, union

Field = str | Inline
Seen = tuple[str | None, str, str | None, str | None, bool]


def changes_of(before: Headers, after: Headers, abi: str = "x86_64") -> tuple[Change, ...]:
    return compare(before.layout(), after.layout(), find_abi(abi))


def seen(changes: tuple[Change, ...]) -> list[Seen]:
    return [(each.member, str(each.kind), each.before, each.after, each.breaks) for each in changes]


def of(*fields: Field, abi: str = "x86_64") -> Headers:
    headers = Headers(abi).enum("enum color", "RED", "BLUE")
    headers.record("struct in", "int a", "int b").record("struct in_too", "int a", "int b")
    return headers.record("struct s", *fields)


NOTHING: list[tuple[str, list[Field], list[Field]]] = [
    ("int and long of 32 bits", ["int a"], ["long a"]),
    ("a typedef for what it is", ["__u32 a"], ["unsigned int a"]),
    ("what a pointer points to", ["struct in *a"], ["void *a"]),
    ("an enum for an unsigned int", ["unsigned int a"], ["enum color a"]),
    ("[0] and []", ["int n", "int a[0]"], ["int n", "int a[]"]),
    ("moved into an anonymous union", ["int a", "int b"], ["int a", union("", "int b")]),
    ("moved out of an anonymous struct", [struct("", "int a", "int b")], ["int a", "int b"]),
    ("a struct of the same integers", ["int a[2]", "int z"], ["struct in a", "int z"]),
    ("an array of one", ["int a"], ["int a[1]"]),
    ("all elements in one row", ["int a[2][3]"], ["int a[6]"]),
    ("an integer in a union", ["__u64 a"], [union("a", "__u64 v")]),
    ("another tag for the same members", ["struct in a"], ["struct in_too a"]),
    ("a tag for a struct without one", [struct("a", "int a", "int b")], ["struct in a"]),
    ("a bit-field of all bits", ["__u32 a"], ["__u32 a:32"]),
]


@pytest.mark.parametrize(("before", "after"), [each[1:] for each in NOTHING], ids=[each[0] for each in NOTHING])
def test_other_spellings_of_the_same_bytes_are_nothing(before: list[Field], after: list[Field]) -> None:
    assert changes_of(of(*before, abi="i386"), of(*after, abi="i386"), "i386") == ()


BREAKS: list[tuple[str, list[Field], list[Field], list[Seen]]] = [
    (
        "inserted before",
        ["int a", "int b", "int c"], ["int a", "int x", "int b", "int c"],
        [
            (None, "size", "12", "16", True), ("b", "offset", "4", "8", True), ("c", "offset", "8", "12", True),
            ("x", "added", None, "offset 4, 4 bytes", False),
        ],
    ),
    ("wider", ["int a", "int z[2]"], ["long a", "int z"], [
        (None, "alignment", "4", "8", True), (None, "size", "12", "16", True), ("a", "size", "4", "8", True),
        ("z", "offset", "4", "8", True), ("z", "size", "8", "4", True),
    ]),
    ("other sign", ["int a"], ["__u32 a"], [("a", "signedness", "int", "__u32", True)]),
    ("float for an integer", ["int a"], ["float a"], [("a", "type", "int", "float", True)]),
    ("pointer for an integer", ["__u64 a"], ["void *a"], [("a", "type", "__u64", "void *", True)]),
    ("struct for a pointer", ["void *a"], ["struct in a"], [
        (None, "alignment", "8", "4", True), ("a", "type", "void *", "struct in", True),
    ]),
    ("removed", ["int a", "int b"], ["int a"], [
        (None, "size", "8", "4", True), ("b", "removed", "offset 4, 4 bytes", None, True),
    ]),
    ("replaced", ["int a", "int b"], ["int a", "float c"], [
        ("b", "removed", "offset 4, 4 bytes", None, True), ("c", "added", None, "offset 4, 4 bytes", False),
    ]),
    ("renamed", ["int a", "int b"], ["int a", "int c"], [("b", "renamed", "b", "c", True)]),
    ("retired", ["int a", "int b"], ["int a", "int reserved"], [
        ("b", "removed", "offset 4, 4 bytes", None, True), ("reserved", "reserved", None, "offset 4, 4 bytes", False),
    ]),
    ("a bit-field in front", ["__u32 a:1", "__u32 b:1"], ["__u32 a:1", "__u32 x:1", "__u32 b:1"], [
        ("b", "bit", "bit 1", "bit 2", True), ("x", "added", None, "bit 1", False),
    ]),
    ("a narrower bit-field", ["__u32 a:4"], ["__u32 a:3"], [("a", "bit", "bit 0, 4 wide", "bit 0, 3 wide", True)]),
    ("the word of a bit-field", ["__u32 a:4"], ["__u32 x", "__u32 a:4"], [
        (None, "size", "4", "8", True), ("a", "offset", "0", "4", True),
        ("x", "added", None, "offset 0, 4 bytes", False),
    ]),
    ("a larger array", ["int a[2]"], ["int a[3]"], [
        (None, "size", "8", "12", True), ("a", "size", "8", "12", True),
    ]),
    ("the elements of a flexible array", ["int n", "int a[]"], ["int n", "short a[]"], [
        ("a", "size", "4 bytes", "2 bytes", True),
    ]),
    ("rows of an array", ["int a[2][3]"], ["int a[3][2]"], [("a", "size", "12 bytes", "8 bytes", True)]),
    ("smaller and more elements", ["int z", "int a[2]"], ["int z", "short a[4]"], [
        ("a", "size", "4 bytes", "2 bytes", True),
    ]),
    ("an integer cut in two", ["__u32 z", "__u32 a"], ["__u32 z", "__u16 a[2]"], [
        ("a", "type", "__u32", "__u16 [2]", True),
    ]),
    ("elements that grew", [struct("a[2]", "int x")], [struct("a[2]", "int x", "int y")], [
        (None, "size", "8", "16", True), ("a", "size", "8", "16", True),
        ("a[].y", "added", None, "offset 4, 4 bytes", False),
    ]),
    ("grew in the middle", [struct("a", "int x"), "int z"], [struct("a", "int x", "int y"), "int z"], [
        (None, "size", "8", "12", True), ("a", "grew", "4", "8", False), ("z", "offset", "4", "8", True),
        ("a.y", "added", None, "offset 4, 4 bytes", False),
    ]),
    ("swapped", ["int a", "float b"], ["float b", "int a"], [
        ("a", "offset", "0", "4", True), ("b", "offset", "4", "0", True),
    ]),
    ("moved into a named struct", ["int a", "float b"], ["int a", struct("n", "float b")], [
        ("b", "renamed", "b", "n", True),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"), [each[1:] for each in BREAKS], ids=[each[0] for each in BREAKS]
)
def test_what_existed_must_stay(before: list[Field], after: list[Field], expected: list[Seen]) -> None:
    assert seen(changes_of(of(*before), of(*after))) == expected


EXTENDS: list[tuple[str, list[Field], list[Field], list[Seen]]] = [
    ("behind the end", ["int a"], ["int a", "int b"], [
        (None, "grew", "4", "8", False), ("b", "added", None, "offset 4, 4 bytes", False),
    ]),
    ("in padding", ["__u8 a", "int z"], ["__u8 a", "__u8 b", "int z"], [
        ("b", "added", None, "offset 1, 1 byte", False),
    ]),
    ("in part of what was reserved", ["int a", "__u32 reserved[3]"], ["int a", "int b", "__u32 reserved[2]"], [
        ("reserved", "reserved", "offset 4, 12 bytes", "offset 8, 8 bytes", False),
        ("b", "added", None, "offset 4, 4 bytes", False),
    ]),
    ("in all of it", ["int a", "__u32 __pad2", "int z"], ["int a", "__u32 b", "int z"], [
        ("__pad2", "reserved", "offset 4, 4 bytes", None, False), ("b", "added", None, "offset 4, 4 bytes", False),
    ]),
    ("in reserved bits", ["__u32 a:1", "__u32 __reserved_1:31"], ["__u32 a:1", "__u32 b:2", "__u32 __reserved_1:29"], [
        ("__reserved_1", "reserved", "bit 1, 31 wide", "bit 3, 29 wide", False),
        ("b", "added", None, "bit 1, 2 wide", False),
    ]),
    ("reserved under another name", ["int a", "int rsvd"], ["int a", "int unused"], [
        ("rsvd", "reserved", "offset 4, 4 bytes", None, False),
        ("unused", "reserved", None, "offset 4, 4 bytes", False),
    ]),
    ("a larger union", [union("u", "int a")], [union("u", "int a", "int b[2]")], [
        (None, "grew", "4", "8", False), ("u", "grew", "4", "8", False),
        ("u.b", "added", None, "offset 0, 8 bytes", False),
    ]),
    ("one more view of the same bytes", [union("", "int a")], [union("", "int a", "__u8 b[4]")], [
        ("b", "added", None, "offset 0, 4 bytes", False),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"), [each[1:] for each in EXTENDS], ids=[each[0] for each in EXTENDS]
)
def test_free_space_and_the_end_may_be_used(before: list[Field], after: list[Field], expected: list[Seen]) -> None:
    assert seen(changes_of(of(*before), of(*after))) == expected


def test_a_struct_with_a_tag_in_a_flexible_array_moves_all_of_it_when_it_grows() -> None:
    before = Headers().record("struct e", "int x").record("struct s", "int n", "struct e a[]")
    after = Headers().record("struct e", "int x", "int y").record("struct s", "int n", "struct e a[]")
    broken = [each for each in changes_of(before, after) if each.breaks]
    assert [(each.type, each.member, each.before, each.after) for each in broken] == [
        ("struct s", "a", "4 bytes", "8 bytes"),
    ]  # fmt: skip
    assert broken[0].why.startswith("an element went from 4 to 8 bytes, so every one but the first moves")


def test_a_macro_for_the_old_name_makes_a_new_name_nothing() -> None:
    before = of(struct("n", "int a", "int b"))
    after = of(struct("n", "int a", "int c"))
    assert [each[:2] for each in seen(changes_of(before, after))] == [("n.b", "renamed")]
    assert changes_of(before, after.alias("b", "_b").alias("_b", "c")) == ()
    deeper = of("int a", struct("n", "int c")).alias("b", "n.c")
    assert [each[:2] for each in seen(changes_of(of("int a", "int b"), deeper))] == [("n", "added")]


def test_a_macro_for_other_bytes_is_no_excuse() -> None:
    after = of("int a", "int c").alias("b", "a")
    assert seen(changes_of(of("int a", "int b"), after)) == [("b", "renamed", "b", "c", True)]


def test_an_embedded_record_that_grew_is_told_once_and_blamed_for_what_moved() -> None:
    def made(*inner: str) -> Headers:
        return Headers().record("struct in", *inner).record("struct s", "struct in i", "int z")

    changes = changes_of(made("int a"), made("int a", "int b"))
    assert seen(changes) == [
        (None, "grew", "4", "8", False), ("b", "added", None, "offset 4, 4 bytes", False),
        (None, "size", "8", "12", True), ("z", "offset", "4", "8", True),
    ]  # fmt: skip
    cause = "`i` grew from 4 bytes to 8 bytes (`i.b` (4 bytes) is new)"
    assert changes[-1].why == f"{cause}, so it begins at 8 instead of 4"


WHYS: list[tuple[str, list[Field], list[Field], str, str]] = [
    ("inserted", ["int a", "int b"], ["int a", "int x", "int b"], "b",
     "`x` (4 bytes) was inserted before it, so it begins at 8 instead of 4"),
    ("grew", ["int a", "int b"], ["int a[2]", "int b"], "b",
     "`a` grew from 4 bytes to 8 bytes, so it begins at 8 instead of 4"),
    ("gone", ["int x", "int b"], ["int b"], "b", "`x` (4 bytes) before it is gone, so it begins at 0 instead of 4"),
    ("aligned", ["int a", union("b", "int v")], ["int a", union("b", "int v", "__u64 w")], "b",
     "`b.w` is a __u64, which x86_64 aligns to 8; the union `b` with it, so it begins at 8 instead of 4"),
    ("aligned itself", ["int a", "int b"], ["int a", "__u64 b"], "b",
     "`b` is a __u64, which x86_64 aligns to 8, so it begins at 8 instead of 4"),
    ("before", ["int a", "float b"], ["float b", "int a"], "a",
     "`b` comes before it now, so it begins at 4 instead of 0"),
    ("bit", ["__u32 a:1", "__u32 b:1"], ["__u32 a:1", "__u32 x:1", "__u32 b:1"], "b",
     "`x` (1 bit) was inserted before it, so it is bit 2 instead of 1"),
    ("an anonymous struct in front", ["int a", "int b"], ["int a", struct("", "int x", "int y"), "int b"], "b",
     "the struct with `x` (8 bytes) was inserted before it, so it begins at 12 instead of 4"),
    ("an anonymous union grew", [union("", "int a"), "int b"], [union("", "int a", "int x[3]"), "int b"], "b",
     "the union with `a` grew from 4 bytes to 12 bytes (`x` (12 bytes) is new), so it begins at 12 instead of 4"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "member", "why"), [each[1:] for each in WHYS], ids=[each[0] for each in WHYS]
)
def test_the_innermost_cause_is_named(before: list[Field], after: list[Field], member: str, why: str) -> None:
    changes = changes_of(of(*before), of(*after))
    assert next(each.why for each in changes if each.member == member) == why


def test_what_moved_by_one_cause_is_explained_once_and_what_moved_by_another_again() -> None:
    before = of("int a", "int b", "int c", "int d")
    after = of("int x", "int a", "int b", "int y", "int c", "int d")
    whys = [each.why for each in changes_of(before, after) if each.kind == "offset"]
    assert whys == [
        "`x` (4 bytes) was inserted before it, so it begins at 4 instead of 0",
        "moved with `a`",
        "`y` (4 bytes) was inserted before it, so it begins at 16 instead of 8",
        "moved with `c`",
    ]


@pytest.mark.parametrize("abi", ["arm", "powerpc", "mips-o32", "sparc", "parisc", "riscv32", "s390-31", "sh"])
def test_a_u64_in_siginfo_breaks_where_it_is_aligned_to_8_and_pointers_have_32_bits(abi: str) -> None:
    changes = compare(siginfo(abi, BASE), siginfo(abi, BROKEN), find_abi(abi))
    union_moved = next(each for each in changes if each.member == "_sifields")
    assert (union_moved.type, union_moved.before, union_moved.after) == ("struct siginfo", "12", "16")
    assert union_moved.why == (
        f"`_sifields._sigfault._perf` is a __u64, which {abi} aligns to 8; the union `_sifields` with it, "
        "so it begins at 16 instead of 12"
    )


@pytest.mark.parametrize("abi", ["x86_64", "i386", "m68k", "arm64", "riscv64", "s390"])
@pytest.mark.parametrize("perf", [BROKEN, FIXED])
def test_it_does_not_elsewhere(abi: str, perf: str) -> None:
    changes = compare(siginfo(abi, BASE), siginfo(abi, perf), find_abi(abi))
    assert changes and not any(each.breaks for each in changes)


def test_the_fix_only_extends_on_arm() -> None:
    changes = compare(siginfo("arm", BASE), siginfo("arm", FIXED), find_abi("arm"))
    assert seen(changes) == [("_sigfault._perf", "added", None, "offset 4, 4 bytes", False)]
    assert changes[0].why.startswith("shares bytes with `_sigfault._addr_lsb`, `_sigfault._addr_bnd._dummy_bnd` and ")


@pytest.mark.parametrize("abi", ["x86_64", "i386", "powerpc", "m68k"])
def test_bits_are_counted_in_their_word(abi: str) -> None:
    before = attributes(abi, "__u64 __reserved_1:30")
    after = attributes(abi, "__u64 __reserved_0:1", "__u64 inherit_thread:1", "__u64 __reserved_1:28", sig_data=True)
    assert ("inherit_thread", "added", None, "bit 35", False) in seen(compare(before, after, find_abi(abi)))


def test_types_that_come_go_and_change_their_name() -> None:
    base = Headers().record("struct a", "int x").record("struct b", "int y", "int z")
    gone = Headers().record("struct a", "int x")
    assert seen(changes_of(base, gone)) == [(None, "removed", "8 bytes", None, True)]
    assert seen(changes_of(gone, base)) == [(None, "added", None, "8 bytes", False)]
    renamed = Headers().record("struct a", "int x").record("struct c", "int y", "int z")
    assert seen(changes_of(base, renamed)) == [(None, "renamed", "struct b", "struct c", True)]


def test_a_type_that_moved_to_another_header_is_compared() -> None:
    base = Headers(header="asm/a.h").record("struct a", "int x", "int y")
    assert changes_of(base, Headers(header="asm-generic/a.h").record("struct a", "int x", "int y")) == ()
    worse = changes_of(base, Headers(header="asm-generic/a.h").record("struct a", "int y", "int x"))
    assert [(each.member, each.header) for each in worse] == [("x", "asm-generic/a.h"), ("y", "asm-generic/a.h")]


def test_a_struct_with_a_typedef_only_may_get_a_tag() -> None:
    base = Headers().record("foo_t", "int a")
    base.typedef("foo_t", "foo_t")
    tagged = Headers().record("struct foo", "int a").typedef("struct foo", "foo_t")
    assert changes_of(base, tagged) == ()
    wrong = Headers().record("struct foo", "float a").typedef("struct foo", "foo_t")
    assert [(each.type, each.member, str(each.kind)) for each in changes_of(base, wrong)] == [("foo_t", "a", "type")]
