# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers that only macros have: which are found, what is asked, and what comes back."""

from __future__ import annotations

from seriestool.formats.constants import find_numbers, number_code, number_enums, split_numbers
from seriestool.formats.probes import value_of

HEADER = b"""
#define FOO_GET\t_IOR('f', 1, struct foo)
# define FOO_SET (_IOW ('f', 2, int))
#define FOO_RAW 0x1234
#define FOO_NR(x) _IO('f', x)
/* #define FOO_OLD _IO('f', 9) */
#define __NR_foo 4
#define __ARM_NR_bar (__ARM_NR_BASE + 1)
#define __NR_foo 5
"""


def test_ioctls_and_system_calls_are_found() -> None:
    assert find_numbers(HEADER) == ("FOO_GET", "FOO_SET", "__NR_foo", "__ARM_NR_bar")
    assert find_numbers(b"") == ()


def test_nothing_is_asked_where_there_is_nothing() -> None:
    assert number_code([]) == ""


def test_an_answer_may_have_markers_in_it() -> None:
    code = 'struct foo;\n# 1 "<numbers>"\nseriestool_number 1 \n# 7 "<numbers>" 3 4\n(4\n# 7 "<numbers>"\n+1);\n'
    assert split_numbers(code, ["A", "B"]) == ("struct foo;\n", (("B", "(4 +1)"),))
    assert split_numbers("int a;\n", ["A"]) == ("int a;\n", ())


def test_what_the_compiler_said_is_next_of_kin() -> None:
    said = {value_of("1+1"): 2, value_of("0x80"): 128}
    made_of = [("__NR_foo", "1+1"), ("FOO_GET", "0x80"), ("FOO_LOST", "sizeof(struct nobody)")]
    found = {each.name: (each.enumerators, each.header) for each in number_enums(made_of, said, "linux/foo.h")}
    assert found == {
        "ioctl numbers": ((("FOO_GET", 128),), "linux/foo.h"),
        "system calls": ((("__NR_foo", 2),), "linux/foo.h"),
    }
