# SPDX-License-Identifier: GPL-2.0-or-later
"""Diagnostics of every tool a kernel build starts, named after their trouble."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.formats.buildlog import Diagnostic, Severity, is_step, new_warnings, read_build_log

ROOTS = ("/src", "/obj/")


def only(output: str) -> Diagnostic:
    (found,) = read_build_log(output.encode(), ROOTS).diagnostics
    return found


def test_gcc_warning() -> None:
    found = only("/src/kernel/a.c:12:5: warning: unused variable \u2018x\u2019 [-Wunused-variable]\n")
    assert found == Diagnostic(
        "kernel/a.c", 12, Severity.WARNING, "unused variable 'x'", "-Wunused-variable", "kernel/a.c"
    )
    assert found.text == "kernel/a.c: warning: unused variable 'x' [-Wunused-variable]"


def test_warning_made_an_error_keeps_its_flag() -> None:
    found = only("/src/kernel/a.c:12:5: error: implicit declaration of function 'f' [-Werror=implicit]\n")
    assert (found.severity, found.flag) == (Severity.ERROR, "-Werror=implicit")
    assert str(found) == "kernel/a.c:12: implicit declaration of function 'f'"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("/src/kernel/a.c:1:10: fatal error: linux/gone.h: No such file or directory",
         "kernel/a.c:1: linux/gone.h: No such file or directory"),
        ("/src/arch/arm/boot/head.S:77: Error: bad instruction `movq r0'",
         "arch/arm/boot/head.S:77: bad instruction 'movq r0'"),
        ("arm-linux-gnueabi-ld: a.c:(.text+0x1c): undefined reference to `gone'",
         "a.c:(.text+0x1c): undefined reference to 'gone'"),
        ("signal.c:(.text+0x1c): undefined reference to `gone'",
         "signal.c:(.text+0x1c): undefined reference to 'gone'"),
        ("ld: b.o:(.data+0x0): multiple definition of `twice'; a.o:(.data+0x0): first defined here",
         "b.o:(.data+0x0): multiple definition of 'twice'; a.o:(.data+0x0): first defined here"),
        ("ERROR: modpost: \"gone\" [drivers/a.ko] undefined!", 'modpost: "gone" [drivers/a.ko] undefined!'),
        ("init/Kconfig:12: syntax error", "init/Kconfig:12: syntax error"),
        ("kernel/Kconfig.locks:3:error: recursive dependency detected!",
         "kernel/Kconfig.locks:3: recursive dependency detected!"),
        ("kernel/a.o: error: objtool: f(): cannot decode", "kernel/a.o: objtool: f(): cannot decode"),
    ],
)  # fmt: skip
def test_error_of_each_tool(line: str, shown: str) -> None:
    log = read_build_log(f"  CC      kernel/a.o\n{line}\n".encode(), ROOTS)
    assert [str(error) for error in log.errors] == [shown]
    assert log.warnings == ()


@pytest.mark.parametrize(
    "line",
    [
        ".config:1637:warning: override: reassigning to symbol SMP",
        "kernel/a.c: In function 'f':",
        "/src/kernel/a.c:12:5: note: declared here",
        "   12 |         error: not one, but source text",
        "arm-linux-gnueabi-ld: kernel/a.o: in function `f':",
        "make[2]: Entering directory '/obj'",
        "Kernel: arch/x86/boot/bzImage is ready  (#1)",
        "WARNING: unmet direct dependencies detected for A",
    ],
)
def test_what_is_no_diagnostic(line: str) -> None:
    assert read_build_log(line.encode(), ROOTS).diagnostics == ()


def test_complaint_about_a_header_belongs_to_the_source_that_included_it() -> None:
    log = read_build_log(
        b"In file included from /src/include/linux/b.h:5,\n"
        b"                 from /src/kernel/a.c:3:\n"
        b"/src/include/linux/c.h:7:1: warning: one\n"
        b"/src/include/linux/c.h:9:1: warning: two\n"
        b"/src/kernel/d.c:1:1: warning: three\n"
    )
    assert [(item.file, item.unit) for item in log.diagnostics] == [
        ("/src/include/linux/c.h", "/src/kernel/a.c"),
        ("/src/include/linux/c.h", "/src/kernel/a.c"),
        ("/src/kernel/d.c", "/src/kernel/d.c"),
    ]


def test_each_diagnostic_comes_once() -> None:
    assert len(read_build_log(b"a.c:1:1: warning: w\na.c:1:1: warning: w\n").diagnostics) == 1


def test_steps_and_the_place_where_make_stopped() -> None:
    log = read_build_log(
        b"  CC      kernel/a.o\n  CC [M]  drivers/b.o\n  HOSTCC  scripts/c\n"
        b"make[1]: *** [scripts/Makefile.build:280: kernel/a.o] Error 1\nmake: *** [Makefile:185: x] Error 2\n"
    )
    assert log.steps == (("CC", "kernel/a.o"), ("CC", "drivers/b.o"), ("HOSTCC", "scripts/c"))
    assert log.stopped == ("[scripts/Makefile.build:280: kernel/a.o] Error 1", "[Makefile:185: x] Error 2")


@pytest.mark.parametrize("line", [b"  CC      a.o", b"  LD [M]  a.ko"])
def test_step_is_told_from_other_lines(line: bytes) -> None:
    assert is_step(line)
    assert not is_step(line.strip())
    assert not is_step(b"   12 | int x;")


def test_generated_files_are_named_relative_to_the_build_dir() -> None:
    assert only("/obj/include/generated/a.h:1:1: warning: w").file == "include/generated/a.h"
    assert only("../kernel/a.c:1:1: warning: w").file == "kernel/a.c"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.c:10:5: warning: unused variable 'x' [-Wu]", "a.c:99:1: warning: unused variable 'x' [-Wu]"),
        ("a.c:1:1: warning: redefined at b.h:10:3", "a.c:1:1: warning: redefined at b.h:22:3"),
        ("a.o: warning: objtool: f()+0x10: unreachable", "a.o: warning: objtool: f()+0x2c: unreachable"),
    ],
)
def test_warning_that_only_moved_is_not_new(one: str, other: str) -> None:
    assert new_warnings([only(one).text], [only(other).text]) == ()


def test_another_warning_in_place_of_one_is_new() -> None:
    base = read_build_log(b"a.c:1:1: warning: unused variable 'x'\n").warnings
    other = read_build_log(b"a.c:1:1: warning: unused variable 'y'\na.c:7:1: warning: unused variable 'y'\n").warnings
    assert new_warnings([item.text for item in base], [item.text for item in other]) == (
        "a.c: warning: unused variable 'y'",
    )


@given(st.binary())
def test_any_bytes_are_read(output: bytes) -> None:
    read_build_log(output, ROOTS)


@given(st.lists(st.text()), st.lists(st.text()))
def test_new_warnings_are_exactly_the_difference(base: list[str], other: list[str]) -> None:
    new = new_warnings(base, other)
    assert set(new) == set(other) - set(base)
    assert len(new) == len(set(new))
