# SPDX-License-Identifier: GPL-2.0-or-later
"""A posting made of values: numbers, threads, and texts that must not be taken for what they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.formats.mail import Message, read_message
from seriestool.formats.posting import mails, message_text
from seriestool.formats.quilt import quilt_series
from seriestool.model.export import Export, ExportedPatch
from seriestool.model.outcome import Outcome, PatchOutcome
from seriestool.model.series import Person, TrackedSeries
from seriestool.model.tree import Tree
from tests.mails import DIFF, MailInfo

SIGNER = Person("Jane Doe", "jane@example.org")


def patch(position: int, text: str = "Why.", author: Person = SIGNER) -> ExportedPatch:
    verdict = PatchOutcome(f"{position:02}", "core: change", "1@example.com", Outcome.APPLIES, "exact", (), "", "")
    return ExportedPatch(
        position=position, verdict=verdict, author=author, date="1617878165 +0200", title="core: change",
        message=f"core: change\n\n{text}\n", upstream=None, released=None, notes=(), change=f"\n{DIFF}".encode(),
        before="", after="", commit=f"{position:040x}", last_change="2021-04-08",
    )  # fmt: skip


def export(*patches: ExportedPatch, **words: object) -> Export:
    made = Export(
        series=TrackedSeries("demo", "a demo", 1, ()), tree=Tree("stable", "5.10.7", "0" * 40, "1" * 40),
        base="linux 5.10.7", base_commit=None, signer=SIGNER, prefix="PATCH 5.10.y", reroll=None, patches=patches,
        left_out=(), not_included=(), stat=" a | 1 +", command="seriestool export demo",
    )  # fmt: skip
    return replace(made, **words)  # type: ignore[arg-type]


def read(made: Export, cover: str | None = "The cover.\n") -> Sequence[Message]:
    return [read_message(file.data.partition(b"\n")[2]) for file in mails(made, cover)]


def test_numbers_have_one_width() -> None:
    subjects = [message.subject for message in read(export(*map(patch, range(1, 13))))]
    assert subjects[0] == "[PATCH 5.10.y 00/12] a demo"
    assert subjects[3] == "[PATCH 5.10.y 03/12] core: change"
    assert read(export(patch(1), prefix=""))[1].subject == "[1/1] core: change"


def test_without_a_cover_letter_the_first_patch_leads() -> None:
    first, *others = read(export(patch(1), patch(2), patch(3)), None)
    assert first.in_reply_to is None
    assert {message.in_reply_to for message in others} == {first.message_id}


def test_message_ids_change_with_what_is_sent() -> None:
    one = read(export(patch(1)))[1].message_id
    assert read(export(patch(1)))[1].message_id == one
    assert one.endswith("-1-jane@example.org")
    for other in (export(replace(patch(1), commit="f" * 40)), export(patch(1), reroll=2), export(patch(1), prefix="X")):
        assert read(other)[1].message_id != one


@pytest.mark.parametrize("email", ["jane", "j<an>e@b c", ""])
def test_message_ids_of_odd_addresses(email: str) -> None:
    assert read(export(patch(1), signer=Person("Jane", email)))[1].message_id.count("@") == 1


@pytest.mark.parametrize("text", ["From: here on it is safe.", "subject: change", "Date: none", "[PATCH] is a word"])
def test_a_text_that_begins_like_a_header(tmp_path: Path, text: str) -> None:
    _, file = mails(export(patch(1, f"{text}\n\nWhy.")), "The cover.\n")
    info = MailInfo.of(file.data, tmp_path)
    assert (info.fields["Author"], info.fields["Email"]) == ("Jane Doe", "jane@example.org")
    assert info.message == f"core: change\n\n{text}\n\nWhy.\n"


BREAKS = ["diff --git a/x b/x", "Index: x", "---", "--- a/x", "---  "]


@pytest.mark.parametrize("line", BREAKS)
def test_a_text_that_looks_like_a_diff(tmp_path: Path, line: str) -> None:
    """What came from a git history can hold what no mail can; it must not end the message, nor be applied."""
    made = export(patch(1, f"Why.\n{line}\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\nMore."))
    _, file = mails(made, "The cover.\n")
    info = MailInfo.of(file.data, tmp_path)
    assert f"Why.\n {line}".rstrip() in info.message
    assert info.message.endswith("More.\n")
    assert info.patch.count(b"diff --git") == 1
    quilt = [each.data for each in quilt_series(made, None)][1].decode()
    assert f"\n {line}\n" in quilt


def test_other_lines_stay() -> None:
    text = "--\n----\n--- \n-- end\n different\nIndexes: 1\n"
    assert message_text(f"title\n\n{text}") == text.replace("--- \n", " --- \n")
