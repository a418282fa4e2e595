# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers of the fake kernel: exact after every kind of step, made once, and put right after every kind of end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seriestool.abi import make
from seriestool.abi.headers import HeaderInstaller
from seriestool.abi.installed import Installed, InstalledHeaders, InstallFailure
from seriestool.abi.workplace import Workplace
from seriestool.errors import InputRefused, MachineFault, ProgramMissing
from seriestool.git.objects import ObjectStore, open_store
from seriestool.git.treeobject import FILE, Entry, Oid
from tests.abi.kernels import ARCHES, GENERIC, Changes, contents, state, text_of
from tests.conftest import ROOT

SCRIPT = "scripts/headers_install.sh"
HEADER = text_of(GENERIC)
GREW = HEADER.replace("short lsb;", "short lsb;\n\t\t\tlong perf;")
X86_BITS = "arch/x86/include/uapi/asm/fakebits.h"
NEW = "include/uapi/linux/fakenew.h"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with open_store(tmp_path / "kernel.git") as store:
        yield store


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "headers"


@pytest.fixture
def installer(store: ObjectStore, place: Path) -> HeaderInstaller:
    return HeaderInstaller(store, place, jobs=2)


def runs(place: Path) -> dict[str, int]:
    """Return when make ran last for each arch."""
    return {path.stem: path.stat().st_mtime_ns for path in place.glob("*/logs/*.status")}


def reasons(found: dict[str, Installed | InstallFailure]) -> dict[str, str]:
    return {arch: each.reason for arch, each in found.items() if isinstance(each, InstallFailure)}


def test_what_user_space_gets(store: ObjectStore, installer: HeaderInstaller) -> None:
    found = installer.install(state(store), ARCHES)
    assert list(found) == ["x86", "arm"]
    x86, arm = (contents(found[arch]) for arch in ARCHES)
    shared = ["asm-generic/fakeinfo.h", "asm/fakebits.h", "asm/fakeinfo.h", "linux/fakeinfo.h"]
    assert sorted(arm) == shared
    assert sorted(x86) == sorted([*shared, "linux/fakex86.h"])
    assert arm["asm/fakeinfo.h"] == b"#include <asm-generic/fakeinfo.h>\n"
    assert b"FAKE_BITS 32" in arm["asm/fakebits.h"]
    assert b"FAKE_BITS 64" in x86["asm/fakebits.h"]
    assert b"__user" not in arm["asm-generic/fakeinfo.h"]
    assert b"KERNEL" not in arm["asm-generic/fakeinfo.h"]


def test_the_list_names_each_content(store: ObjectStore, installer: HeaderInstaller) -> None:
    for installed in installer.install(state(store), ARCHES).values():
        assert isinstance(installed, Installed)
        expected = {path: Oid.of("blob", data) for path, data in contents(installed).items()}
        assert installed.files == expected
        assert list(installed.files) == sorted(expected)


def test_a_compiler_takes_the_tree(store: ObjectStore, installer: HeaderInstaller, tmp_path: Path) -> None:
    installed = installer.install(state(store), ["x86"])["x86"]
    assert isinstance(installed, Installed)
    command = ["gcc", "-fsyntax-only", "-isystem", str(installed.include), "-x", "c", "-"]
    subprocess.run(command, input=b"#include <linux/fakeinfo.h>\nstruct fakeinfo info;\n", check=True, cwd=tmp_path)


def test_what_changes_no_header_makes_nothing(
    store: ObjectStore, installer: HeaderInstaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installer.install(state(store), ARCHES)
    monkeypatch.setenv("PATH", "/usr/bin/nowhere")
    after = installer.install(state(store, {"kernel/signal.c": "int other;\n", "init/new.c": "\n"}), ARCHES)
    assert after == before


# Every kind of step; each is followed by the next, and the last ones go back.
STEPS: tuple[Changes, ...] = (
    {GENERIC: GREW},
    {GENERIC: GREW, "include/uapi/linux/fakex86.h": "struct fakex86 { char byte; };\n"},
    {X86_BITS: "#define FAKE_BITS 32\n"},
    {NEW: "struct fakenew { int one; };\n", X86_BITS: "#define FAKE_BITS 32\n"},
    {NEW: "struct fakenew { int two; };\n"},
    {},
    {"arch/arm/include/uapi/asm/fakeinfo.h": "struct fakeinfo { int own; };\n"},
    {"arch/arm/include/uapi/asm/fakeinfo.h": "struct fakeinfo { int own; };\n", GENERIC: GREW},
    {"include/uapi/asm/fakeinfo.h": "struct fakeinfo { int common; };\n"},
    {"include/uapi/asm/fakeinfo.h": "struct fakeinfo { int other; };\n"},
    {"arch/x86/include/uapi/asm/Kbuild": "generic-y += nothing.h\n"},
    {SCRIPT: text_of(SCRIPT).replace("/ __user / /g", "/ __user / __notkernel /g")},
    {SCRIPT: text_of(SCRIPT), "Makefile": text_of("Makefile").replace("-name '*.h'", "-name 'fake*.h'")},
    {"include/uapi/linux/fakeinfo.h": None},
    {"arch/arm/include/uapi/asm/fakebits.h": None, GENERIC: GREW},
    {GENERIC: GREW},
    {},
)


def test_every_step_gives_what_a_first_installation_gives(
    store: ObjectStore, installer: HeaderInstaller, tmp_path: Path
) -> None:
    installer.install(state(store), ARCHES)
    for number, changes in enumerate(STEPS):
        commit = state(store, changes)
        first = HeaderInstaller(store, tmp_path / f"first{number}").install(commit, ARCHES)
        found = installer.install(commit, ARCHES)
        for arch in ARCHES:
            assert contents(found[arch]) == contents(first[arch]), (number, arch)


def test_a_step_inside_a_header_runs_make_for_one_arch(
    store: ObjectStore, installer: HeaderInstaller, place: Path
) -> None:
    before = installer.install(state(store), ARCHES)
    ran = runs(place)
    after = installer.install(state(store, {GENERIC: GREW}), ARCHES)
    assert {arch for arch, when in runs(place).items() if when != ran[arch]} == {"x86"}
    for arch in ARCHES:
        assert b"long perf;" in contents(after[arch])["asm-generic/fakeinfo.h"]
        assert contents(after[arch]).keys() == contents(before[arch]).keys()


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({X86_BITS: "#define FAKE_BITS 16\n"}, {"x86"}),
        ({NEW: "\n"}, {"x86", "arm"}),
        ({"include/uapi/linux/fakex86.h": None}, {"x86", "arm"}),
        ({SCRIPT: text_of(SCRIPT) + "\n"}, {"x86", "arm"}),
        ({"include/uapi/linux/Kbuild": "\n"}, {"x86", "arm"}),
    ],
)
def test_any_other_step_runs_it_for_each_it_concerns(
    store: ObjectStore, installer: HeaderInstaller, place: Path, changes: Changes, made: set[str]
) -> None:
    installer.install(state(store), ARCHES)
    ran = runs(place)
    installer.install(state(store, changes), ARCHES)
    assert {arch for arch, when in runs(place).items() if when != ran[arch]} == made


def test_another_arch_leaves_the_first_one_alone(store: ObjectStore, installer: HeaderInstaller, place: Path) -> None:
    installer.install(state(store), ["x86"])
    (out,) = place.glob("*/out/x86")
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    installer.install(state(store), ["arm"])
    installer.install(state(store, {GENERIC: GREW}), ["x86"])
    changed = {path.name for path, when in made.items() if path.stat().st_mtime_ns != when}
    assert "fakebits.h" not in changed


def test_a_header_that_leaks(store: ObjectStore, installer: HeaderInstaller) -> None:
    installer.install(state(store), ARCHES)
    bad = {GENERIC: HEADER.replace("int code;", "int code;\n#ifdef CONFIG_FAKE\n#endif")}
    found = installer.install(state(store, bad), ARCHES)
    assert reasons(found) == dict.fromkeys(ARCHES, f"{GENERIC}: leak CONFIG_FAKE to user-space")
    assert reasons(installer.install(state(store, {GENERIC: GREW}), ARCHES)) == {}


def test_a_leak_of_one_arch(store: ObjectStore, installer: HeaderInstaller) -> None:
    found = installer.install(state(store, {X86_BITS: "CONFIG_FAKE\n"}), ARCHES)
    assert reasons(found) == {"x86": f"{X86_BITS}: leak CONFIG_FAKE to user-space"}
    assert contents(found["arm"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Makefile": None}, "no kernel: the tree has no Makefile"),
        ({"Makefile": "all: ;\n"}, "the tree has no headers_install"),
        ({"Makefile": "headers_install: ;\n"}, "make headers_install installed nothing"),
        ({"Makefile": "headers_install: gone.h\n"}, "No rule to make target 'gone.h', needed by 'headers_install'."),
        ({"Makefile": "headers_install:\n\t@echo why >&2; false\n"}, "why"),
        ({"Makefile": "headers_install:\n\t@false\n"}, "[Makefile:2: headers_install] Error 1"),
        ({"Makefile": "$(error no such architecture)\n"}, "Makefile:1: *** no such architecture."),
    ],
)
def test_a_tree_that_cannot(store: ObjectStore, installer: HeaderInstaller, changes: Changes, reason: str) -> None:
    assert reasons(installer.install(state(store, changes), ["arm"])) == {"arm": reason}


def test_an_old_tree_and_a_missing_arch(store: ObjectStore, installer: HeaderInstaller) -> None:
    kernel = ("linux/fakeinfo.h", "linux/fakex86.h", "asm-generic/fakeinfo.h")
    old = state(store, {f"include/uapi/{path}": None for path in kernel})
    assert reasons(installer.install(old, ["arm"])) == {"arm": "the tree has no include/uapi"}
    found = installer.install(state(store), ["arm", "sparc"])
    assert reasons(found) == {"sparc": "the tree has no arch/sparc"}
    assert contents(found["arm"])


@pytest.mark.parametrize("program", ["make", "gcc", "rsync"])
def test_a_missing_program(
    store: ObjectStore, installer: HeaderInstaller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    commit = state(store)
    (tmp_path / "bin").mkdir()
    for name in {"make", "gcc", "rsync", "sed", "find", "grep", "git"} - {program}:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ProgramMissing, match=f"program not found: {program}") as caught:
        installer.install(commit, ["arm"])
    assert str(caught.value.hint).startswith(f"apt install {program}, ")


def test_a_program_that_only_the_tree_wants(store: ObjectStore, installer: HeaderInstaller) -> None:
    with pytest.raises(ProgramMissing, match="program not found: wizard"):
        installer.install(state(store, {SCRIPT: "wizard $1 $2\n"}), ["arm"])


def test_a_full_disk_is_no_fault_of_the_tree(store: ObjectStore, installer: HeaderInstaller, tmp_path: Path) -> None:
    flag = tmp_path / "full"
    flag.touch()
    full = f'[ -e {flag} ] && echo half >"$2" && echo "sed: No space left on device" >&2 && trap "" EXIT && exit 4\n'
    commit = state(store, {SCRIPT: full + text_of(SCRIPT)})
    with pytest.raises(MachineFault, match="no space left on device") as caught:
        installer.install(commit, ["arm"])
    assert caught.value.hint == "make room and run the same command again"
    flag.unlink()
    assert b"struct fakeinfo" in contents(installer.install(commit, ["arm"])["arm"])["asm-generic/fakeinfo.h"]


def test_a_tree_that_does_not_end(
    store: ObjectStore, installer: HeaderInstaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "_TIMEOUT", 1.0)
    slow = text_of("Makefile").replace("headers_install: $", "headers_install: $(if $(filter arm,$(ARCH)),slow) $")
    found = installer.install(state(store, {"Makefile": f"{slow}\nslow:\n\t@sleep 60\n"}), ARCHES)
    assert reasons(found) == {"arm": "make headers_install: no end after 1 s"}
    assert contents(found["x86"])


_INSTALL = """
import sys
from pathlib import Path
from seriestool.abi.headers import HeaderInstaller
from seriestool.git.objects import open_store
with open_store(Path(sys.argv[1])) as store:
    found = HeaderInstaller(store, Path(sys.argv[2])).install(sys.argv[3], ["x86", "arm"])
print(*(len(each.files) for each in found.values()))
"""


def other_process(store: ObjectStore, place: Path, commit: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _INSTALL, str(store.path), str(place), commit]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_while_a_header_was_half_written(
    store: ObjectStore, installer: HeaderInstaller, place: Path, tmp_path: Path
) -> None:
    flag, wait = tmp_path / "half", tmp_path / "wait"
    wait.touch()
    slow = f'[ -e {wait} ] && echo half >"$2" && touch {flag} && sleep 60\n'
    commit = state(store, {SCRIPT: slow + text_of(SCRIPT)})
    process = other_process(store, place, commit)
    deadline = time.monotonic() + 30
    while not flag.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert flag.exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait.unlink()
    for installed in installer.install(commit, ARCHES).values():
        assert b"half\n" not in contents(installed).values()


def test_what_a_power_cut_left_is_made_again(store: ObjectStore, installer: HeaderInstaller, place: Path) -> None:
    commit = state(store)
    before = contents(installer.install(commit, ["arm"])["arm"])
    (record,) = place.glob("[0-9]/source.json")
    record.write_text("{")
    (entry,) = (place / "entries").iterdir()
    (entry / "files.json").write_text("")
    short = next(path for path in (place / "content").glob("??/*") if path.read_bytes() == before["linux/fakeinfo.h"])
    short.unlink()
    short.touch()
    assert contents(installer.install(commit, ["arm"])["arm"]) == before


@pytest.mark.parametrize("left", [b"", b"struct fakeinfo"])
def test_a_header_that_a_power_cut_left_short_is_not_believed(
    store: ObjectStore, installer: HeaderInstaller, place: Path, left: bytes
) -> None:
    commit = state(store)
    before = contents(installer.install(commit, ["arm"])["arm"])
    (short,) = (place / "entries").glob("*/include/linux/fakeinfo.h")
    short.chmod(0o644)
    short.write_bytes(left)
    assert contents(installer.install(commit, ["arm"])["arm"]) == before


@pytest.mark.parametrize("name", ["my cache", "C:cache", "$cache", "it's"])
def test_a_place_that_make_cannot_work_in(store: ObjectStore, tmp_path: Path, name: str) -> None:
    installer = HeaderInstaller(store, tmp_path / name)
    with pytest.raises(MachineFault, match="make cannot work in ") as caught:
        installer.install(state(store), ["arm"])
    assert caught.value.hint is not None
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_two_processes_at_once(store: ObjectStore, place: Path) -> None:
    base, step = state(store), state(store, {GENERIC: GREW})
    processes = [other_process(store, place, commit) for commit in (base, step, base)]
    said = [process.communicate(timeout=60) for process in processes]
    assert [out for out, _ in said] == ["5 4\n"] * 3, said


def test_a_path_that_leaves_the_tree(store: ObjectStore, installer: HeaderInstaller, tmp_path: Path) -> None:
    bad = Entry(FILE, store.write_blob(b"bad"))
    tree = dict(store.read_tree(store.tree_of(state(store))))
    inner = store.write_tree({"..": Entry(0o040000, store.write_tree({"bad.h": bad}))})
    tree["include"] = Entry(0o040000, store.write_tree({"uapi": Entry(0o040000, inner)}))
    who = "A <a@example.com> 0 +0000"
    text = f"tree {store.write_tree(tree)}\nauthor {who}\ncommitter {who}\n\nbad\n"
    with pytest.raises(InputRefused, match=r"leaves it: 'include/uapi/\.\./bad\.h'"):
        installer.install(store.write_commit(text.encode()), ["arm"])
    assert not list(tmp_path.rglob("bad.h"))


def test_trees_do_not_push_each_other_out_at_once(store: ObjectStore, installer: HeaderInstaller, place: Path) -> None:
    more = {f"include/uapi/linux/more{number}.h": f"int {{}}{number};\n" for number in range(50)}
    trees = [state(store, {path: text.format(name) for path, text in more.items()}) for name in "abcd"]
    for commit in trees[:3]:
        installer.install(commit, ["arm"])
    assert sorted(path.name for path in place.glob("[0-9]")) == ["0", "1", "2"]
    installer.install(trees[3], ["arm"])
    assert sorted(path.name for path in place.glob("[0-9]")) == ["0", "1", "2"]
    wanted = Workplace(store, place / "0").files
    assert wanted["include/uapi/linux/more0.h"].oid == store.write_blob(b"int d0;\n")


def test_what_was_not_used_for_long_goes(store: ObjectStore, installer: HeaderInstaller, place: Path) -> None:
    commits = [state(store, {GENERIC: f"int only{number};\n"}) for number in range(4)]
    found = [installer.install(commit, ["arm"])["arm"] for commit in commits]
    for number, each in enumerate(found[:3]):
        assert isinstance(each, Installed)
        os.utime(each.include.parent, (number, number))  # 1970
    headers = InstalledHeaders(place)
    headers.prune(keep=2)
    left = [isinstance(each, Installed) and each.include.is_dir() for each in found]
    assert left == [False, False, True, True]
    texts = [path.read_bytes() for path in (place / "content").glob("??/*")]
    assert b"int only2;\n" in texts
    assert b"int only0;\n" not in texts
    headers.prune(keep=0)
    assert contents(found[3]), "used within the hour"
    assert contents(installer.install(commits[0], ["arm"])["arm"])["asm-generic/fakeinfo.h"] == b"int only0;\n"
