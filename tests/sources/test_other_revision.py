# SPDX-License-Identifier: GPL-2.0-or-later
"""Other revisions of a series in archives on this machine: by title, by change-id, and what fits twice."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from seriestool.errors import UsageError
from seriestool.formats.mail import join_mbox
from seriestool.log import QUIET
from seriestool.model.series import Series
from seriestool.sources import find_mail, read_series
from tests.mails import DIFF, mail
from tests.sources.mirror import make_inbox

Archive = Callable[[Path, Sequence[Sequence[bytes]]], Path]


def as_mirror(room: Path, threads: Sequence[Sequence[bytes]]) -> Path:
    return make_inbox(room / "inbox", [one for thread in threads for one in thread])


def as_directory(room: Path, threads: Sequence[Sequence[bytes]]) -> Path:
    for thread in threads:
        name = thread[0].partition(b"Message-ID: <")[2].partition(b">")[0].decode()
        (room / "threads" / name).mkdir(parents=True)
        (room / "threads" / name / "t.mbox.gz").write_bytes(gzip.compress(join_mbox(thread)))
    return room / "threads"


both = pytest.mark.parametrize("archive", [as_mirror, as_directory])


def posting(name: str, revision: int, title: str, *, sender: str = "A <a@x>", change: str | None = None) -> list[bytes]:
    """Return a cover letter and two patches."""
    body = "Cover.\n" + (f"\nchange-id: {change}\n" if change else "")
    prefix = f"PATCH v{revision}"
    patches = [
        mail(f"[{prefix} {number}/2] {name} part {number}", f"Why.\n---\n\n{DIFF}", sender=sender,
             message_id=f"{name}-{number}@x", parent=f"{name}-0@x")
        for number in (1, 2)
    ]  # fmt: skip
    return [mail(f"[{prefix} 0/2] {title}", body, sender=sender, message_id=f"{name}-0@x"), *patches]


def read(named: str, revision: int, archive: Path) -> Series:
    cache = archive.parent / "cache"
    found = find_mail(named, lore=str(archive), cache=cache, progress=QUIET, revision=revision)
    return read_series(found, revision=revision)


@both
def test_a_revision_in_a_thread_of_its_own_has_an_alike_title(archive: Archive, tmp_path: Path) -> None:
    root = archive(tmp_path, [
        posting("old", 2, "core: add the thing"),
        posting("new", 3, "core: add the new thing"),
        posting("alien", 3, "core: add the thing", sender="B <b@x>"),
        posting("else", 3, "net: remove whatever there was"),
    ])  # fmt: skip
    assert read("old-0@x", 3, root).cover_message_id == "new-0@x"
    assert read("new-0@x", 2, root).cover_message_id == "old-0@x"
    assert read("new-0@x", 3, root).cover_message_id == "new-0@x"


@both
def test_a_change_id_counts_more_than_a_title(archive: Archive, tmp_path: Path) -> None:
    root = archive(tmp_path, [
        posting("old", 1, "core: add the thing", change="20260101-thing-0123456789ab"),
        posting("same", 2, "core: add the thing", change="20260101-other-0123456789ab"),
        posting("new", 2, "mm: all is new", sender="B <b@x>", change="20260101-thing-0123456789ab"),
    ])  # fmt: skip
    assert read("old-0@x", 2, root).cover_message_id == "new-0@x"


@both
def test_a_patch_that_was_alone_first(archive: Archive, tmp_path: Path) -> None:
    alone = mail("[PATCH] core: part 1", sender="A <a@x>", message_id="alone@x")
    later = posting("core:", 2, "core: make it two")
    root = archive(tmp_path, [[alone], [one.replace(b"core: part 1", b"core: part 1") for one in later]])
    assert read("core:-0@x", 1, root).patches[0].message_id == "alone@x"


@both
def test_what_fits_twice_is_told(archive: Archive, tmp_path: Path) -> None:
    root = archive(tmp_path, [
        posting("old", 1, "core: add the thing"),
        posting("one", 2, "core: add the thing"),
        posting("two", 2, "core: add the thing"),
    ])  # fmt: skip
    with pytest.raises(UsageError, match=r"2 postings fit: .*one-0@x.*two-0@x") as caught:
        read("old-0@x", 2, root)
    assert caught.value.hint == "name one by its message-id"


@both
def test_what_is_nowhere_is_told(archive: Archive, tmp_path: Path) -> None:
    root = archive(tmp_path, [posting("old", 1, "core: add the thing"), posting("else", 2, "net: all but that")])
    with pytest.raises(UsageError, match=r"no revision v2 of 'core: add the thing' v1, neither in its thread"):
        read("old-0@x", 2, root)
