# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits on real trees that nobody has made yet, in a repository of the test's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.kernel.conftest import real_cache
from tests.mails import git


class Repository:
    """A repository of the test's own, which sees the objects of the real store and writes none of them there."""

    def __init__(self, place: Path) -> None:
        self.place = place
        git("init", "--quiet", "--bare", str(place))
        (place / "objects/info/alternates").write_text(f"{real_cache().store}/objects\n")

    def commit(self, parent: str, like: str, subject: str, files: Mapping[str, bytes]) -> str:
        """Commit the tree of *like* with other *files* behind *parent*."""
        index = {"GIT_INDEX_FILE": str(self.place / "index")}
        self._git("read-tree", like, environment=index)
        for path, content in files.items():
            oid = self._git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
            self._git("update-index", "--cacheinfo", f"100644,{oid},{path}", environment=index)
        tree = self._git("write-tree", environment=index).decode().strip()
        text = f"{subject}\n\nWhat this is for is told in the test.\n"
        return self._git("commit-tree", tree, "-p", parent, stdin=text.encode()).decode().strip()

    def read(self, commit: str, path: str) -> bytes:
        """Return a file of *commit*."""
        return self._git("cat-file", "blob", f"{commit}:{path}")

    def _git(self, *words: str, stdin: bytes = b"", environment: Mapping[str, str] = MappingProxyType({})) -> bytes:
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (
            ("NAME", "A U Thor"), ("EMAIL", "author@example.com"), ("DATE", "2021-04-08T12:00:00+0000"),
        )}  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**who, **environment}.items():
                patch.setitem(os.environ, name, value)
            return git(*words, stdin=stdin, cwd=self.place)
