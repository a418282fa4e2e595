# SPDX-License-Identifier: GPL-2.0-or-later
"""Worktrees: moved, not made again, and put right after a kill at any moment."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seriestool.errors import MachineFault
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import EXECUTABLE, FILE, SYMLINK
from seriestool.git.worktree import move_worktree, remove_worktree
from tests.git.world import Files, commit

BASE: Files = {
    ".gitattributes": (FILE, b"*.dos text eol=crlf\n*.id ident\nkeep export-subst\n"),
    ".gitignore": (FILE, b"/*\n*.o\n"),
    "a.c": (FILE, b"int a;\n"),
    "deep/er/b.c": (FILE, b"int b;\n"),
    "text.dos": (FILE, b"one\ntwo\r\n"),
    "text.id": (FILE, b"$Id$ $Format:%H$\n"),
    "run.sh": (EXECUTABLE, b"#!/bin/sh\n"),
    "link": (SYMLINK, b"deep/er"),
}
NEXT: Files = {**BASE, "a.c": (FILE, b"int a2;\n"), "new.c": (FILE, b"new\n")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "worktrees" / "tree-arm"


def found(place: Path) -> Files:
    """Return what is in the worktree, as git would see it without attributes."""
    files = {}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_symlink():
            files[name] = (SYMLINK, str(path.readlink()).encode())
        elif path.is_file() and name != ".git":
            files[name] = (EXECUTABLE if path.stat().st_mode & 0o100 else FILE, path.read_bytes())
    return files


def test_made_and_moved_byte_by_byte(store: ObjectStore, place: Path) -> None:
    base, following = commit(store, BASE).commit, commit(store, NEXT).commit
    for target, files in ((base, BASE), (following, NEXT), (following, NEXT), (base, BASE)):
        move_worktree(store, place, target)
        assert found(place) == files


def test_unchanged_files_keep_their_time_stamps(store: ObjectStore, place: Path) -> None:
    move_worktree(store, place, commit(store, BASE).commit)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*.[ch]")}
    move_worktree(store, place, commit(store, NEXT).commit)
    after = {path: path.stat().st_mtime_ns for path in before}
    assert [path.name for path in before if before[path] != after[path]] == ["a.c"]


def test_what_does_not_belong_there_goes(store: ObjectStore, place: Path) -> None:
    base = commit(store, BASE).commit
    move_worktree(store, place, base)
    (place / "a.c").write_text("changed\n")
    (place / "deep/er/b.c").unlink()
    (place / "run.sh").chmod(0o644)
    (place / "junk.o").write_text("ignored by .gitignore\n")
    (place / "nested/.git").mkdir(parents=True)
    shutil.rmtree(place / "link", ignore_errors=True)
    move_worktree(store, place, base)
    assert found(place) == BASE


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
def test_a_lock_of_a_killed_git(store: ObjectStore, place: Path, name: str) -> None:
    move_worktree(store, place, commit(store, BASE).commit)
    (store.path / "worktrees" / place.name / name).write_text("")
    move_worktree(store, place, commit(store, NEXT).commit)
    assert found(place) == NEXT


def test_an_index_that_knows_nothing_of_a_half_done_move(store: ObjectStore, place: Path) -> None:
    base, following = commit(store, BASE).commit, commit(store, NEXT).commit
    move_worktree(store, place, base)
    index = store.path / "worktrees" / place.name / "index"
    old = index.read_bytes()
    move_worktree(store, place, following)
    index.write_bytes(old)  # killed before git put the new one in place
    (place / "a.c").write_bytes(b"int a2")
    move_worktree(store, place, following)
    assert found(place) == NEXT


@pytest.mark.parametrize("gone", ["commondir", "HEAD", "gitdir", "."])
def test_half_made_administration(store: ObjectStore, place: Path, gone: str) -> None:
    base = commit(store, BASE).commit
    move_worktree(store, place, base)
    admin = store.path / "worktrees" / place.name
    if gone == ".":
        shutil.rmtree(admin)
    else:
        (admin / gone).unlink()
    move_worktree(store, place, base)
    assert found(place) == BASE


def test_a_directory_that_vanished(store: ObjectStore, place: Path) -> None:
    base = commit(store, BASE).commit
    move_worktree(store, place, base)
    shutil.rmtree(place)
    move_worktree(store, place, base)
    assert found(place) == BASE
    assert [path.name for path in (store.path / "worktrees").iterdir()] == [place.name]


def test_an_empty_directory_may_be_there(store: ObjectStore, place: Path) -> None:
    place.mkdir(parents=True)
    move_worktree(store, place, commit(store, BASE).commit)
    assert found(place) == BASE


def test_somebody_elses_directory_is_left_alone(store: ObjectStore, place: Path) -> None:
    place.mkdir(parents=True)
    (place / "thesis.txt").write_text("two years of work\n")
    base = commit(store, BASE).commit
    with pytest.raises(MachineFault, match="no worktree of"):
        move_worktree(store, place, base)
    with pytest.raises(MachineFault, match="no worktree of"):
        remove_worktree(store, place)
    assert (place / "thesis.txt").read_text() == "two years of work\n"


def test_an_unknown_commit(store: ObjectStore, place: Path) -> None:
    with pytest.raises(MachineFault, match="no such commit"):
        move_worktree(store, place, "1" * 40)
    assert not place.exists()


def test_removed(store: ObjectStore, place: Path) -> None:
    move_worktree(store, place, commit(store, BASE).commit)
    remove_worktree(store, place)
    remove_worktree(store, place)
    assert not place.exists()
    assert not (store.path / "worktrees" / place.name).exists()


def test_a_store_by_a_relative_path(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = commit(store, BASE).commit
    monkeypatch.chdir(tmp_path)
    with ObjectStore(store.path.relative_to(tmp_path)) as relative:
        move_worktree(relative, Path("here"), base)
        move_worktree(relative, Path("here"), base)
    assert found(tmp_path / "here") == BASE
