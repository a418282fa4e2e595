# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile mail is refused with the reason, within two seconds and 300 MB: each case in a process of its own.

Time is the processor's, so that a busy machine changes nothing; memory is the peak of the process (VmHWM of proc(5)).
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from base64 import b85encode
from collections.abc import Callable
from pathlib import Path

import pytest

from seriestool import proc
from seriestool.errors import InputRefused
from seriestool.formats.patch import parse_diff

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 2.0
MEGABYTES = 300
MB = 1 << 20

READER = """
import json, resource, sys
from pathlib import Path
from seriestool.errors import InputRefused
from seriestool.formats.mail import read_patch
from seriestool.sources.files import read_mail_file
reason = None
before = resource.getrusage(resource.RUSAGE_SELF)
try:
    for message in read_mail_file(Path(sys.argv[1])):
        read_patch(message, "01")
except InputRefused as refused:
    reason = refused.message
after = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"reason": reason, "seconds": seconds, "megabytes": int(peak.split()[1]) / 1024}))
"""

HEADER = b"From: A U Thor <author@example.com>\nSubject: [PATCH] x\nMessage-ID: <x@example.com>\n"
TOP = HEADER + b"\nWhy.\n---\n"
TAIL = b"-- \n2.39.5\n"
HUNK = b"@@ -1 +1 @@\n-a\n+b\n"


def names(path: bytes = b"x") -> bytes:
    return b"diff --git a/%s b/%s\nindex 1111111..2222222 100644\n--- a/%s\n+++ b/%s\n" % ((path,) * 4)


def binary(method: bytes, size: int, data: bytes, path: bytes = b"x") -> bytes:
    """One file's binary patch, *data* deflated and written as base85."""
    deflated = zlib.compress(data)
    out = [b"diff --git a/%s b/%s\nindex " % (path, path), b"1" * 40, b"..", b"2" * 40, b" 100644\nGIT binary patch\n"]
    out.append(b"%s %d\n" % (method, size))
    for start in range(0, len(deflated), 52):
        line = deflated[start : start + 52]
        out.append(bytes([len(line) + (64 if len(line) <= 26 else 70)]) + b85encode(line, pad=True) + b"\n")
    return b"".join([*out, b"\n"])


def number(value: int) -> bytes:
    """A size as deltas write it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def delta(size: int) -> bytes:
    data = number(10) + number(size) + b"\x90\x0a" * 4
    return binary(b"delta", len(data), data)


def zeros(count: int) -> bytes:
    bomb = binary(b"literal", 60 * MB, b"\0" * (60 * MB))
    return b"".join(bomb.replace(b"a/x b/x", b"a/x%d b/x%d" % (each, each)) for each in range(count))


def nested(depth: int) -> bytes:
    part = b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n"
    inside = b"".join(part % (each, each + 1) for each in range(depth))
    return HEADER + b"Content-Type: multipart/mixed; boundary=b0\n\n" + inside


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a line of 100 MB": (lambda: TOP + names() + b"@@ -1 +1 @@\n-a\n+" + b"z" * (100 * MB) + b"\n", "bytes of mail"),
    "a line of 10 MB": (lambda: TOP + names() + b"@@ -1 +1 @@\n-a\n+" + b"z" * (10 * MB) + b"\n", "a line is longer"),
    "a mail of 100 MB": (lambda: TOP + b"some text, again\n" * (100 * MB // 17) + names() + HUNK, "bytes of mail"),
    "a mail of 50 MB": (lambda: TOP + b"some text, again\n" * (50 * MB // 17) + names() + HUNK, "a mail of 524"),
    "sixteen million lines": (lambda: TOP + b"\n" * (15 * MB) + names() + HUNK, "lines, the limit is"),
    "a million hunks": (
        lambda: TOP + names() + b"".join(b"@@ -%d +%d @@\n-a\n+b\n" % (at, at) for at in range(1, 1_000_001)),
        "a mail of 27",
    ),
    "as many hunks as fit": (lambda: TOP + names() + b"@@ -1 +1 @@\n-a\n+b\n" * 700_000, "lines, the limit is"),
    "a million files": (lambda: TOP + (names() + HUNK) * 200_000, "lines, the limit is"),
    "too many files": (
        lambda: TOP + b"".join(names(b"f%d" % at) + HUNK for at in range(20_000)), "more than 15000 files",
    ),
    "a header that claims too much": (
        lambda: TOP + names() + b"@@ -1,999999999 +1,999999999 @@\n" + b" a\n" * 1000,
        "shorter than its header says",
    ),
    "one bomb that says so": (lambda: TOP + binary(b"literal", 1 << 30, b""), "over the limit"),
    "one bomb that lies": (
        lambda: TOP + binary(b"literal", 1000, b"\0" * (100 * MB)) + TAIL, "does not inflate to the 1000",
    ),
    "many bombs": (lambda: TOP + zeros(200), "the binary data of the patch makes more than"),
    "a delta bomb": (lambda: TOP + delta(1 << 40) + TAIL, "the binary data of the patch makes more than"),
    "base85 garbage": (
        lambda: TOP + binary(b"literal", 99, b"").rstrip() + (b"\nz" + b"~" * 65) * (15 * MB // 67),
        "malformed or truncated",
    ),
    "a megabyte of name": (lambda: TOP + b"diff --git a/" + b"x " * (MB // 2) + b"\n", "in the header of a diff"),
    "a quoted megabyte of name": (
        lambda: TOP + b'diff --git "a/' + b"\\303\\244" * (MB // 8) + b'" "b/x"\nnew file mode 100644\n',
        "in the header of a diff",
    ),
    "a name longer than any path": (lambda: TOP + names(b"x" * 5000) + HUNK, "a path of 5000 bytes"),
    "a stamp behind a sea of blanks": (
        lambda: TOP + b"--- a/x" + b" " * 30_000 + b"y\n+++ b/" + b" " * 40_000 + b"\n" + HUNK,
        "in the header of a diff",
    ),
    "a sea of header fields": (lambda: b"X: y\n" * (3 * MB) + b"\nbody\n", "has a header of"),
    "a sea of header fields in a part": (
        lambda: HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + b"X: y\n" * 290_000 + b"\nbody\n",
        "header fields",
    ),
    "a subject of 60 MB": (lambda: b"Subject: " + b"x" * (60 * MB) + b"\n\n" + names() + HUNK, "a mail of 629"),
    "a subject of a megabyte": (
        lambda: b"Subject: " + b"=?utf-8?q?a?= " * 80_000 + b"\n\n" + names() + HUNK, "has a header",
    ),
    "a subject in the text": (
        lambda: TOP.replace(b"Why.", b"Subject: " + b"Re: " * (3 * MB)) + names() + HUNK, "a subject field",
    ),
    "a folded field in the text": (
        lambda: TOP.replace(b"Why.", b"Subject: x\n" + b" more of it\n" * 280_000) + names() + HUNK, "a subject field",
    ),
    "parts in parts": (lambda: nested(5000), "nested too deeply"),
    "a gzip bomb": (lambda: gzip.compress(TOP + b"\n" * (120 * MB), 1), "bytes of mail"),
    "NUL": (lambda: TOP + names() + b"@@ -1 +1 @@\n-a\n+b\0c\n", "a NUL byte"),
}  # fmt: skip


def read(path: Path) -> dict[str, object]:
    """Let a process of its own read the mail, and return what it says of the reason, the time and the memory."""
    done = proc.run([sys.executable, "-c", READER, str(path)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_refused_within_the_limits(name: str, tmp_path: Path) -> None:
    make, reason = CASES[name]
    path = tmp_path / "mail"
    path.write_bytes(make())
    found = read(path)
    path.unlink()
    assert reason in str(found["reason"])
    assert float(str(found["seconds"])) < SECONDS
    assert float(str(found["megabytes"])) < MEGABYTES


def test_the_most_that_is_read_stays_within_the_memory(tmp_path: Path) -> None:
    """As many lines as may be: not refused, and no more than a refusal may take."""
    path = tmp_path / "mail"
    lines = b"+and here is one more line of code\n" * 299_900
    path.write_bytes(TOP + names() + b"@@ -1 +1,299901 @@\n a\n" + lines)
    told = read(path)
    assert told["reason"] is None
    assert float(str(told["megabytes"])) < MEGABYTES


def adds(path: str, mode: str = "100644", line: str = "x") -> bytes:
    text = f"diff --git a/{path} b/{path}\nnew file mode {mode}\nindex 0000000..1111111\n--- /dev/null\n+++ b/{path}\n"
    return (text + f"@@ -0,0 +1 @@\n+{line}\n\\ No newline at end of file\n").encode("utf-8", "surrogateescape")


PATHS = {
    "backslashes up": ("a\\..\\..\\x", "leaves the tree"),
    "a backslash into .git": (".git\\hooks\\pre-commit", "git's own directory"),
    "below a backslash": ("a\\.git/config", "git's own directory"),
    "an NTFS stream": (".git::$INDEX_ALLOCATION/config", "git's own directory"),
    "an NTFS short name": ("a/GIT~1/config", "git's own directory"),
    "an NTFS tail": (".git . . ./config", "git's own directory"),
    "HFS joiners": (".g\u200di\u200ct/config", "git's own directory"),
    "an HFS mark in front": ("\ufeff.git/config", "git's own directory"),
    "octal": ('"b/\\056git/config"', "git's own directory"),
    "octal up": ('"b/\\056\\056/x"', "leaves the tree"),
    "an escape": ('"b/x\\033[2J"', "control character"),
    "a carriage return": ('"b/x\\r"', "control character"),
}  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_paths(name: str) -> None:
    path, reason = PATHS[name]
    text = adds("x" if path.startswith('"') else path)
    if path.startswith('"'):
        text = text.replace(b"b/x", path.encode()).replace(b"a/x", path.replace('"b/', '"a/').encode())
    with pytest.raises(InputRefused, match=reason):
        parse_diff(text)


def test_a_backslash_alone_is_only_a_letter() -> None:
    assert parse_diff(adds("a\\b"))[0].path == "a\\b"


def test_a_link_that_leaves_with_the_line_before() -> None:
    """What it points to is all of its lines, also those that the patch only has as context."""
    text = (
        b"diff --git a/l b/l\nindex 1111111..2222222 120000\n--- a/l\n+++ b/l\n@@ -1,2 +1,2 @@\n"
        b" ../../\n-a\n\\ No newline at end of file\n+etc\n\\ No newline at end of file\n"
    )
    with pytest.raises(InputRefused, match="leaves the tree"):
        parse_diff(text)
