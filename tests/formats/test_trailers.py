# SPDX-License-Identifier: GPL-2.0-or-later
"""Trailers, measured against git-interpret-trailers(1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seriestool.errors import InputRefused
from seriestool.formats.mail import read_patch
from seriestool.formats.trailers import parse_trailer_line, parse_trailers
from tests.mails import git, real_messages


def told_by_git(message: str) -> list[str]:
    return git("interpret-trailers", "--parse", stdin=message.encode()).decode().splitlines()


MESSAGES = {
    "none": "title\n\nText.\n",
    "title only": "Fixes: not a trailer\n",
    "one": "title\n\nSigned-off-by: A <a@x>\n",
    "comments survive": "title\n\nText.\n\nAcked-by: G <g@x> # m68k\nAcked-by: A <a@x> # asm-generic\n",
    "continued": 'title\n\nText.\n\nFixes: 123456789012 ("a\n  b")\nLink: https://x.example/y\n',
    "text in between": "title\n\nSigned-off-by: A <a@x>\n[b: changed c]\nSigned-off-by: B <b@x>\n",
    "text that goes on": "title\n\nSigned-off-by: A <a@x>\n[text\n more]\n",
    "mostly text": "title\n\none\ntwo\nthree\nfour\nSigned-off-by: A <a@x>\n",
    "text without git's own": "title\n\none\nReviewed-by: A <a@x>\n",
    "not at the end": "title\n\nReviewed-by: A <a@x>\n\nText.\n",
    "cherry picked": "title\n\nText.\n\nsome\n(cherry picked from commit 123456789012)\nAcked-by: A <a@x>\n",
    "comment lines": "title\n\nReviewed-by: A <a@x>\n# Acked-by: nobody\nTested-by: B <b@x>\n",
    "space in front of the colon": "title\n\nCc : a@x\n",
    "no value": "title\n\nCc:\nAcked-by: A <a@x>\n",
    "a URL is one": "title\n\nhttps://x.example/y\n",
    "blank lines behind": "title\n\nCc: a@x\n\n\n",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_trailers_are_those_of_git(name: str) -> None:
    message = MESSAGES[name]
    assert [f"{one.name}: {one.value}" for one in parse_trailers(message)] == told_by_git(message)


def test_comments_survive() -> None:
    assert [one.value for one in parse_trailers(MESSAGES["comments survive"])] == [
        "G <g@x> # m68k",
        "A <a@x> # asm-generic",
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["Signed-off-by: A <a@x>", "Cc: b@x", "text", " more", "# note", "", "a: b"])))
def test_any_message_has_the_trailers_that_git_sees(lines: list[str]) -> None:
    message = "title\n\n" + "".join(f"{line}\n" for line in lines)
    assert [f"{one.name}: {one.value}" for one in parse_trailers(message)] == told_by_git(message)


@pytest.mark.parametrize("folder", ["shared_mail", "shared_lore"])
def test_trailers_of_real_patches_are_those_of_git(folder: str, request: pytest.FixtureRequest) -> None:
    found = 0
    for name, one in real_messages(request.getfixturevalue(folder)):
        try:
            patch = read_patch(one, "01")
        except InputRefused:
            continue
        assert [str(trailer) for trailer in patch.trailers] == told_by_git(patch.message), name
        found += len(patch.trailers)
    assert found > 100


@pytest.mark.parametrize(
    ("line", "trailer"),
    [
        ("Reviewed-by: A <a@x> # all of it", "Reviewed-by: A <a@x> # all of it"),
        ("Tested-by:", None),
        ("> Tested-by: A <a@x>", None),
        (" Tested-by: A <a@x>", None),
        ("I say: no", None),
    ],
)
def test_a_single_line(line: str, trailer: str | None) -> None:
    told = parse_trailer_line(line)
    assert (told and str(told)) == trailer


def test_the_flagship_keeps_its_trailers(shared_lore: Path) -> None:
    (message,) = (one for _, one in real_messages(shared_lore)
                  if one.message_id == "20210408103605.1676875-6-elver@google.com")  # fmt: skip
    assert [str(trailer) for trailer in read_patch(message, "05").trailers] == [
        "Acked-by: Geert Uytterhoeven <geert@linux-m68k.org> # m68k",
        "Acked-by: Arnd Bergmann <arnd@arndb.de> # asm-generic",
        "Signed-off-by: Marco Elver <elver@google.com>",
    ]
