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


def test_what_is_declared_and_what_rejects_are_told_as_one(desk: Desk) -> None:
    """The hunk says who brought what it misses also where the posting names that commit by itself."""
    directory = desk.root / "patches" / "demo"
    mail = (directory / "0001.patch").read_text()
    cc = f"Cc: stable@vger.kernel.org # 5.10.x: {desk.needed[:12]}: core: needed"
    (directory / "0001.patch").write_text(mail.replace("\nWhy.\n", f"\nWhy.\n\n{cc}\n", 1))
    found = json.loads(desk.apply("--tree", "stable", "--json").stdout)
    (hunk,) = found["trees"][0]["patches"][0]["hunks"]
    assert [(one["commit"], one["needed"]) for one in hunk["introduced"]] == [(desk.needed, True)]
    (front,) = found["prerequisites"]
    assert (front["applied"], front["conflicts"], front["gave_up"]) == (False, [], None)
    assert front["commits"] == [
        {"commit": desk.needed, "subject": "core: needed", "history": "mainline", "needed_by": ["01"]}
    ]
    reason = f"{desk.needed[:12]} (core: needed) is not in the tree's history"
    answer = {"tree": "stable", "state": "missing", "reason": reason}
    assert found["dependencies"][0]["trees"] == [answer]
    found = json.loads(desk.apply("--tree", "stable", "--json", "--with-prerequisites").stdout)
    assert found["dependencies"][0]["trees"] == [{**answer, "reason": f"{reason}; brought by P1"}]
    assert found["prerequisites"][0]["applied"] is True
    assert [patch["variant"] for patch in found["trees"][0]["patches"]] == ["landed", "posted"]
    assert "form:" not in desk.apply("--tree", "stable", "--with-prerequisites").stdout


def test_standard_error_is_for_progress(desk: Desk) -> None:
    desk.apply("--tree", "stable")
    for words in ((), ("--with-prerequisites",)):
        done = desk.apply("--tree", "stable", *words)
        assert (done.stderr, "core: needed" in done.stdout) == ("", True)


def test_a_history_that_was_not_fetched_yet_is_told_of_once(desk: Desk) -> None:
    desk.trees("mainline", "stable", url=desk.repository.path.as_uri(), more="history = true")
    done = desk.apply("--tree", "stable")
    note = "the history of mainline is not here yet: seriestool trees --import mainline fetches it\n"
    assert done.stderr.count(note) == 1
    assert desk.program("trees", "--import", "mainline", "-q").returncode == 0
    done = desk.apply("--tree", "stable")
    assert (done.stderr, "needs: " in done.stdout) == ("", True)
