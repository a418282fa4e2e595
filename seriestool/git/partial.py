# SPDX-License-Identifier: GPL-2.0-or-later
"""Some files of a commit in a directory, moved from one state to the next so that make redoes only what changed.

A record beside the directory holds what was written, with size and time stamp of each file. Before anything is
touched, the record says of every path concerned that it is not known: whatever ends this process, the next move
writes these again.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import InputRefused
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.git.treeobject import EXECUTABLE, FILE, SYMLINK, Entry, Oid

_WRITABLE = frozenset({FILE, EXECUTABLE, SYMLINK, 0o100664})  # the last one is in histories older than git 1.0


@dataclass(frozen=True, slots=True)
class _Written:
    """What was written under a path; no ``entry`` means that nobody knows what is there."""

    entry: Entry | None = None
    size: int = 0
    mtime: int = 0


class PartialCheckout:
    """A directory that holds chosen files of a commit. It must be this process's alone while it is moved."""

    def __init__(self, store: ObjectStore, directory: Path, record: Path) -> None:
        self._store = store
        self._directory = directory
        self._record = record
        self._known = _read_record(record)

    @property
    def files(self) -> dict[str, Entry]:
        """What was written last, by path; of a move that was cut short, what is known to be there."""
        return {path: each.entry for path, each in self._known.items() if each.entry is not None}

    def move(self, wanted: Mapping[str, Entry]) -> tuple[str, ...]:
        """Make the directory hold exactly *wanted*; return the paths that were written or removed, sorted.

        Files that are there already keep their time stamps; others get the present. Submodules are left out. Raises
        InputRefused for a path that leaves the directory; MachineFault when an object is missing or the disk is full.
        """
        for path in wanted:
            _check(path)
        changed = self.differing(wanted)
        try:
            if changed:
                self._change(changed, wanted)
        except OSError as error:
            raise disk_fault(error, self._directory) from error
        return changed

    def differing(self, wanted: Mapping[str, Entry]) -> tuple[str, ...]:
        """Return the paths that ``move`` would write or remove, sorted."""
        wanted = _writable(wanted)
        return tuple(sorted(path for path in wanted.keys() | self._known.keys() if not self._intact(path, wanted)))

    def _intact(self, path: str, wanted: Mapping[str, Entry]) -> bool:
        known = self._known.get(path)
        if known is None or known.entry is None or known.entry != wanted.get(path):
            return False
        try:
            found = os.lstat(self._directory / path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (found.st_size, found.st_mtime_ns) == (known.size, known.mtime)

    def _change(self, changed: Iterable[str], wanted: Mapping[str, Entry]) -> None:
        wanted = _writable(wanted)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._known.update(dict.fromkeys(changed, _Written()))
        self._save()
        real: set[str] = {""}
        gone = [path for path in changed if path not in wanted]
        for path in gone:  # first: a file may stand where a folder has to be, and the other way round
            self._remove(path)
        for path in changed:
            if path in wanted:
                self._known[path] = self._write(path, wanted[path], real)
        for path in gone:
            del self._known[path]
        self._save()

    def _write(self, path: str, entry: Entry, real: set[str]) -> _Written:
        data = self._store.read_blob(entry.oid)
        self._make_folder(path.rpartition("/")[0], real)
        place = self._directory / path
        _clear(place)
        if entry.mode == SYMLINK:
            place.symlink_to(os.fsdecode(data))
        else:
            mode = 0o755 if entry.mode == EXECUTABLE else 0o644
            with open(place, "xb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, mode)) as file:
                file.write(data)
        found = place.lstat()
        return _Written(entry, found.st_size, found.st_mtime_ns)

    def _make_folder(self, folder: str, real: set[str]) -> None:
        """Make *folder*, replacing a file or a symlink that stands in the way of one of its levels."""
        if folder in real:
            return
        self._make_folder(folder.rpartition("/")[0], real)
        place = self._directory / folder
        if not _is_folder(place):
            _clear(place)
            place.mkdir()
        real.add(folder)

    def _remove(self, path: str) -> None:
        """Remove what is at *path*, and the folders that are empty then; through no symlink."""
        levels = path.split("/")
        if not all(_is_folder(self._directory / "/".join(levels[:count])) for count in range(1, len(levels))):
            return
        _clear(self._directory / path)
        for count in range(len(levels) - 1, 0, -1):
            try:
                (self._directory / "/".join(levels[:count])).rmdir()
            except OSError:  # not empty
                return

    def _save(self) -> None:
        rows = {
            path: [each.entry.mode, each.entry.oid, each.size, each.mtime] if each.entry is not None else None
            for path, each in self._known.items()
        }
        new = self._record.with_name(f"{self._record.name}.new")
        new.write_text(json.dumps(rows), encoding="ascii")
        new.replace(self._record)


def _read_record(record: Path) -> dict[str, _Written]:
    try:
        rows = json.loads(record.read_bytes())
        return {
            path: _Written(Entry(row[0], Oid(row[1])), row[2], row[3]) if row is not None else _Written()
            for path, row in rows.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise disk_fault(error, record) from error


def _writable(files: Mapping[str, Entry]) -> dict[str, Entry]:
    return {path: entry for path, entry in files.items() if entry.mode in _WRITABLE}


def _check(path: str) -> None:
    if "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
        raise InputRefused(f"the tree holds a path that leaves it: {path!r}")


def _is_folder(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _clear(place: Path) -> None:
    """Remove what is at *place*, a folder with all that is in it; a symlink itself."""
    if _is_folder(place):
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
