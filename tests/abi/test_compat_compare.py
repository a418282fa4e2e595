# SPDX-License-Identifier: GPL-2.0-or-later
"""Both sides of a signal's record, compiled for 64 and 32 bit by the host's gcc and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool.abi.compat_compare import CompatState, expanded, judge_compat, mismatches
from seriestool.abi.compat_kernel import CompatFailure
from seriestool.arch.abis import find_abi
from seriestool.model.abi import WHOLE, AbiVerdict, CompatMismatch
from seriestool.model.layout import Record
from tests.formats.compiled import layout_of

# What an ABI aligns its 64-bit integers to is the difference between i386 and arm; here both are tried on the host.
_USER = """
typedef union sigval {{ int sival_int; void *sival_ptr; }} sigval_t;
union fields {{
    struct {{ int _pid; unsigned int _uid; }} _kill;
    struct {{ int _tid; int _overrun; sigval_t _sigval; int _sys_private; }} _timer;
    struct {{
        void *_addr;
        union {{
            short _addr_lsb;
            struct {{ char _dummy_bnd[sizeof(void *)]; void *_lower; void *_upper; }} _addr_bnd;
            {user}
        }};
    }} _sigfault;
    struct {{ long _band; int _fd; }} _sigpoll;
}};
typedef struct siginfo {{
    union {{
        struct {{ int si_signo; int si_errno; int si_code; union fields _sifields; }};
        int _si_pad[32];
    }};
}} siginfo_t;
siginfo_t info;
"""

_KERNEL = """
typedef unsigned int compat_uptr_t;
typedef union compat_sigval {{ int sival_int; compat_uptr_t sival_ptr; }} compat_sigval_t;
struct compat_siginfo {{
    int {first};
    int {second};
    int si_code;
    union {{
        int _pad[29];
        struct {{ int _pid; unsigned int _uid; }} _kill;
        struct {{ int _tid; int _overrun; compat_sigval_t _sigval; }} _timer;
        struct {{
            compat_uptr_t _addr;
            union {{
                short _addr_lsb;
                struct {{ char _dummy_bnd[4]; compat_uptr_t _lower; compat_uptr_t _upper; }} _addr_bnd;
                {kernel}
            }};
        }} _sigfault;
        struct {{ int _band; int _fd; }} _sigpoll;
    }} _sifields;
}};
struct compat_siginfo info;
"""


def kernel_type(place: Path, kernel: str = "", first: str = "si_signo", second: str = "si_errno") -> Record:
    source = _KERNEL.format(kernel=kernel, first=first, second=second)
    found = expanded(layout_of(source, place, find_abi("x86_64")), "struct compat_siginfo")
    assert found is not None
    return found


def user_type(place: Path, user: str = "") -> Record:
    found = expanded(layout_of(_USER.format(user=user), place, find_abi("i386")), "siginfo_t")
    assert found is not None
    return found


def test_both_sides_agree(tmp_path: Path) -> None:
    ours, theirs = kernel_type(tmp_path), user_type(tmp_path)
    assert (ours.size, theirs.size) == (128, 128)
    paths = {path for path, _ in theirs.flat()}
    assert {"si_code", "_sifields._timer._sigval.sival_ptr", "_sifields._sigfault._addr_bnd._upper"} <= paths
    assert mismatches(ours, theirs) == ()


def test_a_64_bit_integer_moves_both_and_makes_the_kernel_s_larger(tmp_path: Path) -> None:
    aligned = "unsigned long long _perf __attribute__((aligned(8)));"
    found = mismatches(kernel_type(tmp_path, "unsigned long long _perf;"), user_type(tmp_path, aligned))
    # What the kernel calls _pad is a fixed number of words behind the union's place; that of programs ends at 128.
    assert found == (CompatMismatch(WHOLE, "136 bytes", "128 bytes"),)


def test_alignment_of_one_side_moves_every_member(tmp_path: Path) -> None:
    word = "unsigned long long _perf;"
    found = mismatches(kernel_type(tmp_path, word), user_type(tmp_path, word))
    assert CompatMismatch("_sifields._kill._pid", "offset 16, 4 bytes", "offset 12, 4 bytes") in found
    assert CompatMismatch("_sifields._sigfault._perf", "offset 24, 8 bytes", "offset 16, 8 bytes") in found
    assert not any("_dummy" in each.member or "_pad" in each.member for each in found)


def test_width_of_a_member(tmp_path: Path) -> None:
    found = mismatches(kernel_type(tmp_path, "unsigned int _perf;"), user_type(tmp_path, "unsigned short _perf;"))
    where = "_sifields._sigfault._perf"
    assert found == (CompatMismatch(where, "offset 16, 4 bytes", "offset 16, 2 bytes"),)


def test_member_of_one_side_only(tmp_path: Path) -> None:
    field, where = "unsigned int _perf;", "_sifields._sigfault._perf"
    place = "offset 16, 4 bytes"
    assert mismatches(kernel_type(tmp_path), user_type(tmp_path, field)) == (CompatMismatch(where, None, place),)
    assert mismatches(kernel_type(tmp_path, field), user_type(tmp_path)) == (CompatMismatch(where, place, None),)


@pytest.mark.parametrize("name", ["_pad", "__pad2", "_dummy_pkey", "_si_pad", "__reserved", "_unused1"])
def test_padding_of_one_side_only_is_none(tmp_path: Path, name: str) -> None:
    assert mismatches(kernel_type(tmp_path, f"int {name};"), user_type(tmp_path)) == ()


@pytest.mark.parametrize("name", ["_padlock", "spad", "_perf", "_addr_pkey"])
def test_what_only_sounds_like_padding_counts(tmp_path: Path, name: str) -> None:
    assert [each.member for each in mismatches(kernel_type(tmp_path, f"int {name};"), user_type(tmp_path))] == [
        f"_sifields._sigfault.{name}"
    ]


def test_swapped_members(tmp_path: Path) -> None:
    swapped = kernel_type(tmp_path, first="si_errno", second="si_signo")
    assert {each.member for each in mismatches(swapped, user_type(tmp_path))} == {"si_signo", "si_errno"}


def test_bit_fields_are_compared_by_bits(tmp_path: Path) -> None:
    ours = kernel_type(tmp_path, "struct { unsigned _a : 3, _b : 5; } _bits;")
    theirs = user_type(tmp_path, "struct { unsigned _a : 4, _b : 5; } _bits;")
    assert mismatches(ours, theirs) == (
        CompatMismatch("_sifields._sigfault._bits._a", "bit 128, 3 wide", "bit 128, 4 wide"),
        CompatMismatch("_sifields._sigfault._bits._b", "bit 131, 5 wide", "bit 132, 5 wide"),
    )


def test_a_type_that_is_not_there(tmp_path: Path) -> None:
    layout = layout_of("int a;", tmp_path, find_abi("i386"))
    assert expanded(layout, "siginfo_t") is None


def test_verdict_per_state(tmp_path: Path) -> None:
    word = "unsigned long long _perf;"
    good = kernel_type(tmp_path), user_type(tmp_path)
    bad = kernel_type(tmp_path, word), user_type(tmp_path, word)
    results = judge_compat(
        find_abi("i386"),
        [
            CompatState(None, *good),
            CompatState("05", *bad),
            CompatState("06", CompatFailure("no x86_64-linux-gnu-gcc: apt install gcc"), good[1]),
            CompatState("07", good[0], CompatFailure("asm/siginfo.h is not installed")),
            CompatState("11", *good),
        ],
    )
    assert [(each.number, each.verdict, each.reason) for each in results] == [
        (None, AbiVerdict.SAME, ""),
        ("05", AbiVerdict.BREAKS, ""),
        ("06", AbiVerdict.UNAVAILABLE, "no x86_64-linux-gnu-gcc: apt install gcc"),
        ("07", AbiVerdict.UNAVAILABLE, "asm/siginfo.h is not installed"),
        ("11", AbiVerdict.SAME, ""),
    ]
    assert {(each.abi, each.kernel, each.type) for each in results} == {("i386", "x86_64", "struct compat_siginfo")}
    assert all(each.new for each in results)
    assert results[1].mismatches == mismatches(*bad)


def test_what_the_base_has_wrong_is_not_new(tmp_path: Path) -> None:
    wrong = kernel_type(tmp_path), user_type(tmp_path, "unsigned int _perf;")
    worse = kernel_type(tmp_path, "short _perf;"), user_type(tmp_path, "unsigned int _perf;")
    results = judge_compat(
        find_abi("i386"), [CompatState(None, *wrong), CompatState("01", *wrong), CompatState("02", *worse)]
    )
    assert [(each.verdict, each.new) for each in results] == [
        (AbiVerdict.BREAKS, False), (AbiVerdict.BREAKS, False), (AbiVerdict.BREAKS, True),
    ]  # fmt: skip
