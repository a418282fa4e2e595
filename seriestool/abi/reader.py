# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout of every installed header under one ABI, each compiled alone as a program that includes it would be.

What takes time is gcc, about 20 ms a header in two steps, against 5 ms of reading: threads that wait for gcc keep all
processors busy, and other processes to read in would cost more to start than they save.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from seriestool.abi.compiler import PRELUDES, Compiler, Object, Refused
from seriestool.abi.layout_cache import LayoutCache
from seriestool.arch.abi import Abi
from seriestool.errors import CommandTimedOut, InputRefused, MachineFault, ProgramMissing
from seriestool.formats.constants import find_numbers
from seriestool.formats.dwarf import read_layout
from seriestool.formats.preprocessed import Preprocessed
from seriestool.formats.probes import find_probes, value_of
from seriestool.model.abi import HeaderFailure
from seriestool.model.layout import Layout

# Part of every key: a change of what a Layout says about the same object takes the next number.
_VERSION = 3
_CALLS = re.compile(r"asm/unistd\.h")
_NAME = re.compile(r"[\w+.,/@=-]+")  # what may stand between the angle brackets of an #include


class HeaderReader:
    """Reads installed headers; layouts are kept below *cache*, *jobs* compilers run at a time."""

    def __init__(self, cache: Path, jobs: int) -> None:
        self._cache = LayoutCache(cache / "layouts")
        self._jobs = max(jobs, 1)
        self._compilers: dict[Abi, Compiler] = {}

    def read(
        self, abi: Abi, include: Path, headers: Sequence[str], *, keep: Path | None = None
    ) -> dict[str, Layout | HeaderFailure]:
        """Return the layout of each of *headers* ("linux/signal.h"), which are installed below *include*.

        A header that does not compile alone is tried again behind stand-ins for the C library's headers, which define
        what the kernel's own headers do. Its layout is that of the installed headers' types in any case; where it does
        not compile so either, the failure is that of the header alone.

        With *keep*, a directory, every header is compiled now, and its object is left there by the name that
        ``object_name`` gives, for another reader of debug information.

        Raises ProgramMissing for the compiler, with its package; MachineFault for a full disk.
        """
        try:
            if abi not in self._compilers:
                self._compilers[abi] = Compiler(abi)
        except ProgramMissing:
            raise
        except MachineFault as error:  # one that does not even say its version says nothing about the others
            return {header: HeaderFailure(header, error.message) for header in headers}
        with _scratch() as folder, ThreadPoolExecutor(self._jobs) as pool:
            work = _Work(self._compilers[abi], include.absolute(), keep or folder, None if keep else self._cache)
            waiting = [(header, pool.submit(work.layout, header)) for header in headers]
            try:
                return {header: future.result() for header, future in waiting}
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a directory for objects that are read and forgotten."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="seriestool-", ignore_cleanup_errors=True)
    except OSError as error:
        raise MachineFault(f"{error.strerror}: {error.filename or tempfile.gettempdir()}") from error
    with folder as name:
        yield Path(name)


def object_name(header: str) -> str:
    """Return what the object of *header* is called in the directory that it is kept in."""
    return header.replace("/", "!") + ".o"


@dataclass(frozen=True, slots=True)
class _Work:
    """What is the same for all headers of one call; ``cache`` is None where nothing may come from it."""

    compiler: Compiler
    include: Path
    objects: Path
    cache: LayoutCache | None

    def layout(self, header: str) -> Layout | HeaderFailure:
        if not _NAME.fullmatch(header):
            return HeaderFailure(header, f"no name that can be included: {header!r}")
        first = None
        numbers = _numbers(self.include, header)
        for prelude in PRELUDES:
            try:
                found = self._compiled(self.compiler.preprocess(self.include, header, prelude, numbers), header)
            except CommandTimedOut as error:
                return HeaderFailure(header, f"{self.compiler.abi.compiler}: no end after {error.seconds:g} s")
            if isinstance(found, Layout):
                return found
            first = first or found
            if found.crashed:
                break
        assert first is not None
        return HeaderFailure(header, first.error.replace("<stdin>", f"#include <{header}>"))

    def _compiled(self, source: Preprocessed | Refused, header: str) -> Layout | Refused:
        if isinstance(source, Refused):
            return source
        key = _key(self.compiler, source)
        kept = self.cache.get(key) if self.cache else None
        if kept is not None:
            return kept
        probes = *find_probes(source.code), *(value_of(made_of) for _, made_of in source.numbers)
        made = self.compiler.compile(source.code, probes, self.objects / object_name(header))
        if isinstance(made, Refused):
            return made
        try:
            layout = _read(made, self.compiler.abi, source, header)
        except InputRefused as error:
            return Refused(error.message, crashed=True)
        if self.cache:
            self.cache.put(key, layout)
        return layout


def _numbers(include: Path, header: str) -> tuple[str, ...]:
    """Return the ioctls and system calls that *header* defines.

    Those of asm/unistd.h may be in parts that mean nothing alone: asm/unistd-common.h counts from what it defines.
    """
    parts = [include / header]
    if _CALLS.fullmatch(header):
        parts += sorted(parts[0].parent.glob("unistd*.h"))
    texts = (part.read_bytes() for part in parts if part.is_file())
    return tuple(dict.fromkeys(name for text in texts for name in find_numbers(text)))


def _key(compiler: Compiler, source: Preprocessed) -> str:
    """Return what can affect a layout, as a name for the cache."""
    text = json.dumps([_VERSION, compiler.abi.name, compiler.identity, source.code, source.aliases, source.numbers])
    return hashlib.sha256(text.encode()).hexdigest()


def _read(made: Object, abi: Abi, source: Preprocessed, header: str) -> Layout:
    """Return the layout of what the installed headers define, without gcc's own headers and the stand-ins."""
    layout = read_layout(
        made.data, abi.name, probes=made.probes, aliases=source.aliases, numbers=source.numbers, header=header
    )
    return replace(
        layout,
        records=tuple(each for each in layout.records if _installed(each.header)),
        enums=tuple(each for each in layout.enums if _installed(each.header)),
        typedefs=tuple(each for each in layout.typedefs if _installed(each.header)),
    )


def _installed(header: str) -> bool:
    return bool(header) and not header.startswith(("<", "/"))
