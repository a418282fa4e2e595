# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files of a kernel tree ``make headers_install`` reads: about 1,200 of 80,000.

Measured with strace(1) on 5.10, 6.1, 6.12 and 7.2 for twelve architectures, and widened to names that other versions
use for the same. What is not here is not on disk when make runs, so an installed header never depends on anything
that does not count in its key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from seriestool.git.listing import changes, walk
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import Entry

Value = TypeVar("Value")

# Goes up when the way headers are installed, or kept, changes without a trace in the tree.
RECIPE = 2

UAPI = "include/uapi/"

# Of the root and of scripts/: make's own rules, the host programs they build (fixdep, unifdef), and the scripts that
# write headers.
_COMMON = re.compile(
    r"Makefile|Kbuild|include/uapi/.+"
    r"|scripts/(?:Makefile|Kbuild|headers|unifdef|syscall|subarch)[^/]*|scripts/[^/]+\.sh|scripts/(?:basic|include)/.+"
)
_COMMON_FOLDER = re.compile(r"include|include/uapi(?:/.+)?|scripts|scripts/(?:basic|include)(?:/.+)?|arch")

# Below arch/<arch>/: its headers and their Kbuild, what its Makefile includes, and the system call tables, which live
# in kernel/syscalls, entry/syscalls (x86) or tools (arm, arm64). C files of tools/ belong to ``archscripts``.
_ARCH = re.compile(
    r"(?:Makefile|Kbuild)[^/]*|include/(?:uapi/.+|asm/Kbuild)|(?:[^/]+/)?syscalls/.+|kernel/Makefile\.syscalls"
    r"|tools/(?:[^/]+\.(?!c$|h$)[^/]+|[^/.]+)"
)
_ARCH_FOLDER = re.compile(r"include(?:/asm|/uapi(?:/.+)?)?|kernel|entry|(?:[^/]+/)?syscalls(?:/.+)?|tools")

# Stand in the place of the tree's own: they would build programs for the kernel image (archscripts), which no header
# needs. make(1) has --assume-old, but does not hand it on to the make that O= starts.
STUBS = {
    "arch/x86/tools/Makefile": b"PHONY += relocs\nrelocs: ;\n",
    "arch/mips/tools/Makefile": b"PHONY += elf-entry loongson3-llsc-check\nelf-entry loongson3-llsc-check: ;\n",
    "arch/mips/boot/tools/Makefile": b"PHONY += relocs\nrelocs: ;\n",
}

# What one header is made of alone: no list of files is made from these, and no program.
_PLAIN_HEADER = re.compile(r"include/uapi/[^/]+/.+\.h")
# What make follows by itself: rules for every header and every table, lists that are read anew each time.
_FOLLOWED = re.compile(r"(?:include|arch/[^/]+/include)/uapi/.+(?:\.h|/Kbuild)|.+/Kbuild|.+\.tbl")


def sources(store: ObjectStore, commit: str, kernel_arches: Collection[str]) -> dict[str, Entry]:
    """Return what of *commit* is read to install the headers of these architectures, by path.

    Raises MachineFault when the commit, or an object of it, is not there.
    """

    def enter(folder: str) -> bool:
        return _matches(folder, _COMMON_FOLDER, _ARCH_FOLDER, kernel_arches, arch_itself=True)

    found = walk(store, store.tree_of(commit), enter=enter)
    return {path: entry for path, entry in found if is_source(path, kernel_arches)}


def is_source(path: str, kernel_arches: Collection[str] | None = None) -> bool:
    """Return whether *path* is read to install headers, of these architectures or of any."""
    return path not in STUBS and _matches(path, _COMMON, _ARCH, kernel_arches)


def is_common(path: str) -> bool:
    """Return whether the headers of every architecture are made from *path*."""
    return not path.startswith("arch/")


def _matches(
    path: str,
    common: re.Pattern[str],
    below: re.Pattern[str],
    kernel_arches: Collection[str] | None,
    *,
    arch_itself: bool = False,
) -> bool:
    top, _, rest = path.partition("/")
    if top != "arch" or not rest:
        return common.fullmatch(path) is not None
    arch, _, inner = rest.partition("/")
    if kernel_arches is not None and arch not in kernel_arches:
        return False
    return below.fullmatch(inner) is not None if inner else arch_itself


def of_arch(files: Mapping[str, Value], kernel_arch: str) -> dict[str, Value]:
    """Return those of *files*, by path, that the headers of one architecture are made from."""
    own = f"arch/{kernel_arch}/"
    return {path: entry for path, entry in files.items() if is_common(path) or path.startswith(own)}


def header_key(files: Mapping[str, Entry], kernel_arch: str) -> str:
    """Return the key of the headers that *files* install for one architecture: 64 hex digits.

    Two commits with the same key have the same headers.
    """
    digest = hashlib.sha256(f"{RECIPE} {kernel_arch}\n".encode())
    for path, entry in sorted(of_arch(files, kernel_arch).items()):
        digest.update(f"{entry.mode:o} {entry.oid} ".encode() + path.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return the paths whose files differ, or are only in one of the two, sorted."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def only_headers(paths: Iterable[str], before: Mapping[str, Entry], after: Mapping[str, Entry]) -> bool:
    """Return whether from *before* to *after* no more happens than that headers below include/uapi/ change inside.

    Which headers are installed, and from where, is the same then.
    """
    return all(
        _PLAIN_HEADER.fullmatch(path)
        and (old := before.get(path)) is not None
        and (new := after.get(path)) is not None
        and old.mode == new.mode
        for path in paths
    )


def can_go_on(paths: Iterable[str]) -> bool:
    """Return whether make sees by itself what to redo after these files changed.

    It does not where they are rules or host programs: no header depends on unifdef, for one.
    """
    return all(_FOLLOWED.fullmatch(path) for path in paths)


def touches_headers(store: ObjectStore, before_commit: str, after_commit: str) -> bool:
    """Return whether the step from one commit to the other can change an installed header at all, on any architecture.

    Raises MachineFault when a commit is not there.
    """
    before, after = (store.tree_of(commit) for commit in (before_commit, after_commit))

    def enter(folder: str) -> bool:
        return _matches(folder, _COMMON_FOLDER, _ARCH_FOLDER, None, arch_itself=True)

    return any(is_source(path) for path, _, _ in changes(store, before, after, enter=enter))
