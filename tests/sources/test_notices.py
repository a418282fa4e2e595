# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices in threads of their own are found, and no others are taken for them."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.formats.mail import Message, join_mbox
from seriestool.sources.archive import Archive, open_archive
from seriestool.sources.notices import find_notices
from tests.sources.mirror import make_inbox
from tests.sources.test_landed import CHANGED, COMMIT, OTHER, TEXT, notice, posted, tracked

WHEN = 1617878161
LINKED = TEXT.format("patch-1@example.com")
LATER = "Fri, 16 Apr 2021 14:55:09 -0000"


@pytest.fixture(params=["directory", "mirror"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both forms of an archive that can be searched."""
    return str(request.param)


def archive(kind: str, room: Path, *mails: Message) -> Archive:
    """Put each mail into a thread of its own."""
    root = room / "archive"
    if kind == "mirror":
        make_inbox(root, [one.raw for one in mails])
    for one in mails if kind == "directory" else ():
        place = root / one.message_id / "t.mbox.gz"
        place.parent.mkdir(parents=True)
        place.write_bytes(gzip.compress(join_mbox([one.raw])))
    found = open_archive(str(root), room / "cache")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "tie",
    [notice(text=LINKED, diff=CHANGED, author="Else <else@example.com>", date=LATER), notice(diff=CHANGED, date=LATER)],
    ids=["link", "author-and-subject"],
)
def test_a_notice_is_found_by_link_or_by_author_and_subject(tie: Message, kind: str, tmp_path: Path) -> None:
    stranger = notice(OTHER, text="else: Do it\n", author="E <e@e.example>", date=LATER, message_id="o@tip-bot2")
    landed = find_notices(archive(kind, tmp_path, stranger, tie), [tracked()], [posted()], WHEN)
    assert (landed["01"].commit, landed["01"].notice) == (COMMIT, "notice@tip-bot2")
    assert (landed["01"].patch.number, landed["01"].patch.message_id) == ("01", "patch-1@example.com")


def test_where_the_upstream_commit_is_known_no_other_counts(kind: str, tmp_path: Path) -> None:
    place = archive(kind, tmp_path, notice(text=LINKED, date=LATER))
    assert find_notices(place, [tracked(upstream=OTHER[:12])], [posted()], WHEN) == {}
    assert find_notices(place, [tracked(upstream=COMMIT[:12])], [posted()], WHEN)["01"].commit == COMMIT


def test_years_later_only_the_commit_itself_is_enough(kind: str, tmp_path: Path) -> None:
    late = notice(date="Tue, 16 Apr 2024 10:00:00 +0000", text="fake: Another title\n", author="E <e@e.example>")
    place = archive(kind, tmp_path, late)
    assert find_notices(place, [tracked()], [posted()], WHEN) == {}
    assert find_notices(place, [tracked(upstream=COMMIT[:12])], [posted()], WHEN)["01"].commit == COMMIT


def test_each_patch_gets_its_own(kind: str, tmp_path: Path) -> None:
    other = replace(posted(), number="02", subject="fake: More", message_id="patch-2@example.com", patch_id="2" * 40)
    mails = (
        notice(text=LINKED, date=LATER),
        notice(OTHER, text=TEXT.format("patch-2@example.com"), diff=CHANGED, date=LATER, message_id="two@tip-bot2"),
    )
    pair = [tracked(), replace(tracked(), number="02")]
    landed = find_notices(archive(kind, tmp_path, *mails), pair, [posted(), other], WHEN)
    assert {number: one.commit for number, one in landed.items()} == {"01": COMMIT, "02": OTHER}
