# SPDX-License-Identifier: GPL-2.0-or-later
"""``apply`` with histories around: evidence, explanations, and prerequisites in front of the series."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from jsonschema import validate

from tests.pipeline.backports import ROOT, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_evidence_and_explanation(desk: Desk) -> None:
    done = desk.apply("--tree", "mainline", "--tree", "stable")
    assert done.returncode == 3
    said = " ".join(done.stdout.split())
    assert f"already: contained: upstream commit {desk.patch[:12]} is in the history" in said
    assert f"needs: {desk.needed[:12]} (core: needed) of mainline" in said
    assert f"stable: apply --with-prerequisites would put {desk.needed[:12]} (core: needed) in front" in said


@pytest.mark.parametrize("url", [False, True])
def test_with_prerequisites(desk: Desk, url: bool) -> None:
    if url:
        desk.trees("mainline", "stable", url=desk.repository.path.as_uri(), more="history = true")
        # Another tree's history is known once it was fetched.
        desk.apply("--tree", "mainline")
    done = desk.apply("--tree", "stable", "--with-prerequisites", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    validate(found, json.loads((ROOT / "docs/reference/schema/apply.schema.json").read_text()))
    first, second = found["trees"][0]["patches"]
    assert (first["number"], first["subject"], first["outcome"]) == ("P1", "core: needed", "applies")
    assert first["evidence"] == f"prerequisite: commit {desk.needed[:12]} of mainline, needed by 01; exact"
    assert (second["number"], second["outcome"]) == ("01", "applies")
    shown = desk.apply("--tree", "stable", "--with-prerequisites")
    assert f"P1 applies: prerequisite: commit {desk.needed[:12]}" in " ".join(shown.stdout.split())


def test_the_states_of_a_plain_run_stay_where_they_were(desk: Desk) -> None:
    def states() -> list[str]:
        store = Path.home() / ".cache" / "seriestool" / "kernel.git"
        command = ["git", "--git-dir", str(store), "for-each-ref", "--format=%(refname)", "refs/seriestool/applied/"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    desk.apply("--tree", "stable")
    before = states()
    desk.apply("--tree", "stable", "--with-prerequisites")
    prefix = "refs/seriestool/applied/demo/v1/stable/posted+prerequisites"
    assert states() == sorted([*before, f"{prefix}/01", f"{prefix}/P1"])


def test_without_a_history(desk: Desk) -> None:
    desk.trees("stable", more="history = false")
    done = desk.apply("--tree", "stable", "--with-prerequisites")
    assert done.returncode == 3
    assert "stable: no prerequisites were found" in done.stdout


def test_a_neighbour_that_cannot_be_read(desk: Desk) -> None:
    with (desk.root / "seriestool.toml").open("a") as file:
        file.write('[trees."gone"]\ngit = "gone"\nref = "main"\n')
    done = desk.apply("--tree", "stable", "--tree", "mainline")
    assert done.returncode == 3
    assert done.stderr.count("the history of gone is left out: no such directory") == 1
