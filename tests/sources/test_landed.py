# SPDX-License-Identifier: GPL-2.0-or-later
"""Commit notices: what they say, which patch they are about, and what they must not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.errors import InputRefused
from seriestool.formats.mail import Message, read_message, read_patch
from seriestool.formats.notice import read_notice
from seriestool.formats.series_toml import read_tracked
from seriestool.model.series import Landed, Patch, Role, TrackedPatch
from seriestool.sources.landed import find_landed, links, read_notices
from tests.conftest import ROOT
from tests.mails import DIFF, mail, message, real_messages

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
CHANGED = DIFF.replace("+zweite", "+deuxieme")
TEXT = "fake: Say it in German\n\nWhy.\n\nSigned-off-by: A U Thor <author@example.com>\nLink: https://lkml.kernel.org/r/{}\n"


def notice(
    commit: str = COMMIT,
    *,
    text: str = TEXT.format("other@example.com"),
    diff: str = DIFF,
    author: str = "A U Thor <author@example.com>",
    **fields: str | None,
) -> Message:
    """Write a commit notice and read its mail."""
    body = (
        "The following commit has been merged into the perf/core branch of tip:\n\n"
        f"Commit-ID:     {commit}\nGitweb:        https://git.example.org/tip/{commit}\nAuthor:        {author}\n"
        "AuthorDate:    Thu, 08 Apr 2021 12:36:01 +02:00\nCommitter:     C O Mitter <committer@example.com>\n"
        f"CommitterDate: Fri, 16 Apr 2021 16:32:41 +02:00\n\n{text}---\n kernel/fake.c | 2 +-\n\n{diff}"
    )
    return message("[tip: perf/core] fake: Say it in German", body, **{"message_id": "notice@tip-bot2", **fields})


def posted(**fields: str | None) -> Patch:
    """Return the patch that was posted."""
    given = {"message_id": "patch-1@example.com", **fields}
    return read_patch(message("[PATCH 1/1] fake: Say it in German", **given), "01")


def tracked(upstream: str | None = None, notice: str | None = None) -> TrackedPatch:
    """Return what series.toml says of it."""
    one = TrackedPatch("01", Role.SERIES, "fake: Say it in German", "patch-1@example.com")
    return replace(one, upstream=upstream, notice=notice)


def test_a_notice_is_read_whole() -> None:
    landed = read_notice(notice())
    assert landed is not None
    assert (landed.commit, landed.branch, landed.notice) == (COMMIT, "perf/core branch of tip", "notice@tip-bot2")
    patch = landed.patch
    assert (patch.subject, str(patch.author)) == ("fake: Say it in German", "A U Thor <author@example.com>")
    assert patch.date == "1617878161 +0200"
    assert patch.message == TEXT.format("other@example.com")
    assert [trailer.name for trailer in patch.trailers] == ["Signed-off-by", "Link"]
    assert patch.diff == DIFF.encode()
    assert patch.patch_id == posted().patch_id


def test_a_subject_with_brackets_stays_as_it_landed() -> None:
    landed = read_notice(notice(text="[media] fake: it\n\nFrom: nobody is no field here\n"))
    assert landed is not None
    assert landed.patch.subject == "[media] fake: it"
    assert "From: nobody is no field here" in landed.patch.message


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (notice("0123"), "Commit-ID is no commit of 40 hex digits: 0123"),
        (notice(author=""), "names no Author"),
        (notice(diff=""), "no diff in it"),
        (notice(text=""), "no commit message in it"),
        (notice(diff=DIFF.replace("b/kernel", "b/../../etc")), "etc"),
    ],
    ids=["commit", "author", "diff", "message", "path"],
)
def test_a_notice_that_is_not_whole_is_refused(broken: Message, reason: str) -> None:
    with pytest.raises(InputRefused, match=reason) as error:
        read_notice(broken)
    assert "notice@tip-bot2: commit notice" in str(error.value)
    assert read_notices([broken]) == ()


@pytest.mark.parametrize(
    "body",
    [
        "> The following commit has been merged into the perf/core branch of tip:\n",
        f"This is a note to let you know that I've just added the patch titled\n\n    fake\n\n{DIFF}",
    ],
    ids=["quoted", "stable-queue"],
)
def test_what_is_no_notice(body: str) -> None:
    assert read_notice(message("Re: [tip: perf/core] fake", body, message_id="a@example.com")) is None


@pytest.mark.parametrize(
    "tie",
    [
        notice(parent="patch-1@example.com", diff=CHANGED, author="Else <else@example.com>"),
        notice(text=TEXT.format("patch-1%40example.com"), diff=CHANGED, author="Else <else@example.com>"),
        notice(author="Else <else@example.com>"),
        notice(diff=CHANGED),
    ],
    ids=["reply", "link", "patch-id", "author-and-subject"],
)
def test_every_tie_is_enough(tie: Message) -> None:
    landed = find_landed([tie], [tracked()], [posted()])["01"]
    assert landed.commit == COMMIT
    assert (landed.patch.number, landed.patch.message_id) == ("01", "patch-1@example.com")


MEND = DIFF.replace("-second\n+zweite", "-third\n+dritte").replace(" third\n", " zweite\n")


@pytest.mark.parametrize("tie", ["reply", "link"])
def test_a_fix_that_points_at_the_patch_is_not_the_patch(tie: str) -> None:
    """Its notice answers the mail of the patch, or links to it: it is about it, and another commit."""
    text = TEXT.replace("Say it in German", "Mend the German").format("patch-1@example.com" if tie == "link" else "x@y")
    fix = notice(OTHER, text=text, diff=MEND, parent="patch-1@example.com" if tie == "reply" else None)
    assert find_landed([fix], [tracked()], [posted()]) == {}
    assert find_landed([notice(), fix], [tracked()], [posted()])["01"].commit == COMMIT


def test_a_patch_that_landed_under_another_title_is_told_by_its_lines() -> None:
    text = TEXT.replace("fake: Say it in German", "fake/core: Translate").format("patch-1@example.com")
    renamed = notice(text=text, diff=CHANGED, author="Else <else@example.com>")
    assert find_landed([renamed], [tracked()], [posted()])["01"].commit == COMMIT


def test_nothing_in_common_is_no_tie() -> None:
    stranger = notice(diff=CHANGED, author="Else <else@example.com>")
    assert find_landed([stranger], [tracked()], [posted()]) == {}


def test_the_stronger_tie_counts_and_then_the_later_notice() -> None:
    weak = notice(OTHER, diff=CHANGED, date="Fri, 30 Apr 2021 10:00:00 +0000", message_id="weak@tip-bot2")
    strong = notice(parent="patch-1@example.com")
    assert find_landed([weak, strong], [tracked()], [posted()])["01"].commit == COMMIT
    later = notice(OTHER, parent="patch-1@example.com", date="Fri, 30 Apr 2021 10:00:00 +0000", message_id="b@tip-bot2")
    assert find_landed([strong, later], [tracked()], [posted()])["01"].commit == OTHER
    assert find_landed([strong, later], [tracked(upstream=COMMIT[:12])], [posted()])["01"].commit == COMMIT


def test_another_commit_than_series_toml_names_is_an_error_with_both() -> None:
    with pytest.raises(InputRefused) as error:
        find_landed([notice()], [tracked(upstream=OTHER[:12])], [posted()])
    assert OTHER[:12] in str(error.value)
    assert COMMIT in str(error.value)
    assert "patch 01" in str(error.value)


def test_a_notice_that_series_toml_names_counts_without_any_tie_and_must_be_there() -> None:
    stranger = notice(diff=CHANGED, author="Else <else@example.com>")
    named = tracked(notice="notice@tip-bot2")
    assert find_landed([stranger], [named], [posted()])["01"].commit == COMMIT
    with pytest.raises(InputRefused, match="notice@tip-bot2 is not in the archive"):
        find_landed([], [named], [posted()])
    with pytest.raises(InputRefused, match="is no commit notice"):
        find_landed([message("hello", "hello\n", message_id="notice@tip-bot2")], [named], [posted()])


def test_links_of_every_archive_are_read() -> None:
    text = (
        "https://lkml.kernel.org/r/a@b.example https://lore.kernel.org/lkml/c%2Fd@e.example/\n"
        "https://patch.msgid.link/f@g.example. https://lore.kernel.org/r/id:h@i.example not@a.link"
    )
    assert links(text) == ("a@b.example", "c/d@e.example", "f@g.example", "h@i.example")


@pytest.fixture
def flagship(shared_lore: Path) -> tuple[dict[str, Landed], tuple[Patch, ...]]:
    """How the patches of the flagship landed, and how they were posted."""
    messages = [one for _, one in real_messages(shared_lore)]
    by_id = {one.message_id: one for one in messages}
    slug = "synchronous-perf-signals"
    series = read_tracked((ROOT / "patches" / slug / "series.toml").read_text(encoding="utf-8"), slug)
    patches = tuple(read_patch(by_id[one.message_id], one.number) for one in series.patches)
    return dict(find_landed(messages, series.patches, patches)), patches


def test_the_flagship(flagship: tuple[dict[str, Landed], tuple[Patch, ...]]) -> None:
    landed, patches = flagship
    assert list(landed) == ["01", "02", "03", "04", "05", "06", "07", "08", "11", "12"]
    assert {number: one.commit[:12] for number, one in landed.items()}["06"] == "97ba62b27867"
    ids = {one.number: one.patch_id for one in patches}
    others = [number for number, one in landed.items() if one.patch.patch_id != ids[number]]
    assert others == ["06"]
    assert b"pending_addr" in landed["06"].patch.diff
    assert str(landed["01"].patch.author) == "Peter Zijlstra <peterz@infradead.org>"
    assert "Acked-by: Geert Uytterhoeven <geert@linux-m68k.org> # m68k" in map(str, landed["05"].patch.trailers)


def test_without_series_toml_the_notices_of_the_flagship_are_found_too(shared_lore: Path) -> None:
    messages = [one for _, one in real_messages(shared_lore)]
    by_id = {one.message_id: one for one in messages}
    for number, commit in ((4, "2b26f0aa0049"), (7, "97ba62b27867")):  # the two in threads of their own
        message_id = f"20210408103605.1676875-{number}-elver@google.com"
        patch = read_patch(by_id[message_id], "01")
        alone = TrackedPatch("01", Role.SERIES, patch.subject, message_id)
        assert find_landed(messages, [alone], [patch])["01"].commit.startswith(commit)


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    first = b"\n\nThe following commit has been merged into the \xff"
    assert read_notice(read_message(mail("x", "", message_id="a@b.example").replace(b"\n\n", first))) is None
