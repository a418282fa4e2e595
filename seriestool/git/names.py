# SPDX-License-Identifier: GPL-2.0-or-later
"""In which files of a tree names occur: one ``git grep`` for all of them, remembered on disk.

A tree object never changes, so what was found in it once stays true; ``seriestool-names/<tree object>.json`` in the
store's directory keeps it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from seriestool.errors import CommandFailed
from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore

FOLDER = "seriestool-names"
_MOST = 100  # names looked for at once; a patch with more strangers is for another project
_WIDE = frozenset({"arch", "drivers", "sound", "tools", "Documentation", "samples"})  # their parts share no names
_HEADERS = ("include", "arch/*/include")
_TOOLS = ("tools/include", "tools/lib", "include")

Found = dict[str, dict[str, str]]
"""Folder -> name -> the first file below it that has the name, "" for none."""


def folders(path: str) -> tuple[str, ...]:
    """Return the folders in which a name that code in *path* uses can be: its own, and those of headers."""
    parts = path.split("/")[:-1]
    if not parts or "*" in path:
        return _HEADERS
    own = "/".join(parts[: 2 if parts[0] in _WIDE else 1])
    return tuple(dict.fromkeys((own, *(_TOOLS if parts[0] == "tools" else _HEADERS))))


def find_names(store: ObjectStore, tree: str, wanted: Mapping[str, Iterable[str]]) -> Found:
    """Say for each folder of *wanted* in which file of the tree object *tree* its names are.

    Raises MachineFault when git cannot be run.
    """
    place = store.path / FOLDER / f"{tree}.json"
    found = _load(place)
    news = {folder: [name for name in names if name not in found.get(folder, {})] for folder, names in wanted.items()}
    names = list(dict.fromkeys(name for new in news.values() for name in new))[:_MOST]
    if names:
        searched = [folder for folder, new in news.items() if new]
        hits = _grep(store, tree, names, searched)
        for folder in searched:
            found.setdefault(folder, {}).update((name, _first(hits.get(name, ()), folder)) for name in names)
        _save(place, found)
    return found


def _grep(store: ObjectStore, tree: str, names: Sequence[str], searched: Sequence[str]) -> dict[str, list[str]]:
    """Return the files that have each name as a whole word."""
    words = [argument for name in names for argument in ("-e", name)]
    paths = [f":(glob){folder}/**" if "*" in folder else f":(literal){folder}/" for folder in searched]
    try:
        told = run_git(git_at(store.path), "grep", "-I", "-w", "-F", "-o", "-z", *words, tree, "--", *paths)
    except CommandFailed as failed:
        if failed.status == 1:  # git-grep(1): nothing was found
            return {}
        raise
    hits: dict[str, dict[str, None]] = {}
    for line in told.split("\n"):
        file, _, name = line.partition("\0")
        hits.setdefault(name, {})[file.partition(":")[2]] = None
    return {name: list(files) for name, files in hits.items()}


def _first(files: Iterable[str], folder: str) -> str:
    start, _, end = f"{folder}/".partition("*")
    return next((file for file in files if file.startswith(start) and end in file[len(start) :]), "")


def _load(place: Path) -> Found:
    """Read what is known; a file that is not there or damaged knows nothing."""
    try:
        known = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    sound = isinstance(known, dict) and all(isinstance(names, dict) for names in known.values())
    return known if sound else {}


def _save(place: Path, found: Found) -> None:
    """Write it, whole or not at all; where that fails, it is asked again the next time."""
    partial = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(exist_ok=True)
        partial.write_text(json.dumps(found, sort_keys=True), encoding="utf-8")
        partial.replace(place)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
