# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job for real: real mail, Debian's 5.10, real compilers, real guests; what must come out is known."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import ROOT, SHARED
from tests.kernel.conftest import Workspace, real_cache

pytestmark = pytest.mark.kernel

SERIES = "synchronous-perf-signals"
# What facts are known of is the series as it was posted; upstream's form of 06 has no new warning.
JOB = (SERIES, "--tree", "stable-5.10", "--arch", "arm", "--arch", "x86_64", "--variant", "posted")
STATES = ("base", "series", "fixed")
ADAPTED = ("03", "04", "05", "06", "09", "10")
CONFLICTS = {
    "03": "include/uapi/linux/perf_event.h hunk 1; kernel/events/core.c hunk 1",
    "04": "include/uapi/linux/perf_event.h hunk 1; kernel/events/core.c hunk 3",
    "05": "arch/x86/kernel/signal_compat.c hunk 1; kernel/signal.c hunk 2",
    "06": "include/uapi/linux/perf_event.h hunk 2; kernel/events/core.c hunk 6",
    "09": "tools/include/uapi/linux/perf_event.h hunk 2",
    "10": "tools/perf/tests/Build hunk 1; tools/perf/tests/builtin-test.c hunk 1; tools/perf/tests/tests.h hunk 1",
}
BITS = ["inherit_thread 35", "remove_on_exec 36", "sigtrap 37"]
Json = Mapping[str, Any]

# Where upstream has the flags, and what user space that was built against either header agrees on.
_BITS = r"""
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#define SHOW(flag) do { \
	struct perf_event_attr attr; \
	unsigned long long word; \
	memset(&attr, 0, sizeof(attr)); \
	attr.flag = 1; \
	memcpy(&word, (char *)&attr + 40, sizeof(word)); \
	printf(#flag " %d\n", __builtin_ctzll(word)); \
} while (0)

int main(void)
{
	SHOW(inherit_thread);
	SHOW(remove_on_exec);
	SHOW(sigtrap);
	return 0;
}
"""


@pytest.fixture(scope="module")
def job(workspace: Workspace) -> Json:
    """Run the main job once, and return what it printed as JSON."""
    if not (SHARED / "lore").is_dir():
        pytest.skip("no folder ../shared/lore beside this checkout")
    done = workspace.program("run", *JOB, "--json")
    assert done.returncode == 1, "a verdict against the series"
    record: Json = json.loads(done.stdout)
    return record


def stages(job: Json, stage: str, arch: str) -> dict[str, Json]:
    """Return the results of one stage by kernel state."""
    return {each["state"]: each for each in job["stages"] if each["stage"] == stage and each["arch"] == arch}


def leaves(tests: Sequence[Json], prefix: str = "") -> dict[str, Json]:
    """Return the tests without subtests by their whole names."""
    found: dict[str, Json] = {}
    for test in tests:
        name = f"{prefix}{test['name']}"
        found |= leaves(test["subtests"], f"{name}.") if test["subtests"] else {name: test}
    return found


def test_json_is_what_the_schema_says(job: Json) -> None:
    jsonschema.validate(job, json.loads((ROOT / "docs/reference/schema/run.schema.json").read_text()))


def test_patches(job: Json) -> None:
    (tree,) = job["trees"]
    outcomes = {patch["number"]: patch["outcome"] for patch in tree["patches"]}
    applied = ("01", "02", "07", "08", "11")
    assert outcomes == {**dict.fromkeys(applied, "applies"), **dict.fromkeys(ADAPTED, "adapted")}


def test_conflicts_without_adaptations(job: Json, workspace: Workspace) -> None:
    words = ("--tree", "stable-5.10", "--no-adaptations", "--with-follow-ups", "--variant", "posted", "--json")
    done = workspace.program("apply", SERIES, *words)
    assert done.returncode == 3
    patches = json.loads(done.stdout)["trees"][0]["patches"]
    evidence = {patch["number"]: patch["evidence"] for patch in patches if patch["outcome"] == "conflict"}
    assert {number: text.partition("; no three-way")[0] for number, text in evidence.items()} == CONFLICTS
    applied = [patch["number"] for patch in patches if patch["outcome"] == "applies"]
    assert applied == ["01", "02", "07", "08", "11", "12"]


@pytest.mark.parametrize("arch", ["arm", "x86_64"])
def test_three_kernels_build_and_boot(job: Json, arch: str) -> None:
    builds, boots = stages(job, "build", arch), stages(job, "boot", arch)
    assert {state: builds[state]["status"] for state in STATES} == dict.fromkeys(STATES, "passed")
    assert all(boots[state]["status"] in ("passed", "failed") for state in STATES), "no lost guest"
    assert all(len(leaves(boots[state]["tests"])) == 7 for state in STATES)


def test_guard(job: Json) -> None:
    verdicts = {arch: [stages(job, "boot", arch)[state]["status"] for state in STATES] for arch in ("arm", "x86_64")}
    assert verdicts == {"arm": ["passed", "failed", "passed"], "x86_64": ["passed", "passed", "passed"]}
    exited = leaves(stages(job, "boot", "arm")["series"]["tests"])["siginfo.waitid_exited"]
    assert exited["status"] == "fail"
    assert any(re.search(r"si_pid 0, expected \d+", line) for line in exited["diagnostics"])


def test_verdict(job: Json) -> None:
    assert "the series breaks 32-bit Arm user space" in job["verdict"]
    assert "si_pid 0" in job["verdict"]
    assert "the fix (11) cures it" in job["verdict"]
    assert "x86_64" not in job["verdict"]


def test_selftests_of_the_tree(job: Json) -> None:
    ran = stages(job, "selftest", "x86_64")
    assert ran["base"]["status"] == "skipped"
    for state in ("series", "fixed"):
        results = leaves(ran[state]["tests"])
        programs = [name.split(".")[0] for name in results]
        assert programs.count("perf_events:sigtrap_threads") == 4
        assert programs.count("perf_events:remove_on_exec") == 4
        assert {each["status"] for each in results.values()} <= {"pass", "fail", "skip"}
        assert results["perf_events:sigtrap_threads.sigtrap_threads.remain_disabled"]["status"] == "pass"


def test_missing_follow_ups_are_named(job: Json) -> None:
    texts = " ".join(finding["text"] for finding in job["findings"])
    assert "TRAP_PERF case in siginfo_layout" in texts
    assert "ABI fixes for TRAP_PERF" in texts


@pytest.mark.parametrize("header", ["include/uapi/linux/perf_event.h", "tools/include/uapi/linux/perf_event.h"])
def test_adapted_header_keeps_the_bits(job: Json, tmp_path: Path, header: str) -> None:
    assert bits(stages(job, "build", "arm")["fixed"]["commit"], header, tmp_path) == BITS


@pytest.mark.parametrize("header", ["include/uapi/linux/perf_event.h", "tools/include/uapi/linux/perf_event.h"])
def test_the_landed_form_applies_with_adaptations_of_its_own(workspace: Workspace, tmp_path: Path, header: str) -> None:
    done = workspace.program("apply", SERIES, "--tree", "stable-5.10", "--with-follow-ups", "--json")
    assert done.returncode == 0
    output = json.loads(done.stdout)
    patches = {patch["number"]: patch for patch in output["trees"][0]["patches"]}
    assert [number for number, patch in patches.items() if patch["outcome"] == "adapted"] == list(ADAPTED)
    assert [number for number, patch in patches.items() if patch["variant"] == "posted"] == ["09", "10"]
    assert [one["number"] for one in output["form_differences"]] == ["06"]
    missing = [one for one in output["follow_ups"] if one["missing_on"]]
    assert [one["posting"] for one in missing[:5]] == ["siginfo: ABI fixes for TRAP_PERF"] * 5
    assert bits(patches["12"]["commit"], header, tmp_path) == BITS


def bits(commit: str, header: str, tmp_path: Path) -> list[str]:
    """Return each flag with its bit, as a program sees them that is built against the header of a commit."""
    show = ["git", "-C", str(real_cache().store), "show", f"{commit}:{header}"]
    text = subprocess.run(show, capture_output=True, check=True).stdout
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux" / "perf_event.h").write_bytes(text)
    (tmp_path / "bits.c").write_text(_BITS)
    subprocess.run(["gcc", f"-I{tmp_path}", "-o", tmp_path / "bits", tmp_path / "bits.c"], check=True)
    shown = subprocess.run([tmp_path / "bits"], capture_output=True, text=True, check=True).stdout
    return shown.splitlines()


def test_second_run_builds_nothing(job: Json, workspace: Workspace) -> None:
    done = workspace.program("run", *JOB, "--json")
    assert done.returncode == 1
    again: Json = json.loads(done.stdout)
    repeated = [each for each in again["stages"] if each["stage"] in ("build", "boot", "selftest")]
    assert all(each["cached"] or each["status"] == "skipped" for each in repeated)
    assert again["verdict"] == job["verdict"]
    assert not list((workspace.root / ".seriestool/runs" / str(again["run"])).glob("*.build.log"))


def test_status_shows_it_again(job: Json, workspace: Workspace) -> None:
    done = workspace.program("status", SERIES)
    assert done.returncode == 1
    assert "cures it" in " ".join(done.stdout.split())


def test_page_is_self_contained(job: Json, workspace: Workspace) -> None:
    page = (workspace.root / ".seriestool/runs" / str(job["run"]) / "report.html").read_text()
    assert "breaks 32-bit Arm user space" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    assert not re.search(r"@import|url\(", page)


def test_embedded_series_breaks_arm_in_the_same_way(workspace: Workspace) -> None:
    done = workspace.program("run", "siginfo-guard", "--tree", "stable-5.10", "--arch", "arm", "--json")
    assert done.returncode == 1
    job = json.loads(done.stdout)
    assert [patch["outcome"] for patch in job["trees"][0]["patches"]] == ["applies"] * 3
    assert [stages(job, "boot", "arm")[state]["status"] for state in STATES] == ["passed", "failed", "passed"]
    own = {state: each["status"] for state, each in stages(job, "selftest", "arm").items()}
    assert own == {"base": "skipped", "series": "failed", "fixed": "passed"}
    assert "the fix (03) cures it" in job["verdict"]


@pytest.mark.parametrize("tree", ["stable-6.1", "stable-6.12", "mainline-7.2"])
def test_embedded_series_applies_unchanged(workspace: Workspace, tree: str) -> None:
    done = workspace.program("apply", "siginfo-guard", "--tree", tree, "--json")
    assert done.returncode == 0
    assert [patch["outcome"] for patch in json.loads(done.stdout)["trees"][0]["patches"]] == ["applies"] * 3
