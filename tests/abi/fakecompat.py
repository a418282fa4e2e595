# SPDX-License-Identifier: GPL-2.0-or-later
"""A small tree that poses as a kernel to the reader of compat types, and compilers that write down what they compile.

What is compiled is compiled by the host's gcc, so layouts are real; only kbuild and Kconfig are posed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from seriestool.arch.abi import Abi, CompatKernel
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE
from tests.git.world import commit

_MAKEFILE = """\
# knows ARCH=first64, second64
MAKEFLAGS += -rR
ifndef sub_make_done
export sub_make_done := 1
.PHONY: $(MAKECMDGOALS) sub
$(MAKECMDGOALS): sub
\t@:
sub:
\t@$(MAKE) -C $(O) -f $(CURDIR)/Makefile srctree=$(CURDIR) $(MAKECMDGOALS)
else
Q := @
build := -f $(srctree)/scripts/Makefile.build obj
.PHONY: allnoconfig archprepare scripts archscripts
allnoconfig:
\t$(Q)sh $(srctree)/scripts/kconfig/conf.sh $(srctree) $(ARCH)
archprepare: scripts archscripts
\t@mkdir -p include/generated
\t@sed -n 's/^CONFIG_\\(.*\\)=y/#define CONFIG_\\1 1/p' .config > include/generated/autoconf.h
scripts archscripts:
\t$(Q)$(MAKE) $(build)=$@
endif
"""

_BUILD = """\
include/generated/timeconst.h:
\t@echo > $@
include/generated/bounds.h: FORCE
\t@mkdir -p kernel
\t@$(CROSS_COMPILE)gcc $(flags) -Wp,-MD,kernel/.bounds.s.d -S -o kernel/bounds.s $(srctree)/kernel/bounds.c
\t@echo '#define BOUND $(shell sed -n 's/.*NR = //p' $(srctree)/include/linux/bound.h)' > $@
\t@printf '%s\\n' 'savedcmd_kernel/bounds.s := $(CROSS_COMPILE)gcc $(flags) -Wp,-MD,kernel/.bounds.s.d -S \
-o kernel/bounds.s $(srctree)/kernel/bounds.c' 'source_kernel/bounds.s := $(srctree)/kernel/bounds.c' > $(cmd)
\t@echo 'deps_kernel/bounds.s := $(srctree)/include/linux/bound.h' >> $(cmd)
cmd := kernel/.bounds.s.cmd
flags := -m64 -I$(srctree)/include -Iinclude -include generated/autoconf.h
FORCE:
"""

# Sets what is asked for where a Kconfig file has it and every symbol that it depends on is set.
_CONF = """\
mkdir -p scripts/basic scripts/kconfig
[ -e scripts/kconfig/conf ] || { echo made >> "$1/../conf.made"; echo conf > scripts/kconfig/conf; }
: > .config
for wanted in $(sed -n 's/^CONFIG_\\(.*\\)=y/\\1/p' "$KCONFIG_ALLCONFIG"); do
    entry=$(grep -h -A1 "^config $wanted$" "$1/arch/${2%64}/Kconfig" "$1/Kconfig") || continue
    needs=$(echo "$entry" | sed -n 's/.*depends on //p')
    [ -z "$needs" ] || grep -q "^CONFIG_$needs=y" .config || continue
    echo "CONFIG_$wanted=y" >> .config
done
"""

_COMPAT = """\
#ifdef CONFIG_COMPAT
#include <linux/types.h>
typedef union compat_sigval { int sival_int; compat_uptr_t sival_ptr; } compat_sigval_t;
struct compat_siginfo {
    int si_signo, si_errno, si_code;
    union {
        int _pad[29];
        struct { int _pid; unsigned int _uid; compat_sigval_t _sigval; } _rt;
        struct { compat_uptr_t _addr; } _sigfault;
    } _sifields;
};
#endif
"""

FILES = {
    "Makefile": _MAKEFILE,
    "Kbuild": "",
    "arch/first/Makefile": "",
    "arch/second/Makefile": "",
    "Kconfig": "config EXPERT\n",
    "arch/first/Kconfig": "config COMPAT\n    depends on EXPERT\n",
    "arch/second/Kconfig": "config COMPAT\n    bool\n",
    "arch/first/include/asm/own.h": "",
    "scripts/Makefile.build": _BUILD,
    "scripts/kconfig/conf.sh": _CONF,
    "kernel/bounds.c": "#include <linux/bound.h>\nint bound = NR;\n",
    "kernel/signal.c": "int signal;\n",
    "include/linux/bound.h": "enum { NR = 3 };\n#define NUMBER NR = 3\n",
    "include/linux/types.h": "typedef unsigned int compat_uptr_t;\n",
    "include/linux/compat.h": _COMPAT,
    "include/linux/other.h": "int other;\n",
    "include/sound/far.h": "typedef int far_t;\n",
}

FIRST = Abi(
    "first32", "first, 32 bit", 32, "first", "gcc", "gcc", ("-m32",),
    compat=CompatKernel("first64", "first", "first-", "gcc-first", ("EXPERT", "COMPAT")),
)  # fmt: skip
SECOND = Abi(
    "second32", "second, 32 bit", 32, "second", "gcc", "gcc", ("-m32",),
    compat=CompatKernel("second64", "second", "second-", "gcc-second", ("COMPAT",)),
)  # fmt: skip

# Compiles for the host, and steered by files beside it: "hang-<name>" when that source is read, "full" at any time.
_GCC = """\
#!/bin/sh
for last in "$@"; do case $last in *bounds.c) what=bounds ;; -) what=type ;; esac; done
echo "$what" >> '@HERE@/@NAME@.calls'
[ -e "@HERE@/full" ] && { echo 'cc1: fatal error: error writing: No space left on device' >&2; exit 1; }
[ -e "@HERE@/hang-$what" ] && { echo half > seriestool.o; touch '@HERE@/hanging'; exec sleep 60; }
exec '@GCC@' "$@"
"""


class Compilers:
    """The compilers of both kernels, first on PATH."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = shutil.which("gcc")
        if real is None or shutil.which("make") is None:
            pytest.skip("no gcc or no make")
        directory.mkdir()
        self.directory = directory
        for name in ("first-gcc", "second-gcc"):
            text = _GCC.replace("@HERE@", str(directory)).replace("@NAME@", name).replace("@GCC@", real)
            self._add(name, text)
        for name in ("flex", "bison", "bc"):  # this tree's rules start none of them
            self._add(name, "#!/bin/sh\nexit 1\n")
        monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    def _add(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)
        (self.directory / name).chmod(0o755)

    def calls(self, name: str = "first") -> list[str]:
        """Return what was compiled since the last call, in order: "bounds" by make, "type" by us."""
        place = self.directory / f"{name}-gcc.calls"
        found = place.read_text().split() if place.exists() else []
        place.unlink(missing_ok=True)
        return found


def state(store: ObjectStore, changes: Mapping[str, str | None] | None = None) -> str:
    """Store the tree with some files changed, None for one that is not there, and return the commit."""
    files = {path: text for path, text in {**FILES, **(changes or {})}.items() if text is not None}
    return str(commit(store, {path: (FILE, text.encode()) for path, text in files.items()}).commit)
