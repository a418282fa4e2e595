# SPDX-License-Identifier: GPL-2.0-or-later
"""What is taken of a preprocessor's output."""

from __future__ import annotations

import pytest

from seriestool.formats.preprocessed import read_preprocessed

OUTPUT = """\
# 0 "<stdin>"
# 1 "/tmp/one/include/linux/signal.h" 1 3

# 1 "/tmp/one/include/asm/signal.h" 1 3
#define _ASM_SIGNAL_H 
#pragma pack(push, 1)
struct info { union { struct { int _pid; } _kill; } _fields; };
#define si_pid _fields._kill._pid
#define SI_MAX 128
#define si_id si_pid
#define si_call(x) _fields.x
#define VERSION 1.5
# 3 "/tmp/one/include/linux/signal.h" 2 3
#define si_gone _fields._gone
#undef si_gone
#define si_other _fields._a
#define si_other 12
# 1 "/usr/lib/gcc/include/stddef.h" 1 3 4
typedef unsigned long size_t;
"""  # noqa: W291  # gcc leaves the blank behind an empty macro
PLACES = {"/tmp/one/include": "", "/usr/lib/gcc/include": "<gcc>/"}


def test_code_keeps_its_lines_and_loses_its_macros() -> None:
    lines = read_preprocessed(OUTPUT.encode(), PLACES).code.splitlines()
    assert len(lines) == len(OUTPUT.splitlines())
    assert lines[3:8] == [
        '# 1 "asm/signal.h" 1 3', "", "#pragma pack(push, 1)",
        "struct info { union { struct { int _pid; } _kill; } _fields; };", "",
    ]  # fmt: skip
    assert lines[17] == '# 1 "<gcc>/stddef.h" 1 3 4'


def test_aliases_are_macros_for_a_name_or_a_path_that_still_hold() -> None:
    assert read_preprocessed(OUTPUT.encode(), PLACES).aliases == (
        ("si_id", "si_pid"), ("si_pid", "_fields._kill._pid"),
    )  # fmt: skip


def test_files_that_were_reached() -> None:
    assert read_preprocessed(OUTPUT.encode(), PLACES).reached == ("linux/signal.h", "asm/signal.h", "<gcc>/stddef.h")


def test_the_same_wherever_it_is_installed() -> None:
    moved = OUTPUT.replace("/tmp/one/", "/srv/somewhere else/")
    places = {"/srv/somewhere else/include": "", "/usr/lib/gcc/include": "<gcc>/"}
    assert read_preprocessed(moved.encode(), places) == read_preprocessed(OUTPUT.encode(), PLACES)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe \n# nothing\n", b'# 1 "a\\"b.h" 1\nint \xe9;\n'])
def test_anything_can_be_read(data: bytes) -> None:
    code = read_preprocessed(data, {}).code
    assert code.encode("utf-8", "surrogateescape") == data
