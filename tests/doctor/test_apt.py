# SPDX-License-Identifier: GPL-2.0-or-later
"""Installing: a script on PATH poses as apt-get, and writes down what it was asked."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seriestool.cli.main import run
from seriestool.doctor import install, install_command
from seriestool.doctor.needs import Need, Program
from seriestool.errors import CommandFailed, ExitCode, MachineFault
from seriestool.log import QUIET, Task
from tests.doctor import put_program

FLEX = Need("flex", Program("flex"), "flex", "a test")
BISON = Need("bison", Program("bison"), "bison", "a test")
YACC = Need("yacc", Program("yacc"), "bison", "a test")


@dataclass
class Heard:
    """A Progress that writes down what it is told."""

    tasks: list[tuple[str, float | None]] = field(default_factory=list)
    total: float = 0
    details: list[str] = field(default_factory=list)

    def advance(self, amount: float = 1) -> None:
        self.total += amount

    def describe(self, detail: str) -> None:
        self.details.append(detail)

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        self.tasks.append((label, total))
        yield self

    def note(self, message: str) -> None:
        self.details.append(message)


@dataclass(frozen=True)
class Machine:
    """A Debian machine of scripts: what apt-get was asked is in ``calls``."""

    path: Path
    lists: Path
    journal: Path
    asked: Path

    def calls(self) -> list[str]:
        return self.asked.read_text().splitlines() if self.asked.is_file() else []

    def fetch_lists(self) -> None:
        (self.lists / "mirror_dists_suite_main_binary-amd64_Packages").touch()


@pytest.fixture
def machine(empty_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make a Debian machine where we are root, with no package lists."""
    made = Machine(empty_path, tmp_path / "lists", tmp_path / "journal", tmp_path / "asked")
    for directory in (made.lists, made.journal):
        directory.mkdir()
    for name in ("sh", "env"):
        (empty_path / name).symlink_to(f"/usr/bin/{name}")
    put_apt_get(made, "")
    monkeypatch.setattr("seriestool.doctor.apt._LISTS", made.lists)
    monkeypatch.setattr("seriestool.doctor.apt._DPKG_JOURNAL", made.journal)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return made


def put_apt_get(machine: Machine, body: str) -> None:
    """Write an apt-get that notes its verb and packages, then does *body*."""
    put_program(
        machine.path / "apt-get",
        f"""
        while [ $# -gt 0 ]; do case $1 in -o) shift 2;; -*) shift;; *) break;; esac; done
        echo "$DEBIAN_FRONTEND $*" >>{shlex.quote(str(machine.asked))}
        """
        + body,
    )


def test_the_line_to_paste_names_each_package_once(machine: Machine) -> None:
    assert install_command([FLEX, YACC, BISON]) == "apt-get install --no-install-recommends bison flex"


def test_the_line_to_paste_starts_with_sudo_for_a_user(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert install_command([FLEX]) == "sudo apt-get install --no-install-recommends flex"


def test_nothing_missing_asks_nothing(machine: Machine) -> None:
    install([], QUIET)
    assert machine.calls() == []


def test_lists_are_fetched_where_there_are_none(machine: Machine) -> None:
    install([FLEX, BISON], QUIET)
    assert machine.calls() == ["noninteractive update", "noninteractive install --no-install-recommends bison flex"]


def test_fresh_lists_are_taken_as_they_are(machine: Machine) -> None:
    machine.fetch_lists()
    install([FLEX], QUIET)
    assert machine.calls() == ["noninteractive install --no-install-recommends flex"]


def test_old_lists_are_fetched_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.fetch_lists()
    later = time.time() + 2 * 24 * 3600
    monkeypatch.setattr("time.time", lambda: later)
    install([FLEX], QUIET)
    assert machine.calls()[0] == "noninteractive update"


def test_lists_that_name_what_the_mirror_lost_are_fetched_and_tried_again(machine: Machine) -> None:
    machine.fetch_lists()
    seen = machine.lists / "seen"
    put_apt_get(machine, f'[ "$1" = update ] || [ -e {seen} ] || {{ : >{seen}; exit 100; }}')
    install([FLEX], QUIET)
    assert [call.split()[1] for call in machine.calls()] == ["install", "update", "install"]


def test_what_apt_says_last_is_the_error(machine: Machine) -> None:
    put_apt_get(machine, '[ "$1" = update ] || { echo "E: Unable to locate package flex" >&2; exit 100; }')
    with pytest.raises(CommandFailed, match="exit status 100: E: Unable to locate package flex") as caught:
        install([FLEX], QUIET)
    assert "apt-get install" in (caught.value.hint or "")


def test_a_killed_install_is_brought_to_an_end_first(machine: Machine) -> None:
    (machine.journal / "0001").touch()
    put_program(machine.path / "dpkg", f'echo "dpkg $*" >>{shlex.quote(str(machine.asked))}')
    install([FLEX], QUIET)
    assert machine.calls()[0] == "dpkg --force-confold --configure -a"


def test_apt_tells_how_far_it_is(machine: Machine) -> None:
    machine.fetch_lists()
    status = "dlstatus:1:50.0:Retrieving flex\\ndlstatus:2:100:done\\npmstatus:flex:40.5:Unpacking flex\\n"
    put_apt_get(machine, f'printf "{status}" >&3; echo "pmerror"; printf "pmstatus:flex:100:Configuring flex\\n" >&3')
    heard = Heard()
    install([FLEX], heard)
    assert heard.tasks == [("install", 200.0)]
    assert heard.total == pytest.approx(200.0)
    assert heard.details == ["Retrieving flex", "done", "Unpacking flex", "Configuring flex"]


def test_a_user_without_sudo_is_told_the_line(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(MachineFault, match="no sudo") as caught:
        install([FLEX], QUIET)
    assert caught.value.hint == "run: sudo apt-get install --no-install-recommends flex"
    assert machine.calls() == []


def test_a_sudo_that_wants_a_password_does_not_hang(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    put_program(machine.path / "sudo", 'echo "sudo: a password is required" >&2; exit 1')
    with pytest.raises(MachineFault, match="wants a password"):
        install([FLEX], QUIET)
    assert machine.calls() == []


def test_sudo_without_a_password_installs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    put_program(machine.path / "sudo", '[ "$1" = -n ] || exit 9; shift; [ "$1" = true ] || exec "$@"')
    install([FLEX], QUIET)
    assert [call.split()[1] for call in machine.calls()] == ["update", "install"]


def test_a_machine_without_apt_is_told_the_packages(empty_path: Path) -> None:
    with pytest.raises(MachineFault, match="no apt-get") as caught:
        install([FLEX, BISON], QUIET)
    assert "bison flex" in (caught.value.hint or "")


def test_the_command_says_need_by_need_and_the_line(empty_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_program(empty_path / "flex", "exit 0")
    assert run(["doctor", "--arch", "arm"]) == ExitCode.CANNOT_TELL
    lines = capsys.readouterr().out.splitlines()
    assert f"ok      {'flex':24}  {empty_path / 'flex'}" in lines
    assert f"missing {'bison':24}  kernel configuration (kconfig): not on PATH" in lines
    assert "apt-get install --no-install-recommends" in lines[-1]
    assert " bison " in lines[-1]
    assert " flex " not in lines[-1]


def test_the_command_installs_and_looks_again(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    for program in ("chmod", "cp"):
        (machine.path / program).symlink_to(f"/usr/bin/{program}")
    programs = "git dpkg-deb make gcc flex bison bc perl rsync cpio quilt pahole arm-linux-gnueabi-gcc "
    programs += "qemu-system-arm"
    put_program(machine.path / "true", "exit 0")
    put_apt_get(machine, f'[ "$1" = update ] || for p in {programs}; do cp {machine.path}/true {machine.path}/$p; done')
    run(["doctor", "--install", "--quiet", "--json", "--arch", "arm"])
    told = json.loads(capsys.readouterr().out)
    missing = {need["name"] for need in told["needs"] if not need["present"]}
    assert missing <= {"keys of Debian's archive", "certificate authorities"}, "only files that this test cannot make"
    assert [call.split()[1] for call in machine.calls()] == ["update", "install"]


def test_an_unknown_arch_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--arch", "pdp11"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("error: unknown arch: pdp11\nhint: known: arm, x86_64")
