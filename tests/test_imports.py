# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports go one way; each wall that is broken is named in one line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "seriestool"

LEAVES = frozenset({"errors", "log", "proc", "places"})
_STAGE_ROOM = LEAVES | {"model", "formats", "git", "arch"}

# Room -> the rooms it may import, beside itself. A room that is not here fails: give it a row.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "log": frozenset(),
    "proc": frozenset({"errors"}),
    "places": frozenset({"errors"}),
    "model": frozenset(),
    "formats": frozenset({"model", "errors"}),  # pure: no process, no place, no progress
    "report": frozenset({"model", "errors"}),  # pure as well
    "arch": LEAVES | {"model"},
    "store": LEAVES | {"model"},
    "git": LEAVES | {"model", "formats"},
    "apply": LEAVES | {"model", "formats", "git"},
    "adapt": LEAVES | {"model", "formats", "git", "apply"},
    "sources": _STAGE_ROOM,
    "trees": _STAGE_ROOM,
    "build": _STAGE_ROOM,
    "vm": _STAGE_ROOM,
    "abi": _STAGE_ROOM,
    "doctor": LEAVES | {"model", "arch"},
    "pipeline": _STAGE_ROOM
    | {"apply", "adapt", "sources", "trees", "build", "vm", "abi", "store", "report", "doctor"},
    "cli": _STAGE_ROOM
    | {"apply", "adapt", "sources", "trees", "build", "vm", "abi", "store", "report", "doctor", "pipeline"},
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}

# Library -> the only rooms that may import it.
DOORS: dict[str, frozenset[str]] = {
    "subprocess": frozenset({"proc"}),
    "git": frozenset({"git"}),
    "gitdb": frozenset({"git"}),
    "unidiff": frozenset({"formats", "git"}),
    "sqlalchemy": frozenset({"store"}),
    "alembic": frozenset({"store"}),
    "jinja2": frozenset({"report"}),
    "click": frozenset({"cli"}),
    "rich": frozenset({"cli", "report"}),
    "elftools": frozenset({"formats"}),
}

# Calls that only cli may make: it alone prints and exits.
_ENDINGS = frozenset({"print", "exit", "quit", "sys.exit", "os._exit"})
_STARTERS = frozenset({"os.system", "os.popen", "os.fork", "os.execv", "os.execvp", "os.posix_spawn", "os.spawnv"})


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its dotted name below seriestool, its room, and where the file is."""

    name: str
    path: Path
    package: bool = False

    @property
    def room(self) -> str:
        return self.name.split(".", 1)[0]


def modules(root: Path) -> Iterator[Module]:
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        package = parts[-1] == "__init__" and len(parts) > 1
        yield Module(".".join(parts[:-1] if package else parts), path, package)


def imported(tree: ast.AST, module: Module) -> Iterator[tuple[int, str]]:
    """Yield line and absolute name of every import, inside functions and ``if TYPE_CHECKING`` too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = ["seriestool", *module.name.split(".")]
                up = node.level - module.package
                base = ".".join([*here[: len(here) - up], *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _name(node.func) in ("importlib.import_module", "__import__"):
            yield node.lineno, _constant_start(node)


def _constant_start(call: ast.Call) -> str:
    """Return what is known of a dynamic import's name: a string, or an f-string up to its first hole."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.JoinedStr):
        first = first.values[0]
    return str(first.value).rstrip(".") if isinstance(first, ast.Constant) else "?"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def violations(root: Path) -> Iterator[str]:
    """Yield one readable line per broken wall below *root*, a package called seriestool."""
    for module in modules(root):
        where = f"seriestool/{module.path.relative_to(root)}"
        tree = ast.parse(module.path.read_bytes())
        allowed = MAY_IMPORT.get(module.room)
        if allowed is None:
            yield f"{where}: the room {module.room} has no row in MAY_IMPORT"
            continue
        for line, name in imported(tree, module):
            top, _, rest = name.partition(".")
            target = rest.split(".", 1)[0]
            if top == "seriestool" and target in MAY_IMPORT and target not in allowed | {module.room}:
                yield f"{where}:{line}: {module.room} must not import {target} ({name})"
            if top in DOORS and module.room not in DOORS[top]:
                owners = " and ".join(sorted(DOORS[top]))
                yield f"{where}:{line}: only {owners} may import {top}, {module.room} must not"
        yield from _calls(tree, module, where)


def _calls(tree: ast.AST, module: Module, where: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = _name(node.func)
        if called in _ENDINGS and module.room not in ("cli", "__main__"):
            yield f"{where}:{node.lineno}: only cli prints and exits, {module.room} must not call {called}()"
        if called in _STARTERS:
            yield f"{where}:{node.lineno}: only proc starts processes, {module.room} must not call {called}()"


def test_imports_go_one_way() -> None:
    broken = list(violations(PACKAGE))
    assert not broken, "\n" + "\n".join(broken)


def test_every_room_with_a_row_is_there() -> None:
    rooms = {module.room for module in modules(PACKAGE)}
    assert set(MAY_IMPORT) <= rooms, f"rows of MAY_IMPORT without a room: {sorted(set(MAY_IMPORT) - rooms)}"


def test_the_walls_have_no_cycle() -> None:
    left = {room: set(may) for room, may in MAY_IMPORT.items()}
    while free := [room for room, may in left.items() if not may & left.keys()]:
        for room in free:
            del left[room]
    assert not left, f"rooms that may import each other in a circle: {sorted(left)}"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("model/a.py", "import seriestool.proc", "a.py:1: model must not import proc (seriestool.proc)"),
        ("vm/a.py", "def f():\n    from seriestool.build import kbuild", "a.py:2: vm must not import build"),
        ("vm/a.py", "from seriestool import trees", "a.py:1: vm must not import trees (seriestool.trees)"),
        ("vm/deep/a.py", "from ...pipeline import run", "a.py:1: vm must not import pipeline"),
        ("git/__init__.py", "from ..store import x", "git/__init__.py:1: git must not import store"),
        ("formats/a.py", "from seriestool.proc import run", "formats must not import proc"),
        ("store/a.py", "if T:\n    from seriestool.git.store import S", "a.py:2: store must not import git"),
        ("proc.py", "from seriestool.log import QUIET", "seriestool/proc.py:1: proc must not import log"),
        ("trees/a.py", 'import_module = importlib.import_module(f"seriestool.vm.{x}")', "trees must not import vm"),
        ("build/a.py", "import subprocess", "only proc may import subprocess, build must not"),
        ("trees/a.py", "from git import Repo", "only git may import git, trees must not"),
        ("report/a.py", 'print("x")', "only cli prints and exits, report must not call print()"),
        ("build/a.py", "import sys\nsys.exit(1)", "a.py:2: only cli prints and exits, build must not call sys.exit()"),
        ("cli/a.py", 'os.system("x")', "only proc starts processes, cli must not call os.system()"),
        ("kitchen/a.py", "", "the room kitchen has no row in MAY_IMPORT"),
    ],
)
def test_a_broken_wall_is_named(tmp_path: Path, file: str, text: str, line: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    broken = list(violations(tmp_path))
    assert len(broken) == 1
    assert line in broken[0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("model/a.py", "from seriestool.model.series import Series"),
        ("model/__init__.py", "from . import series"),
        ("git/a.py", "from seriestool.formats.patch import parse\nimport git"),
        ("cli/a.py", "from seriestool.pipeline import run\nprint(1)"),
        ("store/a.py", "from seriestool import __version__"),
    ],
)
def test_an_open_door_is_not_named(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert list(violations(tmp_path)) == []
