# SPDX-License-Identifier: GPL-2.0-or-later
"""A flag that a merge puts one bit in front of where upstream has it, and one that a reserved bit keeps in place."""

from __future__ import annotations

import pytest

from seriestool.model.abi import AbiMatrix, AbiResult, AbiVerdict
from seriestool.pipeline.abi import AbiRequest
from seriestool.report.abi import abi_sentence
from tests.pipeline.conftest import Bench, git
from tests.pipeline.layouts import Compiler, change_base, check, needs_gcc

pytestmark = needs_gcc

ATTR = "include/uapi/linux/fakeattr.h"
_TEXT = "struct fakeattr {{\n\tint kind;\n\tint more;\n\tunsigned long long {flags};\n}};\n"
OLD = _TEXT.format(flags="first : 1, __reserved_1 : 63")
UPSTREAM = _TEXT.format(flags="first : 1, other : 1, ours : 1, __reserved_1 : 61")
NAIVE = _TEXT.format(flags="first : 1, ours : 1, __reserved_1 : 62")
RIGHT = _TEXT.format(flags="first : 1, __reserved_other : 1, ours : 1, __reserved_1 : 61")


def beside_upstream(bench: Bench, text: str) -> tuple[AbiMatrix, AbiResult]:
    """Return what comes out of a series that gives the old tree *text*, and the result beside the newer tree."""
    Compiler(bench)
    change_base(bench, ATTR, OLD)
    git("branch", "newer", "base", cwd=bench.kernel)
    (bench.kernel / ATTR).write_text(text)
    git("commit", "--quiet", "-am", "attr: ours", cwd=bench.kernel)
    bench.track()
    git("checkout", "--quiet", "newer", cwd=bench.kernel)
    (bench.kernel / ATTR).write_text(UPSTREAM)
    git("commit", "--quiet", "-am", "attr: other and ours", cwd=bench.kernel)
    git("checkout", "--quiet", "main", cwd=bench.kernel)
    with (bench.root / "seriestool.toml").open("a") as file:
        file.write(f'[trees.newer]\ngit = "{bench.kernel}"\nref = "newer"\n')
    matrix = check(bench, request=AbiRequest(abis=("x86_64",), reference="newer", compat=False)).matrix
    (result,) = matrix.reference
    return matrix, result


def test_a_bit_that_a_merge_moved_is_explained(bench: Bench) -> None:
    matrix, result = beside_upstream(bench, NAIVE)
    assert {each.verdict for each in matrix.final} == {AbiVerdict.EXTENDS}, "on its own nothing is wrong with it"
    (change,) = (each for each in result.changes if each.breaks)
    assert (change.type, change.member) == ("struct fakeattr", "ours")
    assert (change.before, change.after) == ("bit 1", "bit 2")
    assert change.why.startswith("in the reference `other` holds bit 1; reserved space in its place puts `ours` ")
    assert abi_sentence(matrix) == "newer has struct fakeattr: ours elsewhere (bit 2, here bit 1) on x86_64"
    (sides,) = result.sides
    assert [row.after.split()[-1] for row in sides.rows if row.changed and not row.before] == ["other:1"]


@pytest.mark.parametrize("text", [RIGHT, UPSTREAM])
def test_a_bit_that_is_where_upstream_has_it_is_no_finding(bench: Bench, text: str) -> None:
    matrix, result = beside_upstream(bench, text)
    assert (result.verdict, matrix.broken) == (AbiVerdict.SAME, False)
