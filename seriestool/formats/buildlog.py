# SPDX-License-Identifier: GPL-2.0-or-later
"""What make, gcc, binutils, objtool and modpost say: diagnostics, and what was compiled.

gcc's form is ``file:line:column: severity: message [-Wflag]`` (GCC manual, "Formatting options"); the assembler leaves
the column out, kbuild's own tools put ``WARNING:`` in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

# One line of each tool. Groups that a pattern does not have are empty; without a severity it is an error.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # gcc and as
        r"(?P<file>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? (?P<severity>warning|error|fatal error|Error|Warning): "
        r"(?P<message>.*?)(?: \[(?P<flag>-W[^\]]+)\])?",
        # objtool
        r"(?P<file>\S+\.o): (?P<severity>warning|error): (?P<message>objtool: .*)",
        # modpost
        r"(?P<severity>WARNING|ERROR): (?P<message>(?:modpost|Section mismatch).*)",
        # ld: of errors, the line that says what is missing; the others say where
        r"\S*ld(?:\.bfd)?: (?P<severity>warning): (?P<message>.*)",
        r"(?:\S*ld(?:\.bfd)?: )?(?P<message>[^\s:]+:.*(?:undefined reference|multiple definition).*)",
        # kconfig; its own warnings are about fragments that override a default, and each was meant
        r"(?P<file>\S*Kconfig\S*):(?P<line>\d+): ?(?:error: )?(?P<message>(?!warning:).*)",
    )
)
_MAKE = re.compile(r"make(?:\[\d+\])?: \*\*\* (?P<message>.*)")
_INCLUDED = re.compile(r"(?:In file included from|\s+from) (?P<file>[^:]+):\d+(?P<more>[,:])?.*")
_STEP = re.compile(r"  (?P<what>[A-Z][A-Z0-9_]*)(?: \[M\])? +(?P<target>\S+)")
_ADDRESS = re.compile(r"\(\.[\w.]+\+0x[0-9a-f]+\)|\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?")
_LINE_NUMBER = re.compile(r"(?<=[\w.])(?::\d+)+\b|\bline \d+")
# gcc quotes as the locale does; logs of different machines shall compare.
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "`": "'"})


class Severity(StrEnum):
    """How bad it is; assemblers' and compilers' spellings made one."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint.

    ``file`` is relative to the tree ("kernel/signal.c") or, for what kbuild generated, to the build directory; empty
    when the linker or modpost speak of the whole kernel. ``unit`` is the file that was being compiled: for a complaint
    about a header, the source that included it.
    """

    file: str
    line: int | None
    severity: Severity
    message: str
    flag: str | None = None
    unit: str = ""

    @property
    def text(self) -> str:
        """File and message without anything that moves from one state of a tree to the next."""
        where = f"{self.file}: " if self.file else ""
        flag = f" [{self.flag}]" if self.flag else ""
        return f"{where}{self.severity}: {_LINE_NUMBER.sub('', _ADDRESS.sub('', self.message))}{flag}"

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part)
        return f"{where}: {self.message}" if where else self.message


@dataclass(frozen=True, slots=True)
class BuildLog:
    """A whole build: diagnostics in order, each once; kbuild steps as (what, target), such as ("CC", "fork.o")."""

    diagnostics: tuple[Diagnostic, ...]
    steps: tuple[tuple[str, str], ...]
    stopped: tuple[str, ...]
    """Make's own ``***`` lines, the innermost first."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What stopped the build, as far as a tool told."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Everything that did not."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.WARNING)


def read_build_log(output: bytes, roots: Iterable[str] = ()) -> BuildLog:
    """Read what a build printed; *roots* are absolute directories to cut from file names (source, build dir).

    Bytes that are no UTF-8 are kept as replacement characters: a file name may hold anything.
    """
    prefixes = tuple(root.rstrip("/") + "/" for root in roots)
    diagnostics: dict[Diagnostic, None] = {}
    steps, stopped = [], []
    unit = last = ""
    for line in output.decode("utf-8", "replace").translate(_QUOTES).splitlines():
        if step := _STEP.fullmatch(line):
            steps.append((step["what"], step["target"]))
        elif make := _MAKE.fullmatch(line):
            stopped.append(make["message"])
        elif included := _INCLUDED.fullmatch(line):
            unit, last = _relative(included["file"], prefixes), ""  # the last one of the chain is the source
        elif found := _diagnostic(line, prefixes):
            # gcc tells who included a header once, in front of the first of several complaints about it.
            unit = unit if unit and last in ("", found.file) else found.file
            last = found.file
            diagnostics[replace(found, unit=unit)] = None
    return BuildLog(tuple(diagnostics), tuple(steps), tuple(stopped))


def new_warnings(base: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Return the warnings of *other* that *base* does not have, each once, in order.

    Both are ``Diagnostic.text``: the warnings themselves are compared, not how many there are.
    """
    known = set(base)
    return tuple(dict.fromkeys(text for text in other if text not in known))


def is_step(line: bytes) -> bool:
    """Tell whether *line* announces a step of kbuild (``  CC      init/main.o``)."""
    return line.startswith(b"  ") and line[2:3].isupper()


def _diagnostic(line: str, prefixes: tuple[str, ...]) -> Diagnostic | None:
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(line):
            found = match.groupdict()
            severity = (found.get("severity") or "error").lower()
            return Diagnostic(
                file=_relative(found.get("file") or "", prefixes),
                line=int(found["line"]) if found.get("line") else None,
                severity=Severity.WARNING if severity == "warning" else Severity.ERROR,
                message=found["message"] or "",
                flag=found.get("flag"),
            )
    return None


def _relative(file: str, prefixes: tuple[str, ...]) -> str:
    for prefix in prefixes:
        if file.startswith(prefix):
            return file.removeprefix(prefix)
    return re.sub(r"^(?:\.\.?/)+", "", file)
