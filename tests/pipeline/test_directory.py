# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory is written whole or not at all, and nobody else's files are lost."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seriestool.errors import MachineFault, UsageError
from seriestool.model.export import OutFile
from seriestool.pipeline.exporting.directory import check_directory, write_directory

FILES = [OutFile("one", b"1"), OutFile("two", b"2" * 100_000)]


def ours(name: str) -> bool:
    return name in ("one", "two", "three")


def content(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in directory.iterdir()}


def test_new_with_parents(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_directory(tmp_path / "a" / "b", FILES)
    finally:
        os.umask(before)
    assert content(tmp_path / "a" / "b") == {"one": 1, "two": 100_000}
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "b"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750


def test_an_empty_directory_and_one_of_ours(tmp_path: Path) -> None:
    check_directory(tmp_path / "out", force=False, ours=ours)
    (tmp_path / "out").mkdir()
    check_directory(tmp_path / "out", force=False, ours=ours)
    write_directory(tmp_path / "out", [OutFile("three", b"3")])
    with pytest.raises(UsageError, match="is not empty"):
        check_directory(tmp_path / "out", force=False, ours=ours)
    check_directory(tmp_path / "out", force=True, ours=ours)
    write_directory(tmp_path / "out", FILES)
    assert content(tmp_path / "out") == {"one": 1, "two": 100_000}
    assert content(tmp_path).keys() == {"out"}


@pytest.mark.parametrize("name", ["thesis.txt", "one"])
def test_what_is_not_ours_stays(tmp_path: Path, name: str) -> None:
    """Neither a file of another name, nor a directory of the right one."""
    (tmp_path / "three").write_text("3")
    (tmp_path / name).mkdir() if name == "one" else (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"what no export wrote: {name}"):
        check_directory(tmp_path, force=True, ours=ours)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_directory(tmp_path / "link", FILES)
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "real") == {"one": 1, "two": 100_000}


@pytest.mark.parametrize("old", [False, True])
def test_nothing_is_left_when_the_disk_is_full(tmp_path: Path, old: bool) -> None:
    """The limit on a file's size stands for the disk's."""
    target = tmp_path / "new" / "out"
    if old:
        write_directory(target, [OutFile("three", b"3")])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(MachineFault, match="no space left on device"):
            write_directory(target, FILES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert found == (["new", "new/out", "new/out/three"] if old else [])


def test_what_a_killed_export_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".out.partial" / "sub").mkdir(parents=True)
    write_directory(tmp_path / "out", FILES)
    assert content(tmp_path).keys() == {"out"}
    for name in (".seriestool-new", ".seriestool-old"):
        (tmp_path / "out" / name).mkdir()
        (tmp_path / "out" / name / "one").write_text("half")
    check_directory(tmp_path / "out", force=True, ours=ours)
    write_directory(tmp_path / "out", [OutFile("three", b"3")])
    assert content(tmp_path / "out") == {"three": 1}


@pytest.mark.parametrize("old", [False, True])
def test_a_directory_that_is_there_stays_the_same_one(tmp_path: Path, old: bool) -> None:
    """A shell may stand in it, or a disk be mounted there."""
    (tmp_path / "three").write_text("3") if old else None
    before = tmp_path.stat().st_ino
    write_directory(tmp_path, FILES)
    assert (content(tmp_path), tmp_path.stat().st_ino) == ({"one": 1, "two": 100_000}, before)


def test_what_was_there_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "three").write_text("3")
    replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "two":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_directory(tmp_path, FILES)
    assert content(tmp_path) == {"three": 1}


def test_of_two_exports_the_first_stays(tmp_path: Path) -> None:
    """The second waits for the lock, and finds that the place is taken."""
    script = (
        "import fcntl, os, sys, time\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
        "os.mkdir(sys.argv[1] + '/out')\n"
        "open(sys.argv[1] + '/out/one', 'w').write('first')\n"
    )
    argv = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdin
        assert other.stdout.readline() == b"held\n"
        timer = threading.Timer(0.3, other.stdin.close)
        timer.start()
        with pytest.raises(UsageError, match="another export was just written there"):
            write_directory(tmp_path / "out", FILES)
        timer.join()
    assert content(tmp_path) == {"out": (tmp_path / "out").stat().st_size}
    assert (tmp_path / "out" / "one").read_text() == "first"
