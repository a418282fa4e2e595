# SPDX-License-Identifier: GPL-2.0-or-later
"""Installed headers, kept by the key of what they are made from.

Below one directory: ``content/`` holds every file once, by its content's id; ``entries/<arch>-<key>/`` holds an
include tree of hard links to it, and the list of its files. An entry appears by rename(2), so it is whole or not there.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seriestool.git.disk import disk_fault
from seriestool.git.treeobject import Oid

_LIST = "files.json"
_KEEP = 600  # entries: 12 architectures times 50 states, about 0.1 MB each beside the content they share
_IN_USE = 3600.0  # seconds since the last use for which an entry stays, however many there are


@dataclass(frozen=True, slots=True)
class Installed:
    """The user-space headers of one state on one architecture.

    ``include`` is what a compiler's ``-isystem`` takes. ``files`` gives the id of each header's content, by its path
    below ``include`` ("linux/perf_event.h"), sorted; the id is that of git's blob.
    """

    kernel_arch: str
    include: Path
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstallFailure:
    """Why a state's headers could not be installed on one architecture, in one line."""

    kernel_arch: str
    reason: str


class InstalledHeaders:
    """The entries below one directory. Reading needs no lock; adding the same one twice is harmless."""

    def __init__(self, directory: Path) -> None:
        self._entries = directory / "entries"
        self._content = directory / "content"

    def find(self, kernel_arch: str, key: str) -> Installed | None:
        """Return the headers kept under *key*, None where there are none."""
        place = self._place(kernel_arch, key)
        try:
            listed = json.loads((place / _LIST).read_bytes())
            _check(place / "include", listed)
            os.utime(place)  # the time of the last use, for prune()
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):  # a power cut can leave a list, or a header, without its end
            shutil.rmtree(place)
            return None
        except OSError as error:
            raise disk_fault(error, place) from error
        return Installed(kernel_arch, place / "include", {path: oid for path, (oid, _) in listed.items()})

    def keep(self, content: bytes) -> Oid:
        """Keep the content of one file and return its id. Raises OSError where the file system refuses."""
        oid = Oid.of("blob", content)
        place = self._file(oid)
        try:
            if os.stat(place).st_size == len(content):  # noqa: PTH116  # a power cut can leave it short
                return oid
        except FileNotFoundError:
            pass
        folder = os.path.dirname(place)  # noqa: PTH120
        Path(folder).mkdir(parents=True, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(new).chmod(0o444)  # shared by many trees
            Path(new).replace(place)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
        return oid

    def collect(self, include: Path) -> dict[str, Oid]:
        """Keep every file below *include*; return the ids by path. Raises OSError where the file system refuses."""
        files = {}
        for folder, _, names in os.walk(include):
            below = folder[len(str(include)) + 1 :]
            for name in names:
                place = f"{folder}/{name}"
                if not os.path.islink(place):  # noqa: PTH114
                    files[f"{below}/{name}" if below else name] = self.keep(Path(place).read_bytes())
        return files

    def add(self, kernel_arch: str, key: str, files: Mapping[str, str]) -> Installed:
        """Make the include tree of *files*, whose contents are kept already, and return it.

        Raises OSError where the file system refuses.
        """
        place = self._place(kernel_arch, key)
        files = dict(sorted(files.items()))
        self._entries.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=self._entries))
        try:
            include = new / "include"
            for folder in sorted({path.rpartition("/")[0] for path in files}):
                (include / folder).mkdir(parents=True, exist_ok=True)
            listed = {}
            for path, oid in files.items():
                _link(self._file(oid), f"{include}/{path}")
                listed[path] = oid, os.stat(f"{include}/{path}").st_size  # noqa: PTH116
            (new / _LIST).write_text(json.dumps(listed), encoding="ascii")
            new.chmod(0o755)
            new.rename(place)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another process was faster: the same tree
                raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
        return Installed(kernel_arch, place / "include", files)

    def prune(self, keep: int = _KEEP) -> None:
        """Remove the entries that were used longest ago until *keep* are left, and content that no entry has.

        What was used within the last hour stays. Only one process may do this at a time, and none may add meanwhile.
        """
        try:
            entries = {path: path.stat().st_mtime for path in self._entries.iterdir()}
        except FileNotFoundError:
            return
        oldest = sorted(entries, key=entries.__getitem__)[: max(len(entries) - keep, 0)]
        unused = [path for path in oldest if entries[path] < time.time() - _IN_USE]
        for path in unused:
            shutil.rmtree(path, ignore_errors=True)
        if unused:
            for path in self._content.glob("??/*"):
                if path.stat().st_nlink == 1:
                    path.unlink()

    def _place(self, kernel_arch: str, key: str) -> Path:
        return self._entries / f"{kernel_arch}-{key}"

    def _file(self, oid: str) -> str:
        # A string: a state of eight architectures has 7,000 files, and a Path costs more than the link.
        return f"{self._content}/{oid[:2]}/{oid[2:]}"


def _check(include: Path, listed: object) -> None:
    """Raise ValueError unless *listed* is a list of headers, and each is below *include* in its whole length."""
    if not isinstance(listed, dict):
        raise ValueError("not a list of headers")
    for path, (_, size) in listed.items():
        try:
            there = os.stat(f"{include}/{path}").st_size  # noqa: PTH116
        except FileNotFoundError:
            there = None
        if there != size:
            raise ValueError(f"{path} has another length")


def _link(content: str, place: str) -> None:
    """Link *place* to *content*, or copy it where the file system has no (more) links for it."""
    try:
        os.link(content, place)
    except OSError as error:
        if error.errno not in (errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        shutil.copyfile(content, place)
