# SPDX-License-Identifier: GPL-2.0-or-later
"""KVM is used where a guest spoke, and nowhere else."""

from __future__ import annotations

import dataclasses
import json
import platform
from pathlib import Path

import pytest

from seriestool.arch import Architecture, find_arch
from seriestool.errors import ProgramMissing, UsageError
from seriestool.log import QUIET
from seriestool.vm import accel
from tests.vm.conftest import FakeQemu


@pytest.fixture
def native(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Architecture:
    """An arch this host could run with KVM, on a host with a device that opens."""
    (tmp_path / "kvm").touch()
    monkeypatch.setattr(accel, "_DEVICE", tmp_path / "kvm")
    monkeypatch.setattr(accel, "_LIMIT", 1.0)
    return dataclasses.replace(find_arch("x86_64"), kvm_host_machines=(platform.machine(),))


def choose(arch: Architecture, tmp_path: Path, forced: str | None = None) -> str:
    cache = tmp_path / "cache" / "accelerators.json"
    return accel.choose_accelerator(arch, kernel=tmp_path / "kernel", cache=cache, progress=QUIET, forced=forced)


def test_guest_that_speaks_gets_kvm_and_is_asked_once(
    native: Architecture, tmp_path: Path, fake_qemu: FakeQemu
) -> None:
    pids = fake_qemu("early-end", "exec sleep 60")
    assert choose(native, tmp_path) == "kvm"
    assert choose(native, tmp_path) == "kvm"
    assert len(pids.read_text().split()) == 1


@pytest.mark.parametrize(
    ("record", "end"),
    [
        ("silent", "exec sleep 60"),
        ("silent", "echo 'qemu: error: failed to set MSR 0x10a' >&2; exit 134"),
        ("cannot-start", "exec sleep 60"),
    ],
    ids=["never-runs", "aborts", "only-qemu-speaks"],
)
def test_kvm_that_runs_no_guest(
    record: str, end: str, native: Architecture, tmp_path: Path, fake_qemu: FakeQemu
) -> None:
    pids = fake_qemu(record, end)
    assert choose(native, tmp_path) == "tcg"
    assert choose(native, tmp_path) == "tcg"
    assert len(pids.read_text().split()) == 1


def test_next_boot_of_the_host_asks_again(
    native: Architecture, tmp_path: Path, fake_qemu: FakeQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = fake_qemu("early-end", "exec sleep 60")
    choose(native, tmp_path)
    (tmp_path / "boot_id").write_text("another\n")
    monkeypatch.setattr(accel, "_BOOT_ID", tmp_path / "boot_id")
    choose(native, tmp_path)
    assert len(pids.read_text().split()) == 2
    assert len(json.loads((tmp_path / "cache" / "accelerators.json").read_text())) == 2


@pytest.mark.parametrize("damage", ["", "[]", '{"x": 3}', "\x00", "{"])
def test_damaged_memory_remembers_nothing(
    damage: str, native: Architecture, tmp_path: Path, fake_qemu: FakeQemu
) -> None:
    fake_qemu("early-end")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "accelerators.json").write_text(damage)
    assert choose(native, tmp_path) == "kvm"


def test_other_hosts_and_hosts_without_the_device_are_not_probed(
    native: Architecture, tmp_path: Path, fake_qemu: FakeQemu
) -> None:
    pids = fake_qemu("early-end")
    assert choose(dataclasses.replace(native, kvm_host_machines=()), tmp_path) == "tcg"
    (tmp_path / "kvm").unlink()
    assert choose(native, tmp_path) == "tcg"
    assert not pids.exists()


@pytest.mark.parametrize("forced", accel.ACCELERATORS)
def test_forced_accelerator_is_not_probed(
    forced: str, native: Architecture, tmp_path: Path, fake_qemu: FakeQemu
) -> None:
    pids = fake_qemu("silent")
    assert choose(native, tmp_path, forced) == forced
    assert not pids.exists()


def test_unknown_accelerator_names_the_known_ones(native: Architecture, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        choose(native, tmp_path, "hvf")
    assert caught.value.hint == "known: tcg, kvm"


def test_missing_qemu_names_its_package(native: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing) as caught:
        choose(native, tmp_path)
    assert caught.value.hint == "apt install qemu-system-x86"
