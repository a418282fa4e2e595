# SPDX-License-Identifier: GPL-2.0-or-later
"""gcc for one ABI: a header preprocessed, and compiled to an object with debug information of all its types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.arch.abi import Abi
from seriestool.errors import MachineFault, ProgramMissing
from seriestool.formats.constants import number_code
from seriestool.formats.preprocessed import Preprocessed, read_preprocessed, rename
from seriestool.formats.probes import FILE, is_value, probe_code, refused

# Headers of ours for what the C library would have; see the README there.
STANDINS = Path(__file__).parent / "standins"
# What comes in front of a header, one after the other until it compiles; the first is nothing.
PRELUDES = ("", "seriestool/types.h", "seriestool/all.h")

# No header but the installed ones and gcc's own; the same C whatever gcc takes for granted; only errors are read.
_COMMON = (
    "-std=gnu11",
    "-nostdinc",
    "-ffreestanding",
    "-w",
    "-fno-diagnostics-show-caret",
    "-fdiagnostics-color=never",
)
_OBJECT = ("-g", "-fno-eliminate-unused-debug-types", "-fno-debug-types-section", "-gz=none", "-pipe", "-c")
_TIMEOUT = 60.0  # seconds for one header, a thousand times what the largest takes

_ELF = b"\x7fELF"  # two bytes behind it are the class and the byte order: elf(5), EI_CLASS and EI_DATA

_ERROR = re.compile(r"[^\n]*\b(?:error|Error): [^\n]*")
_CRASH = re.compile(r"[^\n]*internal compiler error: [^\n]*")
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Object:
    """What a header was compiled to: an ELF object, and the probes whose answers are in it."""

    data: bytes
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The compiler took no header: its first error. ``crashed`` tells that this says nothing about the header."""

    error: str
    crashed: bool = False


class Compiler:
    """The compiler of one ABI. ``identity`` is what it says about itself, for keys."""

    def __init__(self, abi: Abi) -> None:
        """Ask the compiler of *abi* who it is.

        Raises ProgramMissing, which names the Debian package; CommandFailed.
        """
        self.abi = abi
        try:
            version = proc.run([abi.compiler, "--version"], timeout=_TIMEOUT).stdout.decode("utf-8", "replace")
            own = proc.run([abi.compiler, "-print-file-name=include"], timeout=_TIMEOUT).stdout.decode().strip()
        except ProgramMissing as error:
            hint = f"apt install {abi.compiler_package}, or: seriestool doctor --install"
            raise ProgramMissing(abi.compiler, hint=hint) from error
        self._own = own
        self._kind = bytes([abi.bits // 32, 2 if abi.big_endian else 1])
        self.identity = "\n".join((version.partition("\n")[0], *abi.flags, *_COMMON, *_OBJECT))

    def preprocess(
        self, include: Path, header: str, prelude: str = "", numbers: Sequence[str] = ()
    ) -> Preprocessed | Refused:
        """Preprocess *header* as the installed headers below *include* have it, alone or behind a prelude.

        *numbers* are macros of the header of which it is asked what they are made of.
        """
        more = ("-isystem", str(STANDINS)) if prelude else ()
        argv = (
            self.abi.compiler, *self.abi.flags, *_COMMON, "-isystem", str(include), "-isystem", self._own, *more,
            "-E", "-dD", "-x", "c", "-",
        )  # fmt: skip
        source = "".join(f"#include <{each}>\n" for each in (prelude, header) if each) + number_code(numbers)
        places = {str(include): "", str(STANDINS): "<stand-in>/", self._own: "<gcc>/"}
        done = self._run(argv, source, cwd=include)
        if done.status:
            return _refusal(done, places)
        return read_preprocessed(done.stdout, places, numbers)

    def compile(self, code: str, probes: Sequence[str], target: Path) -> Object | Refused:
        """Compile *code*, and with it the *probes* that the compiler can answer; *target* is a file to use.

        A probe is never what a header fails for.
        """
        done = self._object(f"{code}\n{probe_code(probes)}", target)
        while done.status and probes and FILE.encode() in done.stderr:
            probes = _answerable(done.stderr.decode("utf-8", "replace"), probes)
            done = self._object(f"{code}\n{probe_code(probes)}" if probes else code, target)
        if done.status:
            return _refusal(done, {})
        try:
            data = target.read_bytes()
        except OSError:
            return Refused(f"{self.abi.compiler}: exit status 0, and no object", crashed=True)
        if data[:4] == _ELF and data[4:6] != self._kind:
            words = " ".join((self.abi.compiler, *self.abi.flags))
            return Refused(f"{words}: makes objects of another ABI than {self.abi.label}", crashed=True)
        return Object(data, tuple(probes))

    def _object(self, code: str, target: Path) -> proc.Completed:
        argv = (
            self.abi.compiler, *self.abi.flags, *_COMMON, *_OBJECT, "-x", "cpp-output", "-", "-o", target.name,
        )  # fmt: skip
        return self._run(argv, code, cwd=target.parent)

    def _run(self, argv: Sequence[str], source: str, *, cwd: Path) -> proc.Completed:
        done = proc.run(argv, cwd=cwd, stdin=source.encode("utf-8", "surrogateescape"), timeout=_TIMEOUT, check=False)
        if done.status and _NO_SPACE.search(done.stderr.decode("utf-8", "replace")):
            raise MachineFault(
                f"no space left on device: {self.abi.compiler}", hint="make room and run the same command again"
            )
        return done


def _answerable(errors: str, probes: Sequence[str]) -> Sequence[str]:
    """Return fewer *probes*: without those that the messages name, else without all numbers, else none."""
    fewer = [each for each in probes if each not in refused(errors, probes)]
    if len(fewer) == len(probes):
        fewer = [each for each in probes if not is_value(each)]
    return fewer if len(fewer) < len(probes) else ()


def _refusal(done: proc.Completed, places: Mapping[str, str]) -> Refused:
    """Return the first thing the compiler calls an error, in words that are the same wherever the headers are."""
    said = done.stderr.decode("utf-8", "replace")
    crash = _CRASH.search(said)
    found = crash or _ERROR.search(said)
    line = found[0] if found else f"{done.argv[0]}: exit status {done.status}"
    for quote in ("\u2018", "\u2019"):
        line = line.replace(quote, "'")
    return Refused(rename(line.strip(), places), crash is not None or found is None)
