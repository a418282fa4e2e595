# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool abi`` from outside: its output, its exit codes, and the one line when it cannot tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.conftest import ROOT
from tests.pipeline.conftest import TREE, Bench
from tests.pipeline.layouts import BROKEN, CURED, LSB, Compiler, change_base, edit, needs_gcc

pytestmark = needs_gcc
SCHEMA = ROOT / "docs" / "reference" / "schema" / "abi.schema.json"
ARGUMENTS = ("abi", "demo", "--tree", TREE, "-q")


@pytest.fixture
def series(bench: Bench) -> Bench:
    """A series that breaks x32, and a fix that cures it."""
    Compiler(bench)
    edit(bench, "fakeinfo: perf", LSB, BROKEN)
    edit(bench, "fakeinfo: no 64-bit integer", BROKEN, CURED)
    bench.track(fixes=1)
    return bench


@pytest.fixture
def harmless(bench: Bench) -> Bench:
    """A series that changes a header without changing a layout."""
    Compiler(bench)
    edit(bench, "fakeinfo: a word", LSB, f"\t\t\t/* least significant bit */\n{LSB}")
    bench.track()
    return bench


def test_a_break_ends_with_1_and_says_who_cured_it(series: Bench) -> None:
    done = series.program(*ARGUMENTS, "--abi", "x32", "--abi", "x86_64")
    assert (done.returncode, done.stderr) == (1, "")
    assert "x32: broken by 01, cured by 02" in done.stdout
    assert "fields.fault.lsb" in done.stdout


def test_json_as_the_schema_has_it(series: Bench) -> None:
    done = series.program(*ARGUMENTS, "--abi", "x32", "--abi", "i386", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert (found["series"], found["tree"]) == ("demo", TREE)
    first, second = found["patches"]
    assert (first["number"], first["abis"]["x32"]["verdict"], first["abis"]["i386"]["verdict"]) == (
        "01", "breaks", "extends",
    )  # fmt: skip
    (moved,) = (each for each in first["abis"]["x32"]["changes"] if each["member"] == "fields.fault.lsb")
    assert (moved["type"], moved["kind"], moved["before"], moved["after"]) == ("struct fakeinfo", "offset", "12", "16")
    assert second["abis"]["x32"]["cures"] == ["01"]


def test_no_change_ends_with_0(harmless: Bench) -> None:
    done = harmless.program(*ARGUMENTS, "--abi", "x86_64")
    assert (done.returncode, done.stderr) == (0, "")
    assert "same" in done.stdout


def test_an_abi_that_was_asked_for_and_cannot_be_told_ends_with_125(harmless: Bench) -> None:
    done = harmless.program(*ARGUMENTS, "--abi", "x86_64", "--abi", "m68k")
    assert done.returncode == 125
    assert "unavailable" in done.stdout
    assert done.stderr == (
        "error: m68k: no m68k-linux-gnu-gcc: apt install gcc-m68k-linux-gnu\n"
        "hint: apt-get install --no-install-recommends gcc-m68k-linux-gnu\n"
    )


def test_abis_without_a_compiler_that_nobody_insists_on_are_shown_and_fail_nothing(harmless: Bench) -> None:
    for words in ((), ("--all-abis",)):
        done = harmless.program(*ARGUMENTS, *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "gcc-arm-linux-gnueabi" in done.stdout


def test_no_compiler_at_all_ends_with_125(harmless: Bench) -> None:
    harmless.fakes.remove("gcc")
    done = harmless.program(*ARGUMENTS)
    assert done.returncode == 125
    error, hint = done.stderr.splitlines()
    assert error == "error: no ABI could be told: x86_64: no gcc: apt install gcc"
    assert hint.startswith("hint: apt-get install ")


def test_a_break_weighs_more_than_what_could_not_be_told(series: Bench) -> None:
    done = series.program(*ARGUMENTS, "--abi", "x32", "--abi", "m68k")
    assert (done.returncode, done.stderr) == (1, "")


def test_a_patch_that_does_not_apply_ends_with_3_after_what_could_be_told(series: Bench) -> None:
    change_base(series, "include/uapi/asm-generic/fakeinfo.h", "struct fakeinfo { int other; };\n")
    done = series.program(*ARGUMENTS, "--abi", "x32")
    assert done.returncode == 3
    assert "01 does not apply" in done.stdout


def test_a_header_that_does_not_compile_is_named_with_its_first_error(bench: Bench) -> None:
    Compiler(bench)
    edit(bench, "fakeinfo: a type nobody has", LSB, LSB + "\t\t\tstruct nobody nothing;\n")
    bench.track()
    done = bench.program(*ARGUMENTS, "--abi", "x86_64")
    assert done.returncode == 125
    assert done.stderr.startswith("error: x86_64: asm-generic/fakeinfo.h could not be read: ")
    assert "field 'nothing' has incomplete type" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--abi", "vax"), "error: unknown abi: vax\nhint: known: x86_64, i386, x32, arm, "),
        (("--abi", "arm", "--all-abis"), "error: --abi and --all-abis are both given\nhint: one of them\n"),
        (("--reference", "nowhere"), "error: unknown tree: nowhere\nhint: known: fake, "),
        (("--expect", "nowhere.toml"), "error: nowhere.toml: No such file or directory\n"),
    ],
)
def test_wrong_words_are_told_before_anything_is_done(bench: Bench, words: tuple[str, ...], said: str) -> None:
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    bench.track()
    done = bench.program(*ARGUMENTS, *words)
    assert (done.returncode, done.stdout) == (129, "")
    assert done.stderr.startswith(said)


def test_completion_of_abis(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seriestool"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "_SERIESTOOL_COMPLETE": "bash_complete",
            "COMP_WORDS": "seriestool abi x --abi s390", "COMP_CWORD": "4",
        },
    )  # fmt: skip
    assert {line.split(",")[1] for line in done.stdout.split()} == {"s390", "s390-31"}


def test_doctor_wants_the_compilers_of_the_workspace(bench: Bench) -> None:
    config = bench.root / "seriestool.toml"
    config.write_text(f'abis = ["m68k"]\n{config.read_text()}')
    found = json.loads(bench.program("doctor", "--json").stdout)
    purposes = {need["package"]: need["purpose"] for need in found["needs"]}
    assert purposes["gcc-m68k-linux-gnu"] == "user-space layout (m68k)"
    assert "gcc-s390x-linux-gnu" not in purposes
    config.write_text(f'abis = ["vax"]\n{config.read_text()}'.replace('abis = ["m68k"]\n', ""))
    assert "seriestool.toml: abis: unknown abi: vax" in bench.program("doctor").stderr
