# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of architectures: complete, consistent, and known to those who need a row of it."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from seriestool.arch import ABIS, ARCHES, Abi, Architecture, default_abis, find_abi, find_arch
from seriestool.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
each_arch = pytest.mark.parametrize("arch", ARCHES, ids=lambda arch: arch.name)


def test_names_are_unique_and_found() -> None:
    assert len({arch.name for arch in ARCHES}) == len(ARCHES)
    assert [find_arch(arch.name) for arch in ARCHES] == list(ARCHES)


@pytest.mark.parametrize("name", ["", "ARM", "amd64", "arm "])
def test_unknown_arch_names_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_arch(name)
    assert caught.value.message == f"unknown arch: {name}"
    assert caught.value.hint == "known: arm, x86_64"


@each_arch
def test_every_row_has_its_module_and_its_fragment(arch: Architecture) -> None:
    assert (ROOT / f"seriestool/arch/{arch.name}.py").is_file()
    assert (ROOT / f"kernel-configs/{arch.name}.config").is_file()


def test_every_module_is_in_the_table() -> None:
    modules = {path.stem for path in (ROOT / "seriestool/arch").glob("*.py")}
    assert modules - {"__init__", "abi", "abis", "architecture"} == {arch.name for arch in ARCHES}


@each_arch
def test_row_is_complete_and_consistent(arch: Architecture) -> None:
    for name in arch.__dataclass_fields__:
        assert getattr(arch, name) != "" or name == "cross_compile", name
    assert arch.image_path == f"arch/{arch.source_arch}/boot/{arch.image_target}"
    assert arch.cross_compile == "" or re.fullmatch(r"[a-z0-9_]+-linux-\w+-", arch.cross_compile)
    assert arch.abis[0].bits in (32, 64)
    assert {arch.compiler_package, arch.libc_package, arch.qemu_package} == set(arch.packages)


@each_arch
def test_only_the_machine_s_own_arch_is_compiled_without_prefix(arch: Architecture) -> None:
    assert (arch.cross_compile == "") == (arch.name == platform.machine())


@each_arch
def test_compiler_makes_programs_of_the_row_s_machine(arch: Architecture, tmp_path: Path) -> None:
    if shutil.which(arch.compiler) is None:
        pytest.skip(f"no {arch.compiler}")
    source = tmp_path / "a.c"
    source.write_text("int f(void *p) { return sizeof p; }\n")
    object_file = tmp_path / "a.o"
    subprocess.run([arch.compiler, *arch.abis[0].flags, "-c", "-o", str(object_file), str(source)], check=True)
    head = object_file.read_bytes()[:20]
    assert (head[4], int.from_bytes(head[18:20], "little")) == (arch.abis[0].bits // 32, arch.elf_machine)


@each_arch
def test_qemu_knows_machine_cpu_and_bus(arch: Architecture) -> None:
    if shutil.which(arch.qemu) is None:
        pytest.skip(f"no {arch.qemu}")

    def ask(*words: str) -> str:
        return subprocess.run([arch.qemu, *words], capture_output=True, text=True, check=True).stdout

    assert re.search(rf"^{arch.qemu_machine} ", ask("-machine", "help"), re.M)
    assert re.search(rf"^(?:x86)? *{arch.qemu_cpu}\b", ask("-machine", arch.qemu_machine, "-cpu", "help"), re.M)
    assert f'"{arch.virtio_serial_device}"' in ask("-machine", arch.qemu_machine, "-device", "help")


def test_every_abi_of_an_arch_is_a_row_of_the_table() -> None:
    assert {abi for arch in ARCHES for abi in arch.abis} <= set(ABIS)


@pytest.mark.parametrize("abi", ABIS, ids=lambda abi: abi.name)
def test_row_of_an_abi_is_consistent(abi: Abi) -> None:
    assert find_abi(abi.name) is abi
    assert abi.bits in (32, 64)
    assert abi.compiler.endswith("gcc")
    assert abi.compiler_package.startswith("gcc")
    assert abi.compat is None or abi.bits == 32


def test_abis_of_one_64_bit_kernel_share_its_configuration() -> None:
    kernels = {abi.compat for abi in ABIS if abi.compat is not None}
    assert len({kernel.kernel_arch for kernel in kernels}) == len(kernels)


def test_unknown_abi_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        find_abi("arm-eabi")
    assert caught.value.message == "unknown abi: arm-eabi"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("known: x86_64, i386, x32, arm, ")


def test_six_abis_are_asked_for_whatever_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [abi.name for abi in default_abis()] == ["x86_64", "i386", "arm", "arm64", "powerpc", "s390"]
    (tmp_path / "m68k-linux-gnu-gcc").touch(mode=0o755)
    assert default_abis()[-1].name == "m68k"
