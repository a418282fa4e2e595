# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files count for headers, and what a step between two commits can do to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seriestool.abi.source import (
    can_go_on,
    changed,
    header_key,
    is_source,
    of_arch,
    only_headers,
    sources,
    touches_headers,
)
from seriestool.git.objects import ObjectStore, open_store
from tests.abi.kernels import ARCHES, GENERIC, Changes, state


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with open_store(tmp_path / "kernel.git") as store:
        yield store


@pytest.mark.parametrize(
    "path",
    [
        "Makefile", "scripts/Makefile.headersinst", "scripts/Kbuild.include", "scripts/headers_install.sh",
        "scripts/unifdef.c", "scripts/basic/fixdep.c", "scripts/include/xalloc.h", "scripts/syscall.tbl",
        "include/uapi/linux/perf_event.h", "include/uapi/linux/netfilter/xt_mark.h", "include/uapi/asm-generic/Kbuild",
        "arch/arm/Makefile", "arch/arm/include/uapi/asm/signal.h", "arch/arm/tools/syscall.tbl",
        "arch/arm/tools/syscallhdr.sh", "arch/arm/tools/Makefile", "arch/x86/entry/syscalls/syscall_64.tbl",
        "arch/mips/Kbuild.platforms", "arch/s390/kernel/syscalls/syscalltbl", "arch/riscv/kernel/Makefile.syscalls",
        "arch/x86/Makefile_32.cpu",
    ],
)  # fmt: skip
def test_counts(path: str) -> None:
    assert is_source(path)


@pytest.mark.parametrize(
    "path",
    [
        "include/linux/perf_event.h", "tools/include/uapi/linux/perf_event.h", "kernel/Makefile", "kernel/signal.c",
        "scripts/checkpatch.pl", "scripts/kconfig/conf.c", "scripts/mod/modpost.c", "arch/arm/include/asm/signal.h",
        "arch/arm/kernel/Makefile", "arch/arm/boot/dts/a.dts", "arch/x86/tools/relocs.c", "arch/x86/tools/Makefile",
        "arch/Kconfig", "Documentation/Makefile", "arch", "arch/arm", "include/uapi",
    ],
)  # fmt: skip
def test_does_not_count(path: str) -> None:
    assert not is_source(path)


def test_of_the_arches_asked_for(store: ObjectStore) -> None:
    commit = state(store)
    both, one = sources(store, commit, ARCHES), sources(store, commit, ["arm"])
    assert {path.split("/")[1] for path in both if path.startswith("arch/")} == set(ARCHES)
    assert one == of_arch(both, "arm")
    assert all(is_source(path) for path in both)
    assert "kernel/signal.c" not in both
    assert not is_source("arch/x86/Makefile", ["arm"])


def test_a_key_is_of_an_arch_and_its_files(store: ObjectStore) -> None:
    base = sources(store, state(store), ARCHES)
    step = sources(store, state(store, {"arch/x86/include/uapi/asm/fakebits.h": "\n"}), ARCHES)
    assert header_key(base, "arm") == header_key(step, "arm") == header_key(of_arch(base, "arm"), "arm")
    assert header_key(base, "x86") != header_key(step, "x86")
    assert header_key(base, "arm") != header_key(base, "x86")


def test_a_mode_counts(store: ObjectStore) -> None:
    base = sources(store, state(store), ["arm"])
    entry = base["scripts/headers_install.sh"]
    step = {**base, "scripts/headers_install.sh": type(entry)(0o100755, entry.oid)}
    assert header_key(base, "arm") != header_key(step, "arm")


@pytest.mark.parametrize(
    ("changes", "only", "follows"),
    [
        ({GENERIC: "\n"}, True, True),
        ({GENERIC: "\n", "include/uapi/linux/fakeinfo.h": "\n"}, True, True),
        ({GENERIC: None}, False, True),
        ({"include/uapi/linux/new.h": "\n"}, False, True),
        ({"include/uapi/linux/Kbuild": "\n"}, False, True),
        ({"arch/arm/include/uapi/asm/fakebits.h": "\n"}, False, True),
        ({"arch/arm/tools/syscall.tbl": "\n"}, False, True),
        ({"scripts/headers_install.sh": "\n"}, False, False),
        ({"scripts/unifdef.c": "\n"}, False, False),
        ({"Makefile": "\n", GENERIC: "\n"}, False, False),
        ({"arch/arm/Makefile": "\n"}, False, False),
        ({}, True, True),
    ],
)
def test_kinds_of_steps(store: ObjectStore, changes: Changes, only: bool, follows: bool) -> None:
    before, after = (sources(store, commit, ARCHES) for commit in (state(store), state(store, changes)))
    paths = changed(before, after)
    assert set(paths) == changes.keys()
    assert only_headers(paths, before, after) is only
    assert can_go_on(paths) is follows


@pytest.mark.parametrize(
    ("changes", "touches"),
    [
        ({GENERIC: "\n"}, True),
        ({"arch/sparc/include/uapi/asm/new.h": "\n"}, True),
        ({"scripts/unifdef.c": "\n"}, True),
        ({"kernel/signal.c": "\n", "include/linux/signal.h": "\n", "tools/include/uapi/linux/a.h": "\n"}, False),
        ({"arch/x86/kernel/signal.c": "\n", "arch/x86/include/asm/signal.h": "\n", "scripts/new.pl": "\n"}, False),
        ({}, False),
    ],
)
def test_what_a_patch_can_do(store: ObjectStore, changes: Changes, touches: bool) -> None:
    base, step = state(store), state(store, changes)
    assert touches_headers(store, base, step) is touches
    assert touches_headers(store, step, base) is touches
