# SPDX-License-Identifier: GPL-2.0-or-later
"""Where headers are installed: one source directory, and a build directory (``O=``) per architecture beside it.

Moved from state to state, so that make redoes what changed. A few of them are kept, one for each tree that is worked
on; a state goes to the one that it differs least from.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from seriestool.abi.make import NO_END, Task, install_headers
from seriestool.abi.source import STUBS, can_go_on, changed, is_common, of_arch
from seriestool.errors import MachineFault
from seriestool.git.objects import ObjectStore
from seriestool.git.partial import PartialCheckout
from seriestool.git.treeobject import FILE, Entry

_MOST = 3  # at most this many: a tree, its reference, and one more; each has up to 150 MB
_NEAR = 0.2  # a state that differs in more than this part of the files belongs to another tree


class Workplace:
    """One workplace; this process has it alone."""

    def __init__(self, store: ObjectStore, path: Path) -> None:
        self.path = path
        self.source = path / "source"
        self._out = path / "out"
        self._store = store
        path.mkdir(parents=True, exist_ok=True)
        self._checkout = PartialCheckout(store, self.source, path / "source.json")

    @property
    def files(self) -> dict[str, Entry]:
        """The tree's files that are in the source directory."""
        return {path: entry for path, entry in self._checkout.files.items() if path not in STUBS}

    @property
    def kernel_arches(self) -> tuple[str, ...]:
        """The architectures that have a build directory here."""
        return tuple(sorted(path.name for path in self._out.iterdir())) if self._out.is_dir() else ()

    def distance(self, wanted: Mapping[str, Entry]) -> float:
        """Return which part of the files that all architectures share would have to be written: 0 to 1."""
        ours, theirs = (
            {path: entry for path, entry in each.items() if is_common(path)} for each in (self.files, wanted)
        )
        return len(changed(ours, theirs)) / max(len(ours), len(theirs), 1)

    def move(self, wanted: Mapping[str, Entry]) -> None:
        """Make the source directory hold exactly *wanted*; what is installed from it afterwards is exact.

        Where make would not see by itself what to redo, it has to begin from nothing.
        """
        whole = {**wanted, **{path: Entry(FILE, self._store.write_blob(data)) for path, data in STUBS.items()}}
        differing = dict.fromkeys(self._checkout.differing(whole))
        for arch in self.kernel_arches:
            if not can_go_on(of_arch(differing, arch)):
                shutil.rmtree(self._out / arch, ignore_errors=True)
        self._checkout.move(whole)
        os.utime(self.path)

    def install(self, kernel_arches: Sequence[str], *, jobs: int = 1) -> dict[str, str]:
        """Install the headers of these architectures, each into its ``target``; return why not in one line, or nothing.

        Raises MachineFault like ``make.install_headers``.
        """
        for arch in kernel_arches:
            if self._mark(arch).exists():  # make was killed: files may be half-written, and newer than their sources
                shutil.rmtree(self._out / arch, ignore_errors=True)
        begun = self.kernel_arches
        failures: dict[str, str] = {}
        rest = list(kernel_arches)
        if rest and not set(rest) <= set(begun):  # a new one starts as a copy of one that nothing runs in meanwhile
            model = next((arch for arch in begun if arch not in rest and not self._mark(arch).exists()), None)
            if model is None:
                model = rest.pop(next((number for number, arch in enumerate(rest) if arch in begun), 0))
                failures |= self._run([model], None, jobs)
            return failures | self._run(rest, model, jobs)
        return self._run(rest, None, jobs)

    def _run(self, kernel_arches: Sequence[str], model: str | None, jobs: int) -> dict[str, str]:
        for folder in (self._out, self.path / "logs"):
            folder.mkdir(exist_ok=True)
        for arch in kernel_arches:
            self._mark(arch).touch()
            shutil.rmtree(self.target(arch), ignore_errors=True)
        tasks = [
            Task(
                arch, self._out / arch, self.target(arch), self.path / "logs" / f"{arch}.log",
                self._out / model if model else None,
            )
            for arch in kernel_arches
        ]  # fmt: skip
        failures = install_headers(self.source, tasks, jobs=jobs) if tasks else {}
        for arch, failure in failures.items():
            if not failure.startswith(NO_END):
                self._mark(arch).unlink()
        return failures

    def _mark(self, kernel_arch: str) -> Path:
        """Return the file that is there while make runs."""
        return self.path / f"running-{kernel_arch}"

    def target(self, kernel_arch: str) -> Path:
        """Return where the headers of one architecture are installed: the folder that has ``include`` in it."""
        return self.path / "installed" / kernel_arch


def choose(store: ObjectStore, directory: Path, wanted: Mapping[str, Entry]) -> Workplace:
    """Return the workplace below *directory* that *wanted* is nearest to, a new one where all are far.

    There are never more than a few: the one that was used longest ago is cleared then. Raises MachineFault when the
    directory cannot be made.
    """
    places = sorted(path for path in directory.glob("[0-9]*") if path.is_dir())
    found = _readable(store, places)
    nearest = min(found, key=lambda place: place.distance(wanted), default=None)
    if nearest is not None and nearest.distance(wanted) <= _NEAR:
        return nearest
    if len(places) >= _MOST:
        oldest = min(places, key=lambda path: path.stat().st_mtime)
        shutil.rmtree(oldest)
        places.remove(oldest)
    free = next(number for number in range(_MOST) if directory / str(number) not in places)
    return Workplace(store, directory / str(free))


def _readable(store: ObjectStore, places: Sequence[Path]) -> list[Workplace]:
    """Open *places*; one whose record cannot be read is as good as none."""
    found = []
    for path in places:
        try:
            found.append(Workplace(store, path))
        except (MachineFault, ValueError):
            shutil.rmtree(path)
    return found
