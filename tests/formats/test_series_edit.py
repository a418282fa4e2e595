# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys put into a ``series.toml`` that a person wrote: everything else stays as it is, to the byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.errors import UsageError
from seriestool.formats.series_edit import add_keys
from seriestool.formats.series_toml import read_tracked, write_tracked
from seriestool.model.series import Role, TrackedPatch, TrackedSeries
from tests.conftest import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WRITTEN = '''\
# What we carry for the boards.
title = "A series"   # of two
trees = [
  "stable-5.10",
  # "stable-6.1",
]

[[ patch ]]  # the first
note = """
It is quoted here:
[[patch]]
number = "02"
upstream = "000000000000"
"""
subject = 'a'
"number"="01"
    message-id = "1@x"  # indented

# Between the two.
[[known]]
title = "later"
message-id = "5@x"
note = "[[patch]]"

[["follow-up"]]
number = "03"
role = "fix"
message-id = "3@x"
subject = "c"

[[patch]]
number = "02"
file = "0002-b.patch"
subject = "b"

# The end.
'''  # fmt: skip


def added_lines(before: str, after: str) -> list[str]:
    """Return the lines that *after* has more, having checked that it has nothing else."""
    old, found = before.split("\n"), []
    for line in after.split("\n"):
        if old and line == old[0]:
            old.pop(0)
        else:
            found.append(line)
    assert not old
    return found


def test_keys_come_behind_what_they_follow() -> None:
    keys = {
        "01": {"notice": "n@tip-bot2", "upstream": COMMIT},
        "02": {"upstream": COMMIT},
        "03": {"released": "v5.13", "upstream": COMMIT},
    }
    after = add_keys(WRITTEN, "slug", keys)
    expected = WRITTEN.replace(
        '    message-id = "1@x"  # indented\n',
        f'    message-id = "1@x"  # indented\n    upstream = "{COMMIT}"\n    notice = "n@tip-bot2"\n',
    )
    expected = expected.replace('"3@x"\n', f'"3@x"\nupstream = "{COMMIT}"\nreleased = "v5.13"\n')
    expected = expected.replace('subject = "b"\n', f'subject = "b"\nupstream = "{COMMIT}"\n')
    assert after == expected
    one, two, three = read_tracked(after, "slug").patches
    assert (one.upstream, one.notice, one.released) == (COMMIT, "n@tip-bot2", None)
    assert (two.upstream, three.upstream, three.released) == (COMMIT, COMMIT, "v5.13")


def test_nothing_to_add_changes_nothing() -> None:
    assert add_keys(WRITTEN, "slug", {}) == WRITTEN


def test_line_ends_of_dos_and_a_last_line_without_one() -> None:
    dos = WRITTEN.replace("\n", "\r\n")
    assert add_keys(dos, "slug", {"02": {"upstream": COMMIT}}).replace(f'upstream = "{COMMIT}"\r\n', "") == dos
    cut = WRITTEN[: WRITTEN.index('\n\n# The end.')]
    assert add_keys(cut, "slug", {"02": {"upstream": COMMIT}}) == f'{cut}\nupstream = "{COMMIT}"'


def test_the_series_of_this_repository() -> None:
    text = (ROOT / "patches/synchronous-perf-signals/series.toml").read_text(encoding="utf-8")
    after = add_keys(text, "slug", {"09": {"upstream": COMMIT}, "10": {"upstream": COMMIT, "notice": "n@x"}})
    assert added_lines(text, after) == [f'upstream = "{COMMIT}"', f'upstream = "{COMMIT}"', 'notice = "n@x"']
    before = read_tracked(text, "slug").patches
    for old, new in zip(before, read_tracked(after, "slug").patches, strict=True):
        wanted = {"09": replace(old, upstream=COMMIT), "10": replace(old, upstream=COMMIT, notice="n@x")}
        assert new == wanted.get(old.number, old)


_TEXT = st.text(min_size=1).filter(str.strip)


@given(st.lists(st.tuples(_TEXT, st.sampled_from(Role), st.booleans()), min_size=1, max_size=6), st.data())
def test_what_is_added_is_read_back_and_is_all_that_changed(
    drawn: list[tuple[str, Role, bool]], data: st.DataObject
) -> None:
    ordered = [("first", Role.SERIES, False), *sorted(drawn, key=lambda one: one[1] is not Role.SERIES)]
    patches = tuple(
        TrackedPatch(f"{number:02}", role, text, f"{number}@x", note=text if noted else None)
        for number, (text, role, noted) in enumerate(ordered, 1)
    )
    series = TrackedSeries("slug", "title", 1, patches)
    chosen = data.draw(st.sets(st.sampled_from([one.number for one in patches])))
    text = write_tracked(series)
    after = add_keys(text, "slug", {number: {"upstream": COMMIT, "notice": "n@x"} for number in chosen})
    wanted = tuple(replace(one, upstream=COMMIT, notice="n@x") if one.number in chosen else one for one in patches)
    assert read_tracked(after, "slug") == replace(series, patches=wanted)
    assert after == write_tracked(replace(series, patches=wanted))


@pytest.mark.parametrize(
    ("text", "key", "value", "reason"),
    [
        ('title = "a"\npatch = [{number = "01", subject = "b", file = "c"}]\n', "upstream", COMMIT, "01: no .*own"),
        (WRITTEN, "number", "01", "01: number cannot be added"),
        (WRITTEN, "upstream", "v5.13", "upstream: 'v5.13' is not a commit"),
        ("title = 1", "upstream", COMMIT, r"no \[\[patch\]\] in it"),
    ],
    ids=["inline", "there", "value", "broken"],
)
def test_what_cannot_be_added_to_is_named(text: str, key: str, value: str, reason: str) -> None:
    with pytest.raises(UsageError, match=f"^patches/slug/series.toml: .*{reason}"):
        add_keys(text, "slug", {"01": {key: value}})
