# SPDX-License-Identifier: GPL-2.0-or-later
"""Letters, read back by the real git and by our own reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.formats.letter import Letter, in_body_from, mail_date, write_letter
from seriestool.formats.mail import git_date, read_message, split_mbox
from seriestool.formats.mailinfo import Identity
from seriestool.formats.posting import file_name
from seriestool.model.series import Person
from tests.mails import DIFF, MailInfo, git

JANE = Person("Jane Doe", "jane@example.org")


def letter(text: str = "Why.", *, sender: Person = JANE, subject: str = "core: change", diff: bytes = b"") -> bytes:
    body = f"{text}\n---\n\n".encode() + (diff or DIFF.encode()) + b"-- \nend\n\n"
    ids, date = ("2@example.org", "1@example.org"), "1617878165 +0200"
    return write_letter(Letter("1" * 40, *ids, sender, date, "PATCH 5.10.y 02/12", subject, body))


def headers(raw: bytes) -> list[str]:
    return raw.partition(b"\n\n")[0].decode("ascii").split("\n")


def test_plain_ascii_has_no_mime() -> None:
    assert headers(letter()) == [
        f"From {'1' * 40} Mon Sep 17 00:00:00 2001",
        "Message-ID: <2@example.org>",
        "In-Reply-To: <1@example.org>",
        "References: <1@example.org>",
        "From: Jane Doe <jane@example.org>",
        "Date: Thu, 08 Apr 2021 12:36:05 +0200",
        "Subject: [PATCH 5.10.y 02/12] core: change",
    ]


@pytest.mark.parametrize(
    "sender",
    [
        JANE, Person("Zoë Üml", "zoe@example.org"), Person("H. Peter Example", "h@example.org"),
        Person("Peter Example (Corp)", "p@example.org"), Person('Nick "Nick" Name', "n@example.org"),
        Person("Name, Other", "o@example.org"), Person("Ľubomír Ďuríček Véľmidlhémenovic", "l@example.org"),
    ],
)  # fmt: skip
def test_names(tmp_path: Path, sender: Person) -> None:
    """The real git and our own reader see the same person, in the header and at the top of the body."""
    for raw in (letter(sender=sender), letter(f"{in_body_from(sender)}\n\nWhy.")):
        fields = MailInfo.of(raw, tmp_path).fields
        assert (fields["Author"], fields["Email"]) == (sender.name, sender.email)
    assert Identity.parse(in_body_from(sender).removeprefix("From: ")).person == sender
    assert read_message(letter(sender=sender).partition(b"\n")[2]).sender == sender


@pytest.mark.parametrize(
    "subject",
    [
        "core: change", "core: ändere Dinge", f"core: {'many words ' * 20}end", f"core: {'viele Wörter ' * 20}z",
        "core: 漢字 in a title", "core: =?looks?= like one", "w" * 200,
    ],
)  # fmt: skip
def test_subjects(tmp_path: Path, subject: str) -> None:
    raw = letter(subject=subject)
    assert MailInfo.of(raw, tmp_path).fields["Subject"] == subject
    assert read_message(raw.partition(b"\n")[2]).subject == f"[PATCH 5.10.y 02/12] {subject}"
    assert max(map(len, headers(raw))) <= 210
    assert any(line.startswith("Subject: [PATCH 5.10.y 02/12]") for line in headers(raw))


@pytest.mark.parametrize(
    ("text", "diff", "encoding"),
    [
        ("Why.", DIFF.encode(), None),
        ("Größe.", DIFF.encode(), "8bit"),
        ("Why.", DIFF.encode().replace(b"zweite", b"gr\xfc\xdfe"), "8bit"),
        ("Why.", DIFF.encode().replace(b"second", b"second\r").replace(b"zweite", b"zwei=te \r"), "quoted-printable"),
        ("Why.", DIFF.encode().replace(b"zweite", b"x" * 2000), "quoted-printable"),
        ("Why.\n\nFrom here on it is safe.\n>From is quoted.", DIFF.encode(), "quoted-printable"),
        ("Größe.", DIFF.encode().replace(b"zweite", b"\xe9\t\r"), "quoted-printable"),
    ],
)
def test_bodies_survive(tmp_path: Path, text: str, diff: bytes, encoding: str | None) -> None:
    """Split by git as git-am(1) does, without --keep-cr, the diff is the one that was written."""
    raw = letter(text, diff=diff)
    found = [line.split(": ")[1] for line in headers(raw) if line.startswith("Content-Transfer-Encoding")]
    assert found == ([encoding] if encoding else [])
    (tmp_path / "mbox").write_bytes(raw * 2)
    assert git("mailsplit", f"-o{tmp_path}", str(tmp_path / "mbox")).strip() == b"2"
    info = MailInfo.of((tmp_path / "0002").read_bytes(), tmp_path)
    assert diff in info.patch
    assert info.message == f"core: change\n\n{text}\n"
    ours = read_message(split_mbox(raw * 2)[1])
    assert diff in ours.payload
    assert max(map(len, raw.split(b"\n"))) <= 998


@pytest.mark.parametrize("date", ["1617878165 +0200", "0 +0000", "1617878165 -0930", "951782400 +1400"])
def test_dates(date: str) -> None:
    assert git_date(mail_date(date)) == date


@pytest.mark.parametrize("date", ["999999999999 +0000", "1 +9999"])
def test_dates_that_no_calendar_has(date: str) -> None:
    assert mail_date(date) == "Thu, 01 Jan 1970 00:00:00 +0000"


TITLES = (
    "perf: Rework perf_event_exit_event()", "x" * 80, "a... b.. c.", "  odd -- [title] / with: all; kinds!",
    "Größe ändern", "signal, perf: Fix siginfo_t by avoiding u64 on 32-bit architectures", "end with dots...",
    "under_score.and.dot", "...", "-leading",
)  # fmt: skip


def test_file_names_are_git_format_patchs(tmp_path: Path) -> None:
    git("init", "--quiet", cwd=tmp_path)
    for title in TITLES:
        git("commit", "--quiet", "--allow-empty", "-m", title, cwd=tmp_path)
    for options, reroll in ((), None), (("-v3",), 3):
        said = git("format-patch", "--root", "--always", *options, "-o", "out", cwd=tmp_path).decode()
        names = [line.removeprefix("out/") for line in said.splitlines()]
        assert names == [file_name(number, title.strip(), reroll) for number, title in enumerate(TITLES, 1)]
