# SPDX-License-Identifier: GPL-2.0-or-later
"""Mirrors of public-inbox v2: found in every layout, followed as they change, searched without a network."""

from __future__ import annotations

import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seriestool.errors import MachineFault, UsageError
from seriestool.formats.mail import read_messages, split_mbox
from seriestool.log import QUIET
from seriestool.sources import fetch_thread, find_mail, read_series
from seriestool.sources.archive import open_archive
from seriestool.sources.inbox import mirror as public_inbox
from seriestool.sources.inbox.entry import COMMIT_LIMIT, Entry, read_entry
from seriestool.sources.inbox.mirror import Mirror, open_mirror
from tests.conftest import ROOT
from tests.mails import DIFF, git, mail
from tests.sources.mirror import make_epoch, make_inbox, put, remove, rewrite

FLAGSHIP = "20210408103605.1676875-{}-elver@google.com"
COVER = mail("[PATCH v4 0/2] core: do it", "Why.\n", message_id="v4-0@x")
ONE = mail("[PATCH v4 1/2] first", message_id="v4-1@x", parent="v4-0@x")
TWO = mail("[PATCH v4 2/2] second", message_id="v4-2@x", parent="v4-0@x")
REPLY = mail("Re: [PATCH v4 1/2] first", "Acked-by: R <r@x>\n", message_id="r@x", parent="v4-1@x")
OTHER = mail("[PATCH] alone", message_id="other@x")
THREAD = (COVER, ONE, TWO, REPLY)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return make_inbox(tmp_path / "inbox", [COVER, ONE, OTHER], [TWO, REPLY])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The mail that the index reads, as it reads it."""
    seen: list[bytes] = []

    def reading(raw: bytes) -> Entry | None:
        seen.append(raw)
        return read_entry(raw)

    monkeypatch.setattr(public_inbox, "read_entry", reading)
    return seen


def mirror(root: Path) -> Mirror:
    found = open_mirror(root, root.parent / "cache")
    assert found is not None
    return found


def ids(root: Path) -> list[str]:
    return [one.message_id for one in mirror(root).messages()]


def thread(root: Path, message_id: str) -> set[str]:
    return {one.message_id for one in mirror(root).thread(message_id)}


# --- layouts -------------------------------------------------------------------------------------------------------


def test_an_inbox_is_read_epoch_by_epoch(inbox: Path) -> None:
    assert ids(inbox) == ["v4-0@x", "v4-1@x", "other@x", "v4-2@x", "r@x"]
    assert next(mirror(inbox).messages()).raw == COVER


def test_the_directory_of_epochs_is_a_mirror(inbox: Path) -> None:
    assert len(ids(inbox / "git")) == 5


def test_epochs_count_by_number(tmp_path: Path) -> None:
    for number in (10, 9, 2):
        put(make_epoch(tmp_path / f"mirror/{number}.git"), mail(f"m {number}", "", message_id=f"{number}@x"))
    (tmp_path / "mirror/3.git").mkdir()
    (tmp_path / "mirror/manifest.js.gz").touch()
    assert ids(tmp_path / "mirror") == ["2@x", "9@x", "10@x"]


def test_one_epoch_alone_is_a_mirror_bare_or_not(inbox: Path, tmp_path: Path) -> None:
    assert ids(inbox / "git/1.git") == ["v4-2@x", "r@x"]
    git("clone", "-q", "--bare", str(inbox / "git/0.git"), str(tmp_path / "lkml"))
    git("clone", "-q", str(inbox / "git/0.git"), str(tmp_path / "work"))
    assert ids(tmp_path / "lkml") == ids(tmp_path / "work") == ["v4-0@x", "v4-1@x", "other@x"]


def test_several_inboxes_are_one_archive_and_what_came_to_both_is_there_once(tmp_path: Path) -> None:
    make_inbox(tmp_path / "lore/a", [COVER, ONE])
    make_inbox(tmp_path / "lore/b", [TWO, COVER.replace(b"From:", b"List-Id: <b@x>\nFrom:"), REPLY])
    assert ids(tmp_path / "lore") == ["v4-0@x", "v4-1@x", "v4-2@x", "r@x"]
    assert [one.message_id for one in mirror(tmp_path / "lore").thread("r@x")].count("v4-0@x") == 1


def test_what_is_no_mirror_is_none(tmp_path: Path) -> None:
    (tmp_path / "threads/a@x").mkdir(parents=True)
    (tmp_path / "threads/a@x/t.mbox.gz").write_bytes(gzip.compress(b""))
    assert open_mirror(tmp_path / "threads", tmp_path) is None
    git("init", "-q", cwd=tmp_path / "threads")  # a directory of threads may be in git
    git("add", "-A", cwd=tmp_path / "threads")
    git("commit", "-qm", "threads", cwd=tmp_path / "threads")
    assert open_mirror(tmp_path / "threads", tmp_path) is None


def test_another_repository_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="repo is a git repository, but no public-inbox v2"):
        open_mirror(make_epoch(tmp_path / "repo"), tmp_path)


def test_an_epoch_without_mail_is_empty(tmp_path: Path) -> None:
    make_epoch(tmp_path / "inbox/git/0.git")
    assert ids(tmp_path / "inbox") == []


# --- following -----------------------------------------------------------------------------------------------------


def test_what_came_since_is_read_and_nothing_twice(inbox: Path, read: list[bytes]) -> None:
    assert len(ids(inbox)) == len(read) == 5
    more = mail("more", "", message_id="more@x")
    put(inbox / "git/1.git", more)
    put(make_epoch(inbox / "git/2.git"), mail("newest", "", message_id="newest@x"))
    assert ids(inbox)[-2:] == ["more@x", "newest@x"]
    assert len(read) == 5 + 2


def test_what_was_removed_is_gone_in_whichever_epoch_that_is_said(inbox: Path) -> None:
    assert "r@x" in thread(inbox, "v4-0@x")
    remove(inbox / "git/1.git", OTHER, REPLY)
    assert ids(inbox) == ["v4-0@x", "v4-1@x", "v4-2@x"]
    assert thread(inbox, "v4-0@x") == {"v4-0@x", "v4-1@x", "v4-2@x"}
    put(inbox / "git/1.git", REPLY)
    assert "r@x" in thread(inbox, "v4-0@x")


def test_a_mail_that_is_removed_before_it_is_ever_read(tmp_path: Path) -> None:
    root = make_inbox(tmp_path / "inbox", [COVER, ONE])
    remove(root / "git/0.git", ONE)
    assert ids(root) == ["v4-0@x"]


def test_an_epoch_that_was_rewritten_is_read_anew(inbox: Path) -> None:
    assert len(ids(inbox)) == 5
    rewrite(inbox / "git/0.git", COVER, ONE)
    assert sorted(ids(inbox)) == ["r@x", "v4-0@x", "v4-1@x", "v4-2@x"]
    git("reflog", "expire", "--expire=now", "--all", cwd=inbox / "git/1.git")
    rewrite(inbox / "git/1.git", TWO)
    git("gc", "-q", "--prune=now", cwd=inbox / "git/1.git")  # the commit that was read last is gone
    assert sorted(ids(inbox)) == ["v4-0@x", "v4-1@x", "v4-2@x"]


def test_an_epoch_that_was_put_back_is_put_back_here(inbox: Path) -> None:
    assert len(ids(inbox)) == 5
    git("update-ref", "refs/heads/master", "refs/heads/master~1", cwd=inbox / "git/1.git")
    assert ids(inbox) == ["v4-0@x", "v4-1@x", "other@x", "v4-2@x"]


def test_an_epoch_that_is_gone_takes_its_mail_along(inbox: Path) -> None:
    assert len(ids(inbox)) == 5
    (inbox / "git/0.git").rename(inbox / "old")
    assert ids(inbox) == ["v4-2@x", "r@x"]


def test_what_is_no_mail_is_left_out(tmp_path: Path) -> None:
    odd = [b"", b"no header\n", b"\0" * 100, b"Subject: cut off", mail("no id", ""), b"\xff\xfe: x\n\nbody\n"]
    broken = mail("cut", "", message_id="b@x", headers="Content-Type: multipart/mixed; boundary=x\n")
    root = make_inbox(tmp_path / "inbox", [COVER, *odd, broken, ONE])
    assert ids(root) == ["v4-0@x", "b@x", "v4-1@x"]


CHILD = """
import sys
from pathlib import Path
from seriestool.sources.inbox import mirror as public_inbox
public_inbox.CHUNK = 5
root = Path(sys.argv[1])
print(sum(1 for _ in public_inbox.open_mirror(root, root.parent / "cache").messages()))
"""


def child(root: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", CHILD, str(root)], env=env, stdout=subprocess.PIPE, text=True)


def many(tmp_path: Path, count: int) -> Path:
    mails = [mail(f"m {number}", f"{number}\n", message_id=f"{number}@x") for number in range(count)]
    return make_inbox(tmp_path / "many", mails[: count // 2], mails[count // 2 :])


def test_several_processes_index_at_once(tmp_path: Path) -> None:
    root = many(tmp_path, 400)
    children = [child(root) for _ in range(4)]
    assert [one.communicate(timeout=60)[0] for one in children] == ["400\n"] * 4
    assert len(ids(root)) == 400


def test_what_was_killed_goes_on_from_there(tmp_path: Path, read: list[bytes]) -> None:
    root = many(tmp_path, 600)
    one = child(root)
    index = mirror(root).index
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not rows(index):
        time.sleep(0.01)
    one.send_signal(signal.SIGKILL)
    one.communicate()
    before = rows(index)
    assert 0 < before < 600
    assert len(ids(root)) == len(set(ids(root))) == 600
    assert len(read) == 600 - before


def rows(index: Path) -> int:
    """Return how many mails are in the index by now."""
    try:
        with sqlite3.connect(f"file:{index}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM mail").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_an_interrupted_reader_keeps_what_it_has(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_inbox, "CHUNK", 1)
    read: list[bytes] = []

    def interrupted(raw: bytes) -> object:
        read.append(raw)
        if len(read) == 3:
            raise KeyboardInterrupt
        return read_entry(raw)

    monkeypatch.setattr(public_inbox, "read_entry", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ids(inbox)
    assert len(ids(inbox)) == 5
    assert len(read) == 6


def test_an_index_of_another_version_is_made_anew(inbox: Path) -> None:
    assert len(ids(inbox)) == 5
    with sqlite3.connect(mirror(inbox).index) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("DELETE FROM mail")
    assert len(ids(inbox)) == 5


def test_a_damaged_index_is_named(inbox: Path) -> None:
    index = mirror(inbox).index
    index.parent.mkdir(parents=True)
    index.write_bytes(b"no database, and long enough to be seen as none" * 100)
    with pytest.raises(MachineFault, match="sqlite: file is not a database") as caught:
        ids(inbox)
    assert caught.value.hint == "remove the file, and the mirror is indexed again"


def test_an_epoch_that_cannot_be_read_is_named(inbox: Path) -> None:
    """Its mail would be missing without a word."""
    epoch = inbox / "git/1.git"
    tip = git("rev-parse", "master", cwd=epoch).decode().strip()
    for file in (file for file in (epoch / "objects").rglob("*") if file.is_file()):
        file.unlink()
    with pytest.raises(MachineFault, match=f"1.git: its newest commit cannot be read: {tip}") as caught:
        ids(inbox)
    assert caught.value.hint == f"git -C {epoch} fsck tells more"


# --- searching -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message_id", ["v4-0@x", "v4-1@x", "r@x"])
def test_a_thread_is_found_from_any_of_its_mails(message_id: str, inbox: Path) -> None:
    assert thread(inbox, message_id) == {"v4-0@x", "v4-1@x", "v4-2@x", "r@x"}


def test_a_thread_holds_together_over_mail_that_is_missing(tmp_path: Path) -> None:
    lost = [
        mail("Re: a", "", message_id="one@x", parent="missing@x"),
        mail("Re: b", "", message_id="two@x", parent="missing@x"),
        mail("Re: a", "", message_id="same-subject@x"),
    ]
    root = make_inbox(tmp_path / "inbox", lost)
    assert thread(root, "one@x") == {"one@x", "two@x"}
    assert thread(root, "missing@x") == set()


def test_people_and_answers_are_no_references(tmp_path: Path) -> None:
    two = [
        mail("a", "", message_id=f"{name}@x", headers="To: <list@x>\nIn-Reply-To: <y>\nReferences: <list@x>\n")
        for name in ("one", "two")
    ]
    assert thread(make_inbox(tmp_path / "inbox", two), "one@x") == {"one@x"}


def test_a_mail_with_two_message_ids_is_found_by_both(tmp_path: Path) -> None:
    two = mail("a", "", message_id="new@x", headers="Message-ID: <old@x>\n")
    root = make_inbox(tmp_path / "inbox", [two, mail("Re: a", "", message_id="re@x", parent="old@x")])
    assert thread(root, "old@x") == thread(root, "new@x") == {"new@x", "re@x"}


def test_a_message_id_that_was_used_twice_is_that_of_the_first(tmp_path: Path) -> None:
    again = mail("again", "", message_id="v4-0@x", headers="Message-ID: <made-up@z>\n")
    root = make_inbox(tmp_path / "inbox", [COVER, again, ONE])
    assert [one.raw for one in mirror(root).messages()] == [COVER, ONE]
    assert [one.raw for one in mirror(root).thread("made-up@z")] == [COVER, ONE]


def test_a_thread_is_in_the_order_of_its_dates(tmp_path: Path) -> None:
    late = mail("late", "", message_id="late@x", parent="early@x", date="Fri, 09 Apr 2021 12:00:00 +0000")
    early = mail("early", "", message_id="early@x", date="Thu, 08 Apr 2021 12:00:00 +0000")
    root = make_inbox(tmp_path / "inbox", [late, early])
    assert [one.message_id for one in mirror(root).thread("late@x")] == ["early@x", "late@x"]


def test_a_commit_is_looked_up_and_a_text_is_looked_for(tmp_path: Path) -> None:
    sha = "0123456789abcdef" * 2 + "01234567"
    coded = "Content-Transfer-Encoding: quoted-printable\n"
    swamped = "\n".join(f"{number:012x}" for number in range(COMMIT_LIMIT + 1))
    mails = {
        "fix@x": f'Fixes: {sha[:12]} ("a")\n',
        "whole@x": f"commit {sha} upstream.\n",
        "describe@x": f"v5.10-7-g{sha[:13]}\n",
        "folded@x": f"Fixes: 0123=\n{sha[4:12]} =28...\n",
        "other@x": "Fixes: 0123456789ff\n",
        "diff@x": DIFF.replace("1111111", sha[:12]),
        "swamped@x": f"{swamped}\n{sha[:12]}\n",
    }
    raws = [
        mail("m", body, message_id=name, headers=coded if name == "folded@x" else "") for name, body in mails.items()
    ]
    root = make_inbox(tmp_path / "inbox", raws)
    named = [one.message_id for one in mirror(root).grep(sha[:12])]
    assert named == ["fix@x", "whole@x", "describe@x", "folded@x", "swamped@x"]
    assert [one.message_id for one in mirror(root).grep(sha)] == ["whole@x"]
    assert [one.message_id for one in mirror(root).grep("zweite")] == ["diff@x"]
    assert [one.message_id for one in mirror(root).grep("Fixes: 0123456789ab (...")] == ["folded@x"]


def test_what_is_related_comes_with_its_thread(tmp_path: Path) -> None:
    sha = "0123456789ab"
    header = DIFF.replace("kernel/fake.c", "include/uapi/linux/fake.h")
    change = f"Why.\n---\n\n{header}"
    root = make_inbox(tmp_path / "inbox", [
        mail("[PATCH] fix", f"Fixes: {sha} (\"a\")\n", message_id="fix@x", parent="cover@x"),
        mail("Re: cover", "Yes.\n", message_id="reply@x", parent="cover@x"),
        mail("[PATCH] before", change, message_id="before@x", date="Wed, 07 Apr 2021 12:00:00 +0000"),
        mail("[PATCH] within", change, message_id="within@x", date="Fri, 09 Apr 2021 12:00:00 +0000"),
        mail("Re: within", "Hm.\n", message_id="later@x", parent="within@x", date="Mon, 10 May 2021 12:00:00 +0000"),
        OTHER,
    ])  # fmt: skip
    since, until = 1617840000, 1618185600  # 2021-04-08, 2021-04-12
    path = "include/uapi/linux/fake.h"

    def related(commits: list[str], headers: list[str]) -> set[str]:
        return {one.message_id for one in mirror(root).related(commits, headers, since, until)}

    assert related([sha], []) == {"fix@x", "reply@x"}
    assert related([], [path]) == {"within@x", "later@x"}
    assert related([sha], [path, "include/uapi/linux/none.h"]) == {"fix@x", "reply@x", "within@x", "later@x"}
    assert related(["f" * 12], []) == set()
    remove(root / "git/0.git", next(one.raw for one in mirror(root).messages() if one.message_id == "within@x"))
    assert related([sha], [path]) == {"fix@x", "reply@x"}


def test_a_mirror_is_an_archive(inbox: Path, tmp_path: Path) -> None:
    archive = open_archive(str(inbox), tmp_path / "cache")
    assert isinstance(archive, Mirror)
    assert [one.message_id for one in archive.posted(4, sender="author@Example.com", change_id=None)] == [
        "v4-0@x", "v4-1@x", "v4-2@x",
    ]  # fmt: skip


def test_a_series_is_read_from_a_mirror_without_b4(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for spec in ("v4-0@x", "r@x", "https://lore.kernel.org/r/v4-2@x"):
        found = find_mail(spec, lore=str(inbox), cache=tmp_path / "cache", progress=QUIET)
        assert [patch.subject for patch in read_series(found).patches] == ["first", "second"]
    with pytest.raises(MachineFault, match="inbox: no such message in this archive: none@x"):
        find_mail("none@x", lore=str(inbox), cache=tmp_path / "cache", progress=QUIET)


# --- real mail -----------------------------------------------------------------------------------------------------


@pytest.fixture
def real(shared_lore: Path, tmp_path: Path) -> Path:
    """A mirror of all real threads."""
    mails: dict[str, bytes] = {}
    for file in sorted(shared_lore.glob("*/t.mbox.gz")):
        data = gzip.decompress(file.read_bytes())
        for one, raw in zip(read_messages(data), split_mbox(data), strict=True):
            mails.setdefault(one.message_id, raw)
    raws = list(mails.values())
    return make_inbox(tmp_path / "real", raws[:100], raws[100:])


def test_a_real_thread_is_that_of_the_server(real: Path, shared_lore: Path, tmp_path: Path) -> None:
    """What the server gave as this thread is in it; the rest are commit notices that it did not show there."""
    # One thread is stored under the name of a mail that the archive lost.
    for file in (one for one in shared_lore.glob("*/t.mbox.gz") if not one.parent.name.startswith("YIpkvGrB")):
        stored = {one.message_id: one for one in read_messages(gzip.decompress(file.read_bytes()))}
        data = fetch_thread(file.parent.name, lore=str(real), cache=tmp_path, progress=QUIET)
        fetched = {one.message_id: one for one in read_messages(data)}
        linked = thread(real, file.parent.name)
        assert set(fetched) == linked
        for message_id in set(stored) & linked:
            assert (stored[message_id].payload, stored[message_id].subject) == (
                fetched[message_id].payload, fetched[message_id].subject,
            )  # fmt: skip
        loose = {one for one in stored if one not in linked}
        assert all(stored[one].subject.startswith("[tip: ") for one in loose)


def test_other_revisions_are_found_where_they_were_posted_alone(real: Path, tmp_path: Path) -> None:
    covers = {
        4: FLAGSHIP.format(1),
        3: "20210324112503.623833-1-elver@google.com",
        2: "20210310104139.679618-1-elver@google.com",
        1: "20210223143426.2412737-1-elver@google.com",
    }
    for revision, cover in covers.items():
        found = find_mail(FLAGSHIP.format(5), lore=str(real), cache=tmp_path, progress=QUIET, revision=revision)
        assert cover in {one.message_id for one in found.messages}
        if revision in (3, 4):  # of the others, the archive lost patches
            series = read_series(found, revision=revision)
            assert (series.cover_message_id, len(series.patches)) == (cover, {3: 11, 4: 10}[revision])
    with pytest.raises(UsageError, match=r"no revision v9 of .*neither in its thread nor elsewhere"):
        find_mail(FLAGSHIP.format(1), lore=str(real), cache=tmp_path, progress=QUIET, revision=9)


def test_who_names_a_real_commit(real: Path) -> None:
    naming = {one.message_id for one in mirror(real).grep("fb6cc127e0b6")}
    assert {"20210422191823.79012-1-elver@google.com", "20210422064437.3577327-1-elver@google.com"} <= naming
    whole = {one.message_id for one in mirror(real).messages() if "fb6cc127e0b6" in one.text}
    assert naming == whole
