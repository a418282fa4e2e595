# SPDX-License-Identifier: GPL-2.0-or-later
"""In which function or type a line stands, by the headings that git knows."""

from __future__ import annotations

import pytest

from seriestool.formats.patch import parse_diff
from seriestool.formats.scopes import TOP, hunk_scopes, scope_at, with_scopes


@pytest.mark.parametrize(
    ("line", "scope"),
    [
        (b"static int start(struct device *device)", b"start"),
        (b"start(struct device *device,", b"start"),
        (b"static __always_inline struct page *first_page(void)", b"first_page"),
        (b"struct request {", b"request"),
        (b"static const struct of_device_id ids[] = {", b"ids"),
        (b"int limit = 3;", b"limit"),
        (b"enum {", b"enum"),
        (b"EXPORT_SYMBOL_GPL(start);", b"EXPORT_SYMBOL_GPL(start"),
        (b"SYSCALL_DEFINE3(start, int, one, int, two, int, three)", b"SYSCALL_DEFINE3(start"),
        (b"config WATCHDOG", b"WATCHDOG"),
        (b"obj-$(CONFIG_WATCHDOG) += watchdog.o", b"$"),
        (b"$(obj)/made: $(src)/source", b"$"),
    ],
)
def test_headings(line: bytes, scope: bytes) -> None:
    assert scope_at(line) == scope


@pytest.mark.parametrize("line", [b"", b"}", b"\tcall();", b"#define ONE 1", b"out:", b"retry:  /* again */", b"/* "])
def test_no_headings(line: bytes) -> None:
    assert scope_at(line) is None


def test_the_lines_of_a_file() -> None:
    lines = [b"/* about */", b"int start(void)", b"{", b"out:", b"}", b"int stop(void);"]
    assert [scope for scope, _ in with_scopes(lines)] == [TOP, b"start", b"start", b"start", b"start", b"stop"]


def test_the_lines_of_a_hunk() -> None:
    """What a patch renames is in the new function behind it, and in the old one before."""
    (file,) = parse_diff(
        b"--- a/f\n+++ b/f\n@@ -10,5 +10,6 @@ int start(void)\n \tone();\n-int stop(void)\n+int halt(void)\n"
        b" {\n-\ttwo();\n+\tthree();\n+\tfour();\n }\n"
    )
    found = [(line.sign, scope) for line, scope in hunk_scopes(file.hunks[0])]
    assert found == [
        (" ", b"start"), ("-", b"stop"), ("+", b"halt"), (" ", b"stop"), ("-", b"stop"), ("+", b"halt"), ("+", b"halt"),
        (" ", b"stop"),
    ]  # fmt: skip


@pytest.mark.parametrize("section", [b"", b" restart_loop:"])
def test_a_hunk_that_does_not_say_where_it_is(section: bytes) -> None:
    (file,) = parse_diff(b"--- a/f\n+++ b/f\n@@ -10 +10,2 @@" + section + b"\n one\n+\ttwo\n")
    assert [scope for _, scope in hunk_scopes(file.hunks[0])] == [b"one", b"one"]
    (file,) = parse_diff(b"--- a/f\n+++ b/f\n@@ -10 +10,2 @@" + section + b"\n \tone\n+\ttwo\n")
    assert [scope for _, scope in hunk_scopes(file.hunks[0])] == [None, None]
