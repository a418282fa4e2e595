# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives on this machine: every message once, and those that say a thing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from seriestool.errors import InputRefused, UsageError
from seriestool.formats.mail import join_mbox
from seriestool.sources.archive import Archive, open_archive
from tests.mails import mail
from tests.sources.mirror import make_inbox

FIX = "Fixes: 0123456789ab (\"core: change things\")"


def thread(root: Path, *mails: bytes) -> None:
    """Put one thread into a directory archive, under the message-id of its first mail."""
    name = mails[0].partition(b"Message-ID: <")[2].partition(b">")[0].decode()
    (root / name).mkdir(parents=True)
    (root / name / "t.mbox.gz").write_bytes(gzip.compress(join_mbox(mails)))


def opened(lore: Path, cache: Path) -> Archive:
    archive = open_archive(str(lore), cache)
    assert archive is not None
    return archive


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    root = tmp_path / "archive"
    both = mail("Re: [PATCH] a", "Yes.\n", message_id="both@x", parent="a@x")
    thread(root, mail("[PATCH] a", message_id="a@x"), both)
    folded = FIX.replace("01234567", "0123=\n4567").replace("(", "=28")
    coded = "Content-Transfer-Encoding: quoted-printable\n"
    thread(root, mail("[PATCH] b", folded, message_id="b@x", headers=coded), both)
    (root / "README").write_text("no thread")
    return root


def test_a_directory_gives_every_message_once(directory: Path, tmp_path: Path) -> None:
    found = [one.message_id for one in opened(directory, tmp_path).messages()]
    assert found == ["a@x", "both@x", "b@x"]


@pytest.mark.parametrize(("text", "ids"), [("0123456789ab", ["b@x"]), ("Yes.", ["both@x"]), ("nowhere", [])])
def test_a_directory_is_searched_for_what_its_mail_says(
    text: str, ids: list[str], directory: Path, tmp_path: Path
) -> None:
    assert [one.message_id for one in opened(directory, tmp_path).grep(text)] == ids


def test_a_thread_is_known_by_each_of_its_mails(directory: Path, tmp_path: Path) -> None:
    archive = opened(directory, tmp_path)
    assert [one.message_id for one in archive.thread("b@x")] == ["b@x", "both@x"]
    assert [one.message_id for one in archive.thread("both@x")] == ["a@x", "both@x"]
    assert archive.thread("../a@x") == ()


@pytest.mark.parametrize("kind", ["directory", "mirror"])
def test_commit_notices_of_a_time_are_found(kind: str, tmp_path: Path) -> None:
    said = "The following commit has been merged into the perf/core branch of tip:\n\nCommit-ID: {}\n"
    mails = [
        mail(f"[tip: perf/core] {day}", said.format(day), message_id=f"{day}@x", date=f"{day} Apr 2021 10:00:00 +0000")
        for day in (1, 16, 30)
    ]
    mails.append(mail("Re: [tip]", "> " + said, message_id="quoted@x", date="16 Apr 2021 10:00:00 +0000"))
    if kind == "mirror":
        make_inbox(tmp_path / kind, mails)
    else:
        thread(tmp_path / kind, *mails)
    noon = 1618574400  # 2021-04-16
    day = 24 * 3600
    archive = opened(tmp_path / kind, tmp_path)
    assert [one.message_id for one in archive.notices(noon - day, noon + day)] == ["16@x"]
    assert [one.message_id for one in archive.notices(noon - day, noon + 20 * day)] == ["16@x", "30@x"]


def test_a_damaged_thread_is_named(directory: Path, tmp_path: Path) -> None:
    (directory / "a@x/t.mbox.gz").write_bytes(b"no mail")
    with pytest.raises(InputRefused, match=r"a@x/t.mbox.gz: not mail"):
        list(opened(directory, tmp_path).messages())


@pytest.mark.parametrize("lore", [None, "https://lore.kernel.org/all"])
def test_what_is_elsewhere_cannot_be_looked_through(lore: str | None, tmp_path: Path) -> None:
    assert open_archive(lore, tmp_path) is None


def test_what_is_no_archive_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing is neither a URL nor a directory"):
        open_archive(str(tmp_path / "missing"), tmp_path)
