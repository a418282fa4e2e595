# SPDX-License-Identifier: GPL-2.0-or-later
"""range-diff of two mailed patches: the same as real git says of real commits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from seriestool.git.objects import ObjectStore
from seriestool.git.range_diff import range_diff
from seriestool.git.treeobject import Oid
from seriestool.model.series import Patch, Person
from tests.git.world import Files, diff, git, patch, plain, write

FUNCTIONS = "".join(
    f"int function_{number}(void)\n{{\n" + "".join(f"\tline({number}, {line});\n" for line in range(30)) + "}\n\n"
    for number in range(4)
)


def _without_ids(text: str) -> str:
    return re.sub(r"(?m)^(\d+|-): +\S+ ([=!<>]) (\d+|-): +\S+ ", r"\1 \2 \3 ", text)


def _commit(store: ObjectStore, files: Files, message: str, parent: str | None = None) -> Oid:
    who = "Ä U Thor <author@example.com> 1617878165 +0200"
    above = f"parent {parent}\n" if parent else ""
    tree = write(store, files)
    return store.write_commit(f"tree {tree}\n{above}author {who}\ncommitter {who}\n\n{message}".encode())


def _real(store: ObjectStore, before: Files, old: Files, new: Files, messages: tuple[str, str]) -> str:
    """Return what git says of commits with the whole files."""
    base = _commit(store, before, "base\n")
    ranges = [
        f"{base}..{_commit(store, after, message, base)}" for after, message in zip((old, new), messages, strict=True)
    ]
    words = ("range-diff", "--no-color", "--creation-factor=999", *ranges)
    return _without_ids(git(store.path, *words).stdout.decode())


def _ours(store: ObjectStore, before: Files, old: Files, new: Files, messages: tuple[str, str]) -> str:
    forms = [patch("01", diff(store, before, after), text) for after, text in zip((old, new), messages, strict=True)]
    return _without_ids(range_diff(store, *forms))


MESSAGE = "change it\n\nWhy.\n\nSigned-off-by: A U Thor <author@example.com>\n"
LANDED = MESSAGE + "Link: https://example.org/1\n"


def _edited(**edits: str) -> Files:
    text = FUNCTIONS
    for old, new in edits.items():
        number, line = old.split("_")[1:]
        text = text.replace(f"\tline({number}, {line});\n", new)
    return plain(kernel__fake_c=text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            _edited(l_0_10="\tone();\n", l_2_10="\ttwo();\n"), _edited(l_0_10="\tone();\n", l_2_10="\tzwei();\n"),
            id="one-line-of-the-second-hunk",
        ),
        pytest.param(
            _edited(l_0_10="\tone();\n", l_2_10="\ttwo();\n"), _edited(l_0_10="\tone();\n"), id="a-hunk-left-out"
        ),
        pytest.param(
            _edited(l_0_10="", l_2_10="\tline(0, 10);\n" * 40), _edited(l_0_10="", l_2_10="\tline(0, 10);\n" * 41),
            id="lines-that-move-between-hunks",
        ),
        pytest.param(_edited(l_1_0="\tone();\n"), plain(kernel__fake_c="new\n" + FUNCTIONS), id="at-the-first-line"),
        pytest.param(_edited(l_1_0="x\n"), plain(kernel__fake_c=FUNCTIONS + "no line feed"), id="at-the-last-line"),
        pytest.param(_edited(l_1_0="x\n"), {}, id="deleted"),
        pytest.param(
            {**_edited(l_1_0="x\n"), "new.c": (0o100644, b"one\ntwo\n")},
            {**_edited(l_1_0="x\n"), "new.c": (0o100755, b"one\nzwei\n")}, id="added",
        ),
        pytest.param({"moved.c": _edited()["kernel/fake_c"]}, {"away.c": _edited()["kernel/fake_c"]}, id="renamed"),
        pytest.param(
            {"moved.c": _edited(l_1_9="x\n")["kernel/fake_c"]}, {"moved.c": _edited(l_1_9="y\n")["kernel/fake_c"]},
            id="renamed-and-changed",
        ),
    ],
)  # fmt: skip
def test_says_what_git_says_of_whole_files(store: ObjectStore, old: Files, new: Files) -> None:
    before = plain(kernel__fake_c=FUNCTIONS)
    messages = (MESSAGE, LANDED)

    ours = _ours(store, before, old, new, messages)

    assert ours == _real(store, before, old, new, messages)
    assert "+    Link: https://example.org/1" in ours


def test_equal_forms_are_one_line(store: ObjectStore) -> None:
    before, after = _edited(), _edited(l_1_9="\tone();\n")
    assert _ours(store, before, after, after, (MESSAGE, MESSAGE)) == "1 = 1 change it\n"


def test_names_another_author(store: ObjectStore) -> None:
    one = patch("01", diff(store, _edited(), _edited(l_1_9="\tone();\n")))
    other = replace(one, author=Person("Someone Else", "else@example.com"))
    assert "+Author: Someone Else <else@example.com>" in range_diff(store, one, other)


def test_lines_of_ours_never_show_and_lines_like_ours_always_do(store: ObjectStore) -> None:
    hunk = "--- a/f\n+++ b/f\n@@ -20,2 +20,3 @@ {}\n one\n+{}\n two\n"
    old, new = (
        patch("01", b"diff --git a/f b/f\n" + hunk.format(name, line).encode())
        for name, line in (("enum one", "seriestool-0 filler 'f' 0 7"), ("enum two", "plain"))
    )
    said = range_diff(store, old, new)
    assert "-+seriestool-0 filler 'f' 0 7\n" in said
    assert "++plain\n" in said
    assert said.count("filler") == 1
    assert "enum one" in said
    assert "enum two" in said


def test_a_section_that_is_no_ascii_and_none_at_all(store: ObjectStore) -> None:
    hunks = "@@ -20,3 +20,4 @@ größe\n a\n b\n c\n+{0}\n@@ -90,2 +91,3 @@\n d\n+{0}\n e\n"
    text = "diff --git a/f b/f\n--- a/f\n+++ b/f\n" + hunks
    said = range_diff(store, *(patch("01", text.format(word).encode()) for word in ("four", "vier")))
    assert "@@ f: größe\n      a\n      b\n      c\n    -+four\n    ++vier\n" in said
    assert said.endswith("      d\n    -+four\n    ++vier\n      e\n")


def test_a_hostile_distance_makes_no_large_file(store: ObjectStore) -> None:
    far = 999_999_999
    text = f"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n one\n+{{}}\n@@ -{far} +{far},2 @@\n two\n+b\n"
    old, new = (patch("01", text.format(word).encode()) for word in ("a", "c"))
    assert "++c" in range_diff(store, old, new)


def _patch_of(message: str, body: bytes) -> Patch:
    return patch("01", body, message)


def test_binary_changes_are_named(store: ObjectStore) -> None:
    body = diff(store, {"b": (0o100644, b"\0one")}, {"b": (0o100644, b"\0two")})
    said = range_diff(store, _patch_of(MESSAGE, body), _patch_of(LANDED, body))
    assert "Link: https://example.org/1" in said
