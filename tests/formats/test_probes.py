# SPDX-License-Identifier: GPL-2.0-or-later
"""What the compiler is asked about, and how its refusals are taken."""

from __future__ import annotations

import pytest

from seriestool.formats.probes import find_probes, probe_code, probe_number, refused, value_of

BASE = find_probes("")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("struct a { int b; };", ["struct a"]),
        ("struct a;", []),
        ("extern struct a *f(struct b c);", []),
        ("struct a { struct b { int c; } d; union { int e; } f; };", ["struct a", "struct b"]),
        ("typedef struct { struct b { int c; } d; } e_t, *f;", ["struct b", "e_t"]),
        ("typedef const union { int c; } e_t;", ["e_t"]),
        ("typedef struct { int c; } *pointer;", []),
        ("struct __attribute__((packed, aligned((2)))) a { int b; };", ["struct a"]),
        ("typedef struct { int c; } __attribute__((packed)) e_t;", ["e_t"]),
        ("typedef struct { int c; } e_t __attribute__((aligned(sizeof(long) * (1 + 1))));", ["e_t"]),
        ('struct a\n# 3 "linux/a.h" 3 4\n\n{ int b; };', ["struct a"]),
        ('typedef struct {\nint b;\n}\n# 9 "linux/a.h"\n a_t;', ["a_t"]),
        ("struct a { int b; }; struct a { int b; };", ["struct a"]),
        ("enum e { A };", []),
    ],
)
def test_what_is_asked_about(code: str, found: list[str]) -> None:
    assert list(find_probes(code)[len(BASE) :]) == found


def test_128_bits_only_where_a_header_has_them() -> None:
    assert "__int128" not in BASE
    assert {"__int128", "unsigned __int128"} < set(find_probes("typedef unsigned __int128 u128;"))


def test_each_probe_has_its_line() -> None:
    code = probe_code(["int", "struct a"]).splitlines()
    assert code[0] == '# 1 "<alignment probes>"'
    assert code[2:4] == ["seriestool_align_0 = _Alignof(int),", "seriestool_align_1 = _Alignof(struct a),"]


def test_refusals_are_told_by_their_line() -> None:
    said = (
        "linux/a.h:3:1: error: something else\n"
        "<alignment probes>:3:39: error: invalid application of '_Alignof' to incomplete type 'struct a'\n"
        "<alignment probes>:4:39: warning: just so\n"
    )
    assert refused(said, ["int", "struct a", "struct b"]) == {"struct a"}
    assert refused("<alignment probes>:1:1: error: expected ';'\n", ["int"]) == frozenset()


@pytest.mark.parametrize("quotes", ["''", "\u2018\u2019"])
def test_a_name_that_is_unknown_is_told_once_and_meant_everywhere(quotes: str) -> None:
    said = f"<alignment probes>:3:5: error: {quotes[0]}BIT{quotes[1]} undeclared here (not in a function)\n"
    probes = ["int", value_of("BIT + 0"), value_of("BIT + 1"), value_of("BITS + 1"), value_of("3")]
    assert refused(said, probes) == {value_of("BIT + 0"), value_of("BIT + 1")}


@pytest.mark.parametrize(
    ("name", "number"), [("seriestool_align_12", 12), ("seriestool_align_end", None), ("12", None)]
)
def test_answers_are_told_by_their_name(name: str, number: int | None) -> None:
    assert probe_number(name) == number
