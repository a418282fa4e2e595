# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel releases in their order, however they are written."""

from __future__ import annotations

from itertools import pairwise

import pytest

from seriestool.formats.release import parse_release


def test_order() -> None:
    written = [
        "2.6.39", "v5.10", "5.10.9-1", "5.10.262-1", "v5.13-rc1", "5.13~rc2-1~exp1", "5.13.0-rc10", "v5.13", "5.13.1",
        "6.1.192-2", "6.12.117-1~deb12u1", "7.2-rc3", "7.2.12-1",
    ]  # fmt: skip
    releases = [parse_release(text) for text in written]
    for one, other in pairwise(releases):
        assert one is not None
        assert other is not None
        assert one < other


@pytest.mark.parametrize(
    ("one", "other"),
    [("v5.13", "5.13.0"), ("5.13-rc4", "5.13.0-rc4-next-20210601"), ("v6.1.192", "6.1.192-2"), ("7.2~rc3", "v7.2-rc3")],
)
def test_the_same_by_another_name(one: str, other: str) -> None:
    assert parse_release(one) == parse_release(other) is not None


@pytest.mark.parametrize("text", ["", "unknown", "next-20210408", "v5"])
def test_no_release(text: str) -> None:
    assert parse_release(text) is None
