# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool.toml``: the kernel trees and defaults of a workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from seriestool.errors import UsageError
from seriestool.formats.toml import Form, Table, read_toml
from seriestool.model.tree import DebianSource, GitSource, Source, TarballSource, TreeSpec

# Names become directory names and parts of refs (git-check-ref-format(1)).
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
# Debian Policy 5.6.1 and 5.6.12: names of packages, versions.
_PACKAGE = Form(re.compile(r"[a-z0-9][a-z0-9+.-]+"), "the name of a Debian package")
_VERSION = Form(re.compile(r"[0-9][A-Za-z0-9.+~:-]*"), "a Debian version")
_SUITE = Form(re.compile(r"[a-z0-9][a-z0-9._/-]*"), "a Debian suite")
# Neither git nor apt may take a value for an option.
_PLAIN = Form(re.compile(r"(?!-)[^\x00-\x1f]+"), "a plain name")

# A scheme, or scp's form of an address (git-fetch(1), GIT URLS).
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[^/:]+@[^/:]+:")

_KINDS = {
    "debian": {"debian", "suite", "version"},
    "git": {"git", "ref", "history"},
    "tarball": {"tarball"},
}


@dataclass(frozen=True, slots=True)
class Config:
    """What a ``seriestool.toml`` says: trees in its order, the arches built and the ABIs looked at by default."""

    trees: tuple[TreeSpec, ...] = ()
    arches: tuple[str, ...] = ()
    abis: tuple[str, ...] = ()

    def anchored(self, directory: Path) -> Config:
        """Return the same with paths that count from *directory*: that of the file they were read from."""
        return replace(self, trees=tuple(_anchored(tree, directory) for tree in self.trees))

    def over(self, other: Config) -> Config:
        """Return this one's trees and arches, completed by those that only *other* has; ABIs are this one's alone.

        A workspace that names none is told about every ABI of its machine, whatever others insist on.
        """
        own = {tree.name for tree in self.trees}
        more = tuple(tree for tree in other.trees if tree.name not in own)
        return Config(self.trees + more, self.arches or other.arches, self.abis)


def read_config(text: str, path: str) -> Config:
    """Read the text of a ``seriestool.toml``; *path* is what errors call it.

    Raises UsageError that names the file and the key: not TOML, an unknown key, a tree without a source or with two.
    """
    top = read_toml(text, path, {"abis", "arches", "trees"})
    trees = top.values.get("trees", {})
    if not isinstance(trees, dict):
        raise top.wrong("trees", "is not a table")
    specs = tuple(_tree(name, value, path) for name, value in trees.items())
    return Config(specs, top.texts("arches"), top.texts("abis"))


def _anchored(tree: TreeSpec, directory: Path) -> TreeSpec:
    match tree.source:
        case GitSource(url) if not _URL.match(url):
            return TreeSpec(tree.name, replace(tree.source, url=str(directory / Path(url).expanduser())))
        case TarballSource(location) if not _URL.match(location):
            return TreeSpec(tree.name, TarballSource(str(directory / Path(location).expanduser())))
    return tree


def _tree(name: str, value: object, path: str) -> TreeSpec:
    where = f'{path}: [trees."{name}"]'
    if not _NAME.fullmatch(name) or name.endswith(".lock"):
        raise UsageError(f"{where}: not a name for a tree", hint="letters, digits, dots, dashes and underscores")
    if not isinstance(value, dict):
        raise UsageError(f"{where}: not a table")
    table = Table(value, where)
    kinds = [kind for kind in _KINDS if kind in value]
    if len(kinds) != 1:
        said = " and ".join(kinds) or "no source"
        raise UsageError(f"{where}: {said}", hint="exactly one of debian, git or tarball")
    table.check_keys(_KINDS[kinds[0]])
    return TreeSpec(name, _source(kinds[0], table))


def _source(kind: str, table: Table) -> Source:
    if kind == "debian":
        version = table.optional("version", _VERSION)
        return DebianSource(table.text("debian", _PACKAGE), table.text("suite", _SUITE), version)
    if kind == "git":
        return GitSource(table.text("git", _PLAIN), table.text("ref", _PLAIN), _history(table))
    return TarballSource(table.text("tarball", _PLAIN))


def _history(table: Table) -> bool | str | None:
    """Read ``history``: true, false, or the revision that it begins after."""
    value = table.values.get("history")
    return value if value is None or isinstance(value, bool) else table.text("history", _PLAIN)
