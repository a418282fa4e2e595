# SPDX-License-Identifier: GPL-2.0-or-later
"""What can change a kernel image: two states with one key have one image, and only one of them is built."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from seriestool.arch import Architecture
from seriestool.build.kbuild import IDENTITY
from seriestool.formats.kconfig import Setting, values

# Goes up when the way images are built changes without a trace in the other inputs.
RECIPE = 1

Entry = tuple[int | str, str, str]
"""A git tree entry: mode, name, object id."""

# Entries of the root tree that no rule of a kernel build reads.
_TEXTS = frozenset({"CREDITS", "MAINTAINERS", "COPYING", "README", "LICENSES", "debian"})
_TEXT_NAME = re.compile(r"\..*|.*\.(?:rst|txt|md)")


@dataclass(frozen=True, slots=True)
class _Part:
    """Entries of one directory that count although the directory does not, always or only with one of ``symbols``."""

    directory: str
    entries: tuple[str, ...]
    symbols: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


# Top directories of which only these parts count. A name with "*" alone means every entry.
_PARTS = (
    # Sourced by the root Kconfig.
    _Part("Documentation", ("Kconfig",)),
    _Part("samples", ("Kconfig",)),
    _Part("samples", ("*",), symbols=("SAMPLES",)),
    # Host programs of the build (x86 relocs and mkpiggy, vdso2c, sorttable) include tools/include, but not its copy of
    # the user-space headers: that one is for perf, bpftool, libbpf and the selftests.
    _Part("tools/include", ("*",), without=("uapi",)),
    # objtool rewrites the kernel's objects, so whatever it is made from counts. Up to 5.18 it was STACK_VALIDATION
    # that asked for it.
    _Part(
        "tools",
        ("objtool", "lib", "include", "arch", "build", "scripts"),
        symbols=("OBJTOOL", "STACK_VALIDATION", "UNWINDER_ORC"),
    ),
    _Part(
        "tools",
        ("bpf", "lib", "include", "build", "scripts"),
        symbols=("DEBUG_INFO_BTF", "BPF_PRELOAD", "BPFILTER"),
    ),
)
_IN_PARTS = frozenset(part.directory.partition("/")[0] for part in _PARTS)


def image_key(
    list_tree: Callable[[str], Iterable[Entry]],
    *,
    commit: str,
    arch: Architecture,
    asked: Sequence[Setting],
    toolchain: Sequence[str],
    config: Mapping[str, str] | None = None,
) -> str:
    """Return the key of the image that a commit gives: 64 hex digits.

    *list_tree* lists a directory of the commit ("" is its root; a directory that is not there has no entries).
    *asked* are the fragments' settings, *toolchain* is ``kbuild.toolchain()``. *config* has the values of the final
    configuration (``formats.kconfig.values``); that of an earlier state of the same tree and fragments will do, because
    a state that changes it has other Kconfig files and another key. Without it, everything counts that some
    configuration could use.
    """
    facts: list[object] = [RECIPE, IDENTITY, arch.name, arch.kernel_arch, arch.image_target, tuple(toolchain)]
    facts.append(sorted(values(asked).items()))
    facts.append([_plain(entry) for entry in list_tree("") if not _no_input(entry[1]) and entry[1] not in _IN_PARTS])
    for part in _PARTS:
        if part.symbols and config is not None and not any(config.get(name) in ("y", "m") for name in part.symbols):
            continue
        counting = [_plain(entry) for entry in list_tree(part.directory) if _counts(part, entry[1])]
        facts.append([part.directory, counting])
    if config is not None and config.get("LOCALVERSION_AUTO") == "y":
        facts.append(commit)  # scripts/setlocalversion writes it into the release
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _no_input(name: str) -> bool:
    return name in _TEXTS or _TEXT_NAME.fullmatch(name) is not None


def _counts(part: _Part, name: str) -> bool:
    return ("*" in part.entries or name in part.entries) and name not in part.without


def _plain(entry: Entry) -> tuple[str, str, str]:
    """Return *entry* in one form, whether a mode came as 0o100644 or "100644"."""
    mode, name, oid = entry
    return (f"{mode:o}" if isinstance(mode, int) else mode.lstrip("0"), name, oid)
