# SPDX-License-Identifier: GPL-2.0-or-later
"""The user-space headers of a commit, by ``make headers_install`` of that commit's own rules, each state once.

Only what headers are made from is taken out of the store. A state is known by the key of that (``source.header_key``);
its headers are made when nobody has them yet. Where a step does no more than to change headers below include/uapi/
inside, make runs for one architecture and the others take the changed headers over from there: which headers they
install, from which file and by which script has not changed, so what was the same before is the same after.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from seriestool.abi.installed import Installed, InstalledHeaders, InstallFailure
from seriestool.abi.make import require_programs
from seriestool.abi.source import UAPI, changed, header_key, of_arch, only_headers, sources
from seriestool.abi.workplace import choose
from seriestool.errors import MachineFault
from seriestool.git.disk import disk_fault, hold
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import Entry
from seriestool.log import QUIET, Progress

Files = Mapping[str, Entry]
Result = dict[str, Installed | InstallFailure]


# Makefile.headersinst and the root's Makefile quote nothing; the latter refuses spaces and colons by name.
_NO_PATH_FOR_MAKE = re.compile(r"[\s:#$%'\"\\;&|<>()*?\[\]`]")


class HeaderInstaller:
    """Installs headers below *directory*, which it has for itself; several processes take turns.

    What is there is used again, and bounded: the newest 600 states of an architecture, three source directories.
    """

    def __init__(self, store: ObjectStore, directory: Path, progress: Progress = QUIET, jobs: int = 1) -> None:
        self._store = store
        self._directory = directory.absolute()
        self._headers = InstalledHeaders(self._directory)
        self._progress = progress
        self._jobs = jobs

    def install(self, commit: str, kernel_arches: Sequence[str]) -> Result:
        """Return the headers of *commit*, by kernel arch (make's ``ARCH=``), in the order asked for.

        What is wrong with the tree is an InstallFailure of each arch concerned. Raises MachineFault when the commit is
        not there, a program is missing (ProgramMissing), or the disk is full; InputRefused for a tree with paths that
        leave it.
        """
        arches = tuple(dict.fromkeys(kernel_arches))
        files = sources(self._store, commit, arches)
        found: Result = {}
        for arch in arches:
            if reason := _lacks(files, arch):
                found[arch] = InstallFailure(arch, reason)
            elif kept := self._headers.find(arch, header_key(files, arch)):
                found[arch] = kept
        missing = [arch for arch in arches if arch not in found]
        if missing:
            found |= self._make_missing(commit, missing)
        return {arch: found[arch] for arch in arches}

    def _make_missing(self, commit: str, missing: Sequence[str]) -> Result:
        require_programs()
        if _NO_PATH_FOR_MAKE.search(str(self._directory)):
            raise MachineFault(
                f"make cannot work in {self._directory}: a character in its name is one that rules are written with",
                hint="set XDG_CACHE_HOME to a directory without blanks, colons and the like",
            )
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with hold(self._directory / "lock", self._directory, progress=self._progress):
                made = _Step(self._store, self._directory, self._headers, commit, missing).run(
                    self._jobs, self._progress
                )
                self._headers.prune()
                return made
        except OSError as error:
            raise disk_fault(error, Path(error.filename or self._directory)) from error


class _Step:
    """One move of a workplace to *commit*, and what it gives for the *missing* architectures."""

    def __init__(
        self, store: ObjectStore, directory: Path, headers: InstalledHeaders, commit: str, missing: Sequence[str]
    ) -> None:
        self._headers = headers
        self._missing = missing
        self._place = choose(store, directory, sources(store, commit, missing))
        # Those that are not asked for now keep their files, and with them what make has done.
        self._after = sources(store, commit, {*missing, *self._place.kernel_arches})
        self._before = self._place.files

    def run(self, jobs: int, progress: Progress) -> Result:
        """Move, and install by make or by taking over."""
        followers = self._followers()
        with progress.task("install headers", len(self._missing), "architectures") as task:
            self._place.move(self._after)
            made: Result = {}
            if len(followers) > 1:
                leader, *others = followers
                made |= self._make([leader], jobs)
                for arch in others:
                    if taken := self._take_over(arch, followers[arch], followers[leader], made[leader]):
                        made[arch] = taken
                task.advance(len(made))
            rest = [arch for arch in self._missing if arch not in made]
            made |= self._make(rest, jobs)
            task.advance(len(rest))
        return made

    def _followers(self) -> dict[str, Installed]:
        """Return the architectures to which no more happens than changes inside of headers, as they were before."""
        found = {}
        for arch in self._missing:
            before, after = of_arch(self._before, arch), of_arch(self._after, arch)
            if only_headers(changed(before, after), before, after):
                kept = self._headers.find(arch, header_key(before, arch))
                if kept is not None:
                    found[arch] = kept
        return found

    def _make(self, kernel_arches: Sequence[str], jobs: int) -> Result:
        made: Result = {}
        for arch, reason in self._place.install(kernel_arches, jobs=jobs).items():
            if reason:
                made[arch] = InstallFailure(arch, reason)
            else:
                made[arch] = self._collect(arch, self._place.target(arch))
        return made

    def _collect(self, arch: str, target: Path) -> Installed | InstallFailure:
        """Keep what make has installed below *target*."""
        files = self._headers.collect(target / "include")
        shutil.rmtree(target, ignore_errors=True)
        if not files:
            return InstallFailure(arch, "make headers_install installed nothing")
        return self._headers.add(arch, header_key(self._after, arch), files)

    def _take_over(
        self, arch: str, before: Installed, leader_before: Installed, leader_after: Installed | InstallFailure
    ) -> Installed | None:
        """Return the headers of *arch* with those that changed for the leader, None where that proves nothing."""
        if isinstance(leader_after, InstallFailure):
            return None
        files = dict(before.files)
        for path in changed(of_arch(self._before, arch), of_arch(self._after, arch)):
            name = path.removeprefix(UAPI)
            if name not in files:  # this architecture does not install it, and nothing that decides that has changed
                continue
            own = f"arch/{arch}/{UAPI}{name}" in self._after
            if own or name not in leader_after.files or files[name] != leader_before.files.get(name):
                return None
            files[name] = leader_after.files[name]
        return self._headers.add(arch, header_key(self._after, arch), files)


def _lacks(files: Files, arch: str) -> str:
    """Return what an installation would need first and the tree does not have, nothing where it has all of it."""
    if "Makefile" not in files:
        return "no kernel: the tree has no Makefile"
    if not any(path.startswith(UAPI) for path in files):
        return f"the tree has no {UAPI.rstrip('/')}"
    if not any(path.startswith(f"arch/{arch}/") for path in files):
        return f"the tree has no arch/{arch}"
    return ""


__all__ = ["HeaderInstaller", "InstallFailure", "Installed"]
