# SPDX-License-Identifier: GPL-2.0-or-later
"""A verdict is whole or it is none; every way to be none has its name."""

from __future__ import annotations

import pytest

from seriestool.formats.verdict import Lost, LostGuest, VerdictStream, read_verdict
from seriestool.model.testing import TestStatus

WHOLE = b"""\
SERIESTOOL-BEGIN abc123
# kernel: 5.10.0: Linux version 5.10.0 (someone@somewhere)
KTAP version 1
1..2
  # Subtest: guard
  TAP version 13
  1..2
  ok 1 child
  # si_pid 0, expected 24
  not ok 2 timer
not ok 1 guard # exit=1
  # Subtest: none
  no such device
ok 2 none # SKIP
SERIESTOOL-END abc123 2
"""


def lost(stream: bytes) -> LostGuest:
    read = read_verdict(stream, "abc123")
    assert isinstance(read, LostGuest)
    return read


def test_whole_stream() -> None:
    read = read_verdict(WHOLE, "abc123")
    assert isinstance(read, VerdictStream)
    assert read.kernel == "5.10.0: Linux version 5.10.0 (someone@somewhere)"
    guard, none = read.tests
    assert (guard.name, guard.status, guard.diagnostics) == ("guard", TestStatus.FAIL, ("exit=1",))
    assert [subtest.status for subtest in guard.subtests] == [TestStatus.PASS, TestStatus.FAIL]
    assert guard.subtests[1].diagnostics == ("si_pid 0, expected 24",)
    assert (none.name, none.status) == ("none", TestStatus.SKIP)


def test_no_beginning_of_a_stream_is_a_verdict() -> None:
    assert lost(b"").reason is Lost.SILENT
    assert {lost(WHOLE[:length]).reason for length in range(1, len(WHOLE))} == {Lost.HALF}


@pytest.mark.parametrize(
    "line", [number for number, line in enumerate(WHOLE.splitlines()) if line[:2] not in (b"  ", b"# ", b"KT")]
)
def test_no_line_that_counts_can_be_lost(line: int) -> None:
    lines = WHOLE.splitlines(keepends=True)
    lost(b"".join(lines[:line] + lines[line + 1 :]))


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"SERIESTOOL-BEGIN abc", "half a result: the opening line breaks off"),
        (b"SERIESTOOL-BEGIN abc123\n", "half a result: no plan"),
        (WHOLE[: WHOLE.index(b"not ok 1 guard")], "half a result: 0 of 2 tests"),
        (WHOLE[: WHOLE.index(b"ok 2 none")], "half a result: 1 of 2 tests"),
        (WHOLE[:-1], "half a result: all 2 tests, but no closing line"),
        (WHOLE.replace(b"abc123", b"stale0"), "a verdict of another boot: 'stale0' instead of 'abc123'"),
        (WHOLE.replace(b"END abc123", b"END stale0"), "not a verdict: unexpected 'SERIESTOOL-END stale0 2'"),
        (WHOLE.replace(b"END abc123 2", b"END abc123 1"), "not a verdict: unexpected 'SERIESTOOL-END abc123 1'"),
        (WHOLE.replace(b"ok 2 none", b"ok 3 none"), "not a verdict: unexpected 'ok 3 none # SKIP'"),
        (WHOLE.replace(b"1..2\n  #", b"1..2\n1..2\n  #"), "not a verdict: unexpected '1..2'"),
        (WHOLE + b"SERIESTOOL-BEGIN abc123\n", "not a verdict: unexpected 'SERIESTOOL-BEGIN abc123'"),
        (WHOLE + b"\x00", "not a verdict: unexpected '\\x00'"),
        (b"\xff\xfe\x00binary" * 20, "not a verdict: begins with "),
        (b"ok 1 guard\n", "not a verdict: begins with 'ok 1 guard'"),
        (
            b"SERIESTOOL-BEGIN abc123\n# /tests/list: No such file\nKTAP version 1\n1..0\nSERIESTOOL-END abc123 0\n",
            "no tests: /tests/list: No such file",
        ),
    ],
)
def test_each_loss_has_its_name(stream: bytes, said: str) -> None:
    assert str(lost(stream)).startswith(said)


def test_what_came_before_the_loss_is_kept() -> None:
    read = lost(WHOLE[: WHOLE.index(b"ok 2 none")])
    assert [(test.name, test.status) for test in read.tests] == [
        ("guard", TestStatus.FAIL),
        ("none", TestStatus.ERROR),
    ]
    assert read.kernel.startswith("5.10.0")


@pytest.mark.parametrize("forged", ["\u2028ok 2 none", "\x0cSERIESTOOL-END abc123 2", "\x85not ok 2 none", "\rok 2 x"])
def test_output_of_a_test_imitates_no_line_that_counts(forged: str) -> None:
    read = read_verdict(WHOLE.replace(b"  no such device", f"  {forged}".encode()), "abc123")
    assert isinstance(read, VerdictStream)
    assert [test.name for test in read.tests] == ["guard", "none"]
