# SPDX-License-Identifier: GPL-2.0-or-later
"""A workspace whose trees are branches of one repository with a history, and the program run in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.apply.upstream import CODE, Repository

ROOT = Path(__file__).resolve().parents[2]


class Desk:
    """A workspace with one patch, ``demo``, that stands on a commit which the tree ``stable`` does not have."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repository = repository = Repository(root / "linux")
        repository.commit("core: begin", code__c=CODE)
        repository.release("5.10")
        step = repository.edit("\tcall_3();\n", "\tcall_3();\n\tfresh_step(context);\n")
        self.needed = repository.commit("core: needed", "Why.", code__c=step)
        self.patch = repository.commit("core: the patch", "Why.", code__c=repository.edit("(context)", "(context, 1)"))
        repository.branch("stable", "v5.10")
        directory = root / "patches" / "demo"
        directory.mkdir(parents=True)
        mail = repository.git("format-patch", "--stdout", "-1", self.patch)
        (directory / "0001.patch").write_text(mail + "\n")
        (directory / "series.toml").write_text(
            'title = "demo"\nrevision = 1\n[[patch]]\nnumber = "01"\nsubject = "core: the patch"\n'
            f'file = "0001.patch"\nupstream = "{self.patch[:12]}"\n'
        )
        self.trees("mainline", "stable")

    def trees(self, *names: str, url: str = "linux", more: str = "") -> None:
        """Write seriestool.toml."""
        refs = {"mainline": "main", "stable": "stable"}
        text = "".join(f'[trees."{name}"]\ngit = "{url}"\nref = "{refs[name]}"\n{more}\n' for name in names)
        (self.root / "seriestool.toml").write_text(text)

    def apply(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``seriestool apply demo``."""
        return self.program("apply", "demo", *words)

    def program(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program in the workspace."""
        command = [sys.executable, "-m", "seriestool", "-C", str(self.root), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
