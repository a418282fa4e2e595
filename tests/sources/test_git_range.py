# SPDX-License-Identifier: GPL-2.0-or-later
"""Ranges of commits as series: the real git in a repository of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seriestool.errors import InputRefused, SeriestoolError, UsageError
from seriestool.git import range as range_module
from seriestool.log import QUIET, Progress, Task
from seriestool.model.series import Patch
from seriestool.sources import Found, find_mail, names_series, read_series
from tests.mails import git

# What people set in a repository, and what must not reach a patch.
TASTE = """
[format]
	subjectPrefix = MINE
	signOff = true
	signature = me
	attach = true
	to = list@example.com
	cc = cc@example.com
	headers = "X-Mine: 1\\n"
	from = true
	thread = true
	coverLetter = true
	useAutoBase = whenAble
	notes = true
	numbered = false
	encodeEmailHeaders = false
	pretty = oneline
[diff]
	noprefix = true
	mnemonicPrefix = true
	context = 0
	interHunkContext = 9
	algorithm = patience
	renames = false
	renameLimit = 1
	orderFile = order
	external = false
	submodule = log
	suppressBlankEmpty = true
	relative = true
	indentHeuristic = false
[log]
	showSignature = true
	mailmap = true
	date = relative
	decorate = full
[core]
	quotePath = false
	abbrev = 5
	attributesFile = attributes
[color]
	ui = always
[i18n]
	logOutputEncoding = latin1
[notes]
	displayRef = refs/notes/*
"""


@dataclass
class Repository:
    """A repository with one base commit and what a test puts on it."""

    path: Path

    def git(self, *words: str, check: bool = True) -> str:
        return git(*words, cwd=self.path, check=check).decode().strip()

    def commit(self, message: str, **files: str) -> str:
        for name, text in files.items():
            (self.path / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@dataclass
class Notes:
    """Progress that keeps what it is told."""

    said: list[str] = field(default_factory=list)

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        with QUIET.task(label, total, unit) as task:
            yield task

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Three commits on the branch ``topic``; it is the current directory."""
    path = tmp_path / "repository"
    path.mkdir()
    monkeypatch.chdir(path)
    made = Repository(path)
    made.git("init", "-q", "-b", "main")
    made.commit("base", a="".join(f"line {number}\n" for number in range(30)), order="b\na\n", attributes="* -diff\n")
    made.git("checkout", "-q", "-b", "topic")
    made.commit("first: ü\n\nFrom here to there.\n\nSigned-off-by: A <a@x>", a="changed\n", b="new\r\n")
    made.git("mv", "a", "moved")
    made.commit("second\n\nFrom 0123 12:00:00 2001\n---\nNot kept.", b="no end")
    made.commit("third", b="\n\nlast\n")
    return made


def find(spec: str, progress: Progress = QUIET) -> Found:
    return find_mail(spec, lore="nowhere", cache=Path("nowhere"), progress=progress)


def patches(spec: str) -> tuple[Patch, ...]:
    return read_series(find(spec)).patches


def test_a_range_is_its_commits_in_order(repository: Repository) -> None:
    found = find("main..topic")
    series = read_series(found)
    assert (series.title, series.revision) == ("main..topic", 1)
    assert [patch.number for patch in series.patches] == ["01", "02", "03"]
    assert [patch.subject for patch in series.patches] == ["first: ü", "second", "third"]
    assert list(found.commits) == repository.git("rev-list", "--reverse", "main..topic").split()
    assert series.patches[0].message == "first: ü\n\nFrom here to there.\n\nSigned-off-by: A <a@x>\n"
    assert series.patches[1].message == "second\n\nFrom 0123 12:00:00 2001\n"
    assert {str(patch.author) for patch in series.patches} == {"A U Thor <author@example.com>"}
    for patch, commit in zip(series.patches, found.commits, strict=True):
        shown = git("diff-tree", "-p", "-M", "--full-index", "--binary", commit, cwd=repository.path)
        assert patch.patch_id == git("patch-id", "--stable", stdin=shown).decode().split()[0]


def test_upstream_is_what_mainline_released_and_what_a_backport_says(repository: Repository) -> None:
    own = list(find("main..topic").commits)
    assert find("main..topic").upstream == (None, None, None)
    for tag in ("v5.10.3", "topic-v1", "v-next", "v5"):  # a stable release, and no releases
        repository.git("tag", tag, "topic")
    assert find("main..topic").upstream == (None, None, None)
    repository.git("tag", "v5.10-rc2", own[0])
    assert find("main..topic").upstream == (own[0], None, None)
    repository.git("tag", "-a", "-m", "5.10", "v5.10", own[1])
    assert find("main..topic").upstream == (own[0], own[1], None)
    repository.commit(f"fourth\n\ncommit {'ab' * 20} upstream.\n\nText.", c="1\n")
    repository.commit(f"fifth\n\n[ Upstream commit {'CD' * 20} ]\n\nText.", c="2\n")
    repository.commit(f"sixth\n\nText.\n\ncommit {'ef' * 20} upstream.", c="3\n")
    assert find("v5.10..topic").upstream == (None, "ab" * 20, "cd" * 20, None)


def test_what_git_would_apply_is_what_the_range_did(repository: Repository) -> None:
    diffs = [patch.diff for patch in patches("main..topic")]
    repository.git("checkout", "-q", "main")
    for diff in diffs:
        git("apply", "--index", stdin=diff, cwd=repository.path)
    assert repository.git("write-tree") == repository.git("rev-parse", "topic^{tree}")


def test_the_users_taste_changes_nothing(repository: Repository, sealed: Path) -> None:
    plain = find("main..topic")
    repository.git("notes", "add", "-m", "a note", "topic")
    (repository.path / ".git/config").open("a").write(TASTE)
    (sealed / ".gitconfig").write_text(TASTE)
    (repository.path / ".mailmap").write_text("Other <other@example.com> <author@example.com>\n")
    assert find("main..topic") == plain


@pytest.mark.parametrize(
    ("spec", "subjects"),
    [
        ("main..", ["first: ü", "second", "third"]),
        ("HEAD~1..@", ["third"]),
        ("..side", ["aside"]),
        ("main...side", ["aside"]),
        ("topic~1...side", ["aside", "first: ü", "second"]),
        ("HEAD@{0}~2..HEAD", ["second", "third"]),
        (":/first..HEAD", ["second", "third"]),
    ],
)
def test_a_range_is_what_git_means_by_it(spec: str, subjects: list[str], repository: Repository) -> None:
    repository.git("branch", "side", "main")
    repository.git("worktree", "add", "-q", "../side", "side")
    Repository(repository.path.parent / "side").commit("aside", c="c\n")
    assert sorted(patch.subject for patch in patches(spec)) == sorted(subjects)


def test_another_repository_is_named_before_the_range(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare:1.git"))
    (repository.path / "sub").mkdir()
    for place in (repository.path, "repository", "repository/sub", tmp_path / "bare:1.git", repository.path / ".git"):
        assert [patch.subject for patch in patches(f"{place}:main..topic")] == ["first: ü", "second", "third"]


def test_one_commit_gives_the_series_its_title(repository: Repository) -> None:
    assert read_series(find("topic~1..topic")).title == "third"
    assert read_series(find("main..")).title == "main..topic"


def test_brackets_of_a_subject_are_no_prefix(repository: Repository) -> None:
    repository.commit("[v9,7/8] odd", a="odd\n")
    series = read_series(find("topic~2.."))
    assert [(patch.number, patch.subject) for patch in series.patches] == [("01", "third"), ("02", "odd")]


def test_what_is_left_out_is_counted(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "other", "main")
    repository.commit("other", d="d\n")
    repository.git("merge", "-q", "--no-ff", "-m", "a merge", "topic")
    repository.commit("nothing")
    notes = Notes()
    assert len(find("main..other", notes).commits) == 4
    assert notes.said == ["main..other: left out 1 merge, 1 commit without a change"]
    with pytest.raises(UsageError, match=r"other~1..other: no patch in this range: 1 commit without a change"):
        find("other~1..other")


@pytest.mark.parametrize(
    ("spec", "reason", "hint"),
    [
        ("topic..topic", "topic..topic: no commit in this range", None),
        ("topic..main", "no commit in this range", "the other way round, main..topic, has 3"),
        ("nowhere..topic", "no such revision in .*repository: nowhere", "--repository DIR"),
        ("main..topic^{tree}", r"no such revision in .*: topic\^\{tree\}", "DIR:<rev>..<rev>"),
        ("/nowhere/at/all:a..b", "no such directory: /nowhere/at/all", "<repository>:<rev>..<rev>"),
        ("/:main..topic", "no git repository in / or above", "--repository"),
    ],
)
def test_a_range_that_is_none_is_told(spec: str, reason: str, hint: str | None, repository: Repository) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        find(spec)
    assert (hint in (caught.value.hint or "")) if hint else caught.value.hint is None


def test_a_repository_without_commits_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q", cwd=tmp_path)
    with pytest.raises(UsageError, match=r"no such revision in .*: HEAD"):
        find("HEAD..x")


def test_a_release_is_no_series(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_module, "COMMIT_LIMIT", 2)
    with pytest.raises(InputRefused, match="3 commits, the limit is 2"):
        find("main..topic")


@pytest.mark.parametrize("line", ["diff --git a/x b/x", "Index: x", "--- a/x"])
def test_a_diff_in_a_commit_message_is_refused(line: str, repository: Repository) -> None:
    repository.commit(f"fourth\n\nSee:\n\n{line}", a="fourth\n")
    with pytest.raises(InputRefused, match="a line of its message would be read as the diff"):
        find("topic~1..topic")


def test_a_revision_of_a_range_is_a_mistake(repository: Repository) -> None:
    with pytest.raises(UsageError, match="no revision v2"):
        read_series(find("main..topic"), revision=2)


def test_a_path_that_is_there_is_no_range(repository: Repository) -> None:
    (repository.path / "main..topic").write_bytes(b"")
    with pytest.raises(InputRefused, match="empty"):
        find("main..topic")


@pytest.mark.parametrize(
    "spec",
    ["..", "...", "../x.mbox", "../x..y", "x/..", "a/../b", "-x..y", "a..-b", "a b..c", "a\0..b", "x.patch", "/a..b"],
)
def test_what_looks_like_a_path_or_an_option_is_no_range(spec: str, tmp_path: Path) -> None:
    taken = names_series(spec) and not Path(spec).exists()
    assert not taken


def test_a_message_id_with_dots_is_no_range(repository: Repository) -> None:
    with pytest.raises(SeriestoolError, match="archive nowhere is neither"):
        find("2021..04@example.com")
