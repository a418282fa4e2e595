# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections that say what a series needs, and what it would have in front."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, Group

from seriestool.model.needs import (
    DependencyAnswer,
    DependencyState,
    NeededCommit,
    ResolvedDependency,
    TreePrerequisites,
)
from seriestool.model.series import Dependency, DependencyKind
from seriestool.report.dependencies import render_dependencies
from seriestool.report.prerequisites import prerequisite_lines, render_prerequisites

FIXES = DependencyKind.FIXES


def shown(*dependencies: Dependency, answers: tuple[DependencyAnswer, ...] = (), width: int = 100) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    resolved = [ResolvedDependency(one, answers) for one in dependencies]
    with console.capture() as captured:
        console.print(Group(*render_dependencies(resolved)))
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def test_what_patches_say_alike_is_said_once() -> None:
    needs = [Dependency(FIXES, "0123456789abcdef", number, "core: break it") for number in ("01", "02", "03", "05")]
    assert shown(Dependency(DependencyKind.BASE_COMMIT, "b" * 40), *needs) == [
        "declared dependencies",
        "           base-commit  bbbbbbbbbbbb",
        "01-03, 05  Fixes        0123456789ab  core: break it",
    ]


ABSENT = DependencyAnswer("stable-5.10", DependencyState.MISSING, "it is not in the tree's history")


def test_trees_of_which_the_same_is_true_share_a_line_and_one_alone_is_not_named() -> None:
    one = Dependency(FIXES, "0123456789ab", "01")
    there = DependencyAnswer("mainline", DependencyState.SATISFIED, "it is in the tree's history")
    other = DependencyAnswer("stable-6.1", ABSENT.state, ABSENT.reason)
    assert shown(one, answers=(ABSENT, there, other))[1:] == [
        "01  Fixes  0123456789ab",
        "           stable-5.10, stable-6.1: missing: it is not in the tree's history",
        "           mainline: satisfied: it is in the tree's history",
    ]
    assert shown(one, answers=(ABSENT, other))[2:] == ["           missing: it is not in the tree's history"]


def test_what_is_answered_otherwise_is_not_the_same() -> None:
    both = [ResolvedDependency(Dependency(FIXES, "0123456789ab", number), (ABSENT,)) for number in ("01", "02")]
    both.append(ResolvedDependency(Dependency(FIXES, "0123456789ab", "03")))
    *_, table = render_dependencies(both)
    console = Console(file=StringIO(), width=100, color_system=None)
    with console.capture() as captured:
        console.print(table)
    assert [line.split()[0] for line in captured.get().splitlines()] == ["01,", "missing:", "03"]


def test_a_message_id_is_whole_and_versions_are_told() -> None:
    message = Dependency(DependencyKind.BASED_ON, "20210408103605.1676875-1-a@x", "01")
    stable = Dependency(DependencyKind.STABLE, "0123456789ab", "01", "core: first", "5.10.x")
    assert [line.split()[1:] for line in shown(message, stable)[1:]] == [
        ["Based-on", "20210408103605.1676875-1-a@x"],
        ["Cc:", "stable", "0123456789ab", "5.10.x", "core:", "first"],
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_mail_steers_nothing(width: int) -> None:
    need = Dependency(DependencyKind.DEPENDS_ON, "a@[red]x", "01", "\x1b[31m\nred")
    page = shown(need, answers=(DependencyAnswer("t", DependencyState.UNKNOWN, "\x1b[2J[blue]"),), width=width)
    assert "\x1b" not in "".join(page)
    assert "[red]" in "".join(page)
    assert "[blue]" in "".join(page)


def test_nothing_declared_is_nothing_said() -> None:
    assert shown() == []


NEEDED = (NeededCommit("c" * 40, "core: first", "mainline", ("02",)), NeededCommit("d" * 40, "core: 2", "mainline"))


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (TreePrerequisites("t", (), applied=False), ()),
        (TreePrerequisites("t", (), applied=False, conflicts=("01",)), ()),
        (TreePrerequisites("t", (), applied=True), ("no prerequisites are needed",)),
        (TreePrerequisites("t", (), applied=True, conflicts=("01",)), ("no prerequisites were found",)),
        (TreePrerequisites("t", NEEDED, applied=True), ()),
        (TreePrerequisites("t", NEEDED, applied=False, conflicts=("03", "04", "05"), gave_up="too many"), (
            "apply --with-prerequisites would put cccccccccccc (core: first), dddddddddddd (core: 2) in front; "
            "03-05 would still not apply",
            "the search for prerequisites was given up: too many",
        )),
    ],
)  # fmt: skip
def test_what_would_go_in_front(found: TreePrerequisites, lines: tuple[str, ...]) -> None:
    assert prerequisite_lines(found) == lines
    console = Console(file=StringIO(), width=200, color_system=None)
    with console.capture() as captured:
        console.print(Group(*render_prerequisites([found])))
    assert [line for line in captured.get().splitlines() if line] == (
        ["prerequisites", *(f"t: {line}" for line in lines)] if lines else []
    )
