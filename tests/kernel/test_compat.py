# SPDX-License-Identifier: GPL-2.0-or-later
"""compat_siginfo of 64-bit kernels against siginfo_t of the programs they run, for the flagship and on the newest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from seriestool.abi.compat import CompatReader
from seriestool.abi.compat_compare import USER_HEADER, USER_TYPE, CompatState, expanded, judge_compat
from seriestool.abi.compat_kernel import CompatFailure, lacking
from seriestool.abi.headers import HeaderInstaller, Installed
from seriestool.abi.reader import HeaderReader
from seriestool.arch.abi import Abi
from seriestool.arch.abis import ABIS
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.abi import WHOLE, AbiVerdict, CompatMismatch, CompatResult
from seriestool.model.layout import Layout, Record
from tests.conftest import SHARED
from tests.kernel.conftest import Workspace, real_cache
from tests.kernel.repository import Repository
from tests.kernel.test_main_job import SERIES

pytestmark = pytest.mark.kernel

PAIRS = tuple(abi for abi in ABIS if abi.compat is not None)
# The only 32-bit ABI of these whose 64-bit integers need no alignment of 8, in the kernel's compat_u64 as well.
PACKED = "i386"
TOO_LARGE = (CompatMismatch(WHOLE, "136 bytes", "128 bytes"),)


@dataclass(frozen=True)
class Room:
    """Readers of both sides, with caches of their own."""

    store: ObjectStore
    place: Path
    kernels: CompatReader
    headers: HeaderInstaller
    reader: HeaderReader

    def states(self, commits: Mapping[str | None, str], abis: Sequence[Abi]) -> dict[str, list[CompatState]]:
        """Read both sides of every ABI in every state."""
        kernels = self.kernels.read(list(commits.values()), abis)
        installed = {
            commit: self.headers.install(commit, [abi.kernel_arch for abi in abis]) for commit in commits.values()
        }
        return {
            abi.name: [
                CompatState(number, kernels[commit, abi.name], self._user(abi, installed[commit][abi.kernel_arch]))
                for number, commit in commits.items()
            ]
            for abi in abis
        }

    def _user(self, abi: Abi, installed: object) -> Record:
        assert isinstance(installed, Installed), installed
        layout = self.reader.read(abi, installed.include, [USER_HEADER])[USER_HEADER]
        assert isinstance(layout, Layout), layout
        found = expanded(layout, USER_TYPE)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    place = tmp_path_factory.mktemp("compat")
    with open_store(real_cache().store) as store:
        yield Room(
            store, place, CompatReader(store, place / "kernels", jobs=2),
            HeaderInstaller(store, place / "headers", jobs=2), HeaderReader(place, 2),
        )  # fmt: skip


@pytest.fixture(scope="module")
def flagship(workspace: Workspace) -> Mapping[str | None, str]:
    """The states of the flagship on 5.10 that this is about: base, with the 64-bit integer, with the fix."""
    commits = _commits(workspace, "stable-5.10")
    return {None: commits[""], "05": commits["05"], "11": commits["11"]}


def _commits(workspace: Workspace, tree: str) -> dict[str, str]:
    """Return the commit of each state; "" is the tree's own."""
    if not (SHARED / "lore").is_dir():
        pytest.skip("no folder ../shared/lore beside this checkout")
    done = workspace.program("apply", SERIES, "--tree", tree, "--json")
    (found,) = json.loads(done.stdout)["trees"]
    return {"": found["commit"], **{patch["number"]: patch["commit"] for patch in found["patches"]}}


def _able() -> list[Abi]:
    able = [abi for abi in PAIRS if abi.compat is not None and not lacking(abi.compat)]
    if not able:
        pytest.skip("no compiler of a 64-bit kernel with a 32-bit ABI")
    return able


def _offset(side: Record | CompatFailure, path: str = "_sifields._kill._pid") -> int:
    assert isinstance(side, Record), side
    return dict(side.flat())[path].offset


def test_the_flagship_makes_the_kernel_write_more_than_programs_have(
    room: Room, flagship: Mapping[str | None, str]
) -> None:
    """Both sides move from 12 to 16, but the kernel's padding does not shrink: it copies 136 bytes into 128."""
    abis = _able()
    states = room.states(flagship, abis)
    for abi in abis:
        results = judge_compat(abi, states[abi.name])
        if abi.name == "riscv32":  # 5.10 is from before riscv ran 32-bit programs
            assert {each.verdict for each in results} == {AbiVerdict.UNAVAILABLE}
            assert {each.reason for each in results} == {"riscv has no CONFIG_COMPAT in this tree"}
            continue
        breaks = AbiVerdict.SAME if abi.name == PACKED else AbiVerdict.BREAKS
        assert _verdicts(results) == {None: AbiVerdict.SAME, "05": breaks, "11": AbiVerdict.SAME}, abi.name
        assert results[1].mismatches == (() if abi.name == PACKED else TOO_LARGE), abi.name
        moved = 12 if abi.name == PACKED else 16
        for side in ("kernel", "user"):
            offsets = [_offset(getattr(state, side)) for state in states[abi.name]]
            assert offsets == [12, moved, 12], (abi.name, side)


def _verdicts(results: Sequence[CompatResult]) -> dict[str | None, AbiVerdict]:
    return {each.number: each.verdict for each in results}


def test_states_that_change_nothing_it_includes_start_no_compiler(
    room: Room, flagship: Mapping[str | None, str], workspace: Workspace
) -> None:
    """After the base, 05 and 11 are known, so are all."""
    abis = [abi for abi in _able() if abi.name != "riscv32"]
    commits = _commits(workspace, "stable-5.10")
    room.kernels.read(list(flagship.values()), abis)
    before = _stamps(room.place / "kernels")
    found = room.kernels.read(list(commits.values()), abis)
    assert len(commits) == 11 + 1
    assert all(isinstance(each, Record) for each in found.values())
    assert _stamps(room.place / "kernels") == before


def _stamps(place: Path) -> dict[Path, int]:
    """Return when make last ran and when a type was last compiled, by kernel."""
    found = [*place.glob("out/*.log"), *place.glob("out/*/seriestool.o")]
    assert found
    return {path: path.stat().st_mtime_ns for path in found}


def test_the_newest_kernel_agrees_with_its_programs(room: Room, workspace: Workspace) -> None:
    abis = _able()
    newest: dict[str | None, str] = {None: _commits(workspace, "mainline-7.2")[""]}
    for name, states in room.states(newest, abis).items():
        (result,) = judge_compat(next(abi for abi in abis if abi.name == name), states)
        if name == "s390-31":  # it stopped to run 31-bit programs
            assert (result.verdict, result.reason) == (
                AbiVerdict.UNAVAILABLE, "s390 has no CONFIG_COMPAT in this tree",
            )  # fmt: skip
        else:
            assert (result.verdict, result.mismatches) == (AbiVerdict.SAME, ()), name


def test_what_changes_a_type_is_found_wherever_it_is_changed(workspace: Workspace, tmp_path: Path) -> None:
    """A flag of make's that every object is compiled with, and a header that has nothing to do with it."""
    (abi,) = (each for each in PAIRS if each.name == PACKED)
    if abi not in _able():
        pytest.skip(f"no compiler for {PACKED} and its kernel")
    repository = Repository(tmp_path / "kernel.git")
    base = _commits(workspace, "stable-5.10")[""]

    def commit(parent: str, subject: str, path: str, line: bytes) -> str:
        return repository.commit(parent, parent, subject, {path: repository.read(parent, path) + line})

    first = commit(base, "list: a word", "include/linux/list.h", b"/* a list */\n")
    second = commit(first, "kbuild: another name", "Makefile", b"\nKBUILD_CFLAGS += -D_overrun=_overran\n")
    third = commit(second, "list: one more", "include/linux/list.h", b"/* a list, still */\n")

    def compat(last: str) -> tuple[int, list[tuple[str | None, str]]]:
        done = workspace.program(
            "abi", "--series", f"{base}..{last}", "--repository", str(repository.place), "--tree", "stable-5.10",
            "--abi", PACKED, "--json",
        )  # fmt: skip
        found = json.loads(done.stdout)["compat"]
        return done.returncode, [(each["number"], each["verdict"]) for each in found]

    assert compat(first) == (0, [])
    assert compat(third) == (1, [(None, "same"), ("02", "breaks")])
