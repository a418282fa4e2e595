# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports for real kernels: ``git am`` gives the tree object that apply computed, on all four."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.kernel.conftest import Workspace, real_cache
from tests.mails import git

pytestmark = pytest.mark.kernel

FLAGSHIP = "synchronous-perf-signals"
TREES = ("stable-5.10", "stable-6.1", "stable-6.12", "mainline-7.2")
ON = [(FLAGSHIP, "stable-5.10"), *(("siginfo-guard", tree) for tree in TREES)]
IDENTITY = {"GIT_COMMITTER_NAME": "Jane Doe", "GIT_COMMITTER_EMAIL": "jane@example.org"}
Json = Mapping[str, Any]


def exported(workspace: Workspace, *words: str) -> Json:
    """Export, and return what was printed as JSON."""
    if not (SHARED / "lore").is_dir():
        pytest.skip("no folder ../shared/lore beside this checkout")
    done = workspace.program("export", *words, "--json", environment=IDENTITY)
    assert done.returncode == 0
    found: Json = json.loads(done.stdout)
    return found


def checkout(place: Path, commit: str) -> Path:
    """Return a repository that borrows the store's objects, at *commit*, with no file checked out but the changed."""
    git("init", "--quiet", str(place))
    (place / ".git" / "objects" / "info" / "alternates").write_text(f"{real_cache().store / 'objects'}\n")
    git("update-ref", "refs/heads/base", commit, cwd=place)
    git("symbolic-ref", "HEAD", "refs/heads/base", cwd=place)
    git("sparse-checkout", "set", "--no-cone", "/none", cwd=place)
    git("reset", "--quiet", "--hard", cwd=place)
    return place


@pytest.mark.parametrize(("series", "tree"), ON)
def test_git_am(workspace: Workspace, tmp_path: Path, series: str, tree: str) -> None:
    found = exported(workspace, series, "--tree", tree, "-o", str(tmp_path / "out"))
    applied = json.loads(workspace.program("apply", series, "--tree", tree, "--json").stdout)["trees"][0]
    clone = checkout(tmp_path / "clone", found["base_commit"])
    git("am", "--quiet", "--empty=drop", *found["files"], cwd=clone)
    trees = git("log", "--reverse", "--format=%T", f"{found['base_commit']}..base", cwd=clone).decode().split()
    states = [patch["commit"] for patch in applied["patches"]]
    computed = [git("rev-parse", f"{state}^{{tree}}", cwd=clone).decode().strip() for state in states]
    assert trees[-1] == computed[-1]
    assert trees == [patch["tree_object"] for patch in found["exported"]] == computed


@pytest.mark.skipif(shutil.which("quilt") is None, reason="no quilt on this machine")
@pytest.mark.parametrize(("series", "tree"), ON)
def test_quilt(workspace: Workspace, tmp_path: Path, series: str, tree: str) -> None:
    words = (series, "--tree", tree, "--format", "quilt", "-o", str(tmp_path / "out"))
    found = exported(workspace, *words)
    clone = checkout(tmp_path / "clone", found["base_commit"])
    last = found["exported"][-1]["tree_object"]
    changed = git("diff", "--name-only", "--diff-filter=a", found["base_commit"], last, cwd=clone).decode().split()
    git("checkout", "--quiet", "base", "--ignore-skip-worktree-bits", "--", *changed, cwd=clone)
    environment = {**os.environ, "QUILT_PATCHES": str(tmp_path / "out")}
    command = ["quilt", "--quiltrc=-", "push", "-a", "-q", "--fuzz=0"]
    subprocess.run(command, cwd=clone, env=environment, check=True)
    git("add", "--sparse", "--all", "--force", ".", ":!.pc", cwd=clone)
    assert git("write-tree", cwd=clone).decode().strip() == last


@pytest.mark.parametrize("tree", TREES[1:])
def test_newer_trees_have_it_all(workspace: Workspace, tree: str) -> None:
    done = workspace.program("export", FLAGSHIP, "--tree", tree, "-o", "nothing")
    assert (done.returncode, done.stdout) == (0, f"nothing to export: {tree} has all 11 patches\n")
    assert not (workspace.root / "nothing").exists()


def test_flagship_is_ready_for_stable(workspace: Workspace, tmp_path: Path) -> None:
    found = exported(workspace, FLAGSHIP, "--tree", "stable-5.10", "-o", str(tmp_path / "out"))
    upstream = {patch["number"]: patch["upstream"] for patch in found["exported"]}
    assert upstream["05"] == "fb6cc127e0b6e629252cdd0f77d5a1f49db95b92"
    assert [number for number, commit in upstream.items() if commit is None] == ["09", "10"]
    fifth = (tmp_path / "out" / Path(found["exported"][4]["file"]).name).read_text()
    assert "\nSubject: [PATCH 5.10.y 05/11] signal: Introduce TRAP_PERF" in fifth
    assert f"\n\nFrom: Marco Elver <elver@google.com>\n\ncommit {upstream['05']} upstream.\n\n" in fifth
    assert "Acked-by: Geert Uytterhoeven <geert@linux-m68k.org> # m68k\n" in fifth
    assert fifth.partition("\n---\n")[0].endswith(" ]\nSigned-off-by: Jane Doe <jane@example.org>")
    assert "[ Jane Doe: kernel/signal.c hunk 2 left out: It adds a case to hide_" in " ".join(fifth.split())
    cover = (tmp_path / "out" / "0000-cover-letter.patch").read_text()
    assert "\nbase: linux-source-5.10 5.10.262-1\n" in cover
    assert "siginfo: ABI fixes for TRAP_PERF" in cover
