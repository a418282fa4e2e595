# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict matrix on Debian's four kernels: what is known of the flagship must come out, and on what it rests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.kernel.conftest import Workspace
from tests.kernel.test_main_job import ADAPTED, CONFLICTS, SERIES

pytestmark = pytest.mark.kernel

OLD, NEW = "stable-5.10", ("stable-6.1", "stable-6.12", "mainline-7.2")
NUMBERS = tuple(f"{number:02}" for number in range(1, 13))
# Their upstream commits are not in the archived threads, so nobody knows which release first had them.
NOT_KNOWN_UPSTREAM = ("09", "10")
FOLLOW_UPS = (
    "signal, perf: Fix siginfo_t by avoiding u64 on 32-bit architectures",
    "signal, perf: Add missing TRAP_PERF case in siginfo_layout()",
    "siginfo: Move si_trapno inside the union inside _si_fault",
    "signal: Implement SIL_FAULT_TRAPNO",
    "signal: Factor force_sig_perf out of perf_sigtrap",
    "signal: Deliver all of the siginfo perf data in _perf",
    "signalfd: Remove SIL_PERF_EVENT fields from signalfd_siginfo",
)
# As it landed, 06 touches a line more.
LANDED_06 = "include/uapi/linux/perf_event.h hunk 2; kernel/events/core.c hunk 4; kernel/events/core.c hunk 6"
Json = Mapping[str, Any]


def apply(workspace: Workspace, *words: str) -> tuple[int, Json]:
    """Apply the flagship to all four trees, and return the exit code and what was printed."""
    if not (SHARED / "lore").is_dir():
        pytest.skip("no folder ../shared/lore beside this checkout")
    trees = [word for tree in (OLD, *NEW) for word in ("--tree", tree)]
    done = workspace.program("apply", SERIES, *trees, "--with-follow-ups", "--json", *words)
    found: Json = json.loads(done.stdout)
    return done.returncode, found


def patches(found: Json, tree: str) -> Mapping[str, Json]:
    """Return what was said of each patch on one tree, by number."""
    (there,) = (each for each in found["trees"] if each["tree"] == tree)
    return {patch["number"]: patch for patch in there["patches"]}


@pytest.fixture(scope="module", params=["posted", "landed"])
def matrix(request: pytest.FixtureRequest, workspace: Workspace) -> Json:
    """The whole matrix without adaptations, in both forms."""
    code, found = apply(workspace, "--no-adaptations", "--variant", request.param)
    assert code == 3
    return found


def test_old_kernel(matrix: Json) -> None:
    found = patches(matrix, OLD)
    rest = dict.fromkeys((number for number in NUMBERS if number not in CONFLICTS), "applies")
    assert {number: patch["outcome"] for number, patch in found.items()} == {
        **dict.fromkeys(CONFLICTS, "conflict"), **rest,
    }  # fmt: skip
    for number, hunks in CONFLICTS.items():
        expected = LANDED_06 if (number, found[number]["variant"]) == ("06", "landed") else hunks
        assert found[number]["evidence"].startswith(f"{expected};"), number


def test_new_kernels_have_it_and_say_on_what_that_rests(matrix: Json) -> None:
    for tree in NEW:
        found = patches(matrix, tree)
        assert {patch["outcome"] for patch in found.values()} == {"already-evolved"}, tree
        classes = {number: patch["evidence_class"] for number, patch in found.items()}
        assert classes == {number: "text" if number in NOT_KNOWN_UPSTREAM else "release" for number in NUMBERS}, tree
        assert "v5.13 first had it" in found["05"]["evidence"]
        assert found["09"]["evidence"].startswith("likely: text: ")


def test_a_hunk_that_has_nothing_to_act_on_is_told_from_context(matrix: Json) -> None:
    hunks = {(hunk["path"], hunk["number"]): hunk for hunk in patches(matrix, OLD)["05"]["hunks"]}
    function = hunks["kernel/signal.c", 2]
    assert "hide_si_addr_tag_bits" in function["absent"]
    assert "nothing to act on" in function["cause"]
    context = hunks["arch/x86/kernel/signal_compat.c", 1]
    assert not context["absent"]
    assert context["closeness"] > 0.8
    assert any("NSIGSYS  != 2" in line for line in context["wanted"])
    assert any("NSIGSYS  != 1" in line for line in context["there"])


def test_adapted_in_both_forms(workspace: Workspace) -> None:
    for variant in ("posted", "landed"):
        code, found = apply(workspace, "--variant", variant)
        assert code == 0
        outcomes = {number: patch["outcome"] for number, patch in patches(found, OLD).items()}
        assert outcomes == {number: "adapted" if number in ADAPTED else "applies" for number in NUMBERS}, variant
        assert [one["number"] for one in found["form_differences"]] == ["06"]


def test_what_belongs_to_it(workspace: Workspace) -> None:
    _, found = apply(workspace)
    follow_ups = {one["title"]: one for one in found["follow_ups"]}
    assert set(FOLLOW_UPS) <= set(follow_ups)
    reasons = {title: follow_ups[title]["reason"] for title in FOLLOW_UPS}
    assert list(reasons.values()) == ["fixes", "fixes", "sibling", "sibling", "sibling", "same-lines", "same-lines"]
    missing = {title for title, one in follow_ups.items() if one["missing_on"] == [OLD]}
    assert set(FOLLOW_UPS[2:]) <= missing
    assert not set(FOLLOW_UPS[:2]) & missing, "they were applied"
    assert all("v5.13 never released" in follow_ups[title]["exposes"] for title in FOLLOW_UPS[-2:])
    assert not any("Final si_trapno bits" in str(one["posting"]) for one in follow_ups.values()), "after the release"
