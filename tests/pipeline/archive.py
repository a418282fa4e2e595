# SPDX-License-Identifier: GPL-2.0-or-later
"""A written archive: a series of one patch that landed in another form, its commit notice, and a fix of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from seriestool.formats.mail import join_mbox
from tests.pipeline.conftest import Bench, git

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "b" * 40
_DATE = "Thu, 08 Apr 2021 10:00:00 +0000"


def mail(subject: str, message_id: str, body: str, *, parent: str = "", date: str = _DATE) -> bytes:
    """Write one mail."""
    lines = [
        "From: A U Thor <author@example.com>",
        f"Subject: {subject}",
        f"Date: {date}",
        f"Message-ID: <{message_id}>",
    ]
    lines += [f"In-Reply-To: <{parent}>"] if parent else []
    return ("\n".join(lines) + f"\n\n{body}").encode()


def thread(archive: Path, message_id: str, *mails: bytes) -> None:
    """Put a thread into the directory *archive*."""
    place = archive / message_id / "t.mbox.gz"
    place.parent.mkdir(parents=True)
    place.write_bytes(gzip.compress(join_mbox(mails)))


def diff(bench: Bench, path: str, line: str) -> str:
    """Return the diff that adds *line* at the end of a file of the kernel."""
    file = bench.kernel / path
    before = file.read_text()
    file.write_text(before + line)
    said = git("diff", "--full-index", cwd=bench.kernel)
    file.write_text(before)
    return said


def notice(commit: str, subject: str, diff: str, trailers: str = "") -> str:
    """Write the text of a commit notice."""
    return (
        f"The following commit has been merged into the core branch of tip:\n\nCommit-ID:     {commit}\n"
        "Author:        A U Thor <author@example.com>\nAuthorDate:    Thu, 08 Apr 2021 12:00:00 +02:00\n\n"
        f"{subject}\n\nWhy.\n\n{trailers}Signed-off-by: A U Thor <author@example.com>\n---\n\n{diff}"
    )


def archive_of(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the archive, the notice in a thread of its own, and track the series as ``demo``."""
    archive = tmp_path / "lore"
    posted, landed = (diff(bench, "kernel/signal.c", f"/* {word} */\n") for word in ("posted", "landed"))
    fix = diff(bench, "kernel/events.c", "/* mended */\n")
    signed = "Signed-off-by: A U Thor <author@example.com>\n---\n\n"
    thread(archive, "s@e.example", mail("[PATCH] signal: Say it", "s@e.example", f"Why.\n\n{signed}{posted}"))
    thread(archive, "n@tip-bot2", mail("[tip: core] x", "n@tip-bot2", notice(COMMIT, "signal: Say it", landed)))
    fixes = f'Fixes: {COMMIT[:12]} ("signal: Say it")\n'
    thread(archive, "f@e.example", mail("[PATCH] events: Mend it", "f@e.example", f"Why.\n\n{fixes}{signed}{fix}"))
    monkeypatch.setenv("SERIESTOOL_LORE", str(archive))
    track(bench)


def track(bench: Bench, *lines: str, patch: tuple[str, ...] = ()) -> None:
    """Write series.toml: *lines* are about the series, *patch* stands behind its one patch."""
    directory = bench.root / "patches" / "demo"
    directory.mkdir(parents=True, exist_ok=True)
    head = ['title = "demo"', "revision = 1", 'cover = "s@e.example"', *lines]
    own = ["", "[[patch]]", 'number = "01"', 'subject = "signal: Say it"', 'message-id = "s@e.example"']
    text = [*head, *own, f'upstream = "{COMMIT[:12]}"', 'notice = "n@tip-bot2"', *patch]
    (directory / "series.toml").write_text("\n".join(text) + "\n")
