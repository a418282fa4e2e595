# SPDX-License-Identifier: GPL-2.0-or-later
"""Adaptations: read, applied to the hunks of a posted patch, and refused where they do not fit."""

from __future__ import annotations

import pytest

from seriestool.errors import UsageError
from seriestool.formats.adaptation import adapt, read_adaptation
from seriestool.formats.mail import read_message, read_patch
from seriestool.formats.patch import parse_diff, render_text
from seriestool.model.adaptation import HunkAdaptation, LineEdit
from seriestool.model.series import Hunk, Patch
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
        ("", r"no \[\[hunk\]\] in it"),
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
