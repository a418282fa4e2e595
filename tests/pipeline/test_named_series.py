# SPDX-License-Identifier: GPL-2.0-or-later
"""A series by argument or by option, and one that is a range of commits, through the program."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from seriestool.formats.series_toml import read_tracked
from tests.pipeline.archive import COMMIT, archive_of
from tests.pipeline.conftest import TREE, Bench, git


@pytest.fixture
def ranged(bench: Bench) -> Bench:
    """Two commits in the kernel's repository, named by ``base..main`` there."""
    bench.commit("signal: one", {"kernel/signal.c": "/* one */\n"})
    bench.commit("signal: two", {"kernel/signal.c": "/* two */\n"})
    return bench


def numbers(text: str) -> list[tuple[str, str]]:
    (tree,) = json.loads(text)["trees"]
    return [(patch["number"], patch["outcome"]) for patch in tree["patches"]]


def test_every_way_to_name_a_range(ranged: Bench) -> None:
    repository = str(ranged.kernel)
    ways = (
        [f"{repository}:base..main"],
        ["--series", f"{repository}:base..main"],
        ["--series", "base..main", "--repository", repository],
        ["base..main", "--repository", repository],
    )
    for words in ways:
        done = ranged.program("apply", *words, "--tree", TREE, "--json", "-q")
        assert (done.returncode, done.stderr) == (0, "")
        assert numbers(done.stdout) == [("01", "applies"), ("02", "applies")]


@pytest.mark.parametrize("command", ["add", "apply", "build", "fetch", "run", "test"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "either by SERIES or by --series, and neither is given"),
        (["x", "--series", "y"], "either by SERIES or by --series, and both are given"),
        (["x", "--repository", "."], "--repository is for a range of commits, and x is none"),
        (["a..b", "--repository", "nowhere"], "nowhere"),
    ],
)
def test_a_series_is_named_once(command: str, words: list[str], said: str, bench: Bench) -> None:
    done = bench.program(command, *words)
    assert (done.returncode, done.stdout) == (129, "")
    assert done.stderr.startswith("error: ")
    assert said in done.stderr


def test_a_released_range_is_tracked_with_its_commits(ranged: Bench) -> None:
    git("tag", "v6.1-rc1", "main", cwd=ranged.kernel)
    done = ranged.program("add", f"{ranged.kernel}:base..main", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "base-main" in done.stdout
    directory = ranged.root / "patches" / "base-main"
    tracked = read_tracked((directory / "series.toml").read_text(encoding="utf-8"), "base-main")
    commits = git("rev-list", "--reverse", "base..main", cwd=ranged.kernel).split()
    assert [patch.upstream for patch in tracked.patches] == commits
    assert [patch.file for patch in tracked.patches] == ["01.patch", "02.patch"]
    shutil.rmtree(ranged.root / ".seriestool")
    again = ranged.program("apply", "base-main", "--tree", TREE, "--json", "-q")
    assert numbers(again.stdout) == [("01", "applies"), ("02", "applies")]


def test_a_branch_of_ones_own_is_not_upstream(ranged: Bench) -> None:
    """Stable would be told of a commit that nobody has."""
    done = ranged.program("add", f"{ranged.kernel}:base..main", "--slug", "own", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "upstream commits known" not in done.stdout
    tracked = read_tracked((ranged.root / "patches/own/series.toml").read_text(encoding="utf-8"), "own")
    assert [patch.upstream for patch in tracked.patches] == [None, None]
    for name in ("own", f"{ranged.kernel}:base..main"):
        mails = ranged.program("export", name, "--tree", TREE, "--stdout", "-q")
        assert (mails.returncode, "upstream." in mails.stdout) == (0, False)


def test_the_same_change_twice_is_tracked_twice(ranged: Bench) -> None:
    git("revert", "--no-edit", "HEAD", cwd=ranged.kernel)
    git("cherry-pick", "HEAD~1", cwd=ranged.kernel)
    git("commit", "--quiet", "--amend", "-m", "signal: two again", cwd=ranged.kernel)
    done = ranged.program("add", f"{ranged.kernel}:base..main", "--slug", "twice", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    subjects = [(ranged.root / f"patches/twice/0{number}.patch").read_text().count("again") for number in (2, 4)]
    assert subjects == [0, 1]


def test_a_merge_in_a_range_is_told(ranged: Bench) -> None:
    git("checkout", "--quiet", "-b", "side", "base", cwd=ranged.kernel)
    ranged.commit("mm: side", {"Makefile": "# side\n"})
    git("merge", "--quiet", "--no-edit", "main", cwd=ranged.kernel)
    done = ranged.program("apply", f"{ranged.kernel}:base..side", "--tree", TREE)
    assert done.returncode == 0
    assert "base..side: left out 1 merge" in done.stderr


def test_what_a_series_needs_is_told_whether_it_is_tracked_or_not(ranged: Bench) -> None:
    text = 'signal: three\n\nFixes: 0123456789ab ("signal: none")'
    ranged.commit(text, {"kernel/signal.c": "/* three */\n"})
    mbox = ranged.root / "series.mbox"
    options = ("--cover-letter", "--base=base", "--stdout")
    mbox.write_text(git("format-patch", *options, "base..main", cwd=ranged.kernel))
    base = git("rev-parse", "base", cwd=ranged.kernel).strip()
    assert ranged.program("add", str(mbox), "--slug", "three", "-q").returncode == 0
    expected = [("base-commit", base, None), ("Fixes", "0123456789ab", "03")]
    for name in (str(mbox), "three"):
        told = json.loads(ranged.program("apply", name, "--tree", TREE, "--json", "-q").stdout)["dependencies"]
        assert [(need["kind"], need["value"], need["patch"]) for need in told] == expected
        assert [need["trees"][0]["state"] for need in told] == ["satisfied", "unknown"]
    page = ranged.program("apply", "three", "--tree", TREE, "-q").stdout
    assert "declared dependencies" in page
    assert f"base-commit  {base[:12]}" in page
    assert f"satisfied: {base[:12]} has the same files as the tree" in page
    assert "unknown: no known history has 0123456789ab" in page


def test_a_message_id_is_taken_as_it_landed_wherever_the_notice_is(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_of(bench, tmp_path, monkeypatch)
    done = bench.program("apply", "s@e.example", "--tree", TREE, "--json", "-q")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [patch["variant"] for patch in found["trees"][0]["patches"]] == ["landed"]
    assert [one["commit"] for one in found["form_differences"]] == [COMMIT]
