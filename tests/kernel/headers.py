# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers of a real tree, installed by its own make."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from seriestool.formats.config import read_config
from seriestool.git.objects import open_store
from seriestool.trees import import_tree
from tests.conftest import ROOT
from tests.kernel.conftest import real_cache
from tests.mails import git

_NEEDED = re.compile(
    r"(?:Makefile|Kbuild|scripts/.*|include/uapi/.*|include/asm-generic/Kbuild|usr/include/.*|usr/Makefile"
    r"|arch/\w+/(?:.*/)?(?:Makefile|Kbuild|Platform)[^/]*|arch/\w+/include/uapi/.*|arch/\w+/(?:.*/)?syscalls/.*"
    r"|arch/\w+/.*\.tbl|arch/\w+/tools/.*|tools/include/.*)"
)


def install_headers(name: str, kernel_arches: Sequence[str], place: Path) -> dict[str, Path]:
    """Install the headers of the tree called *name* below *place*; return the include directory of each arch."""
    specs = {spec.name: spec for spec in read_config((ROOT / "seriestool.toml").read_text(), "seriestool.toml").trees}
    cache = real_cache()
    with open_store(cache.store) as store:
        commit = import_tree(specs[name], store=store, cache=cache).commit
    listed = git("ls-tree", "-r", "-z", "--name-only", commit, cwd=cache.store).decode().split("\0")
    archive = git("archive", commit, "--", *filter(_NEEDED.fullmatch, listed), cwd=cache.store)
    (place / "src").mkdir(parents=True)
    subprocess.run(["tar", "-x"], cwd=place / "src", input=archive, check=True)
    for arch in kernel_arches:
        # archscripts makes a tool for x86 that has nothing to do with headers. 6.12 forgets the option on its way.
        subprocess.run(
            ["make", "-s", "-j2", "-o", "archscripts", f"ARCH={arch}", "headers_install",
             f"INSTALL_HDR_PATH={place / arch}"],
            cwd=place / "src", stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
    return {arch: place / arch / "include" for arch in kernel_arches}
