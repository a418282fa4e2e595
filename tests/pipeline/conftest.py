# SPDX-License-Identifier: GPL-2.0-or-later
"""A workspace with a fake kernel as its tree: the whole pipeline in milliseconds, fakes only on PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.model.run import RunRecord, Stage
from seriestool.pipeline.context import Context, load_config
from seriestool.pipeline.run import RunRequest, run
from seriestool.pipeline.terms import Terms
from seriestool.places import Workspace, default_cache
from tests.fakebin import FakeBin, copy_kernel

ROOT = Path(__file__).resolve().parents[2]
TREE = "fake"
_FRAGMENTS = {"base": "CONFIG_SMP=y\n", "arm": "", "x86_64": ""}


def git(*words: str, cwd: Path) -> str:
    """Run git as a person would, and return what it says."""
    return subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Bench:
    """A workspace, its kernel repository, and the fake programs."""

    root: Path
    kernel: Path
    fakes: FakeBin

    @property
    def ctx(self) -> Context:
        """The surroundings of a command in this workspace."""
        workspace = Workspace(self.root)
        return Context(workspace, default_cache(), load_config(workspace), accelerator="tcg", jobs=2)

    def commit(self, subject: str, edits: dict[str, str]) -> None:
        """Commit *edits*, path to text that is put at the end of the file, to the kernel's branch of the series."""
        for path, text in edits.items():
            with (self.kernel / path).open("a", encoding="utf-8") as file:
                file.write(text)
        git("add", "--all", cwd=self.kernel)
        git("commit", "--quiet", "-m", subject, cwd=self.kernel)

    def track(self, fixes: int = 0, follow_ups: int = 0, extra: str = "") -> None:
        """Write what was committed since the base down as the series ``demo``; the last ones are fixes, follow-ups."""
        directory = self.root / "patches" / "demo"
        directory.mkdir(parents=True)
        names = git("format-patch", "--quiet", "-o", str(directory), "base", cwd=self.kernel)
        files = sorted(path.name for path in directory.glob("*.patch"))
        assert files, names
        lines = ['title = "demo"', "revision = 1", extra]
        for number, file in enumerate(files, 1):
            left = len(files) - number
            role = "follow-up" if left < follow_ups else "fix" if left < follow_ups + fixes else None
            lines += ["", "[[follow-up]]" if role else "[[patch]]", f'number = "{number:02}"', f'file = "{file}"']
            lines += [f'subject = "{file}"', *([f'role = "{role}"'] if role else [])]
        (directory / "series.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        git("checkout", "--quiet", "-B", "main", "base", cwd=self.kernel)

    def run(self, *arches: str, until: Stage = Stage.SELFTEST, with_follow_ups: bool = False) -> RunRecord:
        """Run the series ``demo`` on the fake tree."""
        terms = Terms(with_follow_ups=with_follow_ups)
        request = RunRequest("demo", (TREE,), arches or ("arm",), "again", until, terms)
        return run(self.ctx, request)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the program in this workspace, in a session of its own as from a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "seriestool", *words], cwd=self.root, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SERIESTOOL_ACCEL": "tcg"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def program(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        child = self.start(*words)
        stdout, stderr = child.communicate(timeout=60)
        return subprocess.CompletedProcess(words, child.returncode, stdout, stderr)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A workspace whose tree is the fake kernel, and no series yet."""
    kernel = copy_kernel(tmp_path / "kernel")
    git("init", "--quiet", "-b", "main", cwd=kernel)
    git("add", "--all", cwd=kernel)
    git("commit", "--quiet", "-m", "a kernel", cwd=kernel)
    git("tag", "base", cwd=kernel)
    root = tmp_path / "workspace"
    (root / "kernel-configs").mkdir(parents=True)
    for name, text in _FRAGMENTS.items():
        (root / "kernel-configs" / f"{name}.config").write_text(text)
    (root / "seriestool.toml").write_text(f'[trees."{TREE}"]\ngit = "{kernel}"\nref = "base"\n')
    return Bench(root, kernel, FakeBin(tmp_path / "bin", monkeypatch))


@pytest.fixture
def broken_and_cured(bench: Bench) -> Bench:
    """A series whose one patch makes the guard fail, and a fix that takes it back."""
    bench.commit("signal: break it", {"kernel/signal.c": "/* guest-fails: siginfo */\n"})
    signal = bench.kernel / "kernel" / "signal.c"
    signal.write_text(signal.read_text().replace("/* guest-fails: siginfo */\n", "/* cured */\n"))
    git("commit", "--quiet", "-am", "signal: cure it", cwd=bench.kernel)
    bench.track(fixes=1)
    return bench
