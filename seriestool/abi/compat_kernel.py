# SPDX-License-Identifier: GPL-2.0-or-later
"""One 64-bit kernel, configured and prepared no further than its own headers need to compile: a directory for ``O=``.

kbuild decides about everything that has a say: the configuration, the generated headers, and the compiler's flags,
which are those that it gave to kernel/bounds.c. What is left out are host programs that no header is made by.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.abi.compat_config import fragment, make_arch, what_is_lost
from seriestool.abi.compat_source import is_header
from seriestool.abi.make import first_error
from seriestool.arch.abi import CompatKernel
from seriestool.errors import MachineFault
from seriestool.formats.buildlog import read_build_log
from seriestool.formats.kbuild import read_command, read_dependencies
from seriestool.git.treeobject import Entry

# Goes up when the way a type is read changes without a trace in the tree.
RECIPE = 1

# Beside a POSIX shell: what configuring and preparing start, and Debian's packages with them.
_PROGRAMS = {"make": "make", "gcc": "gcc", "flex": "flex", "bison": "bison", "bc": "bc"}

# Read by make before the tree's Makefile (MAKEFILES, GNU make manual). ``archprepare`` is the tree's own list of what
# comes before any object; of its prerequisites, those that make host programs for images and modules are answered
# without doing anything, as make's own --assume-old would if make handed it on to the make that O= starts. On mips
# the recipe itself only looks for missing system calls. ``sub_make_done`` is set in the make that does the work.
_RULES = """\
ifdef sub_make_done
scripts scripts_dtc archscripts: private MAKE := :
ifeq ($(ARCH),mips)
archprepare: private MAKE := :
endif
.PHONY: seriestool
seriestool: archprepare
\t$(Q)$(MAKE) $(build)=. include/generated/timeconst.h include/generated/bounds.h
endif
"""
_TARGET = "kernel/bounds.s"

# What asm-offsets.c of an arch defines, on s390 both: headers then do without the generated ones that hold offsets.
_CODE = "#define COMPILE_OFFSETS\n#define ASM_OFFSETS_C\n#include <{header}>\n{type} seriestool_type;\n"
_OBJECT = "seriestool.o"
_DEPENDENCIES = "seriestool.d"
_OPTIONS = ("-w", "-g", "-gz=none", "-fno-diagnostics-show-caret", "-fdiagnostics-color=never")

_TIMEOUT = 600.0  # seconds; the slowest step is 6 s on two busy cores
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")
_ERROR = re.compile(r"[^\n]*\b(?:error|Error): [^\n]*")
_MISSING = re.compile(
    r"(?<!\S)(?!generated/)\S+: No such file or directory|can't open file|No rule to make target '.*/"
)


@dataclass(frozen=True, slots=True)
class CompatFailure:
    """A kernel's type that could not be read, and why; ``file_missing`` tells that a file is wanted and not there."""

    reason: str
    file_missing: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """An ELF object with debug information, and the tree's files it depends on."""

    data: bytes
    inputs: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the directory is ready for; ``failure`` says that these rules make no such kernel."""

    rules: str
    argv: tuple[str, ...] = ()
    bounds: tuple[tuple[str, str], ...] = ()
    failure: str = ""


def lacking(kernel: CompatKernel) -> str:
    """Return which program this machine lacks for *kernel* and the package with it, nothing where it has all."""
    for name, package in (*_PROGRAMS.items(), (kernel.compiler, kernel.compiler_package)):
        if shutil.which(name) is None:
            return f"no {name}: apt install {package}"
    return ""


class KernelDir:
    """The directory of one kernel; it is this process's alone."""

    def __init__(self, kernel: CompatKernel, source: Path, path: Path, tools: Path) -> None:
        """Take *path* for ``O=``; *tools* are host programs that another kernel's configuration left, or will be."""
        self._kernel = kernel
        self._source = source
        self._path = path
        self._tools = tools
        self._record = path.with_name(f"{path.name}.json")
        self._tried: tuple[str, CompatFailure | None] | None = None  # rules that were configured, and what came of it

    def is_ready(self, rules: str) -> bool:
        """Return whether nothing has to be configured for *rules*."""
        prepared = self._load()
        return prepared is not None and prepared.rules == rules

    def configure(self, rules: str, files: Mapping[str, Entry], *, jobs: int = 1) -> CompatFailure | None:
        """Begin anew and configure the tree, whose *files* are those in the source directory.

        Raises MachineFault for a full disk.
        """
        if self._tried is None or self._tried[0] != rules:
            self._tried = rules, self._configure(rules, files, jobs)
        return self._tried[1]

    def _configure(self, rules: str, files: Mapping[str, Entry], jobs: int) -> CompatFailure | None:
        self._forget()
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir(parents=True)
        shared = self._tools.is_dir()
        if shared:
            shutil.copytree(self._tools, self._path / "scripts", symlinks=True)
        wanted = self._path.with_name(f"{self._path.name}.config")
        wanted.write_text(fragment(self._kernel))
        if failure := self._make("allnoconfig", {"KCONFIG_ALLCONFIG": str(wanted)}, jobs):
            return failure
        if not shared:
            self._share_tools()
        came = (self._path / ".config").read_text("utf-8", "replace")
        if reason := what_is_lost(self._kernel, came, self._source, files):
            self._save(_Prepared(rules, failure=reason))
            return CompatFailure(reason)
        return None

    def compile(
        self, rules: str, files: Mapping[str, Entry], header: str, type_name: str, *, jobs: int = 1
    ) -> Compiled | CompatFailure:
        """Compile a variable of *type_name*, which *header* defines, with the flags of the kernel's own objects.

        Configures and prepares first what is not ready for *rules*. Raises MachineFault for a full disk.
        """
        prepared = self._ready(rules, files, jobs)
        if isinstance(prepared, CompatFailure):
            return prepared
        code = _CODE.format(header=header, type=type_name)
        # Headers are named as programs would, wherever this directory is.
        place = f"-fdebug-prefix-map={self._source}/include/="
        argv = [*prepared.argv, *_OPTIONS, place, f"-Wp,-MMD,{_DEPENDENCIES}", "-x", "c", "-", "-c", "-o", _OBJECT]
        done = proc.run(argv, cwd=self._path, stdin=code.encode(), timeout=_TIMEOUT, check=False)
        output = (done.stderr or done.stdout).decode("utf-8", "replace")
        if done.status:
            self._check_disk(output)
            found = _ERROR.search(output)
            line = self._plain(found[0]) if found else first_error(output, self._source)
            return CompatFailure(f"does not compile: {line}", _MISSING.search(line) is not None)
        names = read_dependencies((self._path / _DEPENDENCIES).read_text("utf-8", "surrogateescape"))
        inputs = {*self._in_tree(names), *(path for path, _ in prepared.bounds)}
        return Compiled((self._path / _OBJECT).read_bytes(), frozenset(inputs))

    def _ready(self, rules: str, files: Mapping[str, Entry], jobs: int) -> _Prepared | CompatFailure:
        prepared = self._load()
        if prepared is not None and prepared.rules == rules:
            if prepared.failure:
                return CompatFailure(prepared.failure)
            if all(_oid(files, path) == oid for path, oid in prepared.bounds):
                return prepared
        elif failure := self.configure(rules, files, jobs=jobs):
            return failure
        self._forget()
        return self._prepare(rules, files, jobs)

    def _prepare(self, rules: str, files: Mapping[str, Entry], jobs: int) -> _Prepared | CompatFailure:
        makefile = self._path.with_name("rules.mk")
        partial = makefile.with_name(f"{self._path.name}.mk")
        partial.write_text(_RULES)
        partial.replace(makefile)
        if failure := self._make("seriestool", {"MAKEFILES": str(makefile)}, jobs):
            return failure
        record = self._path / "kernel/.bounds.s.cmd"
        said = read_command(record.read_text("utf-8", "surrogateescape"), _TARGET) if record.is_file() else None
        if said is None:
            return CompatFailure(f"the tree's rules do not make {_TARGET}")
        bounds = tuple((path, _oid(files, path)) for path in sorted(self._in_tree(said.inputs)))
        prepared = _Prepared(rules, tuple(_flags(said.argv)), bounds)
        self._save(prepared)
        return prepared

    def _make(self, target: str, env: Mapping[str, str], jobs: int) -> CompatFailure | None:
        arch = make_arch(self._kernel, self._source)
        argv = [
            "make", f"-j{jobs}", "--no-print-directory", "-C", str(self._source), f"O={self._path}", f"ARCH={arch}",
            f"CROSS_COMPILE={self._kernel.cross_compile}", target,
        ]  # fmt: skip
        log = self._path.with_name(f"{self._path.name}.log")
        done = proc.run(argv, env=env, log=log, timeout=_TIMEOUT, check=False)
        if not done.status:
            return None
        output = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace")
        self._check_disk(output)
        told = read_build_log(output.encode(), (str(self._source), str(self._path))).errors
        line = self._plain(str(told[0]) if told else first_error(output, self._source))
        return CompatFailure(f"make {target}: {line}", _MISSING.search(line) is not None)

    def _check_disk(self, output: str) -> None:
        if _NO_SPACE.search(output):
            raise MachineFault(
                f"no space left on device: {self._path}", hint="make room and run the same command again"
            )

    def _plain(self, line: str) -> str:
        """Return *line* without the places where this machine has things."""
        return line.strip().replace(f"{self._source}/", "").replace("\u2018", "'").replace("\u2019", "'")

    def _in_tree(self, names: Iterable[str]) -> frozenset[str]:
        """Return which of *names*, as seen from this directory, are headers of the tree that can change alone."""
        paths = (os.path.relpath(self._path / name, self._source) for name in names)
        return frozenset(path for path in paths if is_header(path))

    def _share_tools(self) -> None:
        partial = self._tools.with_name(f"{self._tools.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        for name in ("basic", "kconfig"):
            shutil.copytree(self._path / "scripts" / name, partial / name, symlinks=True)
        partial.rename(self._tools)

    def _load(self) -> _Prepared | None:
        try:
            rules, argv, bounds, failure = json.loads(self._record.read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return _Prepared(rules, tuple(argv), tuple((path, oid) for path, oid in bounds), failure)

    def _save(self, prepared: _Prepared) -> None:
        partial = self._record.with_name(f"{self._record.name}.new")
        partial.write_text(json.dumps([prepared.rules, prepared.argv, prepared.bounds, prepared.failure]))
        partial.replace(self._record)

    def _forget(self) -> None:
        """Say that nothing is known of the directory, before anything in it is changed."""
        self._record.unlink(missing_ok=True)


def _oid(files: Mapping[str, Entry], path: str) -> str:
    entry = files.get(path)
    return entry.oid if entry is not None else ""


def _flags(argv: Iterable[str]) -> Iterable[str]:
    """Give the words of a compilation without what it reads and writes."""
    words = iter(argv)
    for word in words:
        if word == "-o":
            next(words, None)
        elif word != "-S" and not word.startswith(("-Wp,-MD", "-Wp,-MMD")) and not word.endswith("kernel/bounds.c"):
            yield word
