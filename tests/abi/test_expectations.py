# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers from people who know, held against layouts; and the flagship's own file."""

from __future__ import annotations

import pytest

from seriestool.abi.expectations import check_expectations, load_expectations
from seriestool.abi.types import merge
from seriestool.arch.abis import find_abi
from seriestool.errors import UsageError
from seriestool.model.abi import Expected
from seriestool.model.layout import Layout
from tests.abi.flagship import BASE, BROKEN, FIXED, attributes, siginfo
from tests.abi.layouts import Headers, struct
from tests.conftest import ROOT

FILE = ROOT / "patches/synchronous-perf-signals/expect.toml"
BITS = ("__u64 __reserved_0:1", "__u64 inherit_thread:1", "__u64 remove_on_exec:1", "__u64 sigtrap:1")
ABIS = ("x86_64", "arm64", "riscv64", "s390", "i386", "m68k", "arm", "powerpc")


def flagship(abi: str, perf: str | None) -> Layout:
    return merge([siginfo(abi, perf), attributes(abi, *BITS, "__u64 __reserved_1:26", sig_data=True)])


def test_the_flagships_file_has_every_number_that_is_known() -> None:
    expected = load_expectations(FILE.read_text(), "expect.toml")
    assert all(each.source for each in expected)
    values = {(each.member, each.abi): each.offset if each.bit is None else each.bit for each in expected}
    wide = {"x86_64", "arm64", "riscv64", "s390"}
    for abi in ABIS:
        assert values["_sifields", abi] == (16 if abi in wide else 12)
        assert values["si_perf", abi] == (0x18 if abi in wide else 0x10)
        assert [values[name, abi] for name in ("inherit_thread", "remove_on_exec", "sigtrap")] == [35, 36, 37]
    of_arm = {member: number for (member, abi), number in values.items() if abi == "arm"}
    assert {member: number for member, number in of_arm.items() if (member, "i386") not in values} == {
        "si_pid": 0x0C, "si_uid": 0x10, "si_status": 0x14, "si_utime": 0x18, "si_value": 0x14, "si_addr": 0x0C,
        "si_addr_lsb": 0x10, "si_lower": 0x14, "si_upper": 0x18, "si_pkey": 0x14, "si_band": 0x0C, "si_fd": 0x10,
        "si_call_addr": 0x0C, "si_syscall": 0x10, "si_arch": 0x14,
    }  # fmt: skip


@pytest.mark.parametrize("abi", ABIS)
def test_a_layout_that_is_right_meets_it(abi: str) -> None:
    expected = [each for each in load_expectations(FILE.read_text(), "expect.toml") if each.abi == abi]
    results = check_expectations(expected, {abi: flagship(abi, FIXED)})
    assert [each for each in results if not each.met] == []
    assert all(each.found is not None for each in results)


def test_a_layout_that_is_wrong_does_not() -> None:
    expected = [each for each in load_expectations(FILE.read_text(), "expect.toml") if each.abi == "arm"]
    broken = {each.expected.member: each for each in check_expectations(expected, {"arm": flagship("arm", BROKEN)})}
    assert (broken["_sifields"].met, broken["_sifields"].found) == (False, 16)
    assert (broken["si_addr_lsb"].met, broken["si_addr_lsb"].found) == (False, 0x18)
    assert broken["inherit_thread"].met is True
    base = {each.expected.member: each for each in check_expectations(expected, {"arm": flagship("arm", BASE)})}
    assert (base["si_perf"].met, base["si_perf"].found, base["si_perf"].reason) == (False, None, "no such member")


LAYOUT = (
    Headers("arm")
    .record("struct s", "int a", "__u32 b:3", "__u32 c:5", struct("d", "struct s *e", "__u16 f"))
    .typedef("struct s", "s_t")
    .typedef("int", "i_t")
    .alias("nick", "d.f")
    .layout()
)


@pytest.mark.parametrize(
    ("expected", "found", "met", "reason"),
    [
        (Expected("struct s", "a", "arm", offset=0), 0, True, ""),
        (Expected("s_t", "d.f", "arm", offset=12), 12, True, ""),
        (Expected("s_t", "d.f", "arm", offset=13), 12, False, ""),
        (Expected("s_t", "nick", "arm", size=2), 2, True, ""),
        (Expected("s_t", "c", "arm", bit=3), 3, True, ""),
        (Expected("s_t", "c", "arm", offset=4), None, False, "it is a bit-field: expect its bit"),
        (Expected("s_t", "c", "arm", size=1), None, False, "it is a bit-field of 5 bits"),
        (Expected("s_t", "a", "arm", bit=0), None, False, "it is no bit-field"),
        (Expected("s_t", "x", "arm", offset=0), None, False, "no such member"),
        (Expected("struct t", "x", "arm", offset=0), None, False, "no such type"),
        (Expected("struct t", None, "arm", size=0), None, False, "no such type"),
        (Expected("i_t", "x", "arm", offset=0), None, False, "no struct or union of that name"),
        (Expected("i_t", None, "arm", size=4), 4, True, ""),
        (Expected("struct s", None, "arm", size=20), 16, False, ""),
        (Expected("s_t", "a", "i386", offset=0), None, None, "this ABI was not looked at"),
        (Expected("s_t", "a", "sparc", offset=0), None, None, "sparc64-linux-gnu-gcc is not installed"),
    ],
)
def test_each_answer(expected: Expected, found: int | None, met: bool | None, reason: str) -> None:
    layouts: dict[str, Layout | str] = {"arm": LAYOUT, "sparc": "sparc64-linux-gnu-gcc is not installed"}
    result = check_expectations([expected], layouts)[0]
    assert (result.found, result.met, result.reason) == (found, met, reason)


def test_an_unknown_abi_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="unknown abi: vax"):
        check_expectations([Expected("s", "a", "vax", offset=0)], {})
    with pytest.raises(UsageError, match="f: s: vax: 'vax' is neither an ABI nor a group"):
        load_expectations("[s.vax]\na = 1", "f")
    assert find_abi("arm").name == "arm"
