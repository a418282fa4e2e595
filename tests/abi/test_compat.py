# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's own type, state by state: what is read, what makes it be read again, and why it cannot be read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from seriestool.abi.compat import CompatReader
from seriestool.abi.compat_kernel import CompatFailure
from seriestool.arch.abi import Abi
from seriestool.errors import MachineFault
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.layout import Record
from tests.abi.fakecompat import FILES, FIRST, SECOND, Compilers, state
from tests.conftest import ROOT


@pytest.fixture
def compilers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compilers:
    return Compilers(tmp_path / "bin", monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with open_store(tmp_path / "store.git") as opened:
        yield opened


def read(store: ObjectStore, commit: str, abi: Abi = FIRST, *, jobs: int = 2) -> Record | CompatFailure:
    """Read one state, as a new process would."""
    reader = CompatReader(store, store.path.parent / "compat", jobs=jobs)
    return reader.read([commit], [abi])[commit, abi.name]


def offsets(found: Record | CompatFailure) -> dict[str, tuple[int, int]]:
    assert isinstance(found, Record), found
    return {path: (member.offset, member.bit_size // 8) for path, member in found.flat()}


def reason(found: Record | CompatFailure) -> str:
    assert isinstance(found, CompatFailure)
    return found.reason


def compat_h(field: str) -> str:
    """Return linux/compat.h with one more member in the union."""
    return FILES["include/linux/compat.h"].replace("int _pad[29];", f"int _pad[29]; {field}")


def test_the_kernel_s_own_type(store: ObjectStore, compilers: Compilers) -> None:
    found = read(store, state(store))
    assert isinstance(found, Record)
    assert (found.name, found.size, found.header) == ("struct compat_siginfo", 128, "linux/compat.h")
    assert offsets(found)["_sifields._sigfault._addr"] == (12, 4)
    assert offsets(found)["_sifields._rt._sigval.sival_ptr"] == (20, 4), "a record with a tag is in place"
    assert compilers.calls() == ["bounds", "type"]


def test_two_kernels_share_the_host_programs(store: ObjectStore, compilers: Compilers, tmp_path: Path) -> None:
    commit = state(store)
    found = CompatReader(store, tmp_path / "compat", jobs=2).read([commit], [FIRST, SECOND])
    assert [offsets(each)["si_code"] for each in found.values()] == [(8, 4)] * 2
    assert (tmp_path / "compat/conf.made").read_text().split() == ["made"]
    compilers.calls()
    assert read(store, commit) == found[commit, "first32"], "whoever else was asked for"
    assert compilers.calls() == []


def test_asked_again_nothing_is_started(store: ObjectStore, compilers: Compilers) -> None:
    commit = state(store)
    first = read(store, commit)
    compilers.calls()
    again = read(store, commit)
    assert again == first
    assert compilers.calls() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel/signal.c": "int changed;\n"},
        {"include/linux/other.h": "long other;\n"},
        {"arch/second/Kconfig": "config COMPAT\n    bool\nconfig X\n", "README": "text"},
        {"Documentation/a.rst": "text\n"},
    ],
    ids=["code", "header that is not included", "another arch", "text"],
)
def test_what_has_no_say_compiles_nothing(
    store: ObjectStore, compilers: Compilers, changes: dict[str, str | None]
) -> None:
    first = read(store, state(store))
    compilers.calls()
    assert read(store, state(store, changes)) == first
    assert compilers.calls() == []


@pytest.mark.parametrize(
    ("changes", "compiled"),
    [
        ({"include/linux/compat.h": compat_h("long long _perf;")}, ["type"]),
        ({"include/linux/types.h": "typedef unsigned long compat_uptr_t;\n"}, ["type"]),
        ({"include/linux/bound.h": "enum { NR = 4 };\n"}, ["bounds", "type"]),
        ({"include/linux/new.h": "int a;\n"}, ["bounds", "type"]),
        ({"arch/first/include/asm/own.h": "int a;\n"}, ["bounds", "type"]),
        ({"Makefile": FILES["Makefile"] + "# more\n"}, ["bounds", "type"]),
        ({"Kconfig": FILES["Kconfig"] + "config MORE\n"}, ["bounds", "type"]),
    ],
    ids=["its header", "what that includes", "bounds", "new header", "arch header", "make", "Kconfig"],
)
def test_what_has_a_say_is_followed(
    store: ObjectStore, compilers: Compilers, changes: dict[str, str | None], compiled: list[str]
) -> None:
    reader = CompatReader(store, store.path.parent / "compat")
    before, after = state(store), state(store, changes)
    reader.read([before], [FIRST])
    compilers.calls()
    found = reader.read([before, after, before], [FIRST])
    assert compilers.calls() == compiled
    # The same as who never saw another state.
    alone = CompatReader(store, store.path.parent / "alone").read([after], [FIRST])
    assert found[after, "first32"] == alone[after, "first32"]


def test_a_moved_member_is_seen(store: ObjectStore, compilers: Compilers) -> None:
    before = read(store, state(store))
    after = read(store, state(store, {"include/linux/compat.h": compat_h("long long _perf;")}))
    assert offsets(before)["_sifields._rt._pid"] == (12, 4)
    assert offsets(after)["_sifields._rt._pid"] == (16, 4)
    assert isinstance(after, Record)
    assert after.size == 136


def test_a_generated_header_of_another_state_is_made_again(store: ObjectStore, compilers: Compilers) -> None:
    sized = FILES["include/linux/compat.h"].replace("int _pad[29];", "int _pad[BOUND];")
    header = f"#include <generated/bounds.h>\n{sized}"
    sizes = []
    for number in (29, 61, 29):
        bound = f"enum {{\nNR = {number}\n}};\n"
        found = read(store, state(store, {"include/linux/compat.h": header, "include/linux/bound.h": bound}))
        assert isinstance(found, Record)
        sizes.append(found.size)
    assert sizes == [128, 256, 128]


def test_header_that_is_usually_left_out(store: ObjectStore, compilers: Compilers, tmp_path: Path) -> None:
    far = "#include <sound/far.h>\n" + compat_h("far_t _far;")
    found = read(store, state(store, {"include/linux/compat.h": far}))
    assert offsets(found)["_sifields._far"] == (12, 4)
    assert not (tmp_path / "compat/source/kernel/signal.c").exists()


def test_configuration_that_reads_another_arch_s(store: ObjectStore, compilers: Compilers, tmp_path: Path) -> None:
    conf = FILES["scripts/kconfig/conf.sh"]
    wanted = "$1/arch/second/Kconfig"
    reads = f'[ -e {wanted} ] || {{ echo "Kconfig:1: can\'t open file \\"{wanted}\\"" >&2; exit 1; }}\n{conf}'
    changes = {"scripts/kconfig/conf.sh": reads}
    assert offsets(read(store, state(store, changes)))["si_code"] == (8, 4)
    log = (tmp_path / "compat/out/first64.log").read_text()
    assert log.count("can't open file") == 1, "it was left out at first"
    gone = reason(read(store, state(store, {**changes, "arch/second/Kconfig": None})))
    assert gone == 'make allnoconfig: Kconfig:1: can\'t open file "arch/second/Kconfig"'


def test_tree_that_does_not_know_the_kernel_s_name(store: ObjectStore, compilers: Compilers, tmp_path: Path) -> None:
    old = FILES["Makefile"].replace("first64, ", "")
    assert offsets(read(store, state(store, {"Makefile": old})))["si_code"] == (8, 4)
    log = (tmp_path / "compat/out/first64.log").read_text()
    assert " ARCH=first " in log
    assert " ARCH=first64 " not in log


def test_no_compiler_names_the_package(store: ObjectStore, compilers: Compilers) -> None:
    (compilers.directory / "first-gcc").unlink()
    reader = CompatReader(store, store.path.parent / "compat")
    commit = state(store)
    found = reader.read([commit], [FIRST, SECOND])
    assert reason(found[commit, "first32"]) == "no first-gcc: apt install gcc-first"
    assert offsets(found[commit, "second32"])["si_code"] == (8, 4)


def test_no_bison_names_the_package(store: ObjectStore, compilers: Compilers, monkeypatch: pytest.MonkeyPatch) -> None:
    (compilers.directory / "bison").unlink()
    monkeypatch.setenv("PATH", str(compilers.directory))
    for name in ("make", "gcc", "git"):
        (compilers.directory / name).symlink_to(f"/usr/bin/{name}")
    assert reason(read(store, state(store))) == "no bison: apt install bison"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arch/first/Kconfig": "config OTHER\n"}, "first has no CONFIG_COMPAT in this tree"),
        (
            {"arch/first/Kconfig": "config COMPAT\n    depends on OTHER\n"},
            "CONFIG_COMPAT cannot be set in this tree: something that it depends on is not",
        ),
        ({"include/linux/compat.h": "struct compat_siginfo;\n"}, "does not compile: <stdin>:4:23: error: "),
        (
            {"include/linux/compat.h": compat_h("no_such_t x;")},
            "does not compile: include/linux/compat.h:7:23: error: unknown type name 'no_such_t'",
        ),
        (
            {"include/linux/compat.h": "#include <linux/gone.h>\n"},
            "does not compile: include/linux/compat.h:1:10: fatal error: linux/gone.h: No such file or directory",
        ),
        ({"scripts/Makefile.build": "FORCE:\n"}, "make seriestool: No rule to make target"),
        ({"scripts/kconfig/conf.sh": "echo Kconfig:3: syntax error >&2; exit 1\n"}, "make allnoconfig: "),
        ({"Makefile": None}, "no kernel: the tree has no Makefile"),
        ({"arch/first/Makefile": None}, "the tree has no arch/first"),
    ],
    ids=["no symbol", "dependency", "no type", "error", "no header", "no rule", "Kconfig", "no kernel", "no arch"],
)
def test_why_not(
    store: ObjectStore, compilers: Compilers, changes: dict[str, str | None], said: str, tmp_path: Path
) -> None:
    commit = state(store, changes)
    found = reason(read(store, commit))
    assert found.startswith(said)
    assert str(tmp_path) not in found
    assert "\n" not in found
    assert reason(read(store, commit)) == found, "asked again, it says the same"


def test_a_failure_is_cured_by_the_next_state(store: ObjectStore, compilers: Compilers) -> None:
    broken, whole = state(store, {"include/linux/compat.h": compat_h("no_such_t x;")}), state(store)
    found = CompatReader(store, store.path.parent / "compat").read([broken, whole], [FIRST])
    assert isinstance(found[broken, "first32"], CompatFailure)
    assert offsets(found[whole, "first32"])["si_code"] == (8, 4)


def test_full_disk_is_the_machine_s_fault(store: ObjectStore, compilers: Compilers) -> None:
    commit = state(store)
    (compilers.directory / "full").touch()
    with pytest.raises(MachineFault, match="no space left on device"):
        read(store, commit)
    (compilers.directory / "full").unlink()
    assert offsets(read(store, commit))["si_code"] == (8, 4)


_CHILD = """
import sys
from pathlib import Path
from seriestool.abi.compat import CompatReader
from seriestool.git.objects import open_store
from tests.abi.fakecompat import FIRST
store, commit = open_store(Path(sys.argv[1])), sys.argv[2]
CompatReader(store, Path(sys.argv[3])).read([commit], [FIRST])
"""


@pytest.mark.parametrize("where", ["bounds", "type"])
def test_killed_in_the_middle_the_next_one_is_right(
    store: ObjectStore, compilers: Compilers, tmp_path: Path, where: str
) -> None:
    before, after = state(store), state(store, {"include/linux/compat.h": compat_h("long long _perf;")})
    if where == "type":
        read(store, before)
    (compilers.directory / f"hang-{where}").touch()
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(store.path), after, str(tmp_path / "compat")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    _wait_for(compilers.directory / "hanging", child)
    child.send_signal(signal.SIGKILL)
    child.wait()
    (compilers.directory / f"hang-{where}").unlink()
    assert offsets(read(store, after))["_sifields._rt._pid"] == (16, 4)
    assert offsets(read(store, before))["_sifields._rt._pid"] == (12, 4)


def _wait_for(path: Path, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert child.poll() is None, "the child ended"
        assert time.monotonic() < deadline, "nothing hangs"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "files", [("source.json",), ("out/first64.json", "known/*"), ("layouts/*/*", "out/first64.json")], ids=str
)
def test_damaged_records_are_made_again(
    store: ObjectStore, compilers: Compilers, tmp_path: Path, files: Sequence[str]
) -> None:
    commit = state(store)
    first = read(store, commit)
    for pattern in files:
        damaged = list((tmp_path / "compat").glob(pattern))
        assert damaged
        for path in damaged:
            path.write_text("{")
    assert read(store, commit) == first
    assert read(store, state(store, {"include/linux/types.h": "typedef unsigned compat_uptr_t;\n"})) == first


def test_abi_that_no_kernel_runs_beside_its_own_is_left_out(store: ObjectStore, compilers: Compilers) -> None:
    alone = Abi("alone", "alone", 64, "first", "gcc", "gcc")
    assert CompatReader(store, store.path.parent / "compat").read([state(store)], [alone]) == {}
