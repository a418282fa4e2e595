# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept, and for how long."""

from __future__ import annotations

from seriestool.apply.memo import Memo


def test_it_keeps_what_was_asked_for_last() -> None:
    made: list[str] = []
    memo = Memo[str, str](10)

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key * 4

        return memo.get(key, make, len)

    assert [get("a"), get("b"), get("a")] == ["aaaa", "bbbb", "aaaa"]
    assert made == ["a", "b"]
    get("c")  # "b" was asked for longest ago, and has to go
    get("a")
    assert made == ["a", "b", "c"]
    get("b")
    assert made == ["a", "b", "c", "b"]


def test_what_is_too_large_is_not_kept() -> None:
    memo = Memo[str, str](3)
    assert memo.get("x", lambda: "first", len) == "first"
    assert memo.get("x", lambda: "again", len) == "again"
