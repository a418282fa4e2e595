# SPDX-License-Identifier: GPL-2.0-or-later
"""A merge that joins the text and moves a bit: the flagship's 03 on 5.10 as nobody should record it, beside 6.1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.kernel.conftest import Workspace
from tests.kernel.repository import Repository

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not (SHARED / "lore").is_dir(), reason="no folder ../shared/lore beside this checkout"),
]

HEADER = "include/uapi/linux/perf_event.h"
CODE = "kernel/events/core.c"
MEMBER = ("struct perf_event_attr", "inherit_thread")
# What the recorded adaptation keeps in the place of a flag that 5.10 does not have: in the header, and in the code.
_KEPT = re.compile(rb"[^\n]*\b__reserved_build_id\b[^\n]*\n")
_REFUSED = re.compile(rb"\tif \(attr->__reserved_build_id\)\n\t\treturn -EINVAL;\n\n")
_REST = re.compile(rb"(\b__reserved_1 +: )28;")


@pytest.fixture(scope="module")
def states(workspace: Workspace) -> Mapping[str, str]:
    """The commit of each state of the flagship on 5.10, as its recorded adaptations make them; "" is the tree's own."""
    done = workspace.program("apply", "synchronous-perf-signals", "--tree", "stable-5.10", "--json")
    (found,) = json.loads(done.stdout)["trees"]
    return {"": found["commit"], **{patch["number"]: patch["commit"] for patch in found["patches"]}}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("naive") / "kernel.git")


def naive(repository: Repository, states: Mapping[str, str]) -> str:
    """Return 03 as a merge makes it that takes the posted lines and lets the reserved bits fill the word."""
    header, code = (repository.read(states["03"], path) for path in (HEADER, CODE))
    edited = _REST.subn(rb"\g<1>29;", _KEPT.sub(b"", header))
    shorter, places = _REFUSED.subn(b"", code)
    assert (len(_KEPT.findall(header)), edited[1], places) == (1, 1, 1)
    files = {HEADER: edited[0], CODE: shorter}
    return repository.commit(states["02"], states["03"], "perf: inherit_thread, merged without a thought", files)


def checked(workspace: Workspace, repository: Repository, states: Mapping[str, str], last: str) -> tuple[int, Any]:
    """Hold 01, 02 and *last* on 5.10 against 6.1; return exit code and JSON."""
    done = workspace.program(
        "abi", "--series", f"{states['']}..{last}", "--repository", str(repository.place), "--tree", "stable-5.10",
        "--abi", "x86_64", "--abi", "arm", "--reference", "stable-6.1", "--no-compat", "--json",
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_a_flag_that_a_merge_moved_by_one_bit_is_found_and_explained(
    workspace: Workspace, repository: Repository, states: Mapping[str, str]
) -> None:
    last = naive(repository, states)
    code, found = checked(workspace, repository, states, last)
    assert code == 1
    assert {each["verdict"] for each in found["final"].values()} == {"extends"}, "on its own nothing is wrong with it"
    assert "stable-6.1 has struct perf_event_attr: inherit_thread elsewhere (bit 35, here bit 34)" in found["summary"]
    for abi in ("x86_64", "arm"):
        beside = found["reference"]["abis"][abi]
        assert beside["verdict"] == "breaks"
        (change,) = (each for each in beside["changes"] if each["breaks"])
        assert (change["type"], change["member"]) == MEMBER
        assert (change["kind"], change["before"], change["after"]) == ("bit", "bit 34", "bit 35")
        assert change["why"] == (
            "in the reference `build_id` holds bit 34; "
            "reserved space in its place puts `inherit_thread` where the reference has it"
        )


def test_the_recorded_adaptation_has_it_where_the_reference_has_it(
    workspace: Workspace, repository: Repository, states: Mapping[str, str]
) -> None:
    code, found = checked(workspace, repository, states, states["03"])
    assert code == 0
    for beside in found["reference"]["abis"].values():
        assert beside["verdict"] == "same"
        assert MEMBER not in {(each["type"], each["member"]) for each in beside["changes"]}
