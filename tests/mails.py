# SPDX-License-Identifier: GPL-2.0-or-later
"""Mail and diffs for tests, and the real git to compare with."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seriestool.formats.mail import Message, read_message, read_messages

DIFF = """\
diff --git a/kernel/fake.c b/kernel/fake.c
index 1111111..2222222 100644
--- a/kernel/fake.c
+++ b/kernel/fake.c
@@ -1,3 +1,3 @@ int fake(void)
 first
-second
+zweite
 third
"""


def git(*words: str, stdin: bytes = b"", cwd: Path | None = None, check: bool = True) -> bytes:
    """Run the real git and return what it says."""
    return subprocess.run(["git", *words], input=stdin, capture_output=True, cwd=cwd, check=check).stdout


def mail(
    subject: str,
    body: str = f"Why.\n\nSigned-off-by: A U Thor <author@example.com>\n---\n file | 2 +-\n\n{DIFF}-- \n2.39.5\n",
    *,
    sender: str = "A U Thor <author@example.com>",
    message_id: str | None = None,
    parent: str | None = None,
    date: str = "Thu, 08 Apr 2021 12:36:05 +0200",
    headers: str = "",
) -> bytes:
    """Write one mail."""
    lines = [f"From: {sender}", f"Subject: {subject}", f"Date: {date}"]
    lines += [f"Message-ID: <{message_id}>"] if message_id else []
    lines += [f"In-Reply-To: <{parent}>", f"References: <{parent}>"] if parent else []
    return ("\n".join(lines) + f"\n{headers}\n{body}").encode()


def message(subject: str, body: str | None = None, **fields: str | None) -> Message:
    """Write one mail and read it."""
    given = {name: value for name, value in fields.items() if value is not None}
    return read_message(mail(subject, **given) if body is None else mail(subject, body, **given))


@dataclass(frozen=True)
class MailInfo:
    """What git-mailinfo(1) and git-stripspace(1) make of a mail; ``message`` as git-am(1) would commit it."""

    fields: dict[str, str]
    message: str
    patch: bytes

    @classmethod
    def of(cls, raw: bytes, room: Path) -> MailInfo:
        """Ask git; *room* is a directory for its two output files."""
        said = git("mailinfo", str(room / "msg"), str(room / "patch"), stdin=raw, check=False)
        lines = said.decode("utf-8", "replace").splitlines()
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        text = f"{fields.get('Subject', '')}\n\n".encode() + (room / "msg").read_bytes()
        return cls(fields, git("stripspace", stdin=text).decode("utf-8", "replace"), (room / "patch").read_bytes())


def real_messages(folder: Path) -> Iterator[tuple[str, Message]]:
    """Yield every message below *folder*, mboxes plain and gzipped, with a name for it."""
    for path in sorted([*folder.glob("*.mbox"), *folder.glob("*/t.mbox.gz")]):
        data = path.read_bytes()
        for number, one in enumerate(read_messages(gzip.decompress(data) if path.suffix == ".gz" else data), 1):
            yield f"{path.relative_to(folder)} {number} {one.subject}", one
