# SPDX-License-Identifier: GPL-2.0-or-later
"""``add`` and ``fetch`` write down what became of a series, and leave alone what people wrote."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from seriestool.formats.mail import Message, join_mbox
from seriestool.formats.series_toml import read_tracked
from seriestool.model.series import TrackedSeries
from tests.apply.upstream import CODE, Repository
from tests.conftest import ROOT
from tests.mails import DIFF, mail
from tests.sources.test_landed import CHANGED, COMMIT, OTHER, TEXT, notice

BASE = "b" * 40
LATER = "Fri, 16 Apr 2021 14:55:09 -0000"
SIGNED = "Signed-off-by: A U Thor <author@example.com>\n---\n\n"
COVER = mail("[PATCH v2 0/2] fake: Speak German", f"Why.\n\nbase-commit: {BASE}\n", message_id="s-0@x")
ONE = mail("[PATCH v2 1/2] fake: One", f"Why.\n\n{SIGNED}{DIFF}", message_id="s-1@x", parent="s-0@x")
SECOND, MENDED = (DIFF.replace("fake.c", name) for name in ("second.c", "mended.c"))
TWO = mail("[PATCH v2 2/2] fake: Two", f"Why.\n\n{SIGNED}{SECOND}", message_id="s-2@x", parent="s-0@x")
HERE = notice(text="fake: One\n", parent="s-1@x", date=LATER, message_id="n-1@tip-bot2")
TEXT_TWO, CHANGED_TWO = TEXT.replace("Say it in German", "Two"), CHANGED.replace("fake.c", "second.c")
APART = notice(OTHER, text=TEXT_TWO.format("s-2@x"), diff=CHANGED_TWO, date=LATER, message_id="n-2@tip-bot2")
FIX = mail("[PATCH] fake: Mend", f"Why.\n\nFixes: {OTHER[:12]}\n{SIGNED}{MENDED}", message_id="f@x", date=LATER)


@dataclass(frozen=True)
class Room:
    """A workspace and an archive."""

    root: Path
    archive: Path

    def thread(self, *mails: bytes | Message) -> None:
        """Put a thread into the archive, under the message-id of its first mail."""
        raw = [one.raw if isinstance(one, Message) else one for one in mails]
        name = re.search(rb"Message-ID: <([^>]+)>", raw[0])
        assert name is not None
        place = self.archive / name[1].decode() / "t.mbox.gz"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(gzip.compress(join_mbox(raw)))

    def program(self, *words: str, code: int = 0, lore: str = "") -> subprocess.CompletedProcess[str]:
        """Run the program as a user would."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "SERIESTOOL_LORE": lore or str(self.archive)}
        command = [sys.executable, "-m", "seriestool", *words]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done

    def fetch(self, *words: str) -> dict[str, Any]:
        """Fetch the series, with output that is as its schema says."""
        schema = json.loads((ROOT / "docs/reference/schema/fetch.schema.json").read_text())
        output: dict[str, Any] = json.loads(self.program("fetch", "demo", "-q", "--json", *words).stdout)
        Draft202012Validator(schema).validate(output)
        return output

    @property
    def toml(self) -> Path:
        return self.root / "patches" / "demo" / "series.toml"

    @property
    def tracked(self) -> TrackedSeries:
        return read_tracked(self.toml.read_text(), "demo")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A series of two patches; the second has its notice elsewhere, and both notices have a branch of their own."""
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "seriestool.toml").touch()
    found = Room(root, tmp_path / "lore")
    found.thread(COVER, ONE, TWO, HERE)
    found.thread(APART)
    return found


HAND = """\
# Ours.
title = "fake: Speak German"
revision = 2
cover = "s-0@x"

[[patch]]
number = "02"  # sorted some day
subject = "fake: Two"
message-id = "s-2@x"
note = 'kept'

"""


def hand_written(room: Room) -> str:
    """Track the series by a file that a person wrote."""
    text = HAND.replace('"02"', '"01"').replace("\n[[patch]]", '\n[[patch]]\n# The first one.', 1)
    text += '[[patch]]\nnumber = "02"\nsubject = "fake: One"\nmessage-id = "s-1@x"\n# The end.\n'
    room.toml.parent.mkdir(parents=True)
    room.toml.write_text(text)
    return text


def test_add_writes_how_the_patches_landed(room: Room) -> None:
    done = room.program("add", "s-0@x", "--slug", "demo", "-q")
    assert "upstream commits known: 01, 02; commit notices in threads of their own: 02" in done.stdout
    one, two = room.tracked.patches
    assert (one.upstream, one.notice) == (COMMIT, None)
    assert (two.upstream, two.notice) == (OTHER, "n-2@tip-bot2")
    again = room.fetch()
    assert [patch["landed"]["commit"] for patch in again["patches"]] == [COMMIT, OTHER]
    assert again["patches"][1]["landed"] == {
        "commit": OTHER, "branch": "perf/core branch of tip", "notice": "n-2@tip-bot2", "differs": True,
    }  # fmt: skip
    assert {value for patch in again["patches"] for value in patch["lacks"].values()} == {None}


def test_what_an_archive_cannot_tell_is_said_and_not_written(room: Room) -> None:
    mbox = room.root / "series.mbox"
    mbox.write_bytes(join_mbox([COVER, ONE, TWO, HERE.raw]))
    done = room.program("add", str(mbox), "--slug", "demo", lore="http://127.0.0.1:9")
    assert "commit notices are looked for in the series' own threads only: http://127.0.0.1:9" in done.stderr
    assert [(patch.upstream, patch.notice) for patch in room.tracked.patches] == [(COMMIT, None), (None, None)]


def test_a_series_in_files_gets_its_notices_from_the_archive_and_keeps_its_base(room: Room) -> None:
    room.thread(HERE)
    mbox = room.root / "series.mbox"
    mbox.write_bytes(join_mbox([COVER, ONE, TWO]))
    room.program("add", str(mbox), "--slug", "demo", "-q")
    assert [patch.notice for patch in room.tracked.patches] == ["n-1@tip-bot2", "n-2@tip-bot2"]
    assert [patch["landed"]["commit"] for patch in room.fetch()["patches"]] == [COMMIT, OTHER]
    assert f"base-commit: {BASE}" in (room.toml.parent / "cover.eml").read_text()


def test_fetch_says_what_is_not_written_down_and_changes_nothing(room: Room) -> None:
    text = hand_written(room)
    lines = room.program("fetch", "demo", "-q").stdout.splitlines()
    assert "   landed as fedcba987654, perf/core branch of tip, in another form than it was posted" in lines
    assert "   landed as 0123456789ab, perf/core branch of tip" in lines
    at = lines.index("not in series.toml (seriestool fetch demo --update writes it)")
    assert lines[at + 1 : at + 4] == [
        f'01: upstream = "{OTHER}"', '01: notice = "n-2@tip-bot2"', f'02: upstream = "{COMMIT}"',
    ]  # fmt: skip
    assert room.toml.read_text() == text


def test_update_puts_lines_in_and_touches_no_others(room: Room) -> None:
    text = hand_written(room)
    room.toml.chmod(0o640)
    output = room.fetch("--update")
    assert (output["updated"], output["patches"][0]["lacks"]["notice"]) == (True, "n-2@tip-bot2")
    expected = text.replace('"s-2@x"\n', f'"s-2@x"\nupstream = "{OTHER}"\nnotice = "n-2@tip-bot2"\n')
    assert room.toml.read_text() == expected.replace('"s-1@x"\n', f'"s-1@x"\nupstream = "{COMMIT}"\n')
    assert room.toml.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in room.toml.parent.iterdir() if path.name.startswith(".")] == []
    before = room.toml.stat().st_mtime_ns
    assert room.fetch("--update")["updated"] is False
    assert room.toml.stat().st_mtime_ns == before


def test_a_notice_of_another_commit_than_the_one_written_down_is_not_taken(room: Room) -> None:
    text = hand_written(room)
    room.toml.write_text(text.replace('message-id = "s-2@x"\n', f'message-id = "s-2@x"\nupstream = "{"c" * 12}"\n'))
    one, _ = room.fetch()["patches"]
    assert (one["landed"], one["lacks"]["notice"]) == (None, None)
    assert "   upstream cccccccccccc by series.toml; no commit notice of it is known" in room.program(
        "fetch", "demo", "-q"
    ).stdout.splitlines()


def test_follow_ups_that_nobody_wrote_down_come_with_their_lines(room: Room) -> None:
    room.program("add", "s-0@x", "--slug", "demo", "-q")
    assert "no follow-up that is not known; looked for in the archive" in room.program("fetch", "demo", "-q").stdout
    room.thread(FIX)
    (new,) = room.fetch()["follow_ups"]
    assert (new["title"], new["amends"], new["message_id"]) == ("fake: Mend", ["02"], "f@x")
    (table,) = tomllib.loads("\n".join(new["lines"]))["follow-up"]
    assert (table["number"], table["message-id"]) == ("03", "f@x")
    page = room.program("fetch", "demo", "-q").stdout
    pasted = "\n".join(line.strip() for line in page.splitlines() if line.startswith("    "))
    room.toml.write_text(f"{room.toml.read_text()}\n{pasted}\n")
    assert room.fetch()["follow_ups"] == []
    assert room.tracked.patches[2].patch_id == table["patch-id"]


def test_a_history_tells_the_release(room: Room, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "linux")
    repository.release("5.12")
    commit = repository.commit("core: one", code__c=CODE)
    repository.release("5.13-rc1")
    later = repository.commit("core: two", code__c=CODE + CODE)
    (room.root / "seriestool.toml").write_text(f'[trees.linux]\ngit = "{repository.path}"\nref = "main"\n')
    room.toml.parent.mkdir(parents=True)
    parts = (f'number = "0{n}"\nsubject = "x"\nmessage-id = "s-{n}@x"\nupstream = "{one[:12]}"\n'
             for n, one in ((1, commit), (2, later)))  # fmt: skip
    room.toml.write_text('title = "x"\nrevision = 2\n' + "".join(f"\n[[patch]]\n{part}" for part in parts))
    (room.archive / "s-0@x" / "t.mbox.gz").write_bytes(gzip.compress(join_mbox([COVER, ONE, TWO])))
    room.fetch("--update")
    assert [patch.released for patch in room.tracked.patches] == ["v5.13-rc1", None]


@pytest.mark.parametrize("name", ["s-0@x", "siginfo-guard"])
def test_only_a_series_of_the_workspace_is_updated(name: str, room: Room) -> None:
    done = room.program("fetch", name, "--update", "-q", code=129)
    assert done.stderr.startswith(f"error: {name} has no series.toml in this workspace")
    assert done.stdout == ""


def test_a_series_that_is_not_tracked_is_told_of_without_lines(room: Room) -> None:
    room.thread(FIX)
    page = room.program("fetch", "s-0@x", "-q").stdout
    assert "   landed as 0123456789ab, perf/core branch of tip" in page
    assert "- fake: Mend" in page
    assert "series.toml" not in page
    assert "[[follow-up]]" not in page
