# SPDX-License-Identifier: GPL-2.0-or-later
"""Series by every name a user can type: files, directories, archives; and tracked ones, kept for the next time."""

from __future__ import annotations

import gzip
import mailbox
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seriestool.errors import InputRefused, MachineFault, ProgramMissing, SeriestoolError, UsageError
from seriestool.formats.mail import join_mbox, read_messages, split_mbox
from seriestool.formats.series_toml import read_tracked
from seriestool.log import QUIET
from seriestool.model.series import Dependency, DependencyKind, Role, Series, TrackedPatch, TrackedSeries
from seriestool.sources import FetchedSeries, fetch_thread, fetch_tracked, find_mail, read_series
from seriestool.sources import lore as lore_module
from tests.conftest import ROOT
from tests.mails import DIFF, git, mail

FLAGSHIP = "20210408103605.1676875-1-elver@google.com"


def part(number: int, total: int = 2, text: str = "") -> bytes:
    body = f"Why.\n{text}\n---\n\n{DIFF.replace('zweite', f'zweite {number}')}"
    parent = "s-1@x" if number > 1 else None
    return mail(f"[PATCH {number}/{total}] part {number}", body, message_id=f"s-{number}@x", parent=parent)


MBOX = join_mbox([part(1), part(2), mail("Re: part 1", "Acked-by: R <r@x>\n", message_id="r@x", parent="s-1@x")])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive in a directory with one thread."""
    folder = tmp_path / "archive"
    (folder / "s-1@x").mkdir(parents=True)
    (folder / "s-1@x/t.mbox.gz").write_bytes(gzip.compress(MBOX))
    return folder


def read(spec: object, room: Path, lore: str | None = None, revision: int | None = None) -> Series:
    found = find_mail(str(spec), lore=lore, cache=room / "cache", progress=QUIET)
    return read_series(found, revision=revision)


def subjects(series: Series) -> list[str]:
    return [patch.subject for patch in series.patches]


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_mbox_is_a_series(tmp_path: Path, pack: type[bytes]) -> None:
    (tmp_path / "mail").write_bytes(pack(MBOX))
    assert subjects(read(tmp_path / "mail", tmp_path)) == ["part 1", "part 2"]


def test_a_directory_of_patches_is_a_series(tmp_path: Path) -> None:
    (tmp_path / "patches").mkdir()
    for number in (2, 1):
        (tmp_path / f"patches/{number:04}-part.patch").write_bytes(part(number))
    (tmp_path / "patches/README").write_text("not mail")
    (tmp_path / "patches/.hidden.patch").write_text("not mail")
    assert subjects(read(tmp_path / "patches", tmp_path)) == ["part 1", "part 2"]


def test_a_maildir_is_a_series(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for number in (2, 1):
        box.add(part(number))
    assert subjects(read(tmp_path / "box", tmp_path)) == ["part 1", "part 2"]


@pytest.mark.parametrize("options", [[], ["-N"], ["--cover-letter", "--thread"], ["--attach"], ["--stdout"]])
def test_what_git_format_patch_writes_is_read_back(tmp_path: Path, options: list[str]) -> None:
    room = tmp_path / "repository"
    room.mkdir()
    git("init", "-q", "-b", "main", cwd=room)
    git("commit", "-q", "--allow-empty", "-m", "base", cwd=room)
    for number in range(1, 4):
        (room / f"file{number}").write_text(f"From {number}\n-- \n--- ä\n")
        git("add", "-A", cwd=room)
        git("commit", "-qm", f"part {number}: ü\n\nFrom here it does {number}.\n\nCc: a@x # b", cwd=room)
    out = tmp_path / ("out.mbox" if "--stdout" in options else "out")
    target = [] if "--stdout" in options else ["-o", str(out)]
    said = git("format-patch", "--base=HEAD~3", *options, *target, "HEAD~3", cwd=room)
    if "--stdout" in options:
        out.write_bytes(said)
    series = read(out, tmp_path)
    wanted = git("log", "--reverse", "--format=%B%x00", "HEAD~3..", cwd=room).decode().split("\0\n")[:-1]
    assert [patch.message for patch in series.patches] == wanted
    assert {str(patch.author) for patch in series.patches} == {"A U Thor <author@example.com>"}
    assert {patch.date for patch in series.patches} == {"1617878165 +0200"}
    assert series.base_commit == git("rev-parse", "HEAD~3", cwd=room).decode().strip()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (bytes(range(256)), "binary"),
        (gzip.compress(MBOX, mtime=0)[:-20], "truncated"),
        (gzip.compress(MBOX, mtime=0)[:30] + b"\xff" * 20 + gzip.compress(MBOX, mtime=0)[50:], "damaged gzip data"),
        (MBOX[:-700], "truncated|missing"),
        (join_mbox([part(1, 3), part(3, 3)]), "patch 2/3 of 'part 1' v1 is missing"),
        (b"hello\n", "not mail"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "bad").write_bytes(data)
    with pytest.raises(InputRefused, match=reason):
        read(tmp_path / "bad", tmp_path)


def test_a_bomb_of_mail_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seriestool.sources.files.SIZE_LIMIT", 1 << 20)
    (tmp_path / "bomb").write_bytes(gzip.compress(b"x" * (2 << 20)))
    with pytest.raises(InputRefused, match="more than 1048576 bytes"):
        read(tmp_path / "bomb", tmp_path)


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputRefused, match=r"none: no \*.patch in it"):
        read(tmp_path / "none", tmp_path)


def test_what_names_nothing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such series: nothing") as caught:
        read("nothing", tmp_path)
    assert caught.value.hint is not None
    assert "message-id or lore URL" in caught.value.hint


# --- archives ------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(archive: Path) -> Iterator[str]:
    """The archive over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(archive))) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def test_a_thread_from_a_directory_keeps_every_byte(archive: Path, tmp_path: Path) -> None:
    quoted = mail("Re: part 1", "From here\n>From there\n>>From where\n\xe9\n", message_id="q@x", parent="s-1@x")
    sent = [
        part(1),
        part(2),
        quoted.replace(b"\xc3\xa9", b"\xe9"),
        mail("Re: part 2", "", message_id="e@x", parent="s-2@x"),
    ]
    (archive / "s-1@x/t.mbox.gz").write_bytes(gzip.compress(join_mbox(sent)))
    data = fetch_thread("s-1@x", lore=str(archive), cache=tmp_path / "cache", progress=QUIET)
    fetched = split_mbox(data)
    assert sorted(one for one in fetched if b"e@x" not in one) == sorted(sent[:3])
    assert [one.rstrip() for one in fetched if b"e@x" in one] == [sent[3].rstrip()]
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_thread_from_a_directory_may_be_named_by_any_of_its_mails(archive: Path, tmp_path: Path) -> None:
    assert subjects(read("s-2@x", tmp_path, str(archive))) == ["part 1", "part 2"]


def test_a_thread_from_a_url(server: str, tmp_path: Path) -> None:
    assert subjects(read("<s-1@x>", tmp_path, server)) == ["part 1", "part 2"]
    assert subjects(read(f"{server}/s-1@x/T/#u", tmp_path)) == ["part 1", "part 2"]
    assert subjects(read("https://lore.kernel.org/r/s-1@x", tmp_path, f"{server}/%s")) == ["part 1", "part 2"]


def test_what_changed_in_the_archive_is_seen(archive: Path, tmp_path: Path) -> None:
    read("s-1@x", tmp_path, str(archive))
    (archive / "s-1@x/t.mbox.gz").write_bytes(gzip.compress(join_mbox([part(1), part(2, text="More.")])))
    assert "More." in read("s-1@x", tmp_path, str(archive)).patches[1].message


def test_the_users_own_settings_change_nothing(archive: Path, tmp_path: Path, sealed: Path) -> None:
    (sealed / ".gitconfig").write_text("[b4]\n\tmidmask = http://127.0.0.1:9/%s\n\tsave-maildirs = no\n")
    assert subjects(read("s-1@x", tmp_path, str(archive))) == ["part 1", "part 2"]


@pytest.mark.parametrize(
    ("spec", "lore", "error", "reason"),
    [
        ("none@x", "archive", MachineFault, "archive: no such message in this archive: none@x"),
        ("s-1@x", "http://127.0.0.1:9", MachineFault, "http://127.0.0.1:9: cannot be reached, .*: s-1@x"),
        ("20220404.404@x", "http://127.0.0.1:9", MachineFault, "cannot be reached"),
        ("s-1@x", "missing", UsageError, "the archive .*missing is neither a URL nor a directory"),
        ("https://lore.kernel.org/all/", "archive", UsageError, "no message-id in the URL"),
    ],
)
def test_an_archive_without_an_answer_is_named(
    spec: str, lore: str, error: type[SeriestoolError], reason: str, archive: Path, tmp_path: Path
) -> None:
    where = lore if lore.startswith("http") else str(tmp_path / lore)
    with pytest.raises(error, match=reason) as caught:
        read(spec, tmp_path, where)
    assert "Traceback" not in caught.value.message
    assert caught.value.hint


def test_rubbish_from_an_archive_is_a_fault_in_one_line(archive: Path, tmp_path: Path) -> None:
    (archive / "s-1@x/t.mbox.gz").write_bytes(b"no gzip")
    with pytest.raises(MachineFault, match="s-1@x") as caught:
        read("s-1@x", tmp_path, str(archive))
    assert "\n" not in caught.value.message


def test_a_bomb_in_an_archive_never_reaches_b4(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seriestool.sources.files.SIZE_LIMIT", 1 << 20)
    fake_b4(tmp_path, f"touch {tmp_path}/asked", monkeypatch)
    for data, reason in (
        (gzip.compress(b"x" * (2 << 20)), "more than 1048576 bytes of mail"),
        (gzip.compress(MBOX, mtime=0)[:-20], "truncated"),
    ):
        (archive / "s-1@x/t.mbox.gz").write_bytes(data)
        with pytest.raises(InputRefused, match=rf"s-1@x/t\.mbox\.gz: {reason}"):
            read("s-1@x", tmp_path, str(archive))
    assert not (tmp_path / "asked").exists()


def fake_b4(room: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (room / "bin").mkdir()
    (room / "bin/python").touch()
    (room / "bin/b4").write_text(f"#!/bin/sh\n{script}\n")
    (room / "bin/b4").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(room / "bin/python"))


def test_an_archive_that_never_ends_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_b4(tmp_path, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(lore_module, "TIME_LIMIT", 0.2)
    with pytest.raises(MachineFault, match=r"lore.kernel.org: no end of the thread s-1@x after 0.2 s"):
        read("s-1@x", tmp_path)


def test_without_b4_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match="program not found: b4"):
        read("s-1@x", tmp_path)


def test_what_b4_fails_with_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_b4(tmp_path, "echo it broke >&2; exit 3", monkeypatch)
    with pytest.raises(MachineFault, match=r"lore.kernel.org: b4 failed \(it broke\) on the message: s-1@x"):
        read("s-1@x", tmp_path)


# --- tracked series ------------------------------------------------------------------------------------------------


def tracked(*patches: TrackedPatch) -> TrackedSeries:
    return TrackedSeries("slug", "title", 1, patches)


ONE = TrackedPatch("01", Role.SERIES, "part 1", "s-1@x")
TWO = TrackedPatch("02", Role.FIX, "part 2", "s-2@x")


def fetch(series: TrackedSeries, room: Path, lore: Path | None = None, *, offline: bool = False,
          refresh: bool = False) -> FetchedSeries:  # fmt: skip
    room.mkdir(exist_ok=True)
    return fetch_tracked(
        series, room, mail=room / "mail", lore=str(lore or room / "unreachable"), cache=room / "cache",
        progress=QUIET, offline=offline, refresh=refresh,
    )  # fmt: skip


def test_a_tracked_series_is_fetched_once(archive: Path, tmp_path: Path) -> None:
    room = tmp_path / "slug"
    first = fetch(tracked(ONE, TWO), room, archive)
    assert [(patch.number, patch.subject) for patch in first.patches] == [("01", "part 1"), ("02", "part 2")]
    assert [status.trailers for status in first.statuses] == [("Acked-by: R <r@x>",), ()]
    assert [path.name for path in (room / "mail").iterdir()] == ["s-1@x.mbox"]
    shutil.rmtree(archive)
    assert fetch(tracked(ONE, TWO), room) == first
    assert fetch(tracked(ONE, TWO), room, offline=True) == first


def test_a_refresh_sees_what_is_new_and_keeps_the_old_when_it_fails(archive: Path, tmp_path: Path) -> None:
    room = tmp_path / "slug"
    fetch(tracked(ONE), room, archive)
    more = mail("Re: part 1", "Tested-by: T <t@x>\n", message_id="t@x", parent="s-1@x")
    (archive / "s-1@x/t.mbox.gz").write_bytes(gzip.compress(MBOX + join_mbox([more])))
    assert fetch(tracked(ONE), room, archive).statuses[0].trailers == ("Acked-by: R <r@x>",)
    fresh = ("Acked-by: R <r@x>", "Tested-by: T <t@x>")
    assert fetch(tracked(ONE), room, archive, refresh=True).statuses[0].trailers == fresh
    with pytest.raises(SeriestoolError):
        fetch(tracked(ONE), room, refresh=True)
    assert fetch(tracked(ONE), room, offline=True).statuses[0].trailers == fresh


def test_another_patch_id_is_an_error_that_names_both(archive: Path, tmp_path: Path) -> None:
    (good,) = fetch(tracked(ONE), tmp_path / "slug", archive).patches
    fetch(tracked(replace(ONE, patch_id=good.patch_id)), tmp_path / "slug")
    with pytest.raises(InputRefused, match=f"patch 01 .*{good.patch_id}.*{'0' * 40}"):
        fetch(tracked(replace(ONE, patch_id="0" * 40)), tmp_path / "slug")


def test_offline_without_kept_mail_is_said(tmp_path: Path) -> None:
    with pytest.raises(MachineFault, match="s-1@x: its mail is not in"):
        fetch(tracked(ONE), tmp_path / "slug", offline=True)


def test_damaged_kept_mail_is_said(tmp_path: Path) -> None:
    (tmp_path / "slug/mail").mkdir(parents=True)
    (tmp_path / "slug/mail/s-1@x.mbox").write_bytes(b"")
    with pytest.raises(InputRefused, match=r"s-1@x.mbox: empty") as caught:
        fetch(tracked(ONE), tmp_path / "slug")
    assert caught.value.hint == "remove the file, and it is fetched again"


def test_a_message_id_with_a_slash_stays_in_its_directory(tmp_path: Path) -> None:
    (tmp_path / "slug/mail").mkdir(parents=True)
    raw = mail("[PATCH] a", message_id="../a/b@x")
    (tmp_path / "slug/mail/..%2Fa%2Fb@x.mbox").write_bytes(join_mbox([raw]))
    fetched = fetch(tracked(replace(ONE, message_id="../a/b@x")), tmp_path / "slug", offline=True)
    assert fetched.patches[0].message_id == "../a/b@x"


def test_patches_in_files_need_no_archive(tmp_path: Path) -> None:
    room = tmp_path / "slug"
    room.mkdir()
    (room / "one.patch").write_bytes(part(1))
    series = tracked(TrackedPatch("01", Role.SERIES, "part 1", "", file="one.patch"))
    assert fetch(series, room).patches[0].subject == "part 1"
    (room / "one.patch").write_bytes(MBOX)
    with pytest.raises(InputRefused, match=r"one.patch: 3 mails in a file for one patch"):
        fetch(series, room)
    (room / "one.patch").unlink()
    with pytest.raises(MachineFault, match=r"one.patch: No such file"):
        fetch(series, room)


def test_what_a_tracked_series_needs_is_fetched_with_it(archive: Path, tmp_path: Path) -> None:
    fixes = 'Fixes: 0123456789ab ("core: break it")'
    cover = mail("[PATCH 0/2] two", f"Cover.\n\nbase-commit: {'b' * 40}\n", message_id="s-0@x")
    follow_up = mail("[PATCH] more", f"More.\n\n{fixes}\n---\n\n{DIFF}\nbase-commit: {'c' * 40}\n", message_id="f@x")
    sent = join_mbox([cover, part(1, text=fixes), part(2), follow_up])
    (archive / "s-1@x/t.mbox.gz").write_bytes(gzip.compress(sent))
    more = TrackedPatch("03", Role.FOLLOW_UP, "more", "f@x")
    for name in ("s-0@x", "s-2@x", "f@x"):
        (archive / name).mkdir()
        (archive / name / "t.mbox.gz").write_bytes(gzip.compress(sent))
    series = replace(tracked(ONE, TWO, more), cover_message_id="s-0@x")
    needs = (
        Dependency(DependencyKind.BASE_COMMIT, "b" * 40),
        Dependency(DependencyKind.FIXES, "0123456789ab", "01", "core: break it"),
        Dependency(DependencyKind.BASE_COMMIT, "c" * 40, "03"),
        Dependency(DependencyKind.FIXES, "0123456789ab", "03", "core: break it"),
    )
    assert fetch(series, tmp_path / "slug", archive).dependencies == needs
    room = tmp_path / "files"
    room.mkdir()
    for name, raw in (("cover.eml", cover), ("1", part(1, text=fixes)), ("2", part(2)), ("3", follow_up)):
        (room / name).write_bytes(raw)
    files = tuple(replace(one, message_id="", file=one.number[1]) for one in series.patches)
    assert fetch(tracked(*files), room).dependencies == needs


def test_the_flagship_is_fetched_whole(shared_lore: Path, tmp_path: Path) -> None:
    slug = "synchronous-perf-signals"
    series = read_tracked((ROOT / "patches" / slug / "series.toml").read_text(), slug)
    fetched = fetch(series, tmp_path / slug, shared_lore)
    assert [patch.number for patch in fetched.patches] == [f"{number:02}" for number in range(1, 13)]
    assert [patch.patch_id for patch in fetched.patches] == [one.patch_id for one in series.patches]
    assert [patch.subject for patch in fetched.patches] == [one.subject for one in series.patches]
    assert {(need.kind, need.patch, need.value) for need in fetched.dependencies} == {
        (DependencyKind.FIXES, "11", "fb6cc127e0b6"), (DependencyKind.FIXES, "12", "fb6cc127e0b6"),
    }  # fmt: skip
    assert [status.tracked.role for status in fetched.statuses][10:] == [Role.FIX, Role.FOLLOW_UP]
    assert fetched.statuses[4].trailers[:2] == (
        "Acked-by: Geert Uytterhoeven <geert@linux-m68k.org> # m68k",
        "Acked-by: Arnd Bergmann <arnd@arndb.de> # asm-generic",
    )
    assert not any("Szyprowski" in trailer for trailer in fetched.statuses[4].trailers)
    assert fetch(series, tmp_path / slug, offline=True) == fetched


def test_the_embedded_series_is_here(tmp_path: Path) -> None:
    slug = "siginfo-guard"
    room = ROOT / "patches" / slug
    series = read_tracked((room / "series.toml").read_text(), slug)
    fetched = fetch_tracked(series, room, mail=tmp_path, lore=None, cache=tmp_path, progress=QUIET, offline=True)
    assert [patch.subject for patch in fetched.patches] == [one.subject for one in series.patches]
    assert [patch.message_id for patch in fetched.patches] == [one.message_id for one in series.patches]


def test_real_threads_survive_b4(shared_lore: Path, tmp_path: Path) -> None:
    """What b4 gives back of the flagship's thread reads the same as what the archive holds."""
    stored = read_messages(gzip.decompress((shared_lore / FLAGSHIP / "t.mbox.gz").read_bytes()))
    fetched = read_messages(fetch_thread(FLAGSHIP, lore=str(shared_lore), cache=tmp_path, progress=QUIET))
    by_id = {one.message_id: one for one in fetched}
    assert set(by_id) == {one.message_id for one in stored}
    for one in stored:
        assert (one.text, one.payload, one.subject) == (
            by_id[one.message_id].text, by_id[one.message_id].payload, by_id[one.message_id].subject,
        )  # fmt: skip
