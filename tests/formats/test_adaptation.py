# SPDX-License-Identifier: GPL-2.0-or-later
"""Adaptations: read, applied to the hunks of a posted patch, and refused where they do not fit."""

from __future__ import annotations

import pytest

from seriestool.errors import UsageError
from seriestool.formats.adaptation import adapt, read_adaptation
from seriestool.formats.mail import read_message, read_patch
from seriestool.formats.patch import parse_diff, render_text
from seriestool.model.adaptation import HunkAdaptation, LineEdit
from seriestool.model.series import Change, Hunk, Patch
from tests.mails import DIFF, mail

SECOND = """\
@@ -20,2 +20,4 @@
 twenty
+new
+newer
 last
\\ No newline at end of file
diff --git a/mm/other.c b/mm/other.c
index 1111111..2222222 100644
--- a/mm/other.c
+++ b/mm/other.c
@@ -1 +1 @@
-x
+y
"""
HEAD = """\
patch-id = "{id}"
tree = "stable-1.0"
made-on = "1.0.7-1"
author = "A U Thor <author@example.com>"
date = 2026-11-22
reason = "Names differ."
"""
HUNK = """
[[hunk]]
file = "kernel/fake.c"
number = 1
reason = "context"
"""


@pytest.fixture
def patch() -> Patch:
    return read_patch(read_message(mail("[PATCH] a", f"Why.\n---\n\n{DIFF}{SECOND}")), "03")


def adapted(patch: Patch, text: str) -> Patch:
    return adapt(patch, read_adaptation(HEAD.format(id=patch.patch_id) + text, "03.toml"))


def body(hunk: Hunk) -> list[str]:
    return [line.sign + line.text.decode() for line in hunk.lines]


def test_lines_are_replaced_removed_and_inserted(patch: Patch) -> None:
    changed = adapted(
        patch,
        HUNK + 'edits = [\n{ line = 1, becomes = [] },\n{ line = 2, becomes = ["-2", "-2b"] },\n'
        '{ after = 3, insert = ["+drei"] },\n{ after = 0, insert = [" null"] },\n]\n',
    )
    hunk = changed.files[0].hunks[0]
    assert body(hunk) == [" null\n", "-2\n", "-2b\n", "+zweite\n", "+drei\n", " third\n"]
    assert (hunk.old_start, hunk.new_start, len(hunk.old), len(hunk.new)) == (1, 1, 4, 4)
    assert changed.files[0].hunks[1] == patch.files[0].hunks[1]
    assert (changed.diff, changed.patch_id, changed.message) == (patch.diff, patch.patch_id, patch.message)


def test_hunks_behind_move_with_what_is_above(patch: Patch) -> None:
    changed = adapted(patch, HUNK + 'edits = [{ after = 3, insert = ["+drei", "+vier"] }]\n')
    assert [hunk.new_start for hunk in changed.files[0].hunks] == [1, 22]
    assert parse_diff(render_text(changed.files))[0].hunks[1].new == patch.files[0].hunks[1].new


def test_the_end_of_a_file_keeps_its_ending(patch: Patch) -> None:
    changed = adapted(patch, HUNK.replace("number = 1", "number = 2") + 'edits = [{ line = 4, becomes = [" end"] }]\n')
    assert body(changed.files[0].hunks[1]) == [" twenty\n", "+new\n", "+newer\n", " end"]


def test_a_hunk_is_left_out(patch: Patch) -> None:
    changed = adapted(patch, HUNK + "omit = true\n")
    assert [hunk.old_start for hunk in changed.files[0].hunks] == [20]
    assert changed.files[1] == patch.files[1]


def test_a_file_without_hunks_left_is_left_out(patch: Patch) -> None:
    changed = adapted(patch, HUNK.replace("kernel/fake.c", "mm/other.c") + "omit = true\n")
    assert [file.path for file in changed.files] == ["kernel/fake.c"]


def test_a_file_is_read_as_it_is_written() -> None:
    text = HEAD.format(id="1" * 40) + HUNK + 'pre-image = "abcdef123456"\nedits = [{ line = 1, becomes = ["+ü"] }]\n'
    read = read_adaptation(text, "03.toml")
    assert (read.patch_id, read.tree, read.made_on, read.date) == ("1" * 40, "stable-1.0", "1.0.7-1", "2026-11-22")
    edits = (LineEdit(1, ("+ü",)),)
    assert read.hunks == (HunkAdaptation("kernel/fake.c", 1, "context", edits=edits, pre_image="abcdef123456"),)


def test_an_adaptation_of_another_patch_names_both(patch: Patch) -> None:
    other = read_adaptation(HEAD.format(id="1" * 40) + HUNK + "omit = true\n", "03.toml")
    with pytest.raises(UsageError, match=f"{'1' * 40}, this patch has {patch.patch_id}"):
        adapt(patch, other)


ALL = "\n".join(
    f'[[hunk]]\nfile = "{file}"\nnumber = {number}\nreason = "r"\nomit = true'
    for file, number in (("kernel/fake.c", 1), ("kernel/fake.c", 2), ("mm/other.c", 1))
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HUNK.replace("number = 1", "number = 3") + "omit = true", "kernel/fake.c has no hunk 3, it has 2"),
        (HUNK.replace("fake.c", "none.c") + "omit = true", "the patch does not change kernel/none.c"),
        (HUNK + 'edits = [{ line = 5, becomes = ["+x"] }]', "hunk 1 has no line 5, it has 4"),
        (HUNK + 'edits = [{ after = 5, insert = ["+x"] }]', "hunk 1 has no line 5, it has 4"),
        (HUNK + 'edits = [{ line = 1, becomes = ["+x"] }, { line = 1, becomes = [] }]', "line 1 is edited twice"),
        (HUNK + "edits = [{ line = 2, becomes = [] }, { line = 3, becomes = [] }]", "nothing is left that it changes"),
        (ALL, "it leaves nothing of the patch"),
    ],
)
def test_an_adaptation_that_does_not_fit_is_refused(patch: Patch, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        adapted(patch, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no \[\[hunk\]\] and no \[\[extra\]\] in it"),
        (HUNK, r"\[\[hunk\]\] 1: edits: a hunk needs either"),
        (HUNK + "omit = true\nedits = [{ line = 1, becomes = [] }]", "a hunk needs either"),
        (HUNK + "omit = 1", "omit: is neither true nor false"),
        (HUNK + "omit = true" + HUNK + "omit = true", "kernel/fake.c hunk 1 is there twice"),
        (HUNK + "edits = [{ line = 1 }]", r"\[\[edits\]\] 1: an edit is either"),
        (HUNK + "edits = [{ line = 1, insert = [] }]", "an edit is either"),
        (HUNK + "edits = [{ line = 0, becomes = [] }]", "line: is not a whole number from 1 on"),
        (HUNK + 'edits = [{ line = 1, becomes = ["x"] }]', "becomes: 'x' is no line of a hunk"),
        (HUNK + 'edits = [{ line = 1, becomes = ["+a\\nb"] }]', "is no line of a hunk"),
        (HUNK + 'edits = [{ line = 1, becomes = [""] }]', "becomes: is not a list of strings"),
        (HUNK + 'pre-image = "HEAD"\nomit = true', "pre-image: 'HEAD' is not a blob id"),
        (HUNK.replace("reason", "because"), "because: unknown key"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"^03.toml: .*{message}|^03.toml: {message}"):
        read_adaptation(HEAD.format(id="1" * 40) + text, "03.toml")


@pytest.mark.parametrize(
    ("old", "message"),
    [("date = 2026-11-22", "date: is not a date"), ('tree = "stable-1.0"', "tree: is missing")],
)
def test_a_missing_key_is_named(old: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"^03.toml: {message}"):
        read_adaptation((HEAD.format(id="1" * 40) + HUNK + "omit = true").replace(old, ""), "03.toml")


EXTRA = '\n[[extra]]\nfile = "{file}"\nreason = "beside it"\n'
CHMOD = EXTRA.format(file="mm/other.c") + 'mode = "100755"\n'


def test_changes_beside_the_patch(patch: Patch) -> None:
    text = (
        EXTRA.format(file="kernel/fake.c") + 'at = 9\nlines = [" nine", "+ten"]\n'
        + EXTRA.format(file="mm/new.c") + 'change = "add"\nlines = ["+a", "\\\\ No newline at end of file"]\n'
        + EXTRA.format(file="mm/gone.c") + 'change = "delete"\nlines = ["-a"]\n' + CHMOD
    )  # fmt: skip
    files = adapted(patch, text).files
    assert [(file.path, file.change) for file in files] == [
        ("kernel/fake.c", Change.MODIFY), ("mm/other.c", Change.MODIFY), ("mm/new.c", Change.ADD),
        ("mm/gone.c", Change.DELETE),
    ]  # fmt: skip
    assert files[0].hunks[:2] == patch.files[0].hunks
    assert (files[0].hunks[2].new_start, body(files[0].hunks[2])) == (9, [" nine\n", "+ten\n"])
    assert (files[1].hunks, files[1].new_mode) == (patch.files[1].hunks, 0o100755)
    assert body(files[2].hunks[0]) == ["+a"]
    assert body(files[3].hunks[0]) == ["-a\n"]


def test_a_place_is_named(patch: Patch) -> None:
    hunk = adapted(patch, HUNK + "at = 7\n").files[0].hunks[0]
    assert (hunk.old_start, hunk.new_start, hunk.lines) == (7, 7, patch.files[0].hunks[0].lines)


def test_all_of_a_file_is_left_out(patch: Patch) -> None:
    changed = adapted(patch, HUNK.replace("number = 1\n", "") + "omit = true\n")
    assert [file.path for file in changed.files] == ["mm/other.c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HUNK.replace("number = 1\n", "") + "at = 1", "number: is missing"),
        (HUNK + "omit = true" + HUNK.replace("number = 1\n", "") + "omit = true", "hunk 0 is there twice"),
        (HUNK + "omit = true\nat = 1", "a hunk needs either"),
        (HUNK + 'encoding = "ebcdic"\nat = 1', "encoding: 'ebcdic' is not one of utf-8, latin-1"),
        (EXTRA.format(file="../a") + 'mode = "100755"', "file: the patch names a path that leaves the tree"),
        (EXTRA.format(file="a") + 'lines = ["+a"]', "at: belongs to lines"),
        (EXTRA.format(file="a") + 'at = 1\nlines = [" a"]', "lines: nothing is changed by them"),
        (EXTRA.format(file="a"), "neither lines nor mode"),
        (EXTRA.format(file="a") + 'change = "add"\nlines = ["-a"]', "are not all lines of a hunk with change = 'add'"),
        (EXTRA.format(file="a") + 'change = "delete"\nat = 1', "at: makes no sense with change = 'delete'"),
        (EXTRA.format(file="a") + 'change = "rename"', "'rename' is not one of modify, add, delete"),
        (EXTRA.format(file="a") + 'mode = "160000"', "'160000' is not a mode"),
    ],
)
def test_a_mistake_beside_the_patch_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"^03.toml: .*{message}"):
        read_adaptation(HEAD.format(id="1" * 40) + text, "03.toml")
