# SPDX-License-Identifier: GPL-2.0-or-later
"""The section that says what a series needs."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, Group

from seriestool.model.series import Dependency, DependencyKind
from seriestool.report.dependencies import render_dependencies

FIXES = DependencyKind.FIXES


def shown(*dependencies: Dependency, width: int = 100) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(Group(*render_dependencies(dependencies)))
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def test_what_patches_say_alike_is_said_once() -> None:
    needs = [Dependency(FIXES, "0123456789abcdef", number, "core: break it") for number in ("01", "02", "03", "05")]
    assert shown(Dependency(DependencyKind.BASE_COMMIT, "b" * 40), *needs) == [
        "declared dependencies",
        "           base-commit  bbbbbbbbbbbb",
        "01-03, 05  Fixes        0123456789ab  core: break it",
    ]


def test_a_message_id_is_whole_and_versions_are_told() -> None:
    message = Dependency(DependencyKind.BASED_ON, "20210408103605.1676875-1-a@x", "01")
    stable = Dependency(DependencyKind.STABLE, "0123456789ab", "01", "core: first", "5.10.x")
    assert [line.split()[1:] for line in shown(message, stable)[1:]] == [
        ["Based-on", "20210408103605.1676875-1-a@x"],
        ["Cc:", "stable", "0123456789ab", "5.10.x", "core:", "first"],
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_mail_steers_nothing(width: int) -> None:
    page = shown(Dependency(DependencyKind.DEPENDS_ON, "a@[red]x", "01", "\x1b[31m\nred"), width=width)
    assert "\x1b" not in "".join(page)
    assert "[red]" in "".join(page)


def test_nothing_declared_is_nothing_said() -> None:
    assert shown() == []
