# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool adapt`` from outside: a worktree for a person, what is recorded of it, and nothing left behind."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.cli.main import run
from seriestool.errors import MachineFault, UsageError
from seriestool.pipeline.adapting.state import InProgress, everything, keep
from seriestool.places import Workspace, default_cache
from tests.pipeline.conftest import Bench, git

DRIVER = "".join(f"int function_{number}(void)\n{{\n\treturn {number};\n}}\n\n" for number in range(12))
GUARD = "\tif (broken)\n\t\treturn -EIO;\n"


def guarded(text: str, *numbers: int) -> str:
    """Return the driver with a check in some of its functions."""
    for number in numbers:
        text = text.replace(f"function_{number}(void)\n{{\n", f"function_{number}(void)\n{{\n{GUARD}")
    return text


def older(text: str) -> str:
    """Return the driver as older kernels have it: function 7 goes by another name and returns otherwise."""
    return text.replace("int function_7(void)\n{\n\treturn 7;", "int old_seven(void)\n{\n\treturn 0x7;")


@dataclass(frozen=True)
class Desk:
    """A workspace with two trees, ``fake`` and ``old``, and a series of two patches, of which 01 fits only ``fake``."""

    bench: Bench
    capsys: pytest.CaptureFixture[str]

    @property
    def root(self) -> Path:
        return self.bench.root

    def worktree(self, number: str = "01", tree: str = "old") -> Path:
        return self.root / ".seriestool" / "adapt" / f"demo-{tree}-{number}"

    def file(self, number: str = "01", tree: str = "old") -> Path:
        return self.root / "patches" / "demo" / "adaptations" / tree / f"{number}.toml"

    def do(self, *words: str, code: int = 0) -> str:
        """Run the program and return what it prints; an error is printed in its one form."""
        self.capsys.readouterr()
        done = run([*words])
        out, err = self.capsys.readouterr()
        assert done == code, out + err
        if code > 100:
            lines = [line for line in err.splitlines() if line.startswith(("error: ", "hint: "))]
            assert lines
            assert lines[0].startswith("error: ")
            return "\n".join(lines)
        return out

    def resolve(self, text: str, number: str = "01") -> None:
        (self.worktree(number) / "drivers" / "driver.c").write_text(text)

    def outcome(self, number: str, tree: str = "old") -> dict[str, str]:
        run(["apply", "demo", "-q", "--tree", tree, "--json"])
        patches = json.loads(self.capsys.readouterr().out)["trees"][0]["patches"]
        found = next(patch for patch in patches if patch["number"] == number)
        assert isinstance(found, dict)
        return found


def put(kernel: Path, files: dict[str, str], subject: str) -> None:
    for path, text in files.items():
        (kernel / path).parent.mkdir(parents=True, exist_ok=True)
        (kernel / path).write_text(text)
    git("add", "--all", cwd=kernel)
    git("commit", "--quiet", "-m", subject, cwd=kernel)


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    kernel = bench.kernel
    put(kernel, {"drivers/driver.c": DRIVER, "drivers/deep/other.c": "int other;\n"}, "a driver")
    git("tag", "--force", "base", cwd=kernel)
    put(kernel, {"drivers/driver.c": older(DRIVER)}, "as it was")
    git("tag", "old", cwd=kernel)
    git("checkout", "--quiet", "--detach", "base", cwd=kernel)
    put(kernel, {"drivers/driver.c": guarded(DRIVER, 2, 7)}, "driver: check for power")
    put(kernel, {"drivers/driver.c": guarded(DRIVER, 2, 7, 10)}, "driver: check again")
    bench.track()
    with (bench.root / "seriestool.toml").open("a") as file:
        file.write(f'[trees.old]\ngit = "{kernel}"\nref = "old"\n')
    monkeypatch.chdir(bench.root)
    return Desk(bench, capsys)


FITTED = guarded(older(DRIVER), 2).replace("old_seven(void)\n{\n", f"old_seven(void)\n{{\n{GUARD}")


def test_conflict_in_a_real_worktree(desk: Desk) -> None:
    said = desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    tree = desk.worktree()
    for words in ("drivers/driver.c hunk 2, conflict at line", "--continue --reason", "function_7", str(tree)):
        assert words in said
    assert (tree.parent / "demo-old-01.md").read_text().expandtabs(8) == said
    text = (tree / "drivers/driver.c").read_text()
    assert GUARD in text.split("<<<<<<< old\n")[0], "the hunk that fits is there"
    for marker in ("||||||| expected by 01 (drivers/driver.c hunk 2)\n", "=======\n", ">>>>>>> 01: driver: check for"):
        assert marker in text
    assert git("status", "--short", cwd=tree) == "UU drivers/driver.c\n"
    assert git("log", "--format=%s", cwd=tree).startswith("as it was")
    git("checkout", "--theirs", "drivers/driver.c", cwd=tree)
    assert (tree / "drivers/driver.c").read_text().count(GUARD) == 2
    git("checkout", "--conflict=diff3", "drivers/driver.c", cwd=tree)
    assert "<<<<<<<" in (tree / "drivers/driver.c").read_text()
    git("checkout", "--ours", "drivers/driver.c", cwd=tree)
    assert (tree / "drivers/driver.c").read_text() == guarded(older(DRIVER), 2)


def test_only_what_a_person_needs_is_checked_out(desk: Desk) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    tree = desk.worktree()
    assert sorted(path.name for path in tree.iterdir() if path.is_dir()) == ["drivers"]
    assert (tree / "Makefile").is_file()
    assert not (tree / "drivers" / "deep").exists()
    assert git("diff", "--name-only", "HEAD", cwd=tree).split() == ["drivers/driver.c"]
    desk.do("adapt", "--abort")
    desk.do("adapt", "demo", "1", "--tree", "old", "--full", code=3)
    assert (tree / "drivers" / "deep" / "other.c").is_file()


def test_recorded_and_used(desk: Desk) -> None:
    assert desk.outcome("01")["outcome"] == "conflict"
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    assert "conflict markers are left: drivers/driver.c:" in desk.do("adapt", "--continue", "--reason", "x", code=129)
    desk.resolve(FITTED)
    reasons = ("--reason", "it had another name", "--hunk-reason", "drivers/driver.c:2=seven")
    said = desk.do("adapt", "--continue", *reasons)
    assert said.startswith(f"recorded {desk.file()}\n")
    assert "next: seriestool apply demo --tree old" in said
    text = desk.file().read_text()
    for words in ('reason = "it had another name"', 'reason = "seven"', "number = 2", 'tree = "old"', "A U Thor <"):
        assert words in text
    assert "number = 1" not in text, "a hunk that fits is not mentioned"
    assert not (desk.root / ".seriestool").exists()
    found = desk.outcome("01")
    assert (found["outcome"], found["evidence"]) == ("adapted", "it had another name")
    made = git("--git-dir", str(default_cache().store), "show", f"{found['commit']}:drivers/driver.c", cwd=desk.root)
    assert made == FITTED


def listing(desk: Desk) -> tuple[list[str], str, list[str]]:
    store = default_cache().store
    files = sorted(str(path) for path in desk.root.rglob("*"))
    admin = sorted(str(path) for path in store.rglob("*") if "objects" not in path.parts)
    return files, git("--git-dir", str(store), "for-each-ref", cwd=desk.root), admin


@pytest.mark.parametrize("place", ["", "elsewhere"])
def test_abort_leaves_nothing(desk: Desk, place: str) -> None:
    desk.do("apply", "demo", "-q", "--tree", "old", code=3)
    before = listing(desk)
    config = (default_cache().store / "config").read_text()
    desk.do("adapt", "demo", "1", "--tree", "old", *(["--worktree", place] if place else []), code=3)
    assert listing(desk) != before
    desk.do("adapt", "demo", "1", "--tree", "old", "--abort", "-n")
    assert listing(desk) != before
    desk.do("adapt", "demo", "1", "--tree", "old", "--abort")
    assert listing(desk) == before
    assert (default_cache().store / "config").read_text() == config


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """The limit on a file's size stands for the disk's."""
    state = InProgress(
        slug="demo", number="01", tree="old", version="5.10", subject="a", patch_id="0" * 40, before="1" * 40,
        commit="2" * 40, worktree=str(tmp_path / "tree"), causes={},
    )  # fmt: skip
    workspace = Workspace(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        with pytest.raises(MachineFault, match=r"no space left on device: .*demo-old-01\.json"):
            keep(workspace, state)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    keep(workspace, state)
    with pytest.raises(UsageError, match="is in progress in"):
        keep(workspace, state)
    assert [one.name for one in everything(workspace)] == ["demo-old-01"]


def test_dry_run_writes_nothing(desk: Desk) -> None:
    desk.do("apply", "demo", "-q", "--tree", "old", code=3)
    before = listing(desk)
    assert "drivers/driver.c hunk 2" in desk.do("adapt", "demo", "1", "--tree", "old", "-n", code=3)
    assert listing(desk) == before
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    said = desk.do("adapt", "--continue", "-n", "--reason", "why")
    assert said.startswith("patch-id = ")
    assert not desk.file().exists()
    assert desk.worktree().is_dir()


def test_what_makes_no_sense_is_named(desk: Desk) -> None:
    def error(*words: str) -> str:
        return desk.do("adapt", *words, code=129)

    assert "no adaptation is in progress" in error("--continue", "--reason", "x")
    assert "no adaptation of demo 01 for old is in progress" in error("demo", "1", "--tree", "old", "--abort")
    assert "no patch 7 in demo" in error("demo", "7", "--tree", "old")
    assert "unknown tree: new" in error("demo", "1", "--tree", "new")
    assert "no --tree given" in error("demo", "1")
    assert "no NUMBER given" in error("demo", "--tree", "old")
    assert "exclude each other" in error("--continue", "--abort")
    assert "--reason goes with --continue" in error("demo", "1", "--tree", "old", "--reason", "x")
    assert "--full goes with" in error("--abort", "--full")
    assert "no adaptation of patch 01 of demo for old" in error("demo", "1", "--show", "--tree", "old")
    assert "is not tracked" in error(str(desk.root / "patches" / "demo"), "1", "--tree", "old")
    assert "siginfo-guard is not a series of this workspace" in error("siginfo-guard", "1", "--tree", "old")
    (desk.root / "full").mkdir()
    (desk.root / "full" / "of").touch()
    assert "full: exists, and is not empty" in error("demo", "1", "--tree", "old", "--worktree", "full")
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    assert "is in progress in" in error("demo", "1", "--tree", "old")
    desk.resolve(FITTED)
    assert "no reason" in error("--continue")
    assert "no reason" in error("--continue", "--reason", " ")
    assert "nothing differs there" in error("--continue", "--reason", "x", "--hunk-reason", "drivers/driver.c:1=y")
    assert "not PATH:NUMBER=REASON" in error("--continue", "--reason", "x", "--hunk-reason", "driver.c")
    desk.resolve(older(DRIVER))
    assert "is as it was before the patch" in error("--continue", "--reason", "x")
    assert desk.worktree().is_dir()


def test_nothing_differs_from_the_posted_patch(desk: Desk) -> None:
    said = desk.do("adapt", "demo", "1", "--tree", "fake")
    assert "Every hunk is in the worktree" in said
    assert "no adaptation is needed" in desk.do("adapt", "--continue", "--reason", "x", code=129)


def test_a_patch_that_fits_can_be_adapted_too(desk: Desk) -> None:
    desk.do("adapt", "demo", "1", "--tree", "fake")
    tree = desk.worktree(tree="fake")
    (tree / "drivers/driver.c").write_text(guarded(DRIVER, 2))
    desk.do("adapt", "--continue", "--reason", "function 7 never breaks here")
    assert "omit = true" in desk.file(tree="fake").read_text()
    found = desk.outcome("01", "fake")
    assert (found["outcome"], found["evidence"]) == ("adapted", "function 7 never breaks here")


def test_what_the_tree_has(desk: Desk) -> None:
    kernel = desk.bench.kernel
    git("checkout", "--quiet", "--detach", "base", cwd=kernel)
    put(kernel, {"drivers/driver.c": guarded(DRIVER, 2, 7)}, "it has it")
    git("tag", "--force", "old", cwd=kernel)
    assert "nothing to adapt: old has patch 01 already" in desk.do("adapt", "demo", "1", "--tree", "old", code=129)


def test_a_blocked_patch_names_the_one_before(desk: Desk) -> None:
    kernel = desk.bench.kernel
    git("checkout", "--quiet", "--detach", "base", cwd=kernel)
    for path in (desk.root / "patches" / "demo").iterdir():
        path.unlink()
    (desk.root / "patches" / "demo").rmdir()
    checks = "".join(f"\tcheck_{number}();\n" for number in range(5))
    one = DRIVER.replace("\treturn 7;\n", f"\treturn 7;\n{checks}")
    put(kernel, {"drivers/driver.c": one}, "driver: check for power")
    put(kernel, {"drivers/driver.c": one.replace("check_4()", "check_4(1)")}, "driver: more")
    desk.bench.track()
    said = desk.do("adapt", "demo", "2", "--tree", "old", code=129)
    assert "needs what is missing of 01" in said
    assert "hint: seriestool adapt demo 01 --tree old" in said


def test_several_in_progress(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.do("adapt", "demo", "1", "--tree", "fake")
    said = desk.do("adapt", "--abort", code=129)
    assert "2 adaptations are in progress" in said
    assert "demo 01 --tree fake; demo 01 --tree old" in said
    monkeypatch.chdir(desk.worktree(tree="fake") / "drivers")
    desk.do("adapt", "--abort")
    monkeypatch.chdir(desk.root)
    assert (desk.worktree().is_dir(), desk.worktree(tree="fake").exists()) == (True, False)
    desk.do("adapt", "--abort")


def test_an_earlier_patch_that_was_adapted_meanwhile_is_named(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both stand on the state of before; the second may not fit behind the first."""
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.do("adapt", "demo", "2", "--tree", "old", "--force")
    for number, text, warned in (("01", FITTED, False), ("02", guarded(older(DRIVER), 2, 10) + "/* 2 */\n", True)):
        desk.resolve(text, number)
        assert run(["adapt", "--continue", "demo", number, "--tree", "old", "--reason", "why"]) == 0
        told = "warning: opened before 01 was adapted" in capsys.readouterr().err
        assert told is warned


def test_the_old_one_is_where_work_goes_on(desk: Desk) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    desk.do("adapt", "--continue", "--reason", "it had another name")
    said = desk.do("adapt", "demo", "1", "--tree", "old")
    assert "Started from the adaptation for old" in said
    assert (desk.worktree() / "drivers/driver.c").read_text() == FITTED
    desk.resolve(FITTED + "/* more */\n")
    desk.do("adapt", "--continue", "--reason", "and more")
    assert "[[extra]]" in desk.file().read_text()
    assert desk.outcome("01")["evidence"] == "and more"
    assert "Started from" not in desk.do("adapt", "demo", "1", "--tree", "old", "--fresh", code=3)


def test_it_travels_to_another_tree(desk: Desk) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    desk.do("adapt", "--continue", "--reason", "it had another name")
    kernel = desk.bench.kernel
    git("checkout", "--quiet", "--detach", "old", cwd=kernel)
    put(kernel, {"drivers/driver.c": "/* top */\n" + older(DRIVER)}, "older still")
    git("tag", "oldest", cwd=kernel)
    with (desk.root / "seriestool.toml").open("a") as file:
        file.write(f'[trees.oldest]\ngit = "{kernel}"\nref = "oldest"\n')
    found = desk.outcome("01", "oldest")
    assert (found["outcome"], found["evidence"]) == ("adapted", "it had another name (recorded for old, fits here)")
    assert desk.outcome("01", "fake")["outcome"] == "applies"
    assert "made on old" in desk.do("adapt", "demo", "--show", "--tree", "oldest")


def test_a_new_revision_starts_from_the_old_adaptation(desk: Desk) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    desk.do("adapt", "--continue", "--reason", "it had another name")
    patch = next((desk.root / "patches" / "demo").glob("0001-*.patch"))
    # Another revision: hunk 1 says something else, hunk 2 is as it was.
    patch.write_text(patch.read_text().replace("-EIO", "-ENXIO", 1))
    found = desk.outcome("01")
    assert found["outcome"] == "conflict"
    assert "it was not used" in found["evidence"]
    said = desk.do("adapt", "demo", "1", "--tree", "old")
    assert "which is for another revision of the patch" in said
    assert "taken over: drivers/driver.c hunk 2" in said
    assert (desk.worktree() / "drivers/driver.c").read_text() == FITTED.replace("-EIO", "-ENXIO", 1)
    desk.do("adapt", "--continue", "--reason", "again")
    assert desk.outcome("01")["evidence"] == "again"
    assert desk.file().read_text().count("it had another name") == 1, "that of the old revision is kept"


def test_a_file_that_is_not_there(desk: Desk) -> None:
    kernel = desk.bench.kernel
    git("checkout", "--quiet", "--detach", "old", cwd=kernel)
    git("mv", "drivers/driver.c", "drivers/older.c", cwd=kernel)
    git("commit", "--quiet", "-m", "another name", cwd=kernel)
    git("tag", "--force", "old", cwd=kernel)
    assert desk.outcome("01")["outcome"] == "missing-file"
    said = desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    assert "drivers/driver.c, conflict at line 1" in said
    tree = desk.worktree()
    (tree / "drivers/driver.c").unlink()
    (tree / "drivers/older.c").write_text(FITTED)
    (tree / "drivers/notes").write_text("not for git\n")
    said = desk.do("adapt", "--continue", "--reason", "it is in another file")
    assert "not part of it, because git did not know them: drivers/notes" in said
    found = desk.outcome("01")
    assert (found["outcome"], found["evidence"]) == ("adapted", "it is in another file")


def test_shown_with_what_verified_it(desk: Desk) -> None:
    desk.do("adapt", "demo", "1", "--tree", "fake")
    (desk.worktree(tree="fake") / "drivers/driver.c").write_text(guarded(DRIVER, 2))
    desk.do("adapt", "--continue", "--reason", "function 7 never breaks here")
    said = desk.do("adapt", "demo", "1", "--show", "--tree", "fake")
    for words in ("01 driver: check for power", "made on fake", "A U Thor", "function 7 never breaks here", "hunk 2"):
        assert words in said
    assert "not built yet: seriestool run demo --tree fake" in said
    assert " ! 1: " in said
    assert "-@@ drivers/driver.c" in said
    desk.bench.run("arm")
    said = desk.do("adapt", "demo", "--show", "--tree", "fake")
    assert "verified: run 1: arm series: build passed, boot passed" in said
    assert "not built yet" not in said
    (shown,) = json.loads(desk.do("adapt", "demo", "--show", "--tree", "fake", "--json"))["adaptations"]
    assert (shown["used"], shown["number"], shown["verified"][0]["run"]) == (True, "01", 1)


def test_no_identity(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    monkeypatch.delenv("GIT_AUTHOR_EMAIL")
    said = desk.do("adapt", "--continue", "--reason", "x", code=129)
    assert "git does not know who you are" in said
    assert "git config --global user.name" in said
    git("config", "--global", "user.name", "Some One", cwd=desk.root)
    git("config", "--global", "user.email", "one@example.com", cwd=desk.root)
    desk.do("adapt", "--continue", "--reason", "x")
    assert 'author = "Some One <one@example.com>"' in desk.file().read_text()


def test_an_editor_asks_for_the_reason(desk: Desk, tmp_path: Path) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\ngrep -q '^# Why does patch 01' \"$1\" || exit 1\n"
        "sed -i -e '1s/.*/it had another name/' -e '/driver.c:2/,$s/^Not in this tree.*/seven/' \"$1\"\n"
    )
    editor.chmod(0o755)
    code, _ = on_a_terminal(desk, str(editor))
    assert code == 0
    text = desk.file().read_text()
    assert 'reason = "it had another name"' in text
    assert 'reason = "seven"' in text


@pytest.mark.parametrize(("editor", "message"), [("false", "false: "), ("true", "the reason is empty")])
def test_an_editor_that_does_not_tell(desk: Desk, editor: str, message: str) -> None:
    desk.do("adapt", "demo", "1", "--tree", "old", code=3)
    desk.resolve(FITTED)
    code, said = on_a_terminal(desk, editor)
    assert code in (125, 129)
    assert f"error: {message}" in said
    assert desk.worktree().is_dir()


def on_a_terminal(desk: Desk, editor: str) -> tuple[int, str]:
    """Run ``adapt --continue`` on a terminal, with an editor; return the exit code and what was written there."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "seriestool", "adapt", "--continue"],
        cwd=desk.root, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "GIT_EDITOR": editor, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # the terminal's other side is closed
        pass
    os.close(ours)
    return child.wait(timeout=60), said.decode()
