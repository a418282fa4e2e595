# SPDX-License-Identifier: GPL-2.0-or-later
"""The 64-bit kernels' own types for 32-bit programs, state by state, each read once.

What a type is made of is known after it was compiled: the headers it includes. A state in which these and all rules
are the same has the same type, and neither make nor a compiler is started.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from seriestool.abi.compat_compare import KERNEL_HEADER, KERNEL_TYPE, expanded
from seriestool.abi.compat_kernel import RECIPE, CompatFailure, Compiled, KernelDir, lacking
from seriestool.abi.compat_source import is_header, lacks, moved, of_kernel, rules_key, sources
from seriestool.abi.layout_cache import LayoutCache
from seriestool.arch.abi import Abi, CompatKernel
from seriestool.errors import InputRefused
from seriestool.formats.dwarf import read_layout
from seriestool.git.disk import disk_fault, hold
from seriestool.git.objects import ObjectStore
from seriestool.git.partial import PartialCheckout
from seriestool.git.treeobject import Entry
from seriestool.log import QUIET, Progress
from seriestool.model.layout import Layout, Record

_MOST = 40  # sets of host programs, and of rules whose results are known: an old one is made again in seconds
_TOOLS = ("Makefile", "scripts/basic/", "scripts/kconfig/", "scripts/include/", "scripts/Makefile", "scripts/Kbuild")

Files = Mapping[str, Entry]
Result = Record | CompatFailure


@dataclass(frozen=True, slots=True)
class _Job:
    """One kernel to compile: ``rules`` is the key of everything but the headers' content, ``files`` are all."""

    kernel: CompatKernel
    rules: str
    files: Files


@dataclass(frozen=True, slots=True)
class _State:
    """One commit: the files of all kernels, and what there is to do for each."""

    commit: str
    files: Files
    jobs: tuple[_Job, ...]


class CompatReader:
    """Reads kernel types below *directory*, which it has for itself; *jobs* kernels at a time."""

    def __init__(self, store: ObjectStore, directory: Path, progress: Progress = QUIET, jobs: int = 1) -> None:
        self._store = store
        self._directory = directory.absolute()
        self._progress = progress
        self._jobs = max(jobs, 1)
        self._wide = False  # whether a tree was met that wants a header of what is usually left out
        self._layouts = LayoutCache(self._directory / "layouts")

    def read(self, commits: Sequence[str], abis: Iterable[Abi]) -> dict[tuple[str, str], Result]:
        """Return the kernel's ``compat_siginfo`` by commit and ABI, for those of *abis* that a 64-bit kernel runs.

        Everything is in place in it (``compat_compare.expanded``). *commits* are states of one tree, and cheapest in
        the order of the series. What cannot be read says why: the compiler that is missing, the configuration that
        the tree does not have, the first error. Raises MachineFault when a commit is not there or the disk is full.
        """
        wanted = [(abi.name, abi.compat) for abi in abis if abi.compat is not None]
        absent = {kernel: lacking(kernel) for kernel in dict.fromkeys(kernel for _, kernel in wanted)}
        able = [kernel for kernel, lack in absent.items() if not lack]
        found: dict[str, dict[CompatKernel, Result]] = {}
        try:
            with self._progress.task("read compat types", len(set(commits)), "states") as task:
                state: _State | None = None
                for commit in dict.fromkeys(commits):
                    state, found[commit] = self._read_commit(commit, able, state)
                    task.advance()
        except OSError as error:
            raise disk_fault(error, Path(error.filename or self._directory)) from error
        return {
            (commit, name): CompatFailure(absent[kernel]) if absent[kernel] else found[commit][kernel]
            for commit in commits
            for name, kernel in wanted
        }

    def _read_commit(
        self, commit: str, kernels: Sequence[CompatKernel], before: _State | None
    ) -> tuple[_State, dict[CompatKernel, Result]]:
        state = self._state(commit, kernels, before)
        found = self._read_state(state)
        if not self._wide and any(isinstance(each, CompatFailure) and each.file_missing for each in found.values()):
            self._wide = True
            state = self._state(commit, kernels, None)
            found = self._read_state(state)
        return state, found

    def _state(self, commit: str, kernels: Sequence[CompatKernel], before: _State | None) -> _State:
        arches = sorted({kernel.source_arch for kernel in kernels})
        if before is None:
            files = sources(self._store, commit, arches, wide=self._wide)
            return _State(commit, files, self._jobs_of(files, kernels))
        files, paths = moved(self._store, before.files, before.commit, commit, arches, wide=self._wide)
        if all(is_header(path) and path in before.files and path in files for path in paths):
            jobs = tuple(_with(job, {path: files[path] for path in paths if path in job.files}) for job in before.jobs)
            return _State(commit, files, jobs)
        return _State(commit, files, self._jobs_of(files, kernels))

    def _jobs_of(self, files: Files, kernels: Sequence[CompatKernel]) -> tuple[_Job, ...]:
        jobs = []
        for kernel in kernels:
            own = of_kernel(files, kernel.source_arch, wide=self._wide)
            facts = (RECIPE, kernel, _identity(kernel.compiler), _identity("gcc"), rules_key(own))
            jobs.append(_Job(kernel, hashlib.sha256(repr(facts).encode()).hexdigest(), own))
        return tuple(jobs)

    def _read_state(self, state: _State) -> dict[CompatKernel, Result]:
        found: dict[CompatKernel, Result] = {}
        missing = []
        for job in state.jobs:
            if lack := lacks(job.files, job.kernel.source_arch):
                found[job.kernel] = CompatFailure(lack)
            elif known := self._known(job):
                found[job.kernel] = known
            else:
                missing.append(job)
        if missing:
            self._directory.mkdir(parents=True, exist_ok=True)
            with hold(self._directory / "lock", self._directory, progress=self._progress):
                found |= self._make(state.files, missing)
        return found

    def _make(self, files: Files, jobs: Sequence[_Job]) -> dict[CompatKernel, Result]:
        self._checkout().move(files)
        tools = self._directory / "tools" / _tools_key(files)
        tools.parent.mkdir(exist_ok=True)
        _prune(tools.parent)
        places = {
            job.kernel: KernelDir(
                job.kernel, self._directory / "source", self._directory / "out" / job.kernel.kernel_arch, tools
            )
            for job in jobs
        }
        first = next((job for job in jobs if not places[job.kernel].is_ready(job.rules)), None)
        if first is not None and not tools.is_dir():  # which of them makes the host programs for all
            places[first.kernel].configure(first.rules, first.files, jobs=self._jobs)
        share = max(self._jobs // len(jobs), 1)
        with ThreadPoolExecutor(self._jobs) as pool:
            waiting = [(job, pool.submit(self._compile, places[job.kernel], job, share)) for job in jobs]
            try:
                return {job.kernel: future.result() for job, future in waiting}
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _checkout(self) -> PartialCheckout:
        source, record = self._directory / "source", self._directory / "source.json"
        try:
            return PartialCheckout(self._store, source, record)
        except ValueError:  # a record that nobody can read: everything is written again
            shutil.rmtree(source, ignore_errors=True)
            record.unlink()
            return PartialCheckout(self._store, source, record)

    def _compile(self, place: KernelDir, job: _Job, jobs: int) -> Result:
        made = place.compile(job.rules, job.files, KERNEL_HEADER, KERNEL_TYPE, jobs=jobs)
        if isinstance(made, CompatFailure):
            return made
        try:
            record = expanded(read_layout(made.data, job.kernel.kernel_arch), KERNEL_TYPE)
        except InputRefused as error:
            return CompatFailure(error.message)
        if record is None:
            return CompatFailure(f"{KERNEL_HEADER} has no {KERNEL_TYPE}")
        self._remember(job, made, record)
        return record

    # What is known: for each key of rules, the headers that a result was read from, as their blobs were.

    def _known(self, job: _Job) -> Record | None:
        for key, needs in self._results(job.rules).items():
            if all(path in job.files and job.files[path].oid == oid for path, oid in needs.items()):
                layout = self._layouts.get(key)
                return layout.records[0] if layout is not None and layout.records else None
        return None

    def _remember(self, job: _Job, made: Compiled, record: Record) -> None:
        needs = {path: str(job.files[path].oid) for path in sorted(made.inputs) if path in job.files}
        key = hashlib.sha256(json.dumps([job.rules, needs]).encode()).hexdigest()
        self._layouts.put(key, Layout(job.kernel.kernel_arch, (record,)))
        place = self._place(job.rules)
        place.parent.mkdir(parents=True, exist_ok=True)
        _prune(place.parent)
        partial = place.with_name(f"{place.name}.{os.getpid()}")
        partial.write_text(json.dumps({**self._results(job.rules), key: needs}))
        partial.replace(place)

    def _results(self, rules: str) -> dict[str, dict[str, str]]:
        try:
            known = json.loads(self._place(rules).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _place(self, rules: str) -> Path:
        return self._directory / "known" / f"{rules}.json"


def _with(job: _Job, files: Files) -> _Job:
    """Return *job* with other contents of headers, which no rule depends on."""
    return replace(job, files={**job.files, **files}) if files else job


def _tools_key(files: Files) -> str:
    """Return the key of the host programs that configure."""
    parts = [(path, entry.oid) for path, entry in sorted(files.items()) if path.startswith(_TOOLS)]
    return hashlib.sha256(repr((_identity("gcc"), parts)).encode()).hexdigest()[:16]


def _identity(program: str) -> tuple[str, int, int] | None:
    """Return file, size and time of *program*, None where it is not on PATH: starting it would take longer."""
    found = shutil.which(program)
    if found is None:
        return None
    path = Path(found).resolve()
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


def _prune(folder: Path) -> None:
    """Remove what is oldest in *folder*, so that there are never more than a few."""
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[_MOST:]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
