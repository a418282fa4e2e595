# SPDX-License-Identifier: GPL-2.0-or-later
"""Run records made by hand: the flagship case as it should come out, and variations of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seriestool.model.outcome import HunkOutcome, Introduction, Outcome, PatchOutcome, TreeOutcome
from seriestool.model.run import Finding, KernelState, PatchStatus, RunRecord, Stage, StageResult, Status
from seriestool.model.series import KnownFollowUp, Role, TrackedPatch
from seriestool.model.testing import TestResult, TestStatus

TREE = "stable-5.10"
COMMAND = f"seriestool run synchronous-perf-signals --tree {TREE} --arch arm --arch x86_64"
VERDICT = "the series breaks 32-bit Arm user space (waitid: si_pid 0, expected 57, and 2 more), the fix (11) cures it"
_FLAG_WORD = "include/uapi/linux/perf_event.h"
_CORE = "kernel/events/core.c"
_SIGINFO = "include/uapi/asm-generic/siginfo.h"

# number, subject, last part of the message-id, patch-id, upstream commit, trailers besides the author's own
_SERIES: tuple[tuple[str, str, str, str, str | None, tuple[str, ...]], ...] = (
    ("01", "perf: Rework perf_event_exit_event()", "2", "9198af2b51ccae1baa0b9bea027d226f530241ff", "ef54c1a476ae",
     ("Signed-off-by: Peter Zijlstra (Intel) <peterz@infradead.org>",)),
    ("02", "perf: Apply PERF_EVENT_IOC_MODIFY_ATTRIBUTES to children", "3",
     "15027b47bd17737f9b129a49a1f870902951c978", "47f661eca070", ("Reviewed-by: Dmitry Vyukov <dvyukov@google.com>",)),
    ("03", "perf: Support only inheriting events if cloned with CLONE_THREAD", "4",
     "a45ee0093c41034abf277a5f6c87cad3ff9d891d", "2b26f0aa0049", ()),
    ("04", "perf: Add support for event removal on exec", "5", "c47a05ea67eed1e068dfdfcbe2bf2f30686dd5b9",
     "2e498d0a74e5", ()),
    ("05", "signal: Introduce TRAP_PERF si_code and si_perf to siginfo", "6",
     "ebe26a5788509a2aab660db3fbd1ed6e03aef076", "fb6cc127e0b6",
     ("Acked-by: Geert Uytterhoeven <geert@linux-m68k.org> # m68k",
      "Acked-by: Arnd Bergmann <arnd@arndb.de> # asm-generic")),
    ("06", "perf: Add support for SIGTRAP on perf events", "7", "7fc7ae0d21328c6beadd0318b7ef5eecc4c8ed3d",
     "97ba62b27867", ("Acked-by: Dmitry Vyukov <dvyukov@google.com>",)),
    ("07", "selftests/perf_events: Add kselftest for process-wide sigtrap handling", "8",
     "d0d4d7c6d982f89e7f826a926eea0573e832f320", "f2c3c32f4500", ()),
    ("08", "selftests/perf_events: Add kselftest for remove_on_exec", "9",
     "6b76aaba457b1b989aa6e64b09cd28c9a161d3d3", "6216798bf98e", ()),
    ("09", "tools headers uapi: Sync tools/include/uapi/linux/perf_event.h", "10",
     "bece5b227c78898a0806ffe39d547577a1b537cd", None, ()),
    ("10", "perf test: Add basic stress test for sigtrap handling", "11",
     "54a00bf0c175315f382c8876ea86a2d13d0b5a70", None, ()),
)  # fmt: skip
_ELVER = "Signed-off-by: Marco Elver <elver@google.com>"
_FIX = TrackedPatch(
    "11", Role.FIX, "signal, perf: Fix siginfo_t by avoiding u64 on 32-bit architectures",
    "20210422191823.79012-1-elver@google.com", "dc00a314e1b8385b52bb3ac5d6684fd22355a438", "3ddb3fd8cdb0",
)  # fmt: skip
_SIBLING = TrackedPatch(
    "12", Role.FOLLOW_UP, "signal, perf: Add missing TRAP_PERF case in siginfo_layout()",
    "20210422191823.79012-2-elver@google.com", "d1507f9814a01958f0e844ce236b05f2adff2c7f", "ed8e50800bf4",
    note="belongs with 11",
)  # fmt: skip
_KNOWN = KnownFollowUp(
    "siginfo: ABI fixes for TRAP_PERF (5 patches)", "YIpkvGrBFGlB5vNj@elver.google.com",
    "changes the same user-space ABI again before v5.13: without it a tree ships an ABI upstream never released",
)  # fmt: skip
_ADAPTED = {
    "03": "2 of 11 hunks: the tree has no build_id bit; a reserved bit keeps inherit_thread at bit 35",
    "04": "2 of 4 hunks: context; remove_on_exec stays at bit 36",
    "05": "2 of 16 hunks: context; hide_si_addr_tag_bits is not in this tree, its hunk is left out",
    "06": "2 of 9 hunks: context; sigtrap stays at bit 37",
    "09": "1 of 3 hunks: the header as adapted in 03, 04 and 06",
    "10": "3 of 5 hunks: context",
}
_REJECTED = {
    "03": ((_FLAG_WORD, 1), (_CORE, 1)),
    "04": ((_FLAG_WORD, 1), (_CORE, 3)),
    "05": (("arch/x86/kernel/signal_compat.c", 1), ("kernel/signal.c", 2)),
    "06": ((_FLAG_WORD, 2), (_CORE, 6)),
    "09": (("tools/include/uapi/linux/perf_event.h", 2),),
    "10": (("tools/perf/tests/Build", 1), ("tools/perf/tests/builtin-test.c", 1), ("tools/perf/tests/tests.h", 1)),
}


def flagship() -> RunRecord:
    """Return the main job as it should end: adapted onto 5.10, broken on arm by 05, cured by the fix."""
    return RunRecord(
        id=7,
        slug="synchronous-perf-signals",
        title="Add support for synchronous signals on perf events",
        revision=4,
        started="2026-10-21T09:00:00+00:00",
        finished="2026-10-21T09:11:42+00:00",
        arches=("arm", "x86_64"),
        patches=tracked(),
        known=(_KNOWN,),
        trees=(adapted_tree(),),
        stages=(*_early_stages(), *_arm_stages(), *_x86_stages()),
        findings=(
            Finding("stable-5.10: 03, 04, 05, 06, 09, 10 applied with recorded adaptations", False),
            Finding(f"follow-up 12 is known and was not applied: {_SIBLING.subject}", False),
            Finding(f"known follow-up, not part of this job: {_KNOWN.title}", False),
            Finding(VERDICT, True),
            Finding(f"arm: new compiler warning with the series: {_WARNING}", False),
            Finding("x86_64: 6 subtests of the series' own selftests fail; no baseline to judge them by", False),
        ),
        verdict=VERDICT,
        exit_code=1,
        command=COMMAND,
    )


def as_posted() -> RunRecord:
    """Return the same job without adaptations: six patches conflict, and nothing is built."""
    states = [(arch, state) for arch in ("arm", "x86_64") for state in KernelState]
    skipped = tuple(
        StageResult(stage, Status.SKIPPED, "the series does not apply", 0.0, tree=TREE, arch=arch, state=state)
        for arch, state in states
        for stage in (Stage.BUILD, Stage.BOOT, Stage.SELFTEST)
    )
    fetch = StageResult(Stage.FETCH, Status.PASSED, "11 patches", 0.8)
    apply = StageResult(Stage.APPLY, Status.FAILED, "5 applies, 6 conflict", 0.1, tree=TREE)
    verdict = f"the series does not apply to {TREE}"
    return replace(
        flagship(), id=8, trees=(conflicting_tree(),), stages=(fetch, apply, *skipped),
        findings=(Finding(f"{TREE}: 03 conflict: {_rejection_text('03')}", True),), verdict=verdict, exit_code=3,
    )  # fmt: skip


def killed() -> RunRecord:
    """Return the main job, killed when arm was done."""
    whole = flagship()
    return replace(
        whole, id=9, finished=None, stages=tuple(stage for stage in whole.stages if stage.arch != "x86_64"),
        findings=(), verdict="", exit_code=125,
    )  # fmt: skip


def several_trees() -> RunRecord:
    """Return the patches on four trees: adapted on the oldest, in the tree already on the others."""
    trees = (adapted_tree(), *(evolved_tree(name) for name in ("stable-6.1", "stable-6.12", "mainline-7.2")))
    return replace(flagship(), id=10, trees=trees)


def hostile() -> RunRecord:
    """Return a record whose mail, tree and guest try to steer whoever renders it."""
    bad = "<script>alert(1)</script>[red]\x1b]0;owned\x07\u202egnp.exe"
    whole = flagship()
    first, *others = whole.patches
    first = PatchStatus(replace(first.tracked, subject=bad, upstream=None), f"{bad} <a@example.com>", (bad,))
    test = TestResult("siginfo", TestStatus.FAIL, (bad,))
    stage = StageResult(
        Stage.BOOT, Status.FAILED, bad, 1.0, tree=TREE, arch="arm", state=KernelState.SERIES, command=bad, log=bad,
        warnings=(bad,), tests=(test,),
    )  # fmt: skip
    tree = whole.trees[0]
    hunk = HunkOutcome(bad, 1, False, cause=bad, expected=bad, found=bad)
    outcome = replace(tree.patches[0], outcome=Outcome.CONFLICT, evidence=bad, hunks=(hunk,), subject=bad)
    return replace(
        whole, title=bad, patches=(first, *others), known=(KnownFollowUp(bad, bad, bad),), verdict=bad,
        trees=(replace(tree, version=bad, patches=(outcome, *tree.patches[1:])),), stages=(stage,),
        findings=(Finding(bad, True),), command=bad,
    )  # fmt: skip


def tracked() -> tuple[PatchStatus, ...]:
    """Return the ten patches, the fix and its sibling, with their trailers."""
    series = tuple(
        PatchStatus(
            TrackedPatch(
                number, Role.SERIES, subject, f"20210408103605.1676875-{last}-elver@google.com", patch_id, upstream
            ),
            "Peter Zijlstra <peterz@infradead.org>" if number == "01" else "Marco Elver <elver@google.com>",
            (*trailers, _ELVER),
        )
        for number, subject, last, patch_id, upstream, trailers in _SERIES
    )
    fix = PatchStatus(
        _FIX,
        "Marco Elver <elver@google.com>",
        (
            "Reported-by: Marek Szyprowski <m.szyprowski@samsung.com>",
            "Tested-by: Marek Szyprowski <m.szyprowski@samsung.com>",
            "Tested-by: Jon Hunter <jonathanh@nvidia.com>",
            _ELVER,
        ),
    )
    return (*series, fix, PatchStatus(_SIBLING, "Marco Elver <elver@google.com>", (_ELVER,)))


def adapted_tree() -> TreeOutcome:
    """Return 5.10 with the recorded adaptations."""
    return _tree(TREE, "5.10.262-1", {number: (Outcome.ADAPTED, said) for number, said in _ADAPTED.items()})


def conflicting_tree() -> TreeOutcome:
    """Return 5.10 as it takes the patches as posted."""
    return _tree(
        TREE, "5.10.262-1", {number: (Outcome.CONFLICT, _rejection_text(number)) for number in _REJECTED}
    )  # fmt: skip


def evolved_tree(name: str) -> TreeOutcome:
    """Return a tree that has all of it, and moved on."""
    numbers = [patch.tracked.number for patch in tracked()]
    said = "all added lines are there, and later changes touch them"
    return _tree(name, name.rpartition("-")[2], dict.fromkeys(numbers, (Outcome.ALREADY_EVOLVED, said)))


def _tree(name: str, version: str, special: Mapping[str, tuple[Outcome, str]]) -> TreeOutcome:
    patches = []
    for index, patch in enumerate(tracked()[:11], 1):
        number = patch.tracked.number
        outcome, evidence = special.get(number, (Outcome.APPLIES, "every hunk, at most 31 lines off"))
        hunks: tuple[HunkOutcome, ...] = (HunkOutcome(_CORE, 1, True, line=2217, offset=-31),)
        if outcome is Outcome.CONFLICT:
            hunks = tuple(_rejected(path, hunk) for path, hunk in _REJECTED[number])
        patches.append(
            PatchOutcome(
                number,
                patch.tracked.subject,
                patch.tracked.message_id,
                outcome,
                evidence,
                hunks,
                commit=f"{index:040x}",
                tree_object=f"{index + 256:040x}",
            )
        )
    return TreeOutcome(name, version, "c0ffee" + "0" * 34, tuple(patches))


def _rejected(path: str, number: int) -> HunkOutcome:
    return HunkOutcome(
        path, number, False, cause="the context differs in 1 of 7 lines",
        expected="\t\t\t\tbuild_id       :  1, /* as posted */", found="\t\t\t\t__reserved_1   : 29;",
        wanted=("\t\t\t\tbuild_id       :  1, /* as posted */", "\t\t\t\t__reserved_1   : 29;"),
        there=("\t\t\t\t__reserved_1   : 29;",), closest=395, closeness=0.5, absent=("build_id",),
        elsewhere=("stable-6.1",),
        introduced=(Introduction("0b1d" * 10, "perf: Add build_id", "mainline", needed=True),),
    )  # fmt: skip


def _rejection_text(number: str) -> str:
    return "; ".join(f"{path} hunk {hunk}" for path, hunk in _REJECTED[number])


def _early_stages() -> tuple[StageResult, ...]:
    return (
        StageResult(Stage.FETCH, Status.PASSED, "11 patches", 0.8),
        StageResult(
            Stage.APPLY,
            Status.PASSED,
            "5 applies, 6 adapted",
            0.31,
            tree=TREE,
            commit=f"{11:040x}",
            command=f"seriestool apply synchronous-perf-signals --tree {TREE}",
        ),
    )


_WARNING = "kernel/events/core.c: perf_sigtrap: cast to pointer from integer of different size [-Wint-to-pointer-cast]"
_TESTED = ("waitid", "sigqueue", "fault address", "timer")


def _arm_stages() -> tuple[StageResult, ...]:
    guard = {
        "waitid": ("# si_pid 0, expected 57", "# si_status 0, expected 42"),
        "sigqueue": ("# si_value 0, expected 1234",),
        "fault address": ("# si_addr (nil), expected 0x76f1a000",),
    }
    broken = TestResult(
        "siginfo", TestStatus.FAIL,
        subtests=tuple(
            TestResult(name, TestStatus.FAIL if name in guard else TestStatus.PASS, guard.get(name, ()))
            for name in _TESTED
        ),
    )  # fmt: skip
    return (
        *_kernel("arm", KernelState.BASE, 75.2, _guard()),
        *_kernel("arm", KernelState.SERIES, 71.8, broken, warnings=(_WARNING,)),
        *_kernel("arm", KernelState.FIXED, 70.4, _guard(), warnings=(_WARNING,), cached=True),
    )


def _x86_stages() -> tuple[StageResult, ...]:
    base = StageResult(
        Stage.SELFTEST, Status.SKIPPED, "the base has no kselftest perf_events", 0.0, tree=TREE, arch="x86_64",
        state=KernelState.BASE,
    )  # fmt: skip
    return (
        *_kernel("x86_64", KernelState.BASE, 118.3, _guard()),
        base,
        *_kernel("x86_64", KernelState.SERIES, 112.9, _guard()),
        _selftest(KernelState.SERIES),
        *_kernel("x86_64", KernelState.FIXED, 110.0, _guard()),
        _selftest(KernelState.FIXED),
    )


def _guard() -> TestResult:
    return TestResult("siginfo", TestStatus.PASS, subtests=tuple(TestResult(name, TestStatus.PASS) for name in _TESTED))


def _kernel(
    arch: str,
    state: KernelState,
    seconds: float,
    guard: TestResult,
    *,
    warnings: tuple[str, ...] = (),
    cached: bool = False,
) -> tuple[StageResult, StageResult]:
    commit = {KernelState.BASE: "c0ffee" + "0" * 34, KernelState.SERIES: f"{10:040x}"}.get(state, f"{11:040x}")
    again = f"--tree {TREE} --arch {arch}"
    build = StageResult(
        Stage.BUILD, Status.PASSED, "built", seconds, tree=TREE, arch=arch, state=state, commit=commit,
        key=f"build-{arch}-{state}", cached=cached, warnings=warnings, log=f"runs/7/{TREE}-{arch}-{state}-build.log",
        command=f"seriestool build synchronous-perf-signals {again}",
    )  # fmt: skip
    failed = guard.status is TestStatus.FAIL
    boot = StageResult(
        Stage.BOOT, Status.FAILED if failed else Status.PASSED, "3 of 4 fail" if failed else "4 of 4 pass", 0.9,
        tree=TREE, arch=arch, state=state, commit=commit, key=f"boot-{arch}-{state}", tests=(guard,),
        log=f"runs/7/{TREE}-{arch}-{state}-console.log",
        command=f"seriestool test synchronous-perf-signals {again}",
    )  # fmt: skip
    return build, boot


def _selftest(state: KernelState) -> StageResult:
    no_pmu = ("# remove_on_exec.c:71: perf_event_open() failed: No such file or directory",)
    five = ("# Expected 6 == signal_count (5)",)
    sigtrap = TestResult(
        "sigtrap_threads", TestStatus.FAIL,
        subtests=(
            TestResult("sigtrap_threads.remain_disabled", TestStatus.PASS),
            TestResult("sigtrap_threads.enable_event", TestStatus.FAIL, five),
            TestResult("sigtrap_threads.modify_and_enable_event", TestStatus.FAIL, five),
            TestResult("sigtrap_threads.signal_stress", TestStatus.PASS),
        ),
    )  # fmt: skip
    names = ("fork_only", "fork_exec_then_enable", "enable_then_fork_exec", "exec_stress")
    remove = TestResult(
        "remove_on_exec", TestStatus.FAIL,
        subtests=tuple(TestResult(f"remove_on_exec.{name}", TestStatus.FAIL, no_pmu) for name in names),
    )  # fmt: skip
    return StageResult(
        Stage.SELFTEST, Status.FAILED, "2 pass 6 fail", 1.9, tree=TREE, arch="x86_64", state=state,
        key=f"selftest-x86_64-{state}", tests=(sigtrap, remove), log=f"runs/7/{TREE}-x86_64-{state}-selftest.log",
        command=f"seriestool test synchronous-perf-signals --tree {TREE} --arch x86_64",
    )  # fmt: skip
