# SPDX-License-Identifier: GPL-2.0-or-later
"""Some files of a commit in a directory: only what differs is touched, and nothing outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seriestool.errors import InputRefused, MachineFault
from seriestool.git.listing import walk
from seriestool.git.objects import ObjectStore
from seriestool.git.partial import PartialCheckout
from seriestool.git.treeobject import EXECUTABLE, FILE, GITLINK, SYMLINK, Entry, Oid
from tests.git.world import Files, write

BASE: Files = {
    "Makefile": (FILE, b"all:\n"),
    "deep/er/b.h": (FILE, b"b\n"),
    "deep/er/c.h": (FILE, b"c\n"),
    "run.sh": (EXECUTABLE, b"#!/bin/sh\n"),
    "link": (SYMLINK, b"deep/er"),
}


class Bench:
    """A checkout, and what lies in its directory."""

    def __init__(self, store: ObjectStore, root: Path) -> None:
        self.store = store
        self.directory = root / "inside"
        self.record = root / "record.json"

    def checkout(self) -> PartialCheckout:
        return PartialCheckout(self.store, self.directory, self.record)

    def move(self, files: Files) -> tuple[str, ...]:
        return self.checkout().move(dict(walk(self.store, write(self.store, files))))

    def found(self) -> Files:
        files = {}
        for folder, folders, names in os.walk(self.directory):
            for path in (Path(folder, name) for name in [*folders, *names]):
                name = path.relative_to(self.directory).as_posix()
                if path.is_symlink():
                    files[name] = (SYMLINK, os.fsencode(path.readlink()))
                elif path.is_file():
                    files[name] = (EXECUTABLE if path.stat().st_mode & 0o100 else FILE, path.read_bytes())
        return files


@pytest.fixture
def bench(store: ObjectStore, tmp_path: Path) -> Bench:
    return Bench(store, tmp_path)


STEPS: tuple[tuple[Files, list[str]], ...] = (
    (BASE, []),
    ({**BASE, "deep/er/b.h": (FILE, b"other\n")}, ["deep/er/b.h"]),
    ({**BASE, "run.sh": (FILE, b"#!/bin/sh\n")}, ["run.sh"]),
    ({**BASE, "link": (FILE, b"deep/er")}, ["link"]),
    ({"Makefile": BASE["Makefile"]}, ["deep/er/b.h", "deep/er/c.h", "link", "run.sh"]),
    ({**BASE, "link": (SYMLINK, b"nowhere"), "new/a": (FILE, b"")}, ["link", "new/a"]),
    ({"Makefile/a": (FILE, b"a folder\n"), "deep": (FILE, b"a file\n")}, [
        "Makefile", "Makefile/a", "deep", "deep/er/b.h", "deep/er/c.h", "link", "run.sh",
    ]),
)  # fmt: skip


@pytest.mark.parametrize(("files", "changed"), STEPS)
def test_only_what_differs_is_touched(bench: Bench, files: Files, changed: list[str]) -> None:
    assert bench.move(BASE) == tuple(sorted(BASE))
    stamps = {path: os.lstat(bench.directory / path).st_mtime_ns for path in BASE.keys() & files.keys()}
    assert list(bench.move(files)) == changed
    assert bench.found() == files
    same = stamps.keys() - set(changed)
    assert {path: os.lstat(bench.directory / path).st_mtime_ns for path in same} == {
        path: stamps[path] for path in same
    }
    assert sorted(bench.move(BASE)) == sorted(changed)
    assert bench.found() == BASE


def test_folders_go_with_their_last_file(bench: Bench) -> None:
    bench.move(BASE)
    bench.move({"Makefile": BASE["Makefile"]})
    assert [path.name for path in bench.directory.iterdir()] == ["Makefile"]


def test_what_somebody_changed_is_written_again(bench: Bench) -> None:
    bench.move(BASE)
    (bench.directory / "Makefile").write_bytes(b"evil\n")
    (bench.directory / "deep/er/b.h").unlink()
    assert bench.move(BASE) == ("Makefile", "deep/er/b.h")
    assert bench.found() == BASE


def test_a_move_that_was_cut_short(bench: Bench) -> None:
    bench.move(BASE)
    wanted = dict(walk(bench.store, write(bench.store, {**BASE, "a.h": (FILE, b"a\n"), "run.sh": (FILE, b"now\n")})))
    missing = {**wanted, "deep/er/c.h": Entry(FILE, Oid("0" * 40))}
    with pytest.raises(MachineFault, match="no blob 0000"):
        bench.checkout().move(missing)
    assert (bench.directory / "a.h").is_file()
    assert "deep/er/c.h" not in bench.checkout().files
    assert bench.move(BASE) == ("a.h", "deep/er/c.h", "run.sh")  # the first one goes: nobody wants it any more
    assert bench.found() == BASE


def test_the_record_tells_what_is_there(bench: Bench) -> None:
    wanted = dict(walk(bench.store, write(bench.store, BASE)))
    assert bench.checkout().files == {}
    bench.checkout().move(wanted)
    assert bench.checkout().files == wanted
    assert bench.checkout().differing(wanted) == ()


@pytest.mark.parametrize("path", ["../a", "a/../../b", "/a", "a//b", "./a", "", "a\0b", ".git/config", "a/.GIT/hooks"])
def test_a_path_that_leaves_it(bench: Bench, tmp_path: Path, path: str) -> None:
    blob = Entry(FILE, bench.store.write_blob(b"bad"))
    with pytest.raises(InputRefused, match="the tree holds a path that leaves it"):
        bench.checkout().move({"first": blob, path: blob})
    assert not bench.directory.exists()
    assert not [found for found in tmp_path.glob("*") if found.is_file()]


def test_nothing_is_written_through_a_symlink(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept\n")
    away = str(outside).encode()
    bench.move({"dir": (SYMLINK, away), "file": (SYMLINK, away + b"/kept"), "deep/dir": (SYMLINK, away)})
    bench.move({"dir/new": (FILE, b"new\n"), "file": (FILE, b"new\n"), "deep/dir/kept": (FILE, b"new\n")})
    assert (outside / "kept").read_text() == "kept\n"
    assert [path.name for path in outside.iterdir()] == ["kept"]
    (bench.directory / "dir/new").unlink()
    (bench.directory / "dir").rmdir()
    (bench.directory / "dir").symlink_to(outside)  # as a make of the tree could
    bench.move({"dir/kept": (FILE, b"inside\n")})
    bench.move({"file": (FILE, b"")})
    assert (outside / "kept").read_text() == "kept\n"


def test_a_symlink_and_a_folder_of_one_name(bench: Bench, tmp_path: Path) -> None:
    """A tree object cannot hold both; a list of paths could."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link = Entry(SYMLINK, bench.store.write_blob(str(outside).encode()))
    bench.checkout().move({"a": link, "a/b": Entry(FILE, bench.store.write_blob(b"b"))})
    assert list(outside.iterdir()) == []


def test_submodules_are_left_out(bench: Bench) -> None:
    assert bench.checkout().move({"module": Entry(GITLINK, Oid("1" * 40))}) == ()
