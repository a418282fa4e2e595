# SPDX-License-Identifier: GPL-2.0-or-later
"""``series.toml``: read, written, and each mistake named by file and key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.errors import UsageError
from seriestool.formats.series_toml import read_tracked, write_tracked
from seriestool.model.series import KnownFollowUp, Role, TrackedPatch, TrackedSeries
from tests.conftest import ROOT

GOOD = """\
title = "A series"
revision = 4
cover = "0@x"
trees = ["stable-5.10"]
selftests = ["one"]
selftest-arches = ["x86_64"]
fragments = ["two"]

[[patch]]
number = "01"
subject = "a: \\"b\\""
message-id = "1@x"
patch-id = "1111111111111111111111111111111111111111"
upstream = "222222222222"

[[patch]]
number = "02"
subject = "c"
file = "0002-c.patch"
note = "local"

[[follow-up]]
number = "03"
role = "fix"
subject = "d"
message-id = "3@x"

[[follow-up]]
number = "04"
role = "follow-up"
subject = "e"
message-id = "4@x"

[[known]]
title = "later"
message-id = "5@x"
note = "why"
"""


def test_a_good_file_is_read() -> None:
    assert read_tracked(GOOD, "slug") == TrackedSeries(
        slug="slug",
        title="A series",
        revision=4,
        patches=(
            TrackedPatch("01", Role.SERIES, 'a: "b"', "1@x", "1" * 40, "2" * 12),
            TrackedPatch("02", Role.SERIES, "c", "", file="0002-c.patch", note="local"),
            TrackedPatch("03", Role.FIX, "d", "3@x"),
            TrackedPatch("04", Role.FOLLOW_UP, "e", "4@x"),
        ),
        cover_message_id="0@x",
        known=(KnownFollowUp("later", "5@x", "why"),),
        trees=("stable-5.10",),
        selftests=("one",),
        selftest_arches=("x86_64",),
        fragments=("two",),
    )


def test_what_is_written_is_what_a_person_would_write() -> None:
    assert write_tracked(read_tracked(GOOD, "slug")) == GOOD


@given(st.text(min_size=1).filter(str.strip), st.lists(st.text(min_size=1), max_size=3), st.integers(1, 99))
def test_whatever_is_written_is_read_again(title: str, names: list[str], revision: int) -> None:
    patches = (TrackedPatch("01", Role.SERIES, title, "1@x", note=title),)
    series = TrackedSeries("slug", title, revision, patches, selftests=tuple(names))
    assert read_tracked(write_tracked(series), "slug") == series


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A series"\n', "", "title: is missing"),
        ("revision = 4", "revision = true", "revision: is not a whole number"),
        ("revision = 4", "revision = 0", "revision: is not a whole number"),
        ("revision = 4", "revison = 4", "revison: unknown key"),
        ("revision = 4", "revision 4", "not TOML: .*line 2"),
        ('cover = "0@x"', 'cover = "<0@x>"', "cover: '<0@x>' is not a message-id without"),
        ('trees = ["stable-5.10"]', 'trees = "stable-5.10"', "trees: is not a list of strings"),
        ('number = "02"', 'number = "03"', "number: 03 stands where 02 should"),
        ('number = "02"', 'number = "2"', r"\[\[patch\]\] 2: number: '2' is not a number of two digits"),
        ('subject = "c"', 'subject = ""', r"\[\[patch\]\] 2: subject: is not a string with"),
        ('role = "fix"', 'role = "series"', r"\[\[follow-up\]\] 1: role: 'series' is neither"),
        ('role = "fix"\n', "", r"\[\[follow-up\]\] 1: role: is missing"),
        ('message-id = "3@x"\n', "", r"\[\[follow-up\]\] 1: message-id: neither that nor a file"),
        ('"222222222222"', '"v5.13"', r"\[\[patch\]\] 1: upstream: 'v5.13' is not a commit"),
        (
            "1111111111111111111111111111111111111111",
            "1111",
            r"\[\[patch\]\] 1: patch-id: '1111' is not a patch-id of 40",
        ),
        ("0002-c.patch", "../0002-c.patch", r"\[\[patch\]\] 2: file: '../0002-c.patch' is not the name"),
        ("0002-c.patch", "a/b.patch", r"\[\[patch\]\] 2: file: 'a/b.patch' is not the name"),
        ('note = "why"', "", r"\[\[known\]\] 1: note: is missing"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=f"^patches/slug/series.toml: {message}"):
        read_tracked(GOOD.replace(old, new), "slug")


def test_a_file_without_patches_is_a_mistake() -> None:
    with pytest.raises(UsageError, match=r"no \[\[patch\]\]"):
        read_tracked('title = "a"\n', "slug")


@pytest.mark.parametrize("path", sorted((ROOT / "patches").glob("*/series.toml")), ids=lambda path: path.parent.name)
def test_the_series_of_this_repository_can_be_read(path: object) -> None:
    from pathlib import Path

    assert isinstance(path, Path)
    series = read_tracked(path.read_text(encoding="utf-8"), path.parent.name)
    assert read_tracked(write_tracked(series), series.slug) == series
    assert any(patch.role is Role.FIX for patch in series.patches)
