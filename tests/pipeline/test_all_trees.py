# SPDX-License-Identifier: GPL-2.0-or-later
"""``apply --all-trees``: what is imported is judged, nothing is downloaded for it."""

from __future__ import annotations

import json

from tests.pipeline.conftest import TREE, Bench


def add_tree(bench: Bench, name: str, ref: str) -> None:
    with (bench.root / "seriestool.toml").open("a", encoding="utf-8") as file:
        file.write(f'[trees."{name}"]\ngit = "{bench.kernel}"\nref = "{ref}"\n')


def test_only_imported_trees_are_judged_and_the_others_are_named(bench: Bench) -> None:
    bench.commit("kernel: one more line", {"kernel/signal.c": "/* one more */\n"})
    bench.track()
    add_tree(bench, "later", "main")
    assert bench.program("trees", "--import", TREE).returncode == 0
    done = bench.program("apply", "demo", "--all-trees", "--json")
    assert done.returncode == 0, done.stderr
    assert [tree["tree"] for tree in json.loads(done.stdout)["trees"]] == [TREE]
    assert "left out, not imported: later" in done.stderr


def test_without_an_imported_tree_it_says_what_to_type(bench: Bench) -> None:
    bench.commit("kernel: one more line", {"kernel/signal.c": "/* one more */\n"})
    bench.track()
    done = bench.program("apply", "demo", "--all-trees")
    assert done.returncode == 129
    assert done.stderr.splitlines()[:1] == ["error: no tree is imported"]
    assert f"seriestool trees --import {TREE}" in done.stderr


def test_two_ways_to_name_trees_at_once_are_one_too_many(bench: Bench) -> None:
    done = bench.program("apply", "demo", "--all-trees", "--tree", TREE)
    assert done.returncode == 129
    assert "--all-trees" in done.stderr
