# SPDX-License-Identifier: GPL-2.0-or-later
"""What make's output says went wrong, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.abi.make import Task, first_error, install_headers
from seriestool.errors import MachineFault

SOURCE = Path("/kernel/source")
_ENDS = """\
make[2]: *** [/kernel/source/scripts/Makefile.headersinst:63: usr/include/linux/fake.h] Error 1
make[2]: *** Waiting for unfinished jobs....
make[1]: *** [/kernel/source/Makefile:1385: headers] Error 2
make: *** [Makefile:192: __sub-make] Error 2
"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            f"error: {SOURCE}/include/uapi/linux/fake.h: leak CONFIG_FAKE to user-space\n{_ENDS}",
            "include/uapi/linux/fake.h: leak CONFIG_FAKE to user-space",
        ),
        (
            f"{SOURCE}/scripts/unifdef.c:7:1: error: unknown type name 'fake'\n    7 | fake x;\n{_ENDS}",
            "scripts/unifdef.c:7:1: error: unknown type name 'fake'",
        ),
        (
            f"make[2]: *** No rule to make target 'usr/include/a.h', needed by '__headers'.  Stop.\n{_ENDS}",
            "No rule to make target 'usr/include/a.h', needed by '__headers'.",
        ),
        (
            f"{SOURCE}/Makefile:700: arch/fake/Makefile: No such file or directory\n"
            "make[1]: *** No rule to make target 'arch/fake/Makefile'.  Stop.\n"
            "make: *** [Makefile:192: __sub-make] Error 2\n",
            "No rule to make target 'arch/fake/Makefile'.",
        ),
        ("make: *** No rule to make target 'headers_install'.  Stop.\n", "the tree has no headers_install"),
        (f"sed: can't read fake.h: No such file\n{_ENDS}", "sed: can't read fake.h: No such file"),
        (
            "make: Entering directory '/kernel/source'\nmake: *** [Makefile:2: all] Error 1\n"
            "make: Leaving directory '/kernel/source'\n",
            "[Makefile:2: all] Error 1",
        ),
        ("", "make says nothing"),
    ],
)
def test_the_line_that_tells(output: str, line: str) -> None:
    assert first_error(output, SOURCE) == line


def test_a_make_that_cannot_even_start_is_no_fault_of_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))  # where make keeps a makefile that comes through a pipe
    task = Task("arm", tmp_path / "out", tmp_path / "target", tmp_path / "log")
    with pytest.raises(MachineFault, match=r"make cannot install headers: .*temporary file.*No such file"):
        install_headers(tmp_path, [task])
