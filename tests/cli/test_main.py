# SPDX-License-Identifier: GPL-2.0-or-later
"""The program from outside: what it prints where, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seriestool import __version__
from seriestool.cli.main import COMMANDS, cli, run
from seriestool.cli.reference import reference
from seriestool.cli.stages import write_file

ROOT = Path(__file__).resolve().parents[2]


def program(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "seriestool", *words],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, and the current directory."""
    (tmp_path / "seriestool.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def expect_error(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Check the one form that errors have."""
    lines = done.stderr.splitlines()
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert lines[0].startswith("error: ")
    assert len(lines) <= 2
    assert all(line.startswith("hint: ") for line in lines[1:])
    for word in words:
        assert word in done.stderr


def test_help_imports_no_command(tmp_path: Path) -> None:
    code = "import sys\nfrom seriestool.cli.main import run\nrun(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stderr.split())
    assert not loaded & {"sqlalchemy", "git", "rich", "unidiff", "jinja2", "alembic", "seriestool.cli.run"}


def test_every_command_is_what_the_table_says() -> None:
    context = cli.make_context("seriestool", ["status"])
    for name, _, text in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert text
        assert command.help


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"seriestool {__version__}\n"


def test_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 129
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["aply"], ["aply", "did you mean: apply"]),
        (["run", "x", "--nonsense"], ["--nonsense", "seriestool run --help"]),
        (["apply", "no-such-series", "--tree", "stable-5.10"], ["no-such-series", "known: siginfo-guard"]),
        (["apply", "siginfo-guard", "--tree", "stable-9.9"], ["stable-9.9", "stable-5.10", "mainline-7.2"]),
        (["run", "siginfo-guard", "--tree", "stable-5.10", "--arch", "vax"], ["vax", "arm, x86_64"]),
        (["status", "no-such-series"], ["no-such-series"]),
        (["status", "siginfo-guard"], ["no run of siginfo-guard yet"]),
        (["report", "99"], ["99"]),
        (["report", "9" * 30], ["no such run"]),
        (["apply", "a" * 300, "--tree", "stable-5.10"], ["unknown series"]),
        (["apply", "http://[bad", "--tree", "stable-5.10"], ["http://[bad"]),
        (["-C", "nowhere", "status"], ["nowhere"]),
    ],
)
def test_what_does_not_exist_is_named(workspace: Path, words: list[str], named: list[str]) -> None:
    expect_error(program(*words, cwd=workspace), 129, *named)


@pytest.mark.parametrize("words", [("export", "demo", "-o", "out"), ("adapt", "demo", "01")])
def test_one_tree_where_only_one_counts(workspace: Path, words: tuple[str, ...]) -> None:
    """The last one won, and nothing said so."""
    done = program(*words, "--tree", "one", "-t", "two", cwd=workspace)
    assert (done.returncode, done.stdout) == (129, "")
    assert done.stderr == "error: --tree can be given once here, and is one and two\n"
    assert "unknown" in program(*words, "-t", "one", cwd=workspace).stderr


def test_ctrl_c_before_the_program_is_there_ends_it_quietly(workspace: Path) -> None:
    """A library that is just being imported is where it strikes; everything is later than that."""
    early = workspace / "early"
    early.mkdir()
    (early / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = program("trees", cwd=workspace, PYTHONPATH=os.pathsep.join((str(early), str(ROOT))))
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_outside_of_a_workspace(tmp_path: Path) -> None:
    expect_error(program("status", cwd=tmp_path), 129, "seriestool.toml")


def test_broken_workspace_file_is_named(workspace: Path) -> None:
    (workspace / "seriestool.toml").write_text("[trees\n")
    expect_error(program("trees", cwd=workspace), 129, "seriestool.toml")


def test_unknown_key_of_the_workspace_file_is_named(workspace: Path) -> None:
    (workspace / "seriestool.toml").write_text("colour = 1\n")
    expect_error(program("trees", cwd=workspace), 129, "colour")


def test_unknown_accelerator(workspace: Path) -> None:
    expect_error(program("trees", cwd=workspace, SERIESTOOL_ACCEL="xen"), 129, "xen", "tcg")


def test_archive_out_of_reach(workspace: Path) -> None:
    # Port 9 of this machine: discard(9), which nobody serves here.
    done = program(
        "apply", "20200101000000.1-1-x@example.com", "-q", "--tree", "stable-5.10",
        cwd=workspace, SERIESTOOL_LORE="http://127.0.0.1:9/",
    )  # fmt: skip
    expect_error(done, 125, "127.0.0.1:9")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(workspace: Path, shell: str) -> None:
    done = program("completion", shell, cwd=workspace)
    assert done.returncode == 0
    assert "_SERIESTOOL_COMPLETE" in done.stdout


def test_completion_of_trees(workspace: Path) -> None:
    words = "seriestool run x --tree stable-6"
    done = program(cwd=workspace, _SERIESTOOL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="4")
    assert {line.split(",")[1] for line in done.stdout.split()} == {"stable-6.1", "stable-6.12"}


@pytest.mark.parametrize("form", ["", "--json"])
def test_reader_that_goes_away(workspace: Path, form: str) -> None:
    line = f"{sys.executable} -m seriestool trees {form} | (exec <&-; sleep 2)"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=workspace, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, "")


def test_output_that_is_closed(workspace: Path) -> None:
    line = f"{sys.executable} -m seriestool trees >&-"
    done = subprocess.run(
        ["bash", "-c", line], cwd=workspace, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert "bug" not in done.stderr


def test_completion_outside_of_a_workspace_is_silent(tmp_path: Path) -> None:
    done = program(
        cwd=tmp_path, _SERIESTOOL_COMPLETE="bash_complete", COMP_WORDS="seriestool apply x --tree ", COMP_CWORD="4"
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_mail_cannot_steer_the_terminal(workspace: Path) -> None:
    mail = workspace / "evil.patch"
    mail.write_text("From: A <a@example.com>\nSubject: [PATCH] \x1b[31mred\n\nno diff\n")
    done = program("apply", "evil.patch", "-q", "--tree", "stable-5.10", cwd=workspace)
    assert done.returncode == 125
    assert "\x1b" not in done.stderr


def test_reference_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert written == reference(), "python -m seriestool.cli.reference > docs/reference/command-line.md"


def test_reference_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference()
    monkeypatch.setenv("COLUMNS", "40")
    assert reference() == before


def test_written_file_is_whole_and_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    page, pipe, link = tmp_path / "new" / "page.html", tmp_path / "pipe", tmp_path / "link"
    page.parent.mkdir()
    link.symlink_to(page)
    assert write_file(page, "text") == page
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]
    assert write_file(link, "other") == link
    assert (page.read_text(), link.is_symlink()) == ("other", True)
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    write_file(pipe, "text")
    assert reader.communicate(timeout=10)[0] == "text"
    assert pipe.is_fifo()
