# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees in git: one commit is copied, and a branch that has moved is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.errors import MachineFault, UsageError
from seriestool.model.tree import GitSource
from tests.mails import git
from tests.trees.conftest import Place


class Upstream:
    """A kernel repository on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", "--template=")
        for sublevel in (1, 2, 3):
            self.release(sublevel)

    def git(self, *words: str) -> str:
        return git(*words, cwd=self.path).decode().strip()

    def release(self, sublevel: int) -> str:
        (self.path / "Makefile").write_text(f"VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = {sublevel}\nEXTRAVERSION =\n")
        self.git("add", "Makefile")
        self.git("commit", "--quiet", "-m", f"Linux 6.1.{sublevel}")
        self.git("tag", "-a", "-m", "a release", f"v6.1.{sublevel}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "linux")


def test_path(place: Place, upstream: Upstream) -> None:
    """The commit is the repository's own; its history stays behind."""
    tree = place.get(GitSource(str(upstream.path), "main"))
    assert (tree.commit, tree.version) == (upstream.git("rev-parse", "main"), "6.1.3")
    assert git("rev-list", "--count", tree.commit, cwd=place.store.path).strip() == b"1"


def test_branch_that_moves(place: Place, upstream: Upstream) -> None:
    source = GitSource(str(upstream.path), "main")
    place.get(source)
    newest = upstream.release(4)
    assert place.get(source).commit == newest


def test_branch_that_goes_back(place: Place, upstream: Upstream) -> None:
    source = GitSource(str(upstream.path), "main")
    place.get(source)
    upstream.git("reset", "--quiet", "--hard", "v6.1.1")
    assert place.get(source).version == "6.1.1"


@pytest.mark.parametrize("ref", ["v6.1.2", "main~1", "HEAD^"])
def test_revisions(place: Place, upstream: Upstream, ref: str) -> None:
    assert place.get(GitSource(str(upstream.path), ref)).version == "6.1.2"


def test_full_commit_id(place: Place, upstream: Upstream) -> None:
    commit = upstream.git("rev-parse", "main~2")
    tree = place.get(GitSource(str(upstream.path), commit))
    assert (tree.commit, tree.version) == (commit, "6.1.1")


def test_bare_repository_and_linked_worktree(place: Place, upstream: Upstream, tmp_path: Path) -> None:
    upstream.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    upstream.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), "v6.1.1")
    assert place.get(GitSource(str(tmp_path / "bare.git"), "main")).version == "6.1.3"
    assert place.get(GitSource(str(tmp_path / "linked"), "HEAD")).version == "6.1.1"


def test_url(place: Place, upstream: Upstream) -> None:
    """A URL is asked once, and again on request."""
    source = GitSource(upstream.path.as_uri(), "main")
    before = place.get(source)
    newest = upstream.release(4)
    assert place.get(source) == before
    assert place.get(source, update=True).commit == newest


def test_unknown_revision(place: Place, upstream: Upstream) -> None:
    with pytest.raises(UsageError, match=r"no such revision.*v9\.9"):
        place.get(GitSource(str(upstream.path), "v9.9"))
    with pytest.raises(MachineFault, match=r"v9\.9"):
        place.get(GitSource(upstream.path.as_uri(), "v9.9"))


def test_not_a_repository(place: Place, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "file").write_text("no directory\n")
    with pytest.raises(UsageError, match="no git repository"):
        place.get(GitSource(str(tmp_path / "plain"), "main"))
    for name in ("missing", "file"):
        with pytest.raises(UsageError, match="no such directory"):
            place.get(GitSource(str(tmp_path / name), "main"))


def test_url_that_does_not_answer(place: Place, tmp_path: Path) -> None:
    with pytest.raises(MachineFault, match=r"does not exist|not appear to be a git repository") as caught:
        place.get(GitSource((tmp_path / "missing").as_uri(), "main"))
    assert "\n" not in caught.value.message
    assert place.known(GitSource((tmp_path / "missing").as_uri(), "main")) is None
