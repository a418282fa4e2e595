# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files count for a kernel's own types."""

from __future__ import annotations

import pytest

from seriestool.abi.compat_source import is_header, is_source, of_kernel, rules_key
from seriestool.git.treeobject import FILE, Entry, Oid

_COUNTS = [
    "Makefile", "Kbuild", "Kconfig", "drivers/net/Kconfig", "lib/Kconfig.debug", "Documentation/Kconfig",
    "scripts/Kbuild.include", "scripts/Makefile.build", "scripts/gcc-version.sh", "scripts/setlocalversion",
    "scripts/kconfig/parser.y", "scripts/basic/fixdep.c", "include/linux/compat.h", "include/linux/sched/signal.h",
    "include/uapi/asm-generic/siginfo.h", "kernel/bounds.c", "arch/Kconfig", "arch/s390/Kconfig", "arch/s390/Makefile",
    "arch/s390/include/asm/compat.h", "arch/s390/tools/gen_facilities.c", "arch/s390/kernel/syscalls/syscall.tbl",
    "arch/arm/crypto/Kconfig",
]  # fmt: skip
_NOT = [
    "kernel/signal.c", "kernel/Makefile", "README", "tools/include/linux/compiler.h", "arch/s390/kernel/signal.c",
    "arch/arm/include/asm/compat.h", "include/dt-bindings/clock/a.h", "scripts/checkpatch.pl",
    "scripts/kconfig/tests/err/Kconfig", "Documentation/admin/Kconfig",
]  # fmt: skip
_FAR = ["arch/arm/Kconfig", "include/drm/drm.h", "include/linux/mfd/core.h", "include/uapi/sound/asound.h"]


@pytest.mark.parametrize("path", _COUNTS)
def test_what_counts(path: str) -> None:
    assert is_source(path, ("s390",), wide=False)


@pytest.mark.parametrize("path", _NOT)
def test_what_does_not(path: str) -> None:
    assert not is_source(path, ("s390",), wide=True)


@pytest.mark.parametrize("path", _FAR)
def test_headers_of_drivers_count_only_where_they_are_wanted(path: str) -> None:
    assert not is_source(path, ("s390",), wide=False)
    assert is_source(path, ("s390",), wide=True)


def _files(*paths: str, text: bytes = b"") -> dict[str, Entry]:
    return {path: Entry(FILE, Oid.of("blob", text)) for path in paths}


def test_rules_know_names_of_headers_and_content_of_everything_else() -> None:
    before = _files("Makefile", "include/linux/a.h", "arch/s390/include/asm/a.h")
    key = rules_key(before)
    assert rules_key({**before, **_files("include/linux/a.h", text=b"x")}) == key
    assert rules_key({**before, **_files("include/linux/b.h")}) != key
    assert rules_key({**before, **_files("Makefile", text=b"x")}) != key
    assert rules_key({**before, **_files("arch/s390/include/asm/a.h", text=b"x")}) != key
    assert is_header("include/uapi/linux/a.h")
    assert not is_header("include/asm-generic/Kbuild")


def test_a_kernel_has_no_part_in_other_architectures() -> None:
    files = _files("Makefile", "arch/s390/Makefile", "arch/arm64/Makefile", "arch/arm64/crypto/Kconfig", "arch/Kconfig")
    assert set(of_kernel(files, "s390")) == set(files) - {"arch/arm64/Makefile"}
