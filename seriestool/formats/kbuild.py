# SPDX-License-Identifier: GPL-2.0-or-later
"""What kbuild writes down about a target: the command that made it, and what it was made from.

``.<target>.cmd`` is written by scripts/Kbuild.include and scripts/basic/fixdep.c: make variables ``cmd_<target>``
(``savedcmd_<target>`` in newer trees), ``source_<target>`` and ``deps_<target>``.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_WORD = re.compile(r"(?:\\.|[^\\\s])+")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The command as words, and the files it read, as it named them, without configuration symbols."""

    argv: tuple[str, ...]
    inputs: tuple[str, ...]


def read_command(text: str, target: str) -> Recorded | None:
    """Read what a ``.cmd`` file says about *target* ("kernel/bounds.s"), None where it says nothing about it."""
    variables = dict(re.findall(r"^(\w+?)_(?:\./)?" + re.escape(target) + r" := ((?:.*\\\n)*.*)$", text, re.M))
    command = variables.get("savedcmd") or variables.get("cmd")
    if command is None:
        return None
    plain = command.replace("$(pound)", "#").replace("$$", "$")  # make-cmd of scripts/Kbuild.include
    names = _names(variables.get("source", "")) + _names(variables.get("deps", ""))
    return Recorded(tuple(shlex.split(plain)), tuple(name for name in names if not name.startswith("$(")))


def read_dependencies(text: str) -> tuple[str, ...]:
    """Return the files that a rule of ``gcc -MMD`` names behind its colon (GCC manual, "Preprocessor Options")."""
    return _names(text.partition(": ")[2])


def _names(words: str) -> tuple[str, ...]:
    """Split a list of make's; ``$(wildcard path)`` stays together."""
    joined = re.sub(r"\$\(wildcard ([^)]*)\)", r"$(wildcard\\ \1)", words.replace("\\\n", " "))
    return tuple(re.sub(r"\\(.)", r"\1", word) for word in _WORD.findall(joined))
