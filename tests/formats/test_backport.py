# SPDX-License-Identifier: GPL-2.0-or-later
"""Commit messages of backports; what git finds of trailers in them is asked of the real git."""

from __future__ import annotations

import pytest

from seriestool.formats.backport import WIDTH, backport_message, deviations, stable_branch, upstream_line
from seriestool.model.export import UpstreamStyle
from seriestool.model.outcome import HunkOutcome, Outcome, PatchOutcome
from seriestool.model.series import Person
from tests.mails import git

SIGNER = Person("Jane Doe", "jane@example.org")
SIGNATURE = "Signed-off-by: Jane Doe <jane@example.org>"
LINE = f"commit {'a' * 40} upstream."
TRAILERS = """\
Reported-by: Zoë <zoe@example.org>
Acked-by: One Body <one@example.org> # m68k
Cc: stable@vger.kernel.org # 5.10.x: 1234567: core: prepare
Signed-off-by: A U Thor <author@example.com>"""
MESSAGE = f"core: change things\n\nWhy.\n\n{TRAILERS}\n"


def found_by_git(message: str) -> list[str]:
    """Return the trailers that git-interpret-trailers(1) finds."""
    said = git("interpret-trailers", "--parse", "--no-divider", stdin=message.encode()).decode()
    return said.splitlines()


def test_the_whole_form() -> None:
    made = backport_message(MESSAGE, first_line=LINE, notes=["the flag is not in 5.10"], signer=SIGNER)
    note = "[ Jane Doe: the flag is not in 5.10 ]"
    assert made == f"core: change things\n\n{LINE}\n\nWhy.\n\n{TRAILERS}\n{note}\n{SIGNATURE}\n"
    assert found_by_git(made) == [*TRAILERS.split("\n"), SIGNATURE]


def test_the_other_style() -> None:
    assert upstream_line("a" * 40, UpstreamStyle.COMMIT) == LINE
    assert upstream_line("a" * 40, UpstreamStyle.BRACKET) == f"[ Upstream commit {'a' * 40} ]"


@pytest.mark.parametrize("line", [LINE, f"[ Upstream commit {'b' * 40} ]", f"commit {'c' * 12} upstream"])
def test_a_message_that_names_its_upstream_keeps_it(line: str) -> None:
    given = f"core: change\n\n{line}\n\nWhy.\n\n{SIGNATURE}\n"
    assert backport_message(given, first_line=LINE, notes=(), signer=SIGNER) == given


def test_without_text_and_without_trailers() -> None:
    made = backport_message("core: change\n", first_line=None, notes=(), signer=SIGNER)
    assert made == f"core: change\n\n{SIGNATURE}\n"
    assert backport_message("core: change\n", first_line=LINE, notes=(), signer=SIGNER) == (
        f"core: change\n\n{LINE}\n\n{SIGNATURE}\n"
    )


def test_signed_off_once_where_it_is_the_last_line() -> None:
    mine = MESSAGE + SIGNATURE + "\n"
    assert backport_message(mine, first_line=None, notes=(), signer=SIGNER) == mine
    noted = backport_message(mine, first_line=None, notes=["why"], signer=SIGNER)
    assert noted == f"{MESSAGE}[ Jane Doe: why ]\n{SIGNATURE}\n"


def test_signed_off_again_where_another_came_later() -> None:
    mine = f"core: change\n\n{SIGNATURE}\nSigned-off-by: A U Thor <author@example.com>\n"
    assert backport_message(mine, first_line=None, notes=(), signer=SIGNER) == f"{mine}{SIGNATURE}\n"


def test_long_notes_are_wrapped() -> None:
    made = backport_message(MESSAGE, first_line=None, notes=["many words " * 30], signer=SIGNER)
    note = made[made.index("[ Jane") : made.index(SIGNATURE)]
    assert max(map(len, note.splitlines())) <= WIDTH
    assert note.rstrip().endswith("words ]")
    assert all(line.startswith("  ") for line in note.splitlines()[1:])
    assert found_by_git(made) == [*TRAILERS.split("\n"), SIGNATURE]


@pytest.mark.parametrize("trailers", ["Signed-off-by: A U Thor <author@example.com>", ""])
def test_notes_that_would_hide_the_trailers_stand_above_them(trailers: str) -> None:
    """A paragraph is one of trailers to git only where a quarter of its lines are some."""
    given = f"core: change\n\nWhy.\n\n{trailers}".rstrip() + "\n"
    made = backport_message(given, first_line=None, notes=["many words " * 60], signer=SIGNER)
    assert found_by_git(made) == [*([trailers] if trailers else []), SIGNATURE]
    paragraphs = made.rstrip("\n").split("\n\n")
    assert paragraphs[-2].startswith("[ Jane Doe: many words")
    assert paragraphs[-1] == (f"{trailers}\n{SIGNATURE}" if trailers else SIGNATURE)


def test_a_signer_without_a_name() -> None:
    made = backport_message(MESSAGE, first_line=None, notes=["why"], signer=Person("", "jane@example.org"))
    assert made.endswith("[ jane@example.org: why ]\nSigned-off-by: jane@example.org\n")


@pytest.mark.parametrize(
    ("version", "branch"),
    [
        ("5.10.262-1", "5.10.y"), ("6.12.117-1~deb12u1", "6.12.y"), ("7.2.12", "7.2.y"), ("5.10.1", "5.10.y"),
        ("5.10.0", None), ("5.10-rc3", None), ("5.13.0-rc1", None), ("6.13~rc7-1~exp1", None), ("6.12-1", None),
        ("6.6.0-next-20231101", None), ("unknown", None),
    ],
)  # fmt: skip
def test_stable_branch(version: str, branch: str | None) -> None:
    assert stable_branch(version) == branch


def verdict(outcome: Outcome, *hunks: HunkOutcome, context: int | None = None) -> PatchOutcome:
    return PatchOutcome("01", "core: change", "1@example.com", outcome, "the reason", hunks, "", "", context=context)


def test_deviations() -> None:
    taken = HunkOutcome("a.c", 1, applied=True, cause="edited: context")
    omitted = HunkOutcome("a.c", 2, applied=False, cause="left out: not there")
    assert deviations(verdict(Outcome.ADAPTED, taken, omitted)) == ("the reason", "a.c hunk 2 left out: not there")
    assert deviations(verdict(Outcome.THREE_WAY)) == ("merged three-way: the reason",)
    assert deviations(verdict(Outcome.APPLIES_REDUCED, context=1)) == ("context reduced to 1 line: the reason",)
    assert deviations(verdict(Outcome.APPLIES)) == ()
