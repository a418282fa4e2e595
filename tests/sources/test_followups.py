# SPDX-License-Identifier: GPL-2.0-or-later
"""What belongs to a series: fixes, what came with them, and what changed its ABI before the release."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.formats.mail import Message, read_patch
from seriestool.formats.series_toml import read_tracked
from seriestool.model.series import FollowUp, FollowUpReason, Patch, Role, TrackedPatch, TrackedSeries
from seriestool.sources.landed import find_landed
from seriestool.sources.later.closure import find_follow_ups
from seriestool.sources.later.fixes import Upstream, fixes_in_history, named_in, upstream_of
from tests.conftest import ROOT
from tests.mails import message, real_messages

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HEADER = "include/uapi/linux/fake.h"
CHILD = "Child Author <child@example.com>"


def header_diff(old: str, new: str, path: str = HEADER) -> str:
    """Return a diff of one line, between lines that tell nothing."""
    return (
        f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -10,3 +10,3 @@ struct fake\n"
        f" struct {{\n-{old}\n+{new}\n }};\n"
    )


BROUGHT = header_diff("\t__u32 fake_spare;", "\t__u64 fake_value;")
ELSEWHERE = header_diff("int other;", "int another;", "kernel/fake.c")


def post(
    subject: str,
    message_id: str,
    *,
    diff: str = ELSEWHERE,
    trailers: str = "",
    sender: str = "A U Thor <author@example.com>",
    date: str = "Thu, 22 Apr 2021 12:00:00 +0000",
    parent: str | None = None,
) -> Message:
    """Write one patch mail and read it."""
    body = f"Why.\n\n{trailers}Signed-off-by: {sender}\n---\n\n{diff}-- \n2.39.5\n"
    return message(subject, body, message_id=message_id, sender=sender, date=date, parent=parent)


SERIES = post("[PATCH v2 1/1] fake: Add a value", "s@e.example", diff=BROUGHT, date="Thu, 08 Apr 2021 10:00:00 +0000")
TRACKED = TrackedSeries(
    slug="fake",
    title="fake: Add a value",
    revision=2,
    patches=(TrackedPatch("01", Role.SERIES, "fake: Add a value", "s@e.example", upstream=COMMIT, released="v9.1"),),
    released_on="2021-06-27",
)
FIXES = f'Fixes: {COMMIT[:12]} ("fake: Add a value")\n'


def found(*messages: Message, tracked: TrackedSeries = TRACKED) -> tuple[FollowUp, ...]:
    """Search *messages* and the series' own mail."""
    return find_follow_ups([SERIES, *messages], tracked, (read_patch(SERIES, "01"),), {})


def titles(follow_ups: Sequence[FollowUp]) -> list[str]:
    """Return their titles."""
    return [one.title for one in follow_ups]


def test_a_fix_is_found_with_the_patch_it_is_about() -> None:
    (fix,) = found(post("[PATCH] fake: Mend it", "f@e.example", trailers=FIXES))
    assert (fix.title, fix.message_id, fix.reason, fix.amends) == (
        "fake: Mend it", "f@e.example", FollowUpReason.FIXES, ("01",),
    )  # fmt: skip
    assert fix.evidence == "its Fixes: names 0123456789ab, patch 01"
    assert fix.exposes == "a tree with 01 and without it has the fault that it fixes"


@pytest.mark.parametrize(
    "other",
    [
        message("Re: [PATCH] fake: Mend it", f"> {FIXES}\nFine.\n", message_id="r@e.example"),
        post("Re: [PATCH] fake: Mend it", "r@e.example", trailers=FIXES),
        post("[PATCH] fake: Mend another", "r@e.example", trailers='Fixes: aaaaaaaaaaaa ("fake: Add a value")\n'),
        post("[PATCH] fake: Mend another", "r@e.example", trailers='Fixes: 0123456 ("fake: Add another")\n'),
        post("[PATCH] Revert it", "r@e.example", trailers="This reverts commit aaaaaaaaaaaa.\n\n"),
        post("[PATCH AUTOSEL 9.0 3/9] fake: Mend it", "r@e.example", trailers=FIXES),
        post("[PATCH 9.0.y] fake: Mend it", "r@e.example", trailers=FIXES),
        post("[PATCH v3 1/1] fake: Add a value", "r@e.example", trailers=FIXES),
        post("[PATCH] fake: Mend it", "r@e.example", trailers=FIXES, diff="no diff\n"),
    ],
    ids=["quote", "reply", "commit", "short-with-another-title", "revert", "autosel", "stable", "own-revision", "diff"],
)
def test_what_is_no_fix(other: Message) -> None:
    assert found(other) == ()


def test_a_revert_and_a_fix_of_the_fix_are_found() -> None:
    fix = post("[PATCH] fake: Mend it", "f@e.example", trailers=FIXES)
    tip = (
        f"The following commit has been merged into the core branch of tip:\n\nCommit-ID:     {'b' * 40}\n"
        "Author:        A U Thor <author@example.com>\nAuthorDate:    Thu, 22 Apr 2021 14:00:00 +02:00\n\n"
        f"fake: Mend it\n\nWhy.\n\n{FIXES}---\n\n{ELSEWHERE}"
    )
    notice = message("[tip: core] fake: Mend it", tip, message_id="n@tip-bot2", parent="f@e.example")
    again = post("[PATCH] fake: Mend the mend", "g@e.example", trailers=f"Fixes: {'b' * 12}\n", sender=CHILD)
    revert = post('[PATCH] Revert "fake: Add a value"', "h@e.example", trailers=f"This reverts commit {COMMIT}.\n\n")
    first, second, third = found(again, revert, notice, fix)
    assert (first.title, first.commit) == ("fake: Mend the mend", None)
    assert second.evidence == "it reverts 0123456789ab, patch 01"
    assert "took back" in second.exposes
    assert (third.title, third.commit) == ("fake: Mend it", "b" * 40)
    assert [one.amends for one in (first, second, third)] == [("01",)] * 3
    assert first.evidence == "its Fixes: names bbbbbbbbbbbb, 'fake: Mend it', which belongs to 01"
    assert first.exposes == "a tree with 01 and 'fake: Mend it' and without it has the fault that it fixes"


@pytest.mark.parametrize(
    ("trailer", "doubt"),
    [
        (f"Fixes: {COMMIT[:7]}\n", " (7 digits without a title)"),
        (f'Fixes: {COMMIT[:7]} ("fake: Add a value")\n', ""),
        (f"Fixes: {COMMIT[:12]}\n", ""),
        (f'Fixes: {COMMIT[:12]} ("fake: Add another value")\n', " (by another title: fake: Add another value)"),
    ],
)
def test_what_may_name_another_commit_is_told(trailer: str, doubt: str) -> None:
    (fix,) = found(post("[PATCH] fake: Mend it", "f@e.example", trailers=trailer))
    assert fix.evidence.endswith(f", patch 01{doubt}")


def test_a_revert_of_the_fix_concerns_trees_that_have_the_fix() -> None:
    commits = [
        ("1" * 40, f"fake: Mend it\n\nWhy.\n\n{FIXES}"),
        ("2" * 40, f'Revert "fake: Mend it"\n\nThis reverts commit {"1" * 40}.\n'),
    ]
    _, revert = fixes_in_history(commits, TRACKED, {}).values()
    assert revert.exposes == "a tree with 01 and 'fake: Mend it' and without it keeps what upstream took back"


def test_a_notice_alone_tells_of_a_fix() -> None:
    tip = (
        f"The following commit has been merged into the core branch of tip:\n\nCommit-ID:     {'b' * 40}\n"
        f"Author:        A U Thor <author@example.com>\n\nfake: Mend it\n\n{FIXES}---\n\n{ELSEWHERE}"
    )
    (fix,) = found(message("[tip: core] fake: Mend it", tip, message_id="n@tip-bot2"))
    assert (fix.title, fix.commit, fix.message_id) == ("fake: Mend it", "b" * 40, "n@tip-bot2")


def test_only_the_newest_revision_counts_in_one_thread_or_in_two() -> None:
    old = post("[PATCH 1/2] fake: Mend it", "a1@e.example", trailers=FIXES)
    dropped = post("[PATCH 2/2] fake: Mend more", "a2@e.example", trailers=FIXES, parent="a1@e.example")
    new = post("[PATCH v2] fake: Mend it", "b1@e.example", trailers=FIXES, date="Fri, 23 Apr 2021 12:00:00 +0000")
    assert [one.message_id for one in found(new, old, dropped)] == ["b1@e.example"]
    stranger = replace(new, sender=read_patch(post("[PATCH] x", "c@e.example", sender=CHILD), "01").author)
    assert [one.message_id for one in found(stranger, old, dropped)] == ["a2@e.example", "b1@e.example"]


def test_siblings_come_along_and_missing_mail_is_named_by_its_number_or_by_the_cover_letter() -> None:
    fix = post("[PATCH 2/3] fake: Mend it", "a2@e.example", trailers=FIXES, parent="a0@e.example")
    other = post("[PATCH 1/3] fake: Prepare", "a1@e.example", parent="a0@e.example")
    first, second, third = found(fix, other)
    assert (first.title, first.reason, first.amends) == ("fake: Prepare", FollowUpReason.SIBLING, ("01",))
    assert "posted together with 2/3" in first.evidence
    assert second.reason is FollowUpReason.FIXES
    assert (third.title, third.message_id) == ("3/3 of 'fake: Prepare'", None)
    assert third.evidence.endswith("its mail is not in the archive")

    text = "A U Thor (2):\n  fake: Prepare\n  fake: Mend it\n\nC Author (1):\n  fake: Test it with a\n    long name\n"
    cover = message("[PATCH 0/3] fake: Mend all of it", text, message_id="a0@e.example")
    third = found(fix, other, cover)[2]
    assert (third.title, third.message_id, third.posting) == (
        "fake: Test it with a long name",
        None,
        "fake: Mend all of it",
    )
    assert third.posting_id == "a0@e.example"


CHANGE = header_diff("\t__u64\tfake_value;", "\tunsigned long fake_value;")


def test_a_change_of_the_same_lines_before_the_release_is_found() -> None:
    change = post("[PATCH] fake: Change the value", "c@e.example", diff=CHANGE, sender=CHILD)
    (one,) = found(change)
    assert (one.reason, one.amends) == (FollowUpReason.SAME_LINES, ("01",))
    assert one.evidence == (
        "posted 2021-04-22, before v9.1 (2021-06-27); changes lines of 01 in a user-space header: "
        f"'__u64 fake_value;' of {HEADER}"
    )
    assert one.exposes.endswith("no mail says whether that landed")


def test_what_stands_beside_a_line_is_not_the_line() -> None:
    """A field that somebody else adds behind it: the series' own line stays as it is."""
    text = f"diff --git a/{HEADER} b/{HEADER}\n--- a/{HEADER}\n+++ b/{HEADER}\n@@ -10,2 +10,3 @@ struct fake\n"
    addition = f"{text} \t__u64 fake_value;\n+\t__u64 fake_other;\n }};\n"
    (one,) = found(post("[PATCH] fake: Add another", "c@e.example", diff=addition, sender=CHILD))
    assert one.evidence == (
        "posted 2021-04-22, before v9.1 (2021-06-27); changes what stands beside lines of 01 in a user-space header: "
        f"'__u64 fake_value;' of {HEADER}"
    )
    assert f"has other lines beside '__u64 fake_value;' of {HEADER} than was posted" in one.exposes


def test_what_was_pulled_before_the_release_was_never_released_in_its_old_form() -> None:
    change = post("[PATCH] fake: Change the value", "c@e.example", diff=CHANGE, sender=CHILD)
    pull = message(
        "[GIT PULL] fake: changes", "Please pull.\nhttps://lore.kernel.org/r/c@e.example\n",
        message_id="p@e.example", sender=CHILD, parent="c@e.example",
    )  # fmt: skip
    merged = (
        f"The pull request you sent\n\nhas been merged into torvalds/linux.git:\nhttps://git.example.org/c/{'d' * 40}\n"
    )
    bot = message("Re: [GIT PULL] fake: changes", merged, message_id="q@e.example", parent="p@e.example")
    (one,) = found(change, pull, bot)
    assert one.evidence.endswith("; merged upstream as dddddddddddd")
    assert one.exposes == (
        f"a tree with 01 and without it has '__u64 fake_value;' of {HEADER} in a form that v9.1 never released"
    )


def test_a_change_of_what_a_follow_up_brought_is_found_too() -> None:
    change = post("[PATCH] fake: Change the value", "c@e.example", diff=CHANGE, sender=CHILD)
    third = header_diff("\tunsigned long fake_value;", "\tlong fake_value;")
    more = post(
        "[PATCH] abi: Make it signed", "d@e.example", diff=third, sender="Third <third@example.com>",
        date="Fri, 30 Apr 2021 12:00:00 +0000",
    )  # fmt: skip
    assert titles(found(more, change)) == ["fake: Change the value", "abi: Make it signed"]


@pytest.mark.parametrize(
    "other",
    [
        post("[PATCH] fake: x", "c@e.example", diff=CHANGE, date="Mon, 05 Jul 2021 12:00:00 +0000"),
        post("[PATCH] fake: x", "c@e.example", diff=CHANGE, date="Mon, 05 Apr 2021 12:00:00 +0000"),
        post("[PATCH] fake: x", "c@e.example", diff=CHANGE.replace(HEADER, "tools/" + HEADER)),
        post("[PATCH] fake: x", "c@e.example", diff=CHANGE.replace(HEADER, "include/linux/fake.h")),
        post("[PATCH] fake: x", "c@e.example", diff=header_diff("struct {", "union {")),
        post("[PATCH] fake: x", "c@e.example", diff=header_diff("#endif", "#endif /* x */")),
    ],
    ids=["after-the-release", "before-the-series", "copy-below-tools", "kernel-header", "braces", "endif"],
)
def test_what_changes_no_line_of_the_series(other: Message) -> None:
    assert found(other) == ()


def test_without_a_day_of_release_lines_are_not_looked_at() -> None:
    change = post("[PATCH] fake: Change the value", "c@e.example", diff=CHANGE)
    assert found(change, tracked=replace(TRACKED, released_on=None)) == ()


def test_a_revision_after_the_release_does_not_hide_the_one_before() -> None:
    before = post("[PATCH] fake: Change the value", "c@e.example", diff=CHANGE)
    after = post("[PATCH v2] fake: Change the value", "d@e.example", date="Mon, 05 Jul 2021 12:00:00 +0000")
    assert [one.message_id for one in found(before, after)] == ["c@e.example"]


def test_a_history_is_searched_by_the_same_rules() -> None:
    commits = [
        (COMMIT, "fake: Add a value\n"),
        ("1" * 40, f"fake: Mend it\n\nWhy.\n\n{FIXES}"),
        ("2" * 40, f"fake: Mend the mend\n\ncommit {'3' * 40} upstream.\n\nWhy.\n\nFixes: {'1' * 12}\n"),
        ("4" * 40, f"fake: Quote\n\n> {FIXES}\nFixes: {'9' * 12}\n"),
        ("5" * 40, f'Revert "fake: Add a value"\n\nThis reverts commit {COMMIT}.\n'),
    ]
    found = fixes_in_history(commits, TRACKED, {})
    assert list(found) == ["1" * 40, "2" * 40, "5" * 40]
    follow_ups = found.values()
    assert [(one.title, one.commit) for one in follow_ups] == [
        ("fake: Mend it", "1" * 40), ("fake: Mend the mend", "3" * 40), ('Revert "fake: Add a value"', "5" * 40),
    ]  # fmt: skip
    assert {one.amends for one in follow_ups} == {("01",)}
    mended = Upstream("1" * 40, "fake: Mend it", frozenset({"01"}))
    assert [one.commit for one in fixes_in_history(commits, TRACKED, {}, [mended]).values()] == ["3" * 40, "5" * 40]


def test_copies_of_one_fix_are_one() -> None:
    upstream = "3" * 40
    commits = [
        ("1" * 40, f"fake: Mend it\n\n[ Upstream commit {upstream} ]\n\n{FIXES}"),
        ("2" * 40, f"fake: Mend it\n\n{FIXES}\n(cherry picked from commit {upstream})\n"),
        (upstream, f"fake: Mend it\n\n{FIXES}"),
    ]
    (one,) = fixes_in_history(commits, TRACKED, {}).values()
    assert one.commit == upstream


def test_an_abbreviation_may_be_longer_or_shorter_than_what_is_known() -> None:
    known = upstream_of(replace(TRACKED, patches=(replace(TRACKED.patches[0], upstream=COMMIT[:12]),)), {})
    for digits in (COMMIT, COMMIT[:14], COMMIT[:12], COMMIT[:8]):
        assert named_in(f"x\n\nFixes: {digits}\n", known) is not None
    assert named_in(f"x\n\nFixes: {COMMIT[:6]}\n", known) is None


@pytest.fixture
def flagship(shared_lore: Path) -> tuple[FollowUp, ...]:
    """What the archive has for the flagship."""
    messages = [one for _, one in real_messages(shared_lore)]
    by_id = {one.message_id: one for one in messages}
    slug = "synchronous-perf-signals"
    tracked = read_tracked((ROOT / "patches" / slug / "series.toml").read_text(encoding="utf-8"), slug)
    patches: tuple[Patch, ...] = tuple(read_patch(by_id[one.message_id], one.number) for one in tracked.patches)
    return find_follow_ups(messages, tracked, patches, find_landed(messages, tracked.patches, patches))


def test_the_flagship(flagship: tuple[FollowUp, ...]) -> None:
    fix, second, *five, later = flagship
    assert (fix.message_id, (fix.commit or "")[:12]) == ("20210422191823.79012-1-elver@google.com", "3ddb3fd8cdb0")
    assert (second.message_id, (second.commit or "")[:12]) == (
        "20210422191823.79012-2-elver@google.com", "ed8e50800bf4",
    )  # fmt: skip
    assert [one.posting for one in five] == ["siginfo: ABI fixes for TRAP_PERF"] * 5
    assert [one.posting_id for one in five] == ["m1a6ot5e2h.fsf_-_@fess.ebiederm.org"] * 5
    assert [one.message_id is None for one in five] == [False, True, False, False, False]
    assert five[1].title == "signal: Implement SIL_FAULT_TRAPNO"
    assert "never released" in five[3].exposes
    assert "a0e31f3a38e7" in five[3].evidence
    assert later.title == "signal: Deliver SIGTRAP on perf event asynchronously if blocked"
    assert ((later.commit or "")[:12], later.amends) == ("78ed93d72ded", ("06",))


def test_titles_of_any_length_are_compared_in_no_time() -> None:
    long = [
        post(f"[PATCH v{number}] fake: {'ab' * 20000}{number}", f"{number}@e.example", trailers=FIXES)
        for number in (2, 3)
    ]
    started = time.monotonic()
    assert [one.message_id for one in found(*long)] == ["3@e.example"]
    assert time.monotonic() - started < 5


def test_mails_that_answer_each_other_end_the_search() -> None:
    one = post("[PATCH 1/2] fake: Mend it", "a@e.example", trailers=FIXES, parent="b@e.example")
    other = post("[PATCH 2/2] fake: Mend more", "b@e.example", parent="a@e.example")
    assert {each.title for each in found(one, other)} >= {"fake: Mend it"}
