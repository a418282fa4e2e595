# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of kbuild, old and new, and dependency rules of gcc."""

from __future__ import annotations

import pytest

from seriestool.formats.kbuild import Recorded, read_command, read_dependencies

_RECORD = """\
{word}_kernel/bounds.s := gcc -Wp,-MMD,kernel/.bounds.s.d -DNAME='"a$(pound)b c$$d"' -S -o kernel/bounds.s ../kernel/bounds.c

source_kernel/bounds.s := ../kernel/bounds.c

deps_kernel/bounds.s := \\
    $(wildcard include/config/SMP) \\
    $(wildcard include/config/nr/cpus.h) \\
  ../include/linux/kconfig.h \\
  include/generated/autoconf.h \\

kernel/bounds.s: $(deps_kernel/bounds.s)

$(deps_kernel/bounds.s):
"""  # noqa: E501  # as kbuild writes it


@pytest.mark.parametrize("word", ["cmd", "savedcmd"])
def test_command_and_inputs(word: str) -> None:
    said = read_command(_RECORD.format(word=word), "kernel/bounds.s")
    assert said == Recorded(
        ("gcc", "-Wp,-MMD,kernel/.bounds.s.d", '-DNAME="a#b c$d"', "-S", "-o", "kernel/bounds.s", "../kernel/bounds.c"),
        ("../kernel/bounds.c", "../include/linux/kconfig.h", "include/generated/autoconf.h"),
    )


def test_target_below_a_dot() -> None:
    said = read_command("savedcmd_./kernel/bounds.s := gcc -S\n", "kernel/bounds.s")
    assert said == Recorded(("gcc", "-S"), ())


@pytest.mark.parametrize("text", ["", "cmd_kernel/other.s := gcc\n", "deps_kernel/bounds.s := a.h\n"])
def test_nothing_about_the_target(text: str) -> None:
    assert read_command(text, "kernel/bounds.s") is None


def test_dependencies_of_a_compilation() -> None:
    assert read_dependencies("seriestool.o: ../a.h \\\n ../b\\ c.h \\\n d.h\n") == ("../a.h", "../b c.h", "d.h")
    assert read_dependencies("") == ()
