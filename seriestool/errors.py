# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong outside of a verdict, and the exit code each family ends with.

A verdict about a patch is data (``model.outcome``), never an exception. The exceptions here are for users' mistakes,
for the machine's faults, and for interrupts; anything else that reaches ``cli.main`` is a bug of seriestool.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes, safe under ``git bisect run`` (git-bisect(1): 125 skips, above 127 aborts)."""

    PASSED = 0
    VERDICT = 1
    DOES_NOT_APPLY = 3
    CANNOT_TELL = 125
    BUG = 128
    USAGE = 129
    INTERRUPTED = 130


class SeriestoolError(Exception):
    """An end that is explained to the user: one line of message, at most one line of hint."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SeriestoolError):
    """The command line or a workspace file names something that does not exist or makes no sense."""

    exit_code = ExitCode.USAGE


class InputRefused(SeriestoolError):
    """Mail or a patch that cannot be read without loss, or that no tool should let near a tree."""

    exit_code = ExitCode.CANNOT_TELL


class MachineFault(SeriestoolError):
    """The network, the disk, a missing program, a busy workspace: nothing that is known about the series."""

    exit_code = ExitCode.CANNOT_TELL


class ProgramMissing(MachineFault):
    """A program that is not on PATH; ``program`` is its name, the hint names the Debian package."""

    def __init__(self, program: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"program not found: {program}",
            hint=hint or "seriestool doctor --install installs what is missing",
        )
        self.program = program


class CommandFailed(MachineFault):
    """A program ended with another status than it should; ``command`` can be pasted into a shell."""

    def __init__(self, command: str, status: int, output: str, *, hint: str | None = None) -> None:
        last = next((line for line in reversed(output.strip().splitlines()) if line.strip()), "")
        super().__init__(f"{command}: exit status {status}" + (f": {last.strip()}" if last else ""), hint=hint)
        self.command = command
        self.status = status
        self.output = output


class CommandTimedOut(MachineFault):
    """A program was stopped at its wall-clock limit, in seconds."""

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"{command}: no end after {seconds:g} s")
        self.command = command
        self.seconds = seconds
