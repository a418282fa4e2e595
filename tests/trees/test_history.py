# SPDX-License-Identifier: GPL-2.0-or-later
"""The history of a tree: read where it lies for a path, fetched on request for a URL, and never cut by a neighbour."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seriestool.errors import MachineFault, UsageError
from seriestool.git.commits import read_commit
from seriestool.git.history import History
from seriestool.model.tree import GitSource, TreeSpec
from seriestool.trees import open_history
from tests.apply.upstream import CODE, Repository
from tests.trees.conftest import Place


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "linux")
    for release in ("5.9", "5.10", "5.11"):
        repository.release(release)
    return repository


@contextmanager
def opened(place: Place, source: GitSource) -> Iterator[History | None]:
    """Import a tree and open its history."""
    spec = TreeSpec("tree", source)
    history = open_history(spec, place.store, place.get(source), progress=place)
    try:
        yield history
    finally:
        if history:
            history.close()


def subjects(history: History) -> list[str]:
    return [each.subject for each in history.log(["Makefile"])]


EVERYTHING = ["Linux 5.11", "Linux 5.10", "Linux 5.9"]


def test_a_path_has_its_history(place: Place, upstream: Repository) -> None:
    """Nothing of it is copied."""
    with opened(place, GitSource(str(upstream.path), "main")) as history:
        assert history is not None
        assert subjects(history) == EVERYTHING
        assert history.source.git_dir == upstream.path / ".git"
    assert not (place.store.path.parent / "history").exists()
    assert place.store.resolve(upstream.git("rev-parse", "v5.10^{commit}")) is None


def test_a_linked_worktree_and_a_bare_repository(place: Place, upstream: Repository, tmp_path: Path) -> None:
    upstream.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), "v5.10")
    upstream.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    for path, expected in (("linked", EVERYTHING[1:]), ("bare.git", EVERYTHING)):
        with opened(place, GitSource(str(tmp_path / path), "HEAD")) as history:
            assert history is not None
            assert subjects(history) == expected


def test_a_path_without_its_history(place: Place, upstream: Repository) -> None:
    with opened(place, GitSource(str(upstream.path), "main", history=False)) as history:
        assert history is None


def test_what_came_after_a_revision(place: Place, upstream: Repository) -> None:
    with opened(place, GitSource(str(upstream.path), "main", history="v5.9")) as history:
        assert history is not None
        assert subjects(history) == EVERYTHING[:2]
        assert history.contains(upstream.git("rev-parse", "v5.9^{commit}"))


def test_a_revision_that_is_not_there(place: Place, upstream: Repository) -> None:
    with (
        pytest.raises(UsageError, match=r"no such revision.*v4\.4"),
        opened(place, GitSource(str(upstream.path), "main", history="v4.4")),
    ):
        pass


def test_a_shallow_path_is_said_to_be(place: Place, upstream: Repository, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=2", upstream.path.as_uri(), str(clone)], check=True)
    with opened(place, GitSource(str(clone), "main")) as history:
        assert history is not None
        assert history.source.shallow
        assert subjects(history) == EVERYTHING[:2]
    assert place.notes == [f"tree: {clone} is shallow: of its history only what is there counts"]


def test_a_url_has_none_unless_asked(place: Place, upstream: Repository) -> None:
    with opened(place, GitSource(upstream.path.as_uri(), "main")) as history:
        assert history is None


@pytest.mark.parametrize(("history", "expected"), [(True, EVERYTHING), ("v5.9", EVERYTHING[:2])])
def test_a_url_with_history(place: Place, upstream: Repository, history: bool | str, expected: list[str]) -> None:
    source = GitSource(upstream.path.as_uri(), "main", history)
    with opened(place, source) as found:
        assert found is not None
        assert subjects(found) == expected
        assert found.source.shallow is (history == "v5.9")
        newest = upstream.git("rev-parse", "v5.11^{commit}")
        assert found.first_releases([newest]) == {newest: "v5.11"}
    upstream.release("5.12")
    assert place.get(source).version == "5.11.0"
    assert place.get(source, update=True).version == "5.12.0"
    with opened(place, source) as found:
        assert found is not None
        assert subjects(found) == ["Linux 5.12", *expected]


def test_the_history_is_fetched_when_it_is_asked_for_later(place: Place, upstream: Repository) -> None:
    url = upstream.path.as_uri()
    tree = place.get(GitSource(url, "main"))
    with opened(place, GitSource(url, "main", history=True)) as history:
        assert history is not None
        assert history.source.commit == tree.commit
        assert subjects(history) == EVERYTHING


def test_a_tree_of_the_same_place_cuts_nothing(place: Place, upstream: Repository) -> None:
    """One commit of the same history, fetched alone, would be where the other's history ends."""
    url = upstream.path.as_uri()
    with opened(place, GitSource(url, "main", history=True)) as history:
        place.get(GitSource(url, "v5.10"))
        assert history is not None
        assert subjects(history) == EVERYTHING
        assert history.contains(upstream.git("rev-parse", "v5.9^{commit}"))


def test_a_url_that_does_not_answer(place: Place, upstream: Repository, tmp_path: Path) -> None:
    for url, history in (((tmp_path / "missing").as_uri(), True), (upstream.path.as_uri(), "v4.4")):
        with pytest.raises(MachineFault) as caught:
            place.get(GitSource(url, "main", history))
        assert "\n" not in caught.value.message
        assert url in caught.value.message


def test_nothing_of_the_repository_is_run(
    place: Place, upstream: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration of a repository can name programs; none of them is started, and none changes what is read."""
    commit = upstream.commit("core: begin", code__c=CODE)
    changed = upstream.commit("core: change", code__c=upstream.edit("call_3", "call_three"))
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path}/seen\n")
    spy.chmod(0o755)
    for name in ("diff.external", "core.pager", "core.fsmonitor", "gpg.program", "diff.spy.textconv"):
        upstream.git("config", name, str(spy))
    for name, value in {"log.showSignature": "true", "diff.noprefix": "true", "diff.context": "9",
                        "diff.suppressBlankEmpty": "true", "log.follow": "true"}.items():  # fmt: skip
        upstream.git("config", name, value)
    (upstream.path / ".gitattributes").write_text("*.c diff=spy\n")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(spy))
    with opened(place, GitSource(str(upstream.path), "main")) as history:
        assert history is not None
        assert [each.commit for each in history.log(["code.c"])] == [changed, commit]
        patch = read_commit(history, changed)
    assert patch.diff.startswith(b"diff --git a/code.c b/code.c\n")
    assert len(patch.files[0].hunks[0].lines) == 8
    assert not (tmp_path / "seen").exists()


def test_a_path_of_a_patch_is_no_pattern(place: Place, upstream: Repository) -> None:
    upstream.commit("core: begin", code__c=CODE)
    with opened(place, GitSource(str(upstream.path), "main")) as history:
        assert history is not None
        assert history.log(["*.c"]) == ()
        assert history.log([":(top)code.c"]) == ()


def test_a_commit_as_a_patch(place: Place, upstream: Repository) -> None:
    upstream.commit("core: begin", code__c=CODE)
    upstream.git("config", "i18n.commitEncoding", "ISO-8859-1")
    link = "https://lore.kernel.org/r/20210408.1-2-x@example.com"
    body = f"Why.\n\nLink: {link}\nSigned-off-by: Jos\u00e9 <jose@example.com>"
    (upstream.path / "code.c").write_text(upstream.edit("call_3", "call_three"))
    upstream.git("add", "--all")
    upstream.git("commit", "--quiet", "--file=-", stdin=f"core: change\n\n{body}".encode("latin-1"), author="J Ose")
    upstream.git("config", "i18n.logOutputEncoding", "UTF-8")
    expected = upstream.git("format-patch", "--stdout", "-1", "--no-signature")
    with opened(place, GitSource(str(upstream.path), "main")) as history:
        assert history is not None
        patch = read_commit(history, upstream.head, "P1")
    assert (patch.number, patch.subject, str(patch.author)) == ("P1", "core: change", "J Ose <j@example.com>")
    assert patch.message == f"core: change\n\n{body}\n"
    assert patch.message_id == "20210408.1-2-x@example.com"
    assert [trailer.name for trailer in patch.trailers] == ["Link", "Signed-off-by"]
    assert patch.date.endswith(" +0000")
    assert patch.patch_id == subprocess.run(
        ["git", "patch-id", "--stable"], input=expected.encode(), capture_output=True, check=True
    ).stdout.decode().split(maxsplit=1)[0]
