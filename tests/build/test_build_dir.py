# SPDX-License-Identifier: GPL-2.0-or-later
"""A build dir that make was killed in: what is deleted, and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seriestool.build.build_dir import BuildDir, open_build_dir
from seriestool.errors import MachineFault

SECOND = 1_000_000_000
START = 1_600_000_000 * SECOND


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a build dir whose last build began at START and was killed."""
    own = tmp_path / "build" / ".seriestool"
    own.mkdir(parents=True)
    (own / "running").write_text(f"{START}\n  CC      a.o\n")
    return own.parent


def put(place: Path, name: str, seconds: float, text: str = "whole\n") -> Path:
    """Write a file with a time in seconds after START."""
    path = place / name
    path.write_text(text)
    when = START + int(seconds * SECOND)
    os.utime(path, ns=(when, when))
    return path


def recover(place: Path) -> set[str]:
    """Open the build dir and return what is left of it."""
    with open_build_dir(place, place.parent):
        return {path.name for path in place.iterdir()} - {".seriestool"}


def test_finished_object_stays(place: Path) -> None:
    put(place, "a.o", 10)
    put(place, ".a.o.cmd", 10.01)
    assert recover(place) == {"a.o", ".a.o.cmd"}


def test_object_newer_than_its_record_goes(place: Path) -> None:
    put(place, ".a.o.cmd", -100)
    put(place, "a.o", 10, "ha")
    assert recover(place) == {".a.o.cmd"}


def test_object_that_was_there_before_the_killed_build_stays(place: Path) -> None:
    # objtool rewrites objects after their record was written.
    put(place, ".a.o.cmd", -100)
    put(place, "a.o", -99)
    assert recover(place) == {"a.o", ".a.o.cmd"}


def test_half_a_record_goes_with_its_object(place: Path) -> None:
    put(place, "a.o", 10)
    put(place, ".a.o.cmd", 11, "cmd_a.o := gcc -c \\\n  inc")
    assert recover(place) == set()


def test_empty_object_goes_whatever_its_time(place: Path) -> None:
    put(place, "a.o", -100, "")
    put(place, ".a.o.cmd", -100)
    assert recover(place) == {".a.o.cmd"}


def test_build_dir_that_was_left_in_order_is_not_looked_through(place: Path) -> None:
    (place / ".seriestool/running").unlink()
    put(place, ".a.o.cmd", -100)
    put(place, "a.o", 10)
    assert recover(place) == {"a.o", ".a.o.cmd"}


@pytest.mark.parametrize("journal", [b"", b"16000", b"\xff\xfe\n  CC  a.o"])
def test_journal_that_is_itself_half_written_is_survived(place: Path, journal: bytes) -> None:
    (place / ".seriestool/running").write_bytes(journal)
    put(place, ".a.o.cmd", -100)
    put(place, "a.o", 10)
    assert "a.o" not in recover(place)
    assert not (place / ".seriestool/running").exists()


def test_warnings_of_an_object_that_is_gone_are_gone(place: Path) -> None:
    (place / ".seriestool/running").write_text(f"{START}\n  CC      a.o\na.c:1:1: warning: w\nld: warning: all\n")
    put(place, "a.o", 10)
    with open_build_dir(place, place.parent) as directory:
        assert directory.warnings() == ("warning: all", "a.c: warning: w")
        (place / "a.o").unlink()
        assert directory.warnings() == ("warning: all",)


def test_place_that_cannot_be_a_build_dir_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(MachineFault, match="Not a directory"), open_build_dir(file / "build", tmp_path):
        raise AssertionError


def test_steps_are_unknown_before_there_is_a_configuration(tmp_path: Path) -> None:
    assert BuildDir(tmp_path, tmp_path).expected_steps() is None
