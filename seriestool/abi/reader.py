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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from seriestool.abi.compiler import PRELUDES, Compiler, Object, Refused
from seriestool.abi.layout_cache import LayoutCache
from seriestool.arch.abi import Abi
from seriestool.formats.dwarf import read_layout
from seriestool.formats.preprocessed import Preprocessed
from seriestool.formats.probes import find_probes
from seriestool.model.abi import HeaderFailure
from seriestool.model.layout import Layout

# Part of every key: a change of what a Layout says about the same object takes the next number.
_VERSION = 1
_NAME = re.compile(r"[\w+.,/@=-]+")  # what may stand between the angle brackets of an #include
_Result = TypeVar("_Result")


class HeaderReader:
    """Reads installed headers; layouts are kept below *cache*, *jobs* compilers run at a time."""

    def __init__(self, cache: Path, jobs: int) -> None:
        self._cache = LayoutCache(cache / "layouts")
        self._jobs = max(jobs, 1)
        self._compilers: dict[Abi, Compiler] = {}

    def read(self, abi: Abi, include: Path, headers: Sequence[str]) -> dict[str, Layout | HeaderFailure]:
        """Return the layout of each of *headers* ("linux/signal.h"), which are installed below *include*.

        A header that does not compile alone is tried again behind stand-ins for the C library's headers, which define
        what the kernel's own headers do. Its layout is that of the installed headers' types in any case; where it does
        not compile so either, the failure is that of the header alone.

        Raises ProgramMissing for the compiler, with its package; MachineFault for a full disk.
        """
        return self._each(abi, include, headers, self._layout)

    def objects(self, abi: Abi, include: Path, headers: Sequence[str]) -> dict[str, bytes | HeaderFailure]:
        """Return the objects that ``read`` reads, compiled now, for another reader of debug information.

        Raises as ``read`` does.
        """
        return self._each(abi, include, headers, _object)

    def _each(
        self,
        abi: Abi,
        include: Path,
        headers: Sequence[str],
        work: Callable[[Compiler, Path, str, Path], _Result | HeaderFailure],
    ) -> dict[str, _Result | HeaderFailure]:
        if abi not in self._compilers:
            self._compilers[abi] = Compiler(abi)
        compiler = self._compilers[abi]
        with tempfile.TemporaryDirectory(prefix="seriestool-") as folder, ThreadPoolExecutor(self._jobs) as pool:
            waiting = [
                (header, pool.submit(work, compiler, include, header, Path(folder, f"{number}.o")))
                for number, header in enumerate(headers)
            ]
            try:
                return {header: future.result() for header, future in waiting}
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _layout(self, compiler: Compiler, include: Path, header: str, scratch: Path) -> Layout | HeaderFailure:
        first = None
        for source in _sources(compiler, include, header):
            made: Object | Refused
            if isinstance(source, Refused):
                made = source
            else:
                key = _key(compiler, source)
                kept = self._cache.get(key)
                if kept is not None:
                    return kept
                made = compiler.compile(source.code, find_probes(source.code), scratch)
                if isinstance(made, Object):
                    layout = _read(made, compiler.abi, source)
                    self._cache.put(key, layout)
                    return layout
            first = first or HeaderFailure(header, made.error)
        assert first is not None
        return first


def _object(compiler: Compiler, include: Path, header: str, scratch: Path) -> bytes | HeaderFailure:
    first = None
    for source in _sources(compiler, include, header):
        made = source if isinstance(source, Refused) else compiler.compile(source.code, (), scratch)
        if isinstance(made, Object):
            return made.data
        first = first or HeaderFailure(header, made.error)
    assert first is not None
    return first


def _sources(compiler: Compiler, include: Path, header: str) -> Iterator[Preprocessed | Refused]:
    """Give the forms a header can be compiled in: alone, then behind stand-ins."""
    if not _NAME.fullmatch(header):
        yield Refused(f"no name that can be included: {header!r}")
        return
    for prelude in PRELUDES:
        yield compiler.preprocess(include, header, prelude)


def _key(compiler: Compiler, source: Preprocessed) -> str:
    """Return what can affect a layout, as a name for the cache."""
    text = json.dumps([_VERSION, compiler.abi.name, compiler.identity, source.code, source.aliases])
    return hashlib.sha256(text.encode()).hexdigest()


def _read(made: Object, abi: Abi, source: Preprocessed) -> Layout:
    """Return the layout of what the installed headers define, without gcc's own headers and the stand-ins."""
    layout = read_layout(made.data, abi.name, probes=made.probes, aliases=source.aliases)
    return replace(
        layout,
        records=tuple(each for each in layout.records if _installed(each.header)),
        enums=tuple(each for each in layout.enums if _installed(each.header)),
        typedefs=tuple(each for each in layout.typedefs if _installed(each.header)),
    )


def _installed(header: str) -> bool:
    return bool(header) and not header.startswith(("<", "/"))
