# SPDX-License-Identifier: GPL-2.0-or-later
"""The abi stage on the fake kernel and a real compiler: what is told, what cannot be, and what is not done twice."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.errors import ProgramMissing, UsageError
from seriestool.model.abi import AbiMatrix, AbiVerdict
from seriestool.pipeline.abi import AbiRequest, finished
from tests.pipeline.conftest import Bench, git
from tests.pipeline.layouts import (
    BROKEN,
    CURED,
    FAKEINFO,
    LSB,
    Compiler,
    change_base,
    check,
    edit,
    finals,
    needs_gcc,
    results,
    verdicts,
)

pytestmark = needs_gcc


@pytest.fixture
def compiler(bench: Bench) -> Compiler:
    """The real compiler, in the place of the fake ones."""
    return Compiler(bench)


@pytest.fixture
def series(bench: Bench, compiler: Compiler) -> Bench:
    """A series that breaks x32, does something else, and is cured by a fix."""
    edit(bench, "fakeinfo: perf", LSB, BROKEN)
    bench.commit("signal: use it", {"kernel/signal.c": "/* nothing */\n"})
    edit(bench, "fakeinfo: no 64-bit integer", BROKEN, CURED)
    bench.track(fixes=1)
    return bench


def test_a_break_and_its_cure(series: Bench) -> None:
    matrix = check(series).matrix
    assert verdicts(matrix, "01") == {"x86_64": "extends", "i386": "extends", "x32": "breaks"}
    broken = results(matrix, "01")["x32"]
    moved = {change.member: (change.before, change.after) for change in broken.changes if change.breaks}
    assert moved["fields.fault.lsb"] == ("12", "16")
    assert broken.cured_by == "03"
    assert results(matrix, "03")["x32"].cures == ("01",)
    assert finals(matrix)["x32"] == "extends"
    assert matrix.broken
    assert matrix.abis == ("x86_64", "i386", "x32")


def test_what_touches_no_header_is_not_compiled(bench: Bench, compiler: Compiler) -> None:
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    bench.track()
    matrix = check(bench, "x86_64", "arm").matrix
    assert compiler.compiled() == 0
    assert {each.reason for each in results(matrix, "01").values()} == {"touches no user-space header"}
    assert finals(matrix) == {"x86_64": "same", "arm": "same"}, "no compiler is needed to know that"
    assert not matrix.broken


def test_headers_that_include_the_one_that_changed_are_compiled(series: Bench, compiler: Compiler) -> None:
    check(series, "x86_64")
    # asm-generic/fakeinfo.h, asm/fakeinfo.h and linux/fakeinfo.h; not fakebits.h, and not fakex86.h.
    assert compiler.compiled() == 9


def test_a_missing_compiler_is_no_pass(series: Bench) -> None:
    matrix = check(series, "x86_64", "arm").matrix
    assert verdicts(matrix, "01") == {"x86_64": "extends", "arm": "unavailable"}
    assert verdicts(matrix, "02") == {"x86_64": "same", "arm": "same"}
    assert results(matrix, "01")["arm"].reason == "no arm-linux-gnueabi-gcc: apt install gcc-arm-linux-gnueabi"
    assert finals(matrix) == {"x86_64": "extends", "arm": "unavailable"}


def test_no_compiler_at_all(series: Bench) -> None:
    series.fakes.remove("gcc")
    matrix = check(series).matrix
    assert set(finals(matrix).values()) == {"unavailable"}


def test_a_header_that_does_not_compile(bench: Bench, compiler: Compiler) -> None:
    edit(bench, "fakeinfo: a type nobody has", LSB, LSB + "\t\t\tstruct nobody nothing;\n")
    bench.track()
    result = results(check(bench, "x86_64").matrix, "01")["x86_64"]
    assert result.verdict is AbiVerdict.UNAVAILABLE
    assert {failure.header for failure in result.failures} == {
        "asm-generic/fakeinfo.h", "asm/fakeinfo.h", "linux/fakeinfo.h",
    }  # fmt: skip
    assert all("field 'nothing' has incomplete type" in failure.error for failure in result.failures)
    assert "asm-generic/fakeinfo.h could not be read" in result.reason


def test_a_tree_without_headers_install(series: Bench) -> None:
    makefile = (series.kernel / "Makefile").read_text().replace(" headers_install ", " ")
    change_base(series, "Makefile", makefile.replace("headers_install:", "headers_gone:"))
    matrix = check(series).matrix
    reasons = {each.reason for number in ("01", "03") for each in results(matrix, number).values()}
    assert reasons == {"the base: the headers do not install: the tree has no headers_install"}
    assert verdicts(matrix, "02") == dict.fromkeys(matrix.abis, "same")
    assert set(finals(matrix).values()) == {"unavailable"}
    assert not matrix.broken


def test_one_patch_whose_headers_do_not_install(bench: Bench, compiler: Compiler) -> None:
    edit(bench, "fakeinfo: leak", LSB, f"{LSB}#ifdef CONFIG_FAKE\n#endif\n")
    edit(bench, "fakeinfo: no leak", "#ifdef CONFIG_FAKE\n#endif\n", "")
    bench.track()
    matrix = check(bench, "x86_64").matrix
    assert results(matrix, "01")["x86_64"].reason == (
        f"the headers do not install: {FAKEINFO}: leak CONFIG_FAKE to user-space"
    )
    assert verdicts(matrix, "02") == {"x86_64": "unavailable"}
    assert finals(matrix) == {"x86_64": "same"}


def test_what_stands_behind_a_patch_that_does_not_apply_is_not_told(series: Bench) -> None:
    text = (series.kernel / FAKEINFO).read_text()
    change_base(series, FAKEINFO, text.replace("short lsb;", "short least;"))
    checked = check(series)
    matrix = checked.matrix
    assert not checked.applied.outcome.applies
    assert {each.reason for each in results(matrix, "01").values()} == {"01 does not apply"}
    assert verdicts(matrix, "02") == dict.fromkeys(matrix.abis, "same")
    assert set(verdicts(matrix, "03").values()) == {"unavailable"}
    assert {each.reason for each in matrix.final} == {"01 does not apply"}
    assert not matrix.broken


def test_a_patch_that_does_not_apply_and_names_no_header_hides_nothing(bench: Bench, compiler: Compiler) -> None:
    edit(bench, "signal: a word", "int", "long", "kernel/signal.c")
    edit(bench, "fakeinfo: perf", LSB, BROKEN)
    bench.track()
    change_base(bench, "kernel/signal.c", "/* another file */\n")
    matrix = check(bench, "x32").matrix
    assert (verdicts(matrix, "01"), verdicts(matrix, "02")) == ({"x32": "unavailable"}, {"x32": "breaks"})
    assert finals(matrix) == {"x32": "breaks"}


def test_a_second_time_nothing_is_compiled(series: Bench, compiler: Compiler) -> None:
    first = check(series)
    compiled = compiler.compiled()
    second = check(series)
    assert (first.cached, second.cached) == (False, True)
    assert second.matrix == first.matrix
    assert compiler.compiled() == compiled


def test_what_can_affect_a_matrix_is_its_key(series: Bench, compiler: Compiler) -> None:
    first = check(series)
    assert not check(series, "x32").cached, "other ABIs"
    assert not check(series, ctx=replace(series.ctx, reuse=False)).cached, "-B"
    (series.root / "patches" / "demo" / "expect.toml").write_text('["struct fakeinfo".x32]\nnumber = 0\n')
    assert not check(series).cached, "expectations"
    assert check(series).cached
    compiler.update()
    again = check(series)
    assert not again.cached, "the compiler"
    assert again.matrix.patches == first.matrix.patches


def test_a_matrix_that_cannot_be_read_is_made_again(series: Bench) -> None:
    first = check(series)
    (kept,) = (series.ctx.cache.layouts / "finished").glob("*.json")
    kept.write_text("{")
    again = check(series)
    assert (again.cached, again.matrix) == (False, first.matrix)


def test_old_matrices_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished, "_MOST", 2)
    matrix = AbiMatrix("s", "t", "5.10", (), (), ())
    for number, key in enumerate("abc"):
        finished.keep_matrix(tmp_path, key, matrix)
        os.utime(tmp_path / f"{key}.json", (number, number))
    finished.keep_matrix(tmp_path, "d", matrix)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "d.json"]
    assert finished.load_matrix(tmp_path, "d") == matrix


def test_expectations_beside_the_series(series: Bench) -> None:
    (series.root / "patches" / "demo" / "expect.toml").write_text(
        'source = "us"\n["struct fakeinfo"."x32 i386 arm"]\n"fields.fault.lsb" = 12\ncode = 8\n'
    )
    matrix = check(series).matrix
    found = {(each.expected.member, each.expected.abi): (each.found, each.met) for each in matrix.expectations}
    assert found == {
        ("code", "i386"): (4, False),
        ("code", "x32"): (4, False),
        ("fields.fault.lsb", "i386"): (12, True),
        ("fields.fault.lsb", "x32"): (12, True),
    }, "what was not asked for is not told"


def test_expectations_of_a_type_that_no_patch_touches(bench: Bench, compiler: Compiler) -> None:
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    bench.track()
    expect = bench.root / "other.toml"
    expect.write_text('["struct fakex86".x86_64]\nword = 0\nsizeof = 8\n["struct nobody".x86_64]\nsizeof = 1\n')
    matrix = check(bench, request=AbiRequest(abis=("x86_64",), expect=expect)).matrix
    assert [(each.met, each.reason) for each in matrix.expectations] == [
        (True, ""), (True, ""), (False, "no such type"),
    ]  # fmt: skip
    assert matrix.broken


def test_a_tree_that_has_it_all_may_have_moved_on(series: Bench) -> None:
    (series.root / "patches" / "demo" / "expect.toml").write_text('["struct fakeinfo".x32]\nnobody = 0\n')
    assert [each.met for each in check(series).matrix.expectations] == [False]
    git("checkout", "--quiet", "-B", "upstream", "base", cwd=series.kernel)
    git("am", "--quiet", *sorted(map(str, (series.root / "patches" / "demo").glob("*.patch"))), cwd=series.kernel)
    git("tag", "--force", "base", cwd=series.kernel)
    matrix = check(series).matrix
    assert matrix.expectations == ()
    assert {each.reason for each in matrix.final} == {"in the tree already"}
    assert not matrix.broken


def test_expectations_that_make_no_sense_are_named(series: Bench) -> None:
    (series.root / "patches" / "demo" / "expect.toml").write_text("[siginfo_t.vax]\nsi_pid = 12\n")
    with pytest.raises(UsageError, match=r"expect\.toml.*vax"):
        check(series)
    with pytest.raises(UsageError, match=r"nowhere\.toml: No such file"):
        check(series, request=AbiRequest(abis=("x32",), expect=series.root / "nowhere.toml"))


def test_a_reference_that_agrees(series: Bench) -> None:
    git("branch", "newer", "main", cwd=series.kernel)
    with (series.root / "seriestool.toml").open("a") as file:
        file.write(f'[trees.newer]\ngit = "{series.kernel}"\nref = "newer"\n')
    matrix = check(series, request=AbiRequest(abis=("x86_64",), reference="newer")).matrix
    assert matrix.reference_tree == "newer"
    assert matrix.reference[0].verdict is not AbiVerdict.BREAKS


def test_a_reference_that_has_it_elsewhere(bench: Bench, compiler: Compiler) -> None:
    edit(bench, "fakeinfo: perf", LSB, f"{LSB}\t\t\tshort perf;\n")
    git("branch", "newer", "base", cwd=bench.kernel)
    bench.track()
    git("checkout", "--quiet", "newer", cwd=bench.kernel)
    edit(bench, "fakeinfo: as upstream has it", LSB, f"{LSB}\t\t\tshort other, perf;\n")
    git("checkout", "--quiet", "main", cwd=bench.kernel)
    with (bench.root / "seriestool.toml").open("a") as file:
        file.write(f'[trees.newer]\ngit = "{bench.kernel}"\nref = "newer"\n')
    matrix = check(bench, request=AbiRequest(abis=("x86_64", "arm"), reference="newer")).matrix
    by_abi = {each.abi: each for each in matrix.reference}
    assert by_abi["x86_64"].verdict is AbiVerdict.BREAKS
    (change,) = (each for each in by_abi["x86_64"].changes if each.breaks)
    assert (change.member, change.before, change.after) == ("fields.fault.perf", "18", "20")
    assert by_abi["arm"].verdict is AbiVerdict.UNAVAILABLE
    assert matrix.broken


def test_an_unknown_reference_is_told_before_anything_is_done(bench: Bench) -> None:
    with pytest.raises(UsageError, match="unknown tree: nowhere"):
        check(bench, request=AbiRequest(reference="nowhere"))


def test_abis_of_the_workspace(series: Bench) -> None:
    config = series.root / "seriestool.toml"
    text = config.read_text()
    config.write_text(f'abis = ["x32", "x86_64"]\n{text}')
    assert check(series, request=AbiRequest()).matrix.abis == ("x86_64", "x32")
    config.write_text(f'abis = ["vax"]\n{text}')
    with pytest.raises(UsageError, match=r"seriestool\.toml: abis: unknown abi: vax"):
        check(series, request=AbiRequest())


def test_what_is_installed_and_six_more_or_less(series: Bench) -> None:
    matrix = check(series, request=AbiRequest()).matrix
    assert matrix.abis == ("x86_64", "i386", "x32", "arm", "arm64", "powerpc", "s390")
    assert len(check(series, request=AbiRequest(every=True)).matrix.abis) == 20


def test_a_machine_that_cannot_install_headers(series: Bench) -> None:
    series.fakes.remove("rsync")
    with pytest.raises(ProgramMissing, match="rsync"):
        check(series)


def test_compat_types_are_left_alone_where_no_patch_can_change_them(bench: Bench, compiler: Compiler) -> None:
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    bench.track()
    assert check(bench).matrix.compat == ()


def test_compat_types_that_cannot_be_read_say_why(bench: Bench, compiler: Compiler) -> None:
    """Whatever a kernel's own type can be made of: its headers, and what configures it."""
    bench.commit("fake: a symbol", {"kernel/Kconfig.fake": "config FAKE\n"})
    bench.commit("fake: a type", {"include/fake.h": "typedef int fake_t;\n"})
    bench.track()
    (result,) = check(bench).matrix.compat
    assert (result.abi, result.number, result.verdict) == ("i386", None, AbiVerdict.UNAVAILABLE)
    assert result.reason == "no kernel: the tree has no Kbuild"
    assert check(bench, request=AbiRequest(abis=("i386",), compat=False)).matrix.compat == ()
