# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole pipeline on a fake kernel: what is judged, what is reused, what is left when it is ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest

from seriestool.log import QUIET
from seriestool.model.outcome import Outcome
from seriestool.model.run import KernelState, RunRecord, Stage, Status
from seriestool.pipeline.context import build_lock
from seriestool.store import open_store
from tests.pipeline.conftest import ROOT, TREE, Bench

SCHEMAS = ROOT / "docs" / "reference" / "schema"


def statuses(record: RunRecord, stage: Stage, arch: str = "arm") -> dict[KernelState | None, Status]:
    """Return how *stage* ended in each state."""
    return {each.state: each.status for each in record.stages if each.stage is stage and each.arch == arch}


def test_series_breaks_and_fix_cures(broken_and_cured: Bench) -> None:
    record = broken_and_cured.run("arm", "x86_64")
    assert record.exit_code == 1
    assert "the series breaks 32-bit Arm user space" in record.verdict
    assert record.verdict.count("the fix (02) cures it") == 2
    for arch in ("arm", "x86_64"):
        assert set(statuses(record, Stage.BUILD, arch).values()) == {Status.PASSED}
        assert statuses(record, Stage.BOOT, arch) == {
            KernelState.BASE: Status.PASSED, KernelState.SERIES: Status.FAILED, KernelState.FIXED: Status.PASSED,
        }  # fmt: skip


def test_good_series_passes(bench: Bench) -> None:
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    bench.track()
    record = bench.run()
    assert record.exit_code == 0
    assert set(statuses(record, Stage.BOOT)) == {KernelState.BASE, KernelState.SERIES}


def test_second_run_builds_and_boots_nothing(broken_and_cured: Bench) -> None:
    first = broken_and_cured.run("arm", "x86_64")
    compiled = broken_and_cured.fakes.compiled()
    (broken_and_cured.fakes.directory / "qemu-system-arm").unlink()
    second = broken_and_cured.run("arm", "x86_64")
    assert broken_and_cured.fakes.compiled() == compiled
    assert all(stage.cached for stage in second.stages if stage.stage in (Stage.BUILD, Stage.BOOT))
    assert (second.verdict, second.exit_code) == (first.verdict, first.exit_code)


def test_only_what_changed_is_compiled_again(broken_and_cured: Bench) -> None:
    broken_and_cured.run()
    files = [name for name in broken_and_cured.fakes.compiled() if name != "siginfo.c"]
    assert files.count("signal.c") == 3
    assert files.count("main.c") == files.count("events.c") == 1


def test_state_that_cannot_change_the_image_is_not_built(bench: Bench) -> None:
    bench.commit("selftests: more", {"tools/testing/selftests/sample/data": "more\n"})
    bench.commit("docs: more", {"Documentation/index.rst": "more\n"})
    bench.track()
    record = bench.run()
    builds = [stage for stage in record.stages if stage.stage is Stage.BUILD]
    assert [stage.cached for stage in builds] == [False, True]
    assert builds[0].key == builds[1].key


def test_failure_of_the_base_is_not_the_series_fault(bench: Bench) -> None:
    with (bench.kernel / "kernel/signal.c").open("a") as file:
        file.write("/* guest-fails: siginfo */\n")
    bench.commit("signal: was broken before", {})
    subprocess.run(["git", "tag", "-f", "base"], cwd=bench.kernel, check=True, capture_output=True)
    bench.commit("signal: harmless", {"kernel/events.c": "/* nothing */\n"})
    bench.track()
    record = bench.run()
    assert record.exit_code == 0
    assert any("of the base itself fails" in finding.text for finding in record.findings)


def test_conflict_builds_nothing_and_says_where(bench: Bench) -> None:
    bench.commit("signal: first", {"kernel/signal.c": "/* first */\n"})
    bench.track()
    patch = next((bench.root / "patches/demo").glob("*.patch"))
    text = patch.read_text().splitlines(keepends=True)
    context = next(number for number, line in enumerate(text) if line.startswith(" ") and number > 12)
    patch.write_text("".join([*text[:context], " something else\n", *text[context + 1 :]]))
    record = bench.run()
    (outcome,) = record.trees[0].patches
    assert record.exit_code == 3
    assert outcome.outcome is Outcome.CONFLICT
    assert "kernel/signal.c hunk 1" in outcome.evidence
    assert set(statuses(record, Stage.BUILD).values()) == {Status.SKIPPED}
    assert not bench.fakes.compiled()


def test_series_that_does_not_compile(bench: Bench) -> None:
    bench.commit("signal: oops", {"kernel/signal.c": "/* gcc-error: no such thing */\n"})
    bench.track()
    record = bench.run()
    assert record.exit_code == 1
    assert "the series breaks the arm build" in record.verdict
    assert "no such thing" in record.verdict
    assert statuses(record, Stage.BOOT)[KernelState.SERIES] is Status.SKIPPED


def test_new_warning_is_told_from_the_old_one(bench: Bench) -> None:
    bench.commit("signal: warns", {"kernel/signal.c": "/* gcc-warning: brand new */\n"})
    bench.track()
    warnings = [stage.warnings for stage in bench.run().stages if stage.stage is Stage.BUILD]
    assert warnings[0] == ()
    assert len(warnings[1]) == 1
    assert "brand new" in warnings[1][0]


def test_lost_guest_is_no_verdict(bench: Bench) -> None:
    bench.commit("signal: panics", {"kernel/signal.c": "/* guest-panics */\n"})
    bench.track()
    record = bench.run()
    assert record.exit_code == 125
    (lost,) = [stage for stage in record.stages if stage.status is Status.ERROR]
    assert lost.state is KernelState.SERIES
    assert "lost guest: kernel panic" in lost.detail
    assert lost.log is not None
    assert "asked for by a comment" in (bench.root / ".seriestool" / lost.log).read_text()


def test_follow_ups_are_named_or_applied(bench: Bench) -> None:
    bench.commit("signal: series", {"kernel/signal.c": "/* a */\n"})
    bench.commit("events: later", {"kernel/events.c": "/* b */\n"})
    bench.track(follow_ups=1)
    without = bench.run(until=Stage.BUILD)
    assert [patch.number for patch in without.trees[0].patches] == ["01"]
    assert any("02" in finding.text and "not applied" in finding.text for finding in without.findings)
    included = bench.run(until=Stage.BUILD, with_follow_ups=True)
    assert [patch.number for patch in included.trees[0].patches] == ["01", "02"]
    assert not any("not applied" in finding.text for finding in included.findings)


def test_selftests_of_the_tree_run_with_their_own_names(bench: Bench) -> None:
    bench.commit("signal: series", {"kernel/signal.c": "/* a */\n"})
    bench.track(extra='selftests = ["sample", "absent"]\nselftest-arches = ["arm"]')
    record = bench.run("arm", "x86_64")
    ran = [stage for stage in record.stages if stage.stage is Stage.SELFTEST and stage.tests]
    assert [(stage.arch, stage.state) for stage in ran] == [("arm", KernelState.BASE), ("arm", KernelState.SERIES)]
    assert "sample:first" in [test.name for test in ran[0].tests]
    skipped = [stage.detail for stage in record.stages if stage.status is Status.SKIPPED]
    assert any("absent: not in this state" in detail for detail in skipped)
    assert any("other arches" in detail for detail in skipped)


# From outside: JSON, errors, and the end of the process.


def test_json_is_what_the_schemas_say(broken_and_cured: Bench) -> None:
    for words, schema, code in (
        (("run", "demo", "-t", TREE, "-a", "arm", "--json"), "run", 1),
        (("apply", "demo", "-t", TREE, "--json"), "apply", 0),
        (("status", "demo", "--json"), "status", 1),
    ):
        done = broken_and_cured.program(*words)
        assert done.returncode == code, done.stderr
        jsonschema.validate(json.loads(done.stdout), json.loads((SCHEMAS / f"{schema}.schema.json").read_text()))


def test_status_shows_the_run_again(broken_and_cured: Bench) -> None:
    ran = broken_and_cured.program("run", "demo", "-t", TREE, "-a", "arm")
    page = broken_and_cured.root / ".seriestool/runs/1/report.html"
    assert ran.stdout.splitlines()[-1] == f"page: {page}"
    assert "cures it" in page.read_text()
    shown = broken_and_cured.program("status", "demo")
    assert shown.returncode == 1
    assert "cures it" in " ".join(shown.stdout.split())
    assert "demo" in broken_and_cured.program("status").stdout


def test_dry_run_starts_nothing(broken_and_cured: Bench) -> None:
    done = broken_and_cured.program("run", "demo", "-t", TREE, "-a", "arm", "-n")
    assert done.returncode == 0
    assert any(line.startswith("make ") and "zImage" in line for line in done.stdout.splitlines())
    assert any(line.startswith("qemu-system-arm ") for line in done.stdout.splitlines())
    assert any(line.startswith("make ") and line.endswith("headers_install") for line in done.stdout.splitlines())
    assert not broken_and_cured.fakes.compiled()
    assert not broken_and_cured.ctx.cache.store.exists()


@pytest.mark.parametrize(
    ("program", "package"), [("arm-linux-gnueabi-gcc", "gcc-arm-linux-gnueabi"), ("qemu-system-arm", "qemu-system-arm")]
)
def test_missing_program_names_its_package(broken_and_cured: Bench, program: str, package: str) -> None:
    broken_and_cured.fakes.remove(program)
    done = broken_and_cured.program("run", "demo", "-t", TREE, "-a", "arm", "-q")
    assert done.returncode == 125
    first, hint = done.stderr.splitlines()
    assert first == f"error: program not found: {program}"
    assert package in hint


def test_lost_symbol_is_named(broken_and_cured: Bench) -> None:
    (broken_and_cured.root / "kernel-configs/arm.config").write_text("CONFIG_NO_SUCH_THING=y\n")
    done = broken_and_cured.program("build", "demo", "-t", TREE, "-a", "arm", "-q")
    assert done.returncode == 125
    assert done.stderr.startswith("error: ")
    assert "NO_SUCH_THING" in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_two_runs_at_once(broken_and_cured: Bench) -> None:
    slow = broken_and_cured.fakes.add("arm-linux-gnueabi-ld", "#!/bin/sh\nsleep 20\n")
    first = broken_and_cured.start("run", "demo", "-t", TREE, "-a", "arm", "-q")
    _wait_for(lambda: _children(slow) != [])
    second = broken_and_cured.program("run", "demo", "-t", TREE, "-a", "arm", "-q")
    first.kill()
    first.wait()
    assert second.returncode == 125
    assert f"process {first.pid}" in second.stderr


_HANGS = {"configure": "arm-linux-gnueabi-ld", "build": "arm-linux-gnueabi-gcc", "boot": "qemu-system-arm"}


@pytest.mark.parametrize("stage", _HANGS)
def test_interrupt_in_every_stage(broken_and_cured: Bench, stage: str) -> None:
    hang = _hang(broken_and_cured, _HANGS[stage])
    child = broken_and_cured.start("run", "demo", "-t", TREE, "-a", "arm", "-q")
    _wait_for(lambda: _children(hang) != [])
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 130, stderr
    assert stderr.splitlines()[0] == "error: interrupted"
    _wait_for(lambda: _children(hang) == [])


@pytest.mark.parametrize("stage", _HANGS)
def test_kill_in_every_stage_loses_nothing(broken_and_cured: Bench, stage: str) -> None:
    bench = broken_and_cured
    good = (bench.fakes.directory / _HANGS[stage]).read_text()
    hang = _hang(bench, _HANGS[stage])
    child = bench.start("run", "demo", "-t", TREE, "-a", "arm", "-q")
    _wait_for(lambda: _children(hang) != [])
    before = bench.fakes.compiled()
    child.send_signal(signal.SIGKILL)
    child.wait()
    _wait_for(lambda: _children(hang) == [])
    bench.fakes.add(_HANGS[stage], good)
    with open_store(bench.ctx.workspace.database) as database:
        killed = database.latest_run("demo")
    assert killed is not None
    assert killed.finished is None
    assert [each.stage for each in killed.stages[:2]] == [Stage.FETCH, Stage.APPLY]
    record = bench.run()
    assert record.exit_code == 1
    assert "cures it" in record.verdict
    built = {(each.stage, each.state) for each in killed.stages if each.stage is Stage.BUILD}
    assert {(each.stage, each.state) for each in record.stages if each.cached} >= built
    if stage == "boot":
        base = [name for name in bench.fakes.compiled() if name == "main.c"]
        assert len(base) == before.count("main.c") == 1


def _hang(bench: Bench, program: str) -> Path:
    """Make *program* hang on anything but a question for its version."""
    real = bench.fakes.directory / program
    kept = real.with_name(f"{program}.real")
    kept.write_text(real.read_text())
    kept.chmod(0o755)
    if program.endswith("-ld"):
        return bench.fakes.add(program, "#!/bin/sh\nsleep 60\n")
    return bench.fakes.add(program, f'#!/bin/sh\n[ "$1" = --version ] && exec "{kept}" "$@"\nsleep 60\n')


def _children(script: Path) -> list[int]:
    """Return the processes that run *script*."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(script) in words:
                found.append(int(entry.name))
    return found


def _wait_for(condition: object, limit: float = 20.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def test_two_workspaces_take_turns_in_one_build_dir(broken_and_cured: Bench) -> None:
    bench = broken_and_cured
    said: list[str] = []
    with build_lock(bench.ctx.cache, f"{TREE}-arm", QUIET):
        child = bench.start("run", "demo", "-t", TREE, "-a", "arm")
        assert child.stderr is not None
        for line in child.stderr:
            said.append(line)
            if "waiting for another seriestool" in line:
                break
        assert f"process {os.getpid()}" in said[-1]
        assert bench.fakes.compiled() == []
    child.communicate(timeout=60)
    assert child.returncode == 1


def test_paths_count_from_the_file_that_names_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.root / "seriestool.toml").write_text(f'[trees."{TREE}"]\ngit = "../kernel"\nref = "base"\n')
    below = bench.root / "patches"
    below.mkdir()
    monkeypatch.chdir(below)
    bench.commit("signal: harmless", {"kernel/signal.c": "/* nothing */\n"})
    below.rmdir()
    bench.track()
    monkeypatch.chdir(below)
    assert bench.run(until=Stage.BUILD).exit_code == 0


def test_adaptation_for_no_patch_is_named(broken_and_cured: Bench) -> None:
    place = broken_and_cured.root / "patches/demo/adaptations" / TREE
    place.mkdir(parents=True)
    (place / "1.toml").write_text(
        f'patch-id = "{"0" * 40}"\ntree = "{TREE}"\nmade-on = "1"\nauthor = "A <a@example.com>"\ndate = 2026-01-01\n'
        'reason = "r"\n[[hunk]]\nfile = "a"\nnumber = 1\nreason = "r"\nomit = true\n'
    )
    done = broken_and_cured.program("apply", "demo", "-t", TREE, "-q")
    assert done.returncode == 129
    assert "1.toml" in done.stderr
    (place / "1.toml").rename(place / "01.toml")
    assert broken_and_cured.program("apply", "demo", "-t", TREE, "-q").returncode == 0, "not needed, so not asked"
    (place / "01.toml").write_bytes(b"\xff\xfe")
    done = broken_and_cured.program("apply", "demo", "-t", TREE, "-q")
    assert (done.returncode, "not UTF-8" in done.stderr) == (129, True)
