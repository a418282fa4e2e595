# SPDX-License-Identifier: GPL-2.0-or-later
"""Two fake trees against each other, with a real compiler: the library's door and the command."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from seriestool.errors import UsageError
from seriestool.model.abi import AbiVerdict, TreeVersion
from seriestool.pipeline.abi import AbiRequest, ComparedTrees, compare_two_trees
from seriestool.pipeline.library import open_library
from tests.conftest import ROOT
from tests.pipeline.conftest import TREE, Bench, git
from tests.pipeline.layouts import BROKEN, LSB, Compiler, edit, needs_gcc

pytestmark = needs_gcc

SCHEMA = ROOT / "docs" / "reference" / "schema" / "abi.schema.json"


@pytest.fixture
def compiler(bench: Bench) -> Compiler:
    return Compiler(bench)


@pytest.fixture
def trees(bench: Bench, compiler: Compiler) -> Bench:
    """The fake tree, and a newer one that breaks x32."""
    git("checkout", "--quiet", "-b", "newer", "base", cwd=bench.kernel)
    edit(bench, "fakeinfo: perf", LSB, BROKEN)
    git("checkout", "--quiet", "main", cwd=bench.kernel)
    with (bench.root / "seriestool.toml").open("a") as file:
        file.write(f'[trees.newer]\ngit = "{bench.kernel}"\nref = "newer"\n')
    return bench


def compare(bench: Bench, old: str, new: str, *abis: str) -> ComparedTrees:
    with open_library(bench.ctx) as library:
        return compare_two_trees(library, old, new, AbiRequest(abis=abis or ("x86_64", "x32")))


def test_every_header_of_both_is_compared(trees: Bench) -> None:
    matrix = compare(trees, TREE, "newer").matrix
    assert (matrix.series, matrix.tree, matrix.patches) == ("", "newer", ())
    assert matrix.old is not None
    assert (matrix.old.tree, len(matrix.old.version)) == (TREE, len(matrix.version))
    by_abi = {each.abi: each for each in matrix.final}
    assert {abi: each.verdict.value for abi, each in by_abi.items()} == {"x86_64": "extends", "x32": "breaks"}
    moved = {each.member: (each.before, each.after) for each in by_abi["x32"].changes if each.breaks}
    assert moved["fields.fault.lsb"] == ("12", "16")
    assert matrix.broken
    back = {each.abi: each.verdict for each in compare(trees, "newer", TREE).matrix.final}
    assert set(back.values()) == {AbiVerdict.BREAKS}, "what came goes"


def test_a_tree_against_itself_gives_no_finding(trees: Bench, compiler: Compiler) -> None:
    matrix = compare(trees, TREE, TREE, "x86_64").matrix
    assert isinstance(matrix.old, TreeVersion)
    assert [(each.verdict, each.changes) for each in matrix.final] == [(AbiVerdict.SAME, ())]
    assert compiler.compiled() == 5, "all headers, each once"


def test_a_second_time_nothing_is_compiled(trees: Bench, compiler: Compiler) -> None:
    first = compare(trees, TREE, "newer")
    compiled = compiler.compiled()
    second = compare(trees, TREE, "newer")
    assert (first.cached, second.cached) == (False, True)
    assert (second.matrix, compiler.compiled()) == (first.matrix, compiled)
    assert not compare(trees, "newer", TREE).cached


def test_a_tree_whose_headers_do_not_install_is_named(trees: Bench) -> None:
    git("checkout", "--quiet", "newer", cwd=trees.kernel)
    makefile = (trees.kernel / "Makefile").read_text().replace(" headers_install ", " ")
    (trees.kernel / "Makefile").write_text(makefile.replace("headers_install:", "headers_gone:"))
    git("commit", "--quiet", "-am", "no headers", cwd=trees.kernel)
    git("checkout", "--quiet", "main", cwd=trees.kernel)
    done = trees.program("abi", "--between", TREE, "newer", "--abi", "x86_64", "-q")
    assert done.returncode == 125
    assert done.stderr == (
        "error: x86_64: newer: the headers do not install: the tree has no headers_install\n"
    )


def test_an_unknown_tree(trees: Bench) -> None:
    with pytest.raises(UsageError, match="unknown tree: nowhere"):
        compare(trees, TREE, "nowhere")


def test_the_command_lists_the_breaks_and_ends_with_1(trees: Bench) -> None:
    words = ("abi", "--between", TREE, "newer", "--abi", "x86_64", "--abi", "x32", "-q")
    done = trees.program(*words)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"x32: broken from {TREE} to newer" in done.stdout
    assert re.search(r"fields\.fault\.lsb +offset 12 -> 16\s", done.stdout), done.stdout[:1500]
    assert "x86_64: struct fakeinfo: fields.fault.perf added" in done.stdout
    found = json.loads(trees.program(*words, "--json").stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert (found["series"], found["old"]["tree"], found["tree"], found["patches"]) == (None, TREE, "newer", [])
    assert found["summary"].startswith(f"newer breaks the user-space layout of {TREE} on x32 (struct fakeinfo: ")
    assert found["final"]["x32"]["verdict"] == "breaks"


def test_the_command_says_that_nothing_changed_and_ends_with_0(trees: Bench) -> None:
    done = trees.program("abi", "--between", TREE, TREE, "--abi", "x86_64", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == f"{TREE}: {TREE} has the user-space layout of {TREE} on x86_64".split()


def test_without_a_compiler_there_is_no_pass(trees: Bench) -> None:
    done = trees.program("abi", "--between", TREE, "newer", "--abi", "m68k", "-q")
    assert done.returncode == 125
    assert done.stderr.startswith("error: m68k: no m68k-linux-gnu-gcc: apt install gcc-m68k-linux-gnu\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "error: neither a series nor --between is given\nhint: SERIES, or --between OLD NEW\n"),
        (("--between", TREE), "error: Option '--between' requires 2 arguments"),
        (("--between", TREE, TREE, "demo"), "error: --between compares two trees, and SERIES is about a series\n"),
        (("--between", TREE, TREE, "--tree", TREE), "error: --between compares two trees, and --tree is about a se"),
        (("--between", TREE, TREE, "--reference", TREE), "error: --between compares two trees, and --reference is "),
        (("--between", TREE, TREE, "-C", "1"), "error: --between compares two trees, and -C is about a series\n"),
        (("--between", TREE, "nowhere"), "error: unknown tree: nowhere\n"),
    ],
)
def test_wrong_words(bench: Bench, words: tuple[str, ...], said: str) -> None:
    done = bench.program("abi", *words)
    assert (done.returncode, done.stdout) == (129, "")
    assert done.stderr.startswith(said)
