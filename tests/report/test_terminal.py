# SPDX-License-Identifier: GPL-2.0-or-later
"""What a terminal shows: recorded pages, any width, any colour, and nothing that steers it."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from seriestool.model.run import RunRecord
from seriestool.model.tree import Tree
from seriestool.report.terminal import (
    Paste,
    render_apply,
    render_run,
    render_status,
    render_status_list,
    render_text,
    render_trees,
)
from tests.abi_records import every_abi, flagship_abi, hostile_abi
from tests.records import COMMAND, as_posted, flagship, hostile, killed, several_trees

GOLDEN = Path(__file__).parent / "golden"
RECORDS = (flagship, as_posted, killed, several_trees, hostile)


def shown(what: RenderableType, width: int = 80, *, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, color_system="standard" if colour else None, force_terminal=colour, no_color=not colour
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().split("\n")[:-1])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("run", render_run(flagship())),
        ("status", render_status(flagship())),
        ("as-posted", render_run(as_posted())),
        ("killed", render_run(killed())),
        ("several-trees", render_run(several_trees())),
        ("apply", render_apply(as_posted().trees)),
        ("status-list", render_status_list([flagship(), as_posted(), killed()])),
    ],
)
def test_the_page_is_as_recorded(name: str, what: RenderableType) -> None:
    # After a change that is meant: print shown(what) into the file, and read the difference before committing it.
    assert shown(what) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("make", RECORDS)
@pytest.mark.parametrize("width", [60, 80, 81, 100, 200])
def test_no_line_is_wider_than_the_terminal(make: Callable[[], RunRecord], width: int) -> None:
    record = make()
    for what in (render_run(record), render_status(record), render_apply(record.trees), render_status_list([record])):
        assert max(cell_len(line) for line in shown(what, width).splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_run_has_the_layout_matrix_of_each_tree(width: int) -> None:
    page = shown(render_run(replace(flagship(), abi=(flagship_abi(), every_abi(), hostile_abi()))), width)
    assert max(cell_len(line) for line in page.splitlines()) <= width
    assert sum(line.startswith("user-space layout") for line in page.splitlines()) == 3
    assert page.index("user-space layout") < page.index("kernel  ")
    assert "side by side" not in page  # seriestool abi has them


def test_outcomes_and_commits_are_never_cut() -> None:
    page = shown(render_run(several_trees()), 80)
    assert page.count("already-evolved") >= 33
    assert page.count("3ddb3fd8cdb0") == 4  # one table per tree, where four columns have no room
    assert shown(render_run(several_trees()), 140).count("3ddb3fd8cdb0") == 1


def as_the_shell_takes_it(command: str) -> list[str]:
    """Return the words a shell makes of *command*, one per line."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_last_lines_repeat_the_run_when_pasted(width: int) -> None:
    page = shown(render_run(flagship()), width)
    assert as_the_shell_takes_it(page[page.rindex("repeat:") + len("repeat:") :]) == COMMAND.split()


@pytest.mark.parametrize(
    "command",
    [
        "plain",
        "a 'b c' --d='e  f' \"g \\\" h\"  i\\ j",
        "make " + "O=y " * 40,
        "a " + "'b  c' " * 40,
        "x > /dev/null; printf '%s\\n' " + "--option=value " * 20,
    ],
)
def test_a_pasted_command_means_the_same(command: str) -> None:
    page = shown(Paste("repeat: ", command), 60)
    assert all(len(line) <= 60 for line in page.splitlines())
    assert as_the_shell_takes_it(page.removeprefix("repeat: ")) == as_the_shell_takes_it(command)


def test_what_is_no_command_is_shown_whole() -> None:
    command = "seriestool run 'not closed " + "word " * 20
    assert shown(Paste("repeat: ", command), 60).split()[1:] == command.split()


def test_the_verdict_comes_last_before_the_command() -> None:
    page = render_text(flagship())
    tail = page[page.rindex("\n\n") :].split()
    assert tail[0] == "verdict:"
    assert "repeat:" in tail
    assert "the fix (11) cures it" in " ".join(tail)


def test_a_killed_run_has_no_verdict() -> None:
    assert "verdict: none yet: the run is under way" in render_text(killed())


def test_without_colour_there_is_no_escape_sequence() -> None:
    for make in RECORDS:
        assert "\x1b" not in shown(render_status(make()))


def test_with_colour_only_colours_get_through() -> None:
    page = shown(render_status(hostile()), colour=True)
    assert "\x1b[" in page
    assert set(re.findall(r"\x1b.[\d;]*(.)", page)) == {"m"}
    assert "\x07" not in page
    assert "\u202e" not in page
    assert "[red]" in page  # text, not markup


def test_lists_of_nothing_say_so() -> None:
    assert shown(render_status_list([])) == "no series was run yet\n"
    assert "not yet" in shown(render_trees([("stable-5.10", "Debian linux-source-5.10", None)]))
    tree = Tree("stable-5.10", "5.10.262-1", "c0ffee" + "0" * 34, "0" * 40)
    assert "5.10.262-1 c0ffee000000" in shown(render_trees([("stable-5.10", "Debian linux-source-5.10", tree)]))
