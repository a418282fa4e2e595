# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files of a kernel tree are read to compile one C file that includes the kernel's own headers.

About 5,000 of 80,000 for four architectures: Kconfig files, make's rules, the host programs that configure, headers,
and what generated headers are made from. Measured with strace(1) on 5.10 and 7.2 for every kernel of the table, and
widened to names that other versions use for the same. Headers of drivers and of single subsystems, half of all, are
read by none of them; a tree where one is needed says so, and is read again with ``wide``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from seriestool.git.listing import changes, walk
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import Entry

_COMMON = re.compile(
    r"Makefile|Kbuild|(?:[^/]+/)*Kconfig[^/]*|include/.+|kernel/bounds\.c|kernel/time/timeconst\.bc"
    r"|scripts/(?:(?:Makefile|Kbuild)[^/]*|[^/]+\.(?:sh|include|lib|awk|tbl)|[^/.]+|(?:basic|include|kconfig)/.+)"
)
# Of all architectures, whichever is configured: crypto/Kconfig and drivers/ras/Kconfig read these.
_ANY_ARCH = re.compile(r"(?:crypto|ras)/Kconfig[^/]*")
_ANY_ARCH_WIDE = re.compile(r"(?:[^/]+/)?Kconfig[^/]*")
_ARCH = re.compile(r"(?:[^/]+/)*(?:Makefile|Kbuild|Platform|Kconfig)[^/]*|include/.+|tools/.+|(?:[^/]+/)*syscalls/.+")
# The headers of other things than C code, the tests of kconfig, and trees that no Kconfig file of a kernel reads.
_NOTHING = re.compile(r"include/dt-bindings/.*|scripts/kconfig/(?:tests|lxdialog)/.*|tools/.*|Documentation/.+/.*")
_NO_FOLDER = re.compile(r"include/dt-bindings|scripts/kconfig/.+|tools|LICENSES|debian|Documentation/.+")
# What only drivers and single subsystems include, and what configures another architecture.
_FAR = re.compile(
    r"include/(?:uapi/)?(?:cxl|drm|fwctl|keys|kunit|kvm|media|misc|mtd|net|pcmcia|ras|rdma|regulator|scsi|soc|sound"
    r"|target|trace|ufs|xen)(?:/.*)?"
    r"|include/linux/(?!sched|byteorder|atomic|device|fs|io_uring|irqchip|kho|lsm|memory|ns|perf|unaligned)[^/.]+(?:/.*)?"
)

# A header that no generated header and no rule is made from, but those that kernel/bounds.c includes.
_HEADER = re.compile(r"include/.+\.h")


def sources(store: ObjectStore, commit: str, source_arches: Collection[str], *, wide: bool = False) -> dict[str, Entry]:
    """Return what of *commit* is read for the kernels of *source_arches* (directories below arch/), by path.

    With *wide*, all headers are in it. Raises MachineFault when the commit, or an object of it, is not there.
    """

    def enter(folder: str) -> bool:
        return _enter(folder, source_arches, wide)

    found = walk(store, store.tree_of(commit), enter=enter)
    return {path: entry for path, entry in found if is_source(path, source_arches, wide=wide)}


def moved(
    store: ObjectStore,
    files: Mapping[str, Entry],
    before: str,
    after: str,
    source_arches: Collection[str],
    *,
    wide: bool = False,
) -> tuple[dict[str, Entry], frozenset[str]]:
    """Return ``sources`` of the commit *after* and the paths that differ, where *files* are those of *before*.

    Only what differs is read. Raises MachineFault like ``sources``.
    """

    def enter(folder: str) -> bool:
        return _enter(folder, source_arches, wide)

    result, paths = dict(files), set()
    for path, _, new in changes(store, store.tree_of(before), store.tree_of(after), enter=enter):
        if is_source(path, source_arches, wide=wide):
            paths.add(path)
            if new is None:
                del result[path]
            else:
                result[path] = new
    return result, frozenset(paths)


def touches_kernel(store: ObjectStore, before: str, after: str, source_arches: Collection[str]) -> bool:
    """Return whether anything that the kernels of *source_arches* could read differs between two commits.

    Raises MachineFault when a commit is not there.
    """

    def enter(folder: str) -> bool:
        return _enter(folder, source_arches, wide=True)

    found = changes(store, store.tree_of(before), store.tree_of(after), enter=enter)
    return any(is_source(path, source_arches) for path, _, _ in found)


def is_source(path: str, source_arches: Collection[str], *, wide: bool = True) -> bool:
    """Return whether *path* is read for the kernels of *source_arches*."""
    if _NOTHING.fullmatch(path) or (not wide and _FAR.fullmatch(path)):
        return False
    top, _, rest = path.partition("/")
    arch, _, inner = rest.partition("/")
    if top != "arch" or not inner:
        return _COMMON.fullmatch(path) is not None
    any_arch = _ANY_ARCH_WIDE if wide else _ANY_ARCH
    return any_arch.fullmatch(inner) is not None or (arch in source_arches and _ARCH.fullmatch(inner) is not None)


def _enter(folder: str, source_arches: Collection[str], wide: bool) -> bool:
    if _NO_FOLDER.fullmatch(folder) or (not wide and _FAR.fullmatch(folder)):
        return False
    top, _, rest = folder.partition("/")
    arch, _, inner = rest.partition("/")
    return top != "arch" or "/" not in inner or arch in source_arches


def of_kernel(files: Mapping[str, Entry], source_arch: str, *, wide: bool = False) -> dict[str, Entry]:
    """Return those of *files* that count for one kernel, whichever others they are there for."""
    own = f"arch/{source_arch}/"
    return {
        path: entry
        for path, entry in files.items()
        if not path.startswith("arch/") or path.startswith(own) or is_source(path, (source_arch,), wide=wide)
    }


def lacks(files: Mapping[str, Entry], source_arch: str) -> str:
    """Return what a kernel would need first and the tree does not have, nothing where it has all of it."""
    for path in ("Makefile", "Kbuild"):
        if path not in files:
            return f"no kernel: the tree has no {path}"
    if f"arch/{source_arch}/Makefile" not in files:
        return f"the tree has no arch/{source_arch}"
    return ""


def is_header(path: str) -> bool:
    """Return whether no more than the content of *path* counts, and only for who includes it."""
    return _HEADER.fullmatch(path) is not None


def rules_key(files: Mapping[str, Entry]) -> str:
    """Return the key of configuration, compiler flags and generated headers, as far as *files* decide about them.

    Of a header below include/ only the name is in it: another one in front of it would be included in its place.
    """
    digest = hashlib.sha256()
    for path, entry in sorted(files.items()):
        what = "header" if is_header(path) else f"{entry.mode:o} {entry.oid}"
        digest.update(f"{what} ".encode() + path.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()
