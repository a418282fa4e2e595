# SPDX-License-Identifier: GPL-2.0-or-later
"""User-space headers of Debian's four kernels on twelve architectures, held against make in whole trees."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.abi.headers import HeaderInstaller
from seriestool.abi.installed import Installed
from seriestool.abi.reach import affected
from seriestool.abi.source import touches_headers
from seriestool.formats.config import read_config
from seriestool.git.objects import ObjectStore, open_store
from seriestool.git.treeobject import FILE, Entry
from seriestool.trees import import_tree
from tests.abi.kernels import contents, plain_install
from tests.conftest import ROOT
from tests.kernel.conftest import real_cache

pytestmark = pytest.mark.kernel

ARCHES = ("x86", "arm", "arm64", "riscv", "powerpc", "s390", "m68k", "mips", "sparc", "alpha", "parisc", "sh")
COMPARED = ("x86", "arm", "mips")  # tables in entry/, tables in tools/, three tables and archscripts
OLD, NEW = "stable-5.10", "mainline-7.2"
TREES = ("stable-6.1", "stable-6.12", OLD, NEW)  # three keep their build directories: the last ones are needed again
SIGINFO = "include/uapi/asm-generic/siginfo.h"
MEMBER = b"\tint si_signo;"


@dataclass(frozen=True)
class Kernels:
    """The four trees, in a store of their own that borrows the user's objects, and one installer for all."""

    store: ObjectStore
    commits: Mapping[str, str]
    installer: HeaderInstaller


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    cache = real_cache()
    specs = {spec.name: spec for spec in read_config((ROOT / "seriestool.toml").read_text(), "seriestool.toml").trees}
    with open_store(cache.store) as real:
        commits = {name: import_tree(specs[name], store=real, cache=cache).commit for name in TREES}
    own = tmp_path_factory.mktemp("headers")
    with open_store(own / "kernel.git") as store:
        (store.path / "objects/info").mkdir(exist_ok=True)
        (store.path / "objects/info/alternates").write_text(f"{cache.store.resolve()}/objects\n")
        store.close()
        yield Kernels(store, commits, HeaderInstaller(store, own / "installed", jobs=2))


@pytest.fixture
def no_cross_compilers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the machine's own programs on PATH, and none that was built for another one."""
    (tmp_path / "bin").mkdir()
    for folder in ("/bin", "/usr/bin"):
        for path in Path(folder).iterdir():
            if "-linux-gnu" not in path.name and path.name != "pahole" and os.access(path, os.X_OK):
                (tmp_path / "bin" / path.name).unlink(missing_ok=True)
                (tmp_path / "bin" / path.name).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.mark.usefixtures("no_cross_compilers")
@pytest.mark.parametrize("tree", TREES)
def test_every_arch_of_every_tree(kernels: Kernels, tree: str) -> None:
    assert shutil.which("arm-linux-gnueabi-gcc") is None
    found = kernels.installer.install(kernels.commits[tree], ARCHES)
    counts = {arch: len(each.files) if isinstance(each, Installed) else each.reason for arch, each in found.items()}
    assert all(isinstance(count, int) and count > 890 for count in counts.values()), counts
    for arch, each in found.items():
        assert isinstance(each, Installed)
        for header in ("linux/perf_event.h", "asm/siginfo.h", "asm-generic/siginfo.h", "asm/unistd.h"):
            assert header in each.files, (arch, header)


@pytest.fixture(scope="module", params=[OLD, NEW])
def whole(
    request: pytest.FixtureRequest, kernels: Kernels, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Unpack a tree, but for large parts that no rule for headers goes near; yield its name and where it is."""
    place = tmp_path_factory.mktemp("whole")
    commit = kernels.commits[request.param]
    left_out = {"Documentation", "arch", "drivers", "fs", "net", "sound"}
    top = [name for name in kernels.store.read_tree(kernels.store.tree_of(commit)) if name not in left_out]
    arches = [f"arch/{arch}" for arch in COMPARED]
    git = ["git", f"--git-dir={kernels.store.path}", "archive", commit, *top, *arches]
    with subprocess.Popen(git, stdout=subprocess.PIPE) as archive:
        subprocess.run(["tar", "-x"], stdin=archive.stdout, cwd=place, check=True)
    yield request.param, place
    shutil.rmtree(place)


def made(whole: Path, arch: str, target: Path) -> dict[str, bytes]:
    """Install with nothing but make, in the tree itself."""
    shutil.rmtree(target, ignore_errors=True)
    command = ["make", "-s", "-j2", f"ARCH={arch}", f"INSTALL_HDR_PATH={target}", "headers_install"]
    subprocess.run(command, cwd=whole, check=True, stderr=subprocess.PIPE)
    return plain_install(target)


def test_the_same_bytes_as_a_plain_make(kernels: Kernels, whole: tuple[str, Path], tmp_path: Path) -> None:
    tree, place = whole
    base = kernels.commits[tree]
    before = kernels.installer.install(base, ARCHES)
    for arch in COMPARED:
        assert contents(before[arch]) == made(place, arch, tmp_path / arch), arch

    # A step inside a header: make runs for one of the twelve here, and for each of them in the whole tree.
    changed = (place / SIGINFO).read_bytes().replace(MEMBER, b"\tlong __user_space;\n" + MEMBER)
    assert changed.count(b"__user_space") >= 1
    step = with_file(kernels.store, base, SIGINFO, changed)
    assert touches_headers(kernels.store, base, step)
    after = kernels.installer.install(step, ARCHES)
    (place / SIGINFO).write_bytes(changed)
    for arch in COMPARED:
        assert contents(after[arch]) == made(place, arch, tmp_path / arch), arch
    for arch in ARCHES:
        one, other = before[arch], after[arch]
        assert isinstance(one, Installed)
        assert isinstance(other, Installed)
        assert {path for path in one.files if one.files[path] != other.files[path]} == {"asm-generic/siginfo.h"}
        reached = affected(one, other)
        assert {"asm-generic/siginfo.h", "asm/siginfo.h", "linux/signal.h"} <= set(reached) < set(other.files)


def with_file(store: ObjectStore, commit: str, path: str, data: bytes) -> str:
    """Return a commit of the same tree with one other file."""
    tree = store.update_tree(store.tree_of(commit), {path: Entry(FILE, store.write_blob(data))})
    who = "A U Thor <author@example.com> 1617878165 +0200"
    return store.write_commit(f"tree {tree}\nauthor {who}\ncommitter {who}\n\nstep\n".encode())
