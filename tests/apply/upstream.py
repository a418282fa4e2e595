# SPDX-License-Identifier: GPL-2.0-or-later
"""A repository with a history, written by the real git, and the trees that seriestool makes of its branches."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from seriestool.apply.landing import Landing, Upstream, find_landings
from seriestool.apply.series import apply_series
from seriestool.git.commits import read_commit
from seriestool.git.history import Histories, History
from seriestool.git.objects import ObjectStore
from seriestool.model.outcome import TreeOutcome
from seriestool.model.series import Patch
from seriestool.model.tree import GitSource, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees import import_tree, open_history

CODE = "".join(f"void function_{number}(void)\n{{\n\tcall_{number}();\n}}\n\n" for number in range(12))


@dataclass
class Repository:
    """A working repository; commits are a minute apart, so that their order is never a matter of chance."""

    path: Path
    clock: int = 1_600_000_000

    def __post_init__(self) -> None:
        self.path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", "--template=")

    def git(self, *words: str, stdin: bytes = b"", author: str = "A U Thor") -> str:
        """Run the real git as *author*, a minute later."""
        self.clock += 60
        date = f"{self.clock} +0000"
        mail = f"{author.split(maxsplit=1)[0].lower()}@example.com"
        env = {**os.environ, "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": mail, "GIT_COMMITTER_DATE": date}
        env["GIT_AUTHOR_DATE"] = date
        done = subprocess.run(["git", *words], cwd=self.path, input=stdin, capture_output=True, check=True, env=env)
        return done.stdout.decode().strip()

    def commit(self, subject: str, body: str = "", author: str = "A U Thor", **files: str) -> str:
        """Write *files* (a double underscore stands for a dot) and commit them."""
        for name, text in files.items():
            (self.path / name.replace("__", ".")).write_text(text)
        self.git("add", "--all")
        message = f"{subject}\n\n{body}" if body else subject
        self.git("commit", "--quiet", "--allow-empty", "--file=-", stdin=message.encode(), author=author)
        return self.head

    def edit(self, old: str, new: str, file: str = "code.c") -> str:
        """Return the text of *file* with *old*, which must be there once, replaced."""
        text = (self.path / file).read_text()
        assert text.count(old) == 1, (old, text)
        return text.replace(old, new)

    def release(self, version: str) -> str:
        """Commit a Makefile of that version and tag it."""
        numbers, _, candidate = version.partition("-")
        major, minor, *rest = numbers.split(".")
        extra = f" -{candidate}" if candidate else ""
        text = f"VERSION = {major}\nPATCHLEVEL = {minor}\nSUBLEVEL = {rest[0] if rest else 0}\nEXTRAVERSION ={extra}\n"
        commit = self.commit(f"Linux {version}", Makefile=text)
        self.git("tag", "-a", "-m", version, f"v{version}")
        return commit

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str) -> None:
        """Begin a branch and go there."""
        self.git("checkout", "--quiet", "-b", name, start)


@dataclass
class Trees:
    """A store, and what it takes from repositories."""

    store: ObjectStore
    cache: Cache

    def tree(self, source: GitSource, name: str = "tree") -> tuple[Tree, History | None]:
        """Import a tree and open its history."""
        spec = TreeSpec(name, source)
        tree = import_tree(spec, store=self.store, cache=self.cache)
        return tree, open_history(spec, self.store, tree)

    def own(self, repository: Repository, ref: str, name: str = "tree") -> tuple[Tree, Histories]:
        """Import *ref* of a repository on this machine; the history is its own."""
        tree, history = self.tree(GitSource(str(repository.path), ref), name)
        assert history is not None
        return tree, Histories(history)

    def landing(self, tree: Tree, histories: Histories, patch: Patch, upstream: Upstream | None) -> Landing:
        """Return what is known of one patch."""
        known = {patch.number: upstream} if upstream else {}
        return find_landings(tree, [patch], known, histories).get(patch.number, Landing())

    def judged(
        self, tree: Tree, histories: Histories, patch: Patch, upstream: Upstream | None
    ) -> TreeOutcome:
        """Apply one patch with all that is known of it."""
        landings = {patch.number: self.landing(tree, histories, patch, upstream)}
        return apply_series(self.store, tree, [patch], landings=landings)


def patch_of(repository: Repository, commit: str, number: str = "01") -> Patch:
    """Read a commit of *repository* as a patch."""
    history = open_history(TreeSpec("any", GitSource(str(repository.path), "HEAD")), ObjectStore(repository.path))
    assert history is not None
    with history:
        return read_commit(history, commit, number)
