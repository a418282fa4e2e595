# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole trees against each other: 5.10 has its own layout, and 6.1 breaks what can be read in its headers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from seriestool.arch.abis import find_abi
from tests.kernel.conftest import REAL_PATH, Workspace

ABIS = ("x86_64", "arm")

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        any(shutil.which(find_abi(name).compiler, path=REAL_PATH) is None for name in ABIS),
        reason="no compiler for x86_64 or arm",
    ),
]

# What no program can include as it is, in either tree.
REFUSED = {"linux/patchkey.h", "xen/evtchn.h", "xen/gntdev.h", "xen/privcmd.h"}
# Read in the headers of both trees: type, member, kind, before, after.
BROKEN = {
    ("struct bpf_sk_lookup", "remote_port", "size", "4", "2"),  # __u32 and __be16
    ("struct drm_v3d_submit_tfu", None, "alignment", "4", "8"),  # a __u64 came in
    ("struct drm_v3d_submit_tfu", None, "size", "68", "80"),
    ("struct ip_msfilter", "imsf_multiaddr_aux", "removed", "offset 0, 4 bytes", None),
    ("enum perf_event_sample_format", "__PERF_SAMPLE_CALLCHAIN_EARLY", "removed", str(1 << 63), None),
}
# Grew, and nothing that was there moved.
KEPT = {"struct siginfo", "struct perf_event_attr", "struct signalfd_siginfo"}


def between(workspace: Workspace, old: str, new: str, *, code: int) -> Mapping[str, Any]:
    abis = [word for name in ABIS for word in ("--abi", name)]
    done = workspace.program("abi", "--between", old, new, *abis, "--json")
    assert done.returncode == code
    found: Mapping[str, Any] = json.loads(done.stdout)
    assert (found["series"], found["old"]["tree"], found["tree"]) == (None, old, new)
    return found


def test_a_tree_has_its_own_layout(workspace: Workspace) -> None:
    found = between(workspace, "stable-5.10", "stable-5.10", code=0)
    for name in ABIS:
        result = found["final"][name]
        assert (result["verdict"], result["changes"]) == ("same", [])
        assert {each["header"] for each in result["failures"]} == REFUSED
        assert result["reason"] == "4 headers could not be compared"


def test_6_1_breaks_what_can_be_read_in_its_headers(workspace: Workspace) -> None:
    found = between(workspace, "stable-5.10", "stable-6.1", code=1)
    for name in ABIS:
        result = found["final"][name]
        assert result["verdict"] == "breaks"
        breaking = [each for each in result["changes"] if each["breaks"]]
        keys = ("type", "member", "kind", "before", "after")
        assert {tuple(each[key] for key in keys) for each in breaking} >= BROKEN
        assert not {each["type"] for each in breaking} & KEPT
        assert {each["header"] for each in breaking} >= {"linux/wimax.h", "linux/raw.h"}, "gone"
        assert {each["header"] for each in result["failures"]} == REFUSED
    done = workspace.program("abi", "--between", "stable-5.10", "stable-6.1", "--abi", "x86_64", "--abi", "arm")
    assert done.returncode == 1
    assert "broken from stable-5.10 to stable-6.1" in done.stdout
    assert re.search(r"remote_port +size 4 -> 2\b", done.stdout)
