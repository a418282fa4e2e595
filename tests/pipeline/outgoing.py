# SPDX-License-Identifier: GPL-2.0-or-later
"""A workspace with a small kernel in git, a series for it, and the real git to take an export in again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seriestool.model.export import Export
from seriestool.pipeline.context import Context, load_config
from seriestool.pipeline.exporting.prepare import ExportRequest, Prepared, prepare, write_files
from seriestool.places import Workspace, default_cache
from tests.git.room import Blob, Files
from tests.mails import git

ROOT = Path(__file__).resolve().parents[2]
TREE = "stable"
SLUG = "demo"
AUTHOR = {"GIT_AUTHOR_NAME": "Zoë Üml", "GIT_AUTHOR_EMAIL": "zoe@example.org"}
MAKEFILE = Blob(b"VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 7\nEXTRAVERSION =\n")


def lines(*marked: str, count: int = 30) -> bytes:
    """Return a file of numbered lines; "7 other" makes the seventh one another."""
    text = {number: f"line {number}" for number in range(1, count + 1)}
    text |= {int(each.split()[0]): f"line {each}" for each in marked}
    return "".join(f"{line}\n" for line in text.values()).encode()


@dataclass(frozen=True)
class Step:
    """One patch: the state after it, and its message."""

    files: Files
    message: str = "core: change things\n\nWhy.\n\nSigned-off-by: A U Thor <author@example.com>\n"
    author: Mapping[str, str] = field(default_factory=lambda: AUTHOR)


@dataclass(frozen=True)
class Outgoing:
    """The workspace ``root``, and the kernel's repository with the branch ``stable``."""

    root: Path
    kernel: Path

    @classmethod
    def make(cls, place: Path) -> Outgoing:
        """Make both, empty."""
        root, kernel = place / "workspace", place / "kernel"
        root.mkdir()
        git("init", "--quiet", "-b", "main", str(kernel))
        (root / "seriestool.toml").write_text(f'[trees."{TREE}"]\ngit = "{kernel}"\nref = "stable"\n')
        return cls(root, kernel)

    @property
    def ctx(self) -> Context:
        """The surroundings of a command in the workspace."""
        workspace = Workspace(self.root)
        return Context(workspace, default_cache(), load_config(workspace))

    def series(
        self, before: Files, *steps: Step, stable: Files | None = None, extra: Mapping[int, str] | None = None
    ) -> None:
        """Track *steps*, made on *before*, as ``demo``; the tree is *stable* (left out: *before*).

        *extra* are lines for the ``[[patch]]`` of a number.
        """
        base = self.commit(before, "base")
        git("branch", "--quiet", "--force", "stable", base, cwd=self.kernel)
        for step in steps:
            self.commit(step.files, step.message, step.author)
        directory = self.root / "patches" / SLUG
        git("format-patch", "--quiet", "--binary", "-o", str(directory), base, cwd=self.kernel)
        names = sorted(path.name for path in directory.glob("*.patch"))
        text = ['title = "core: a demo, größer"', "revision = 1"]
        for number, name in enumerate(names, 1):
            text += ["[[patch]]", f'number = "{number:02}"', f'file = "{name}"', f'subject = "patch {number}"']
            text += [(extra or {}).get(number, "")]
        (directory / "series.toml").write_text("\n".join(text) + "\n")
        if stable is not None:
            git("checkout", "--quiet", "stable", cwd=self.kernel)
            self.commit(stable, "another base")

    def commit(self, files: Files, message: str, author: Mapping[str, str] | None = None) -> str:
        """Commit exactly *files* (and a Makefile) on the branch that is checked out."""
        git("rm", "-rfq", "--ignore-unmatch", ".", cwd=self.kernel)
        for path, blob in {"Makefile": MAKEFILE, **files}.items():
            target = self.kernel / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(blob.data)
            target.chmod(blob.mode & 0o777)
        git("add", "--all", cwd=self.kernel)
        environment = {**os.environ, **(author or {})}
        command = ["git", "commit", "--quiet", "--cleanup=verbatim", "-F", "-"]
        subprocess.run(command, input=message.encode(), cwd=self.kernel, env=environment, check=True)
        return git("rev-parse", "HEAD", cwd=self.kernel).decode().strip()

    def adaptation(self, number: str, text: str) -> None:
        """Write an adaptation of patch *number* for the tree."""
        directory = self.root / "patches" / SLUG / "adaptations" / TREE
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{number}.toml").write_text(text)

    def prepare(self, request: ExportRequest | None = None) -> Prepared:
        """Prepare the export of ``demo``."""
        return prepare(self.ctx, request or ExportRequest(SLUG, TREE))

    def export(self, request: ExportRequest | None = None) -> Export:
        """Write the export to ``out`` beside the workspace, and return it."""
        prepared = self.prepare(request)
        assert prepared.export is not None
        write_files(self.out, prepared, force=True)
        return prepared.export

    @property
    def out(self) -> Path:
        """Where exports go."""
        return self.root.parent / "out"

    def checkout(self) -> Path:
        """Return a fresh clone of the tree, checked out."""
        path = self.root.parent / "clone"
        git("clone", "--quiet", "--branch", "stable", str(self.kernel), str(path))
        return path

    def program(self, *words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        """Run the program in the workspace."""
        return subprocess.run(
            [sys.executable, "-m", "seriestool", *words], cwd=self.root, capture_output=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        )  # fmt: skip


def taken_in(export: Export, clone: Path, *command: str) -> None:
    """Let git take the mails (``git am ...``), and compare every commit with what was exported: tree, author, text."""
    git(*command, cwd=clone)
    count = len(export.patches)
    shown = git("log", "--reverse", f"-{count}", "--format=%T%x00%an%x00%ae%x00%ad%x00%B%x01", "--date=raw", cwd=clone)
    found = [entry.strip("\n").split("\0") for entry in shown.decode().split("\1")[:-1]]
    assert [entry[0] for entry in found] == [patch.after for patch in export.patches]
    assert [entry[1:4] for entry in found] == [
        [patch.author.name, patch.author.email, patch.date] for patch in export.patches
    ]
    assert [entry[4].rstrip("\n") for entry in found] == [patch.message.rstrip("\n") for patch in export.patches]


def mail_files(directory: Path) -> Sequence[str]:
    """Return the mails of an export in order, as the shell's ``DIR/*.patch``."""
    return [str(path) for path in sorted(directory.glob("*.patch"))]
