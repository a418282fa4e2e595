# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON contracts and their schemas say the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from seriestool.model.abi import AbiMatrix
from seriestool.model.needs import (
    DependencyAnswer,
    DependencyState,
    NeededCommit,
    ResolvedDependency,
    TreePrerequisites,
)
from seriestool.model.run import RunRecord
from seriestool.model.series import Dependency, DependencyKind
from seriestool.report.json import abi_json, apply_json, run_json, status_json, status_list_json
from tests.abi_records import every_abi, flagship_abi, hostile_abi, quiet_abi, uncured_abi
from tests.records import as_posted, flagship, hostile, killed, several_trees

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schema"
BASE = Dependency(DependencyKind.BASE_COMMIT, "b" * 40)
STABLE = Dependency(DependencyKind.STABLE, "0123456789ab", "02", "core: first", "5.10.x")
NEEDS = (
    ResolvedDependency(BASE),
    ResolvedDependency(
        STABLE,
        (
            DependencyAnswer("stable-5.10", DependencyState.MISSING, "it is not there"),
            DependencyAnswer("mainline", DependencyState.NOT_NEEDED, "is for 5.10.x, this is 7.2"),
        ),
    ),
)
IN_FRONT = (
    TreePrerequisites("stable-5.10", (NeededCommit("c" * 40, "core: first", "mainline", ("02",)),), True, ("03",), "x"),
    TreePrerequisites("mainline", (), False),
)
RECORDS = (flagship, as_posted, killed, several_trees, hostile)


def schema(name: str) -> Draft202012Validator:
    """Return the schema made strict: no key that it does not describe, and none of those may be absent."""
    loaded = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(loaded)
    close(loaded)
    return Draft202012Validator(loaded)


def close(node: object) -> None:
    if isinstance(node, dict):
        if "properties" in node:
            node["additionalProperties"] = False
            assert node["required"] == list(node["properties"])
        for value in node.values():
            close(value)
    elif isinstance(node, list):
        for value in node:
            close(value)


def read_back(value: Mapping[str, object]) -> dict[str, object]:
    loaded = json.loads(json.dumps(value))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("make", RECORDS)
def test_output_is_what_the_schema_says(make: Callable[[], RunRecord]) -> None:
    record = make()
    schema("run").validate(read_back(run_json(record)))
    schema("status").validate(read_back(status_json(record)))
    schema("status").validate(read_back(status_list_json([record, record])))
    output = apply_json(record.slug, record.revision, record.trees, dependencies=NEEDS, prerequisites=IN_FRONT)
    schema("apply").validate(read_back(output))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("trees", 0, "patches", 0, "outcome"), "applied"),
        (("trees", 0, "patches", 0, "number"), 1),
        (("trees", 0, "patches", 0, "hunks", 0, "applied"), "yes"),
        (("trees", 0, "commit"), "HEAD"),
        (("stages", 3, "state"), "broken"),
        (("exit_code",), None),
        (("surplus",), 1),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: tuple[str | int, ...], value: object) -> None:
    output: object = copy.deepcopy(read_back(run_json(flagship())))
    *way, last = path
    node = output
    for step in way:
        node = node[step]  # type: ignore[index]  # plain JSON
    node[last] = value  # type: ignore[index]
    with pytest.raises(ValidationError):
        schema("run").validate(output)


def test_apply_is_the_contract_to_the_letter() -> None:
    record = as_posted()
    output = apply_json(record.slug, record.revision, record.trees)
    assert list(output) == [
        "series", "revision", "dependencies", "prerequisites", "trees", "form_differences", "follow_ups",
        "follow_ups_searched",
    ]  # fmt: skip
    assert (output["series"], output["revision"]) == ("synchronous-perf-signals", 4)
    (tree,) = output["trees"]
    assert list(tree) == ["tree", "commit", "patches"]
    assert [patch["number"] for patch in tree["patches"]] == [f"{number:02}" for number in range(1, 12)]
    third = tree["patches"][2]
    assert list(third) == [
        "number", "subject", "message_id", "outcome", "evidence", "evidence_class", "variant", "context", "commit",
        "hunks",
    ]  # fmt: skip
    assert third["outcome"] == "conflict"
    assert third["message_id"] == "20210408103605.1676875-4-elver@google.com"
    assert third["hunks"][0] == {
        "path": "include/uapi/linux/perf_event.h",
        "number": 1,
        "applied": False,
        "line": None,
        "offset": None,
        "cause": "the context differs in 1 of 7 lines",
        "expected": "\t\t\t\tbuild_id       :  1, /* as posted */",
        "found": "\t\t\t\t__reserved_1   : 29;",
        "wanted": ["\t\t\t\tbuild_id       :  1, /* as posted */", "\t\t\t\t__reserved_1   : 29;"],
        "there": ["\t\t\t\t__reserved_1   : 29;"],
        "closest": 395,
        "closeness": 0.5,
        "absent": ["build_id"],
        "elsewhere": ["stable-6.1"],
        "introduced": [
            {"commit": "0b1d" * 10, "subject": "perf: Add build_id", "history": "mainline", "needed": True}
        ],
    }


def test_what_a_series_needs_is_told_in_its_own_words_and_tree_by_tree() -> None:
    output = apply_json("slug", 1, (), dependencies=NEEDS)
    assert output["dependencies"] == [
        {"kind": "base-commit", "value": "b" * 40, "patch": None, "subject": None, "versions": None, "trees": []},
        {"kind": "Cc: stable", "value": "0123456789ab", "patch": "02", "subject": "core: first", "versions": "5.10.x",
         "trees": [
             {"tree": "stable-5.10", "state": "missing", "reason": "it is not there"},
             {"tree": "mainline", "state": "not needed", "reason": "is for 5.10.x, this is 7.2"},
         ]},
    ]  # fmt: skip


def test_what_goes_in_front_is_told_tree_by_tree() -> None:
    first, second = apply_json("slug", 1, (), prerequisites=IN_FRONT)["prerequisites"]
    assert first == {
        "tree": "stable-5.10",
        "applied": True,
        "commits": [{"commit": "c" * 40, "subject": "core: first", "history": "mainline", "needed_by": ["02"]}],
        "conflicts": ["03"],
        "gave_up": "x",
    }
    assert (second["commits"], second["conflicts"], second["gave_up"]) == ([], [], None)


def test_a_run_tells_the_flagship_story() -> None:
    output = run_json(flagship())
    guard = {(stage["arch"], stage["state"]): stage["status"] for stage in output["stages"] if stage["stage"] == "boot"}
    assert guard[("arm", "base")] == "passed"
    assert guard[("arm", "series")] == "failed"
    assert guard[("arm", "fixed")] == "passed"
    assert [item["number"] for item in output["missing"]] == ["12", None]
    assert output["patches"][4]["trailers"][0].endswith("# m68k")


def test_status_names_the_outcome_per_tree() -> None:
    output = status_json(several_trees())
    assert [(each["tree"], each["outcome"]) for each in output["patches"][2]["outcomes"]] == [
        ("stable-5.10", "adapted"),
        ("stable-6.1", "already-evolved"),
        ("stable-6.12", "already-evolved"),
        ("mainline-7.2", "already-evolved"),
    ]


@pytest.mark.parametrize("make", [flagship_abi, quiet_abi, uncured_abi, every_abi, hostile_abi])
def test_a_layout_matrix_is_what_the_schema_says(make: Callable[[], AbiMatrix]) -> None:
    matrix = make()
    schema("abi").validate(read_back(abi_json([matrix])))
    schema("abi").validate(read_back(abi_json([matrix, matrix])))
    schema("run").validate(read_back(run_json(replace(flagship(), abi=(matrix,)))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("patches", 0, "number"), 1),
        (("patches", 4, "abis", "arm", "verdict"), "broken"),
        (("patches", 4, "abis", "arm", "changes", 0, "kind"), "moved"),
        (("final", "arm"), None),
        (("compat", 0, "number"), 5),
        (("expectations", 0, "met"), "yes"),
        (("surplus",), 1),
    ],
)
def test_the_schema_refuses_a_wrong_matrix(path: tuple[str | int, ...], value: object) -> None:
    output: object = read_back(abi_json([flagship_abi()]))
    *way, last = path
    node = output
    for step in way:
        node = node[step]  # type: ignore[index]  # plain JSON
    node[last] = value  # type: ignore[index]
    with pytest.raises(ValidationError):
        schema("abi").validate(output)


def test_run_and_abi_describe_a_matrix_alike() -> None:
    alone, run = (json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")) for name in ("abi", "run"))
    assert {name: run["$defs"].get(name) for name in alone["$defs"] if name != "several"} == {
        name: value for name, value in alone["$defs"].items() if name != "several"
    }


def test_abi_is_the_contract_to_the_letter() -> None:
    output = read_back(abi_json([flagship_abi()]))
    assert list(output) == [
        "series", "tree", "version", "old", "abis", "summary", "broken", "patches", "final", "compat", "reference",
        "expectations",
    ]  # fmt: skip
    assert (output["series"], output["tree"]) == ("synchronous-perf-signals", "stable-5.10")
    fifth = abi_json([flagship_abi()])["patches"][4]  # type: ignore[typeddict-item]  # of one tree
    assert (fifth["number"], list(fifth["abis"])) == ("05", list(flagship_abi().abis))
    arm = fifth["abis"]["arm"]
    assert (arm["verdict"], arm["cured_by"]) == ("breaks", "11")
    assert list(arm["changes"][0])[:5] == ["type", "member", "kind", "before", "after"]
    assert arm["changes"][1] == {
        "type": "siginfo_t",
        "member": "_sifields",
        "kind": "offset",
        "before": "12",
        "after": "16",
        "breaks": True,
        "header": "asm-generic/siginfo.h",
        "why": "`_sifields._sigfault._perf` is a __u64, which arm aligns to 8; the union `_sifields` with it, "
        "so it begins at 16 instead of 12",
    }
    (layout,) = arm["layouts"]
    assert layout["type"] == "siginfo_t"
    assert layout["diff"][2:5] == ["      8  int si_code", "-    12  union _sifields", "-    12    _pad"]
    assert layout["diff"][-1] == "+    24      __u64 _perf"


def test_several_trees_come_below_one_key() -> None:
    first, second = flagship_abi(), replace(quiet_abi(), tree="stable-6.1")
    output = read_back(abi_json([first, second]))
    assert output == {
        "series": first.series,
        "trees": [read_back(abi_json([first])), read_back(abi_json([second]))],
    }
    with pytest.raises(ValueError, match="no matrix"):
        abi_json([])


def test_the_same_record_gives_the_same_bytes() -> None:
    assert json.dumps(run_json(flagship())) == json.dumps(run_json(flagship()))
