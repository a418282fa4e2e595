# SPDX-License-Identifier: GPL-2.0-or-later
"""The abi stage as a part of a run: before the first kernel, stored at once, and never what ends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seriestool.model.abi import AbiVerdict
from seriestool.model.run import RunRecord, Stage, StageResult, Status
from seriestool.pipeline.abi import AbiRequest
from seriestool.pipeline.run import RunRequest, run
from seriestool.report.abi import abi_sentence
from seriestool.store import open_store
from tests.pipeline.conftest import TREE, Bench
from tests.pipeline.layouts import BROKEN, CURED, LSB, Compiler, change_base, edit, needs_gcc

pytestmark = needs_gcc


@pytest.fixture
def series(bench: Bench) -> Bench:
    """A series that breaks x32, and a fix; kernels are those of the fake compiler for arm."""
    edit(bench, "fakeinfo: perf", LSB, BROKEN)
    edit(bench, "fakeinfo: no 64-bit integer", BROKEN, CURED)
    bench.track(fixes=1)
    return bench


def start(bench: Bench, **changes: object) -> RunRecord:
    """Run the series for x32 layouts and arm kernels, with the host's compiler for the former alone."""
    request = RunRequest("demo", (TREE,), ("arm",), "again", abi=AbiRequest(abis=("x86_64", "x32")))
    return run(bench.ctx, replace(request, **changes))  # type: ignore[arg-type]  # whatever a test wants else


def real_gcc(bench: Bench) -> Compiler:
    """Give the bench the host's gcc; the fake one for arm stays."""
    arm = (bench.fakes.directory / "arm-linux-gnueabi-gcc").read_text()
    compiler = Compiler(bench)
    bench.fakes.add("arm-linux-gnueabi-gcc", arm)
    return compiler


def abi_stage(record: RunRecord) -> StageResult:
    (found,) = (stage for stage in record.stages if stage.stage is Stage.ABI)
    return found


def test_it_comes_before_the_first_kernel_and_its_sentence_is_in_the_verdict(series: Bench) -> None:
    real_gcc(series)
    record = start(series)
    order = list(dict.fromkeys(stage.stage for stage in record.stages))
    assert order[:4] == [Stage.FETCH, Stage.APPLY, Stage.ABI, Stage.BUILD]
    sentence = abi_sentence(record.abi[0])
    assert sentence.startswith("01 breaks the user-space layout on x32 (")
    assert sentence.endswith(", 02 cures it")
    assert abi_stage(record).status is Status.FAILED
    assert (abi_stage(record).detail, record.verdict, record.exit_code) == (sentence, sentence, 1)
    assert abi_stage(record).command == f"seriestool abi demo --tree {TREE}"
    assert [finding.text for finding in record.findings if finding.against] == [sentence]
    with open_store(series.ctx.workspace.database) as store:
        assert store.load_run(record.id) == record


def test_the_second_run_takes_it_from_the_first(series: Bench) -> None:
    compiler = real_gcc(series)
    first = start(series, until=Stage.BUILD)
    compiled = compiler.compiled()
    second = start(series, until=Stage.BUILD)
    assert (abi_stage(first).cached, abi_stage(second).cached) == (False, True)
    assert second.abi == first.abi
    assert compiler.compiled() == compiled


def test_a_kernel_that_does_not_build_hides_nothing(series: Bench) -> None:
    change_base(series, "kernel/signal.c", "/* gcc-error: never */\n")
    real_gcc(series)
    record = start(series)
    assert record.exit_code == 1
    assert "01 breaks the user-space layout on x32" in record.verdict
    assert {stage.status for stage in record.stages if stage.stage is Stage.BUILD} == {Status.FAILED}


def test_it_can_be_left_out(series: Bench) -> None:
    record = start(series, abi=None)
    assert (abi_stage(record).status, abi_stage(record).detail) == (Status.SKIPPED, "--no-abi")
    assert record.abi == ()
    assert record.exit_code == 0


def test_a_tree_without_headers_install_does_not_stop_the_run(series: Bench) -> None:
    makefile = (series.kernel / "Makefile").read_text().replace(" headers_install ", " ")
    change_base(series, "Makefile", makefile.replace("headers_install:", "headers_gone:"))
    real_gcc(series)
    record = start(series, until=Stage.BUILD)
    assert abi_stage(record).status is Status.ERROR
    assert {each.verdict for each in record.abi[0].final} == {AbiVerdict.UNAVAILABLE}
    assert [stage.status for stage in record.stages if stage.stage is Stage.BUILD] == [Status.PASSED] * 3
    assert record.exit_code == 125
    assert "the tree has no headers_install" in record.verdict
    assert len(record.findings) == 1, "said once"


def test_a_machine_that_cannot_tell_does_not_stop_the_run(series: Bench) -> None:
    series.fakes.remove("rsync")
    record = start(series, until=Stage.BUILD)
    assert (abi_stage(record).status, record.abi) == (Status.ERROR, ())
    assert "rsync" in abi_stage(record).detail
    assert {stage.status for stage in record.stages if stage.stage is Stage.BUILD} == {Status.PASSED}
    assert record.exit_code == 125


def test_a_series_that_does_not_apply_is_looked_at_as_far_as_it_goes(series: Bench) -> None:
    real_gcc(series)
    change_base(series, "include/uapi/asm-generic/fakeinfo.h", "struct fakeinfo { int other; };\n")
    record = start(series)
    assert record.exit_code == 3
    assert {each.reason for each in record.abi[0].final} == {"01 does not apply"}


def test_nothing_to_tell_is_no_finding(bench: Bench) -> None:
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    bench.track()
    record = start(bench, abi=AbiRequest(), until=Stage.BUILD)
    assert abi_stage(record).status is Status.PASSED
    assert record.findings == ()
    assert record.verdict == "the series applies and builds"
