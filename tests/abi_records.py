# SPDX-License-Identifier: GPL-2.0-or-later
"""Matrices of the ABI guard made by hand: the flagship case as it should come out, and variations of it."""

from __future__ import annotations

from dataclasses import replace

from seriestool.model.abi import (
    AbiMatrix,
    AbiResult,
    AbiVerdict,
    Change,
    ChangeKind,
    CompatMismatch,
    CompatResult,
    ExpectationResult,
    Expected,
    HeaderFailure,
    PatchAbi,
    Sides,
    SidesRow,
)
from tests.records import TREE, tracked

SLUG = "synchronous-perf-signals"
ABIS = ("x86_64", "i386", "arm", "arm64", "powerpc", "s390", "m68k", "sparc")
BROKEN = ("arm", "powerpc")
_WIDE = ("x86_64", "arm64", "s390")
_SIGINFO, _SIGINFO_H = "siginfo_t", "asm-generic/siginfo.h"
_ATTR, _ATTR_H = "struct perf_event_attr", "linux/perf_event.h"
NO_COMPILER = "no sparc64-linux-gnu-gcc: apt install gcc-sparc64-linux-gnu"
UNTOUCHED = "touches no user-space header"
_BITS = {"03": ("inherit_thread", 35), "04": ("remove_on_exec", 36), "06": ("sigtrap", 37)}
_INSIDE = (
    ("_sifields._pad", 0), ("_sifields._kill", 0), ("_sifields._kill._pid", 0), ("_sifields._kill._uid", 4),
    ("_sifields._timer", 0), ("_sifields._timer._tid", 0), ("_sifields._timer._overrun", 4),
    ("_sifields._sigchld", 0), ("_sifields._sigchld._pid", 0), ("_sifields._sigchld._uid", 4),
    ("_sifields._sigchld._status", 8), ("_sifields._sigchld._utime", 12), ("_sifields._sigfault", 0),
    ("_sifields._sigfault._addr", 0), ("_sifields._sigpoll", 0), ("_sifields._sigpoll._band", 0),
)  # fmt: skip


def flagship_abi() -> AbiMatrix:
    """Return the flagship on 5.10: 05 breaks arm and powerpc, 11 cures both; some things are wrong on purpose."""
    patches = tuple(
        PatchAbi(patch.tracked.number, patch.tracked.subject, tuple(_result(patch.tracked.number, abi) for abi in ABIS))
        for patch in tracked()[:11]
    )
    return AbiMatrix(
        SLUG, TREE, "5.10.262-1", ABIS, patches, tuple(_final(abi) for abi in ABIS), compat=_compat(),
        reference_tree="stable-6.1", reference=tuple(_against(abi) for abi in ABIS), expectations=_expectations(),
    )  # fmt: skip


def quiet_abi() -> AbiMatrix:
    """Return a series that changes no layout; everything that was expected is there."""
    whole = flagship_abi()
    abis = ABIS[:-1]
    patches = tuple(
        replace(patch, results=tuple(AbiResult(abi, AbiVerdict.SAME, reason=UNTOUCHED) for abi in abis))
        for patch in whole.patches
    )
    met = tuple(each for each in whole.expectations if each.met)
    return replace(
        whole, abis=abis, patches=patches, final=tuple(AbiResult(abi, AbiVerdict.SAME) for abi in abis), compat=(),
        reference_tree=None, reference=(), expectations=met,
    )  # fmt: skip


def uncured_abi() -> AbiMatrix:
    """Return the ten patches without the fix: what 05 breaks stays broken."""
    whole = flagship_abi()
    patches = tuple(
        replace(patch, results=tuple(replace(result, cured_by=None) for result in patch.results))
        for patch in whole.patches[:10]
    )
    fifth = {result.abi: result for result in patches[4].results}
    final = tuple(replace(fifth[abi], cured_by=None) if abi in BROKEN else _final(abi) for abi in ABIS)
    return replace(
        whole, patches=patches, final=final, compat=(), reference_tree=None, reference=(), expectations=()
    )  # fmt: skip


def every_abi() -> AbiMatrix:
    """Return the flagship under twenty ABIs, six of them without a compiler."""
    whole = flagship_abi()
    more = {
        "x32": "i386", "riscv64": "x86_64", "riscv32": "i386", "powerpc64le": "x86_64", "s390-31": "arm",
        "mips-o32": "arm", "mips-n32": "sparc", "mips-n64": "sparc", "sparc64": "sparc", "alpha": "x86_64",
        "parisc": "sparc", "sh": "sparc",
    }  # fmt: skip
    return replace(
        whole,
        abis=(*ABIS, *more),
        patches=tuple(replace(patch, results=_with(patch.results, more)) for patch in whole.patches),
        final=_with(whole.final, more),
        reference=_with(whole.reference, more),
    )


def hostile_abi() -> AbiMatrix:
    """Return a matrix whose headers, mail and compiler try to steer whoever renders it."""
    bad = "<script>alert(1)</script>[red]\x1b]0;owned\x07\u202egnp.exe"
    change = Change(bad, bad, ChangeKind.OFFSET, bad, bad, breaks=True, header=bad, why=bad)
    sides = Sides(bad, (SidesRow(bad, bad, changed=True), SidesRow(bad, "", changed=False)))
    result = AbiResult(
        "arm", AbiVerdict.BREAKS, (change,), (sides,), (HeaderFailure(bad, bad),), reason=bad, cured_by=None
    )  # fmt: skip
    gone = AbiResult("i386", AbiVerdict.UNAVAILABLE, reason=bad)
    expected = ExpectationResult(Expected(bad, bad, "arm", 12, source=bad), 16, False, bad)
    compat = CompatResult("arm", "arm64", "01", bad, AbiVerdict.BREAKS, (CompatMismatch(bad, bad, bad),))
    return AbiMatrix(
        bad, bad, bad, ("arm", "i386"), (PatchAbi("01", bad, (result, gone)),), (result, gone), (compat,), bad,
        (result, gone), (expected,),
    )  # fmt: skip


def _with(results: tuple[AbiResult, ...], more: dict[str, str]) -> tuple[AbiResult, ...]:
    by_abi = {result.abi: result for result in results}
    return (*results, *(_like(by_abi[like], abi) for abi, like in more.items()))


def _like(result: AbiResult, abi: str) -> AbiResult:
    changes = tuple(
        replace(change, why=change.why.replace(f"which {result.abi} ", f"which {abi} ")) for change in result.changes
    )
    return replace(result, abi=abi, changes=changes, reason=result.reason.replace("sparc64", abi))


def _result(number: str, abi: str) -> AbiResult:
    if abi == "sparc":
        return AbiResult(abi, AbiVerdict.UNAVAILABLE, reason=NO_COMPILER)
    if number in _BITS:
        return AbiResult(abi, AbiVerdict.EXTENDS, _flag(*_BITS[number]), failures=_failures(abi))
    if number == "05":
        return _fifth(abi)
    return _eleventh(abi) if number == "11" else AbiResult(abi, AbiVerdict.SAME, reason=UNTOUCHED)


def _flag(name: str, bit: int) -> tuple[Change, ...]:
    return (
        Change(_ATTR, name, ChangeKind.ADDED, None, f"bit {bit}, 1 wide", False, _ATTR_H),
        Change(
            _ATTR, "__reserved_1", ChangeKind.RESERVED, f"bit {bit}, {64 - bit} wide",
            f"bit {bit + 1}, {63 - bit} wide", False, _ATTR_H,
        ),
    )  # fmt: skip


def _failures(abi: str) -> tuple[HeaderFailure, ...]:
    error = "linux/perf_event.h:14:10: fatal error: asm/byteorder.h: No such file or directory"
    return (HeaderFailure("linux/bpf_perf_event.h", error),) if abi == "m68k" else ()


def _fifth(abi: str) -> AbiResult:
    at = 24 if abi in _WIDE else 16
    if abi not in BROKEN:
        added = Change(_SIGINFO, "_sifields._sigfault._perf", ChangeKind.ADDED, None, str(at), False, _SIGINFO_H)
        return AbiResult(abi, AbiVerdict.EXTENDS, (added,))
    why = f"`_sifields._sigfault._perf` is a __u64, which {abi} aligns to 8"
    begins = f"{why}; the union `_sifields` with it, so it begins at 16 instead of 12"
    moved = tuple(
        Change(_SIGINFO, name, ChangeKind.OFFSET, str(12 + at), str(16 + at), True, _SIGINFO_H) for name, at in _INSIDE
    )
    changes = (
        Change(_SIGINFO, None, ChangeKind.ALIGNMENT, "4", "8", True, _SIGINFO_H, why),
        Change(_SIGINFO, "_sifields", ChangeKind.OFFSET, "12", "16", True, _SIGINFO_H, begins),
        *moved,
        Change(_SIGINFO, "_sifields._sigfault._perf", ChangeKind.ADDED, None, "24", False, _SIGINFO_H),
    )
    return AbiResult(abi, AbiVerdict.BREAKS, changes, (_sides(),), cured_by="11")


def _sides() -> Sides:
    rows = [SidesRow(f"  {at:3}  {text}", f"  {at:3}  {text}", changed=False) for at, text in (
        (0, "int si_signo"), (4, "int si_errno"), (8, "int si_code"),
    )]  # fmt: skip
    rows.append(SidesRow("", "   12  4 bytes of padding", changed=True))
    rows.append(SidesRow("   12  union _sifields", "   16  union _sifields", changed=True))
    for name, at in _INSIDE:
        text = f"{'  ' * name.count('.')}{name.rpartition('.')[2]}"
        rows.append(SidesRow(f"  {12 + at:3}  {text}", f"  {16 + at:3}  {text}", changed=True))
    rows.append(SidesRow("", "   24      __u64 _perf", changed=True))
    return Sides(_SIGINFO, tuple(rows))


def _eleventh(abi: str) -> AbiResult:
    if abi in BROKEN:
        return AbiResult(abi, AbiVerdict.SAME, cures=("05",))
    if abi in _WIDE:
        return AbiResult(abi, AbiVerdict.SAME)
    smaller = Change(_SIGINFO, "_sifields._sigfault._perf", ChangeKind.SIZE, "8", "4", False, _SIGINFO_H)
    return AbiResult(abi, AbiVerdict.EXTENDS, (smaller,))


def _final(abi: str) -> AbiResult:
    if abi == "sparc":
        return AbiResult(abi, AbiVerdict.UNAVAILABLE, reason=NO_COMPILER)
    at = 24 if abi in _WIDE else 16
    added = Change(_SIGINFO, "_sifields._sigfault._perf", ChangeKind.ADDED, None, str(at), False, _SIGINFO_H)
    return AbiResult(abi, AbiVerdict.EXTENDS, (*_flag("inherit_thread", 35), added))


def _against(abi: str) -> AbiResult:
    if abi == "sparc":
        return AbiResult(abi, AbiVerdict.UNAVAILABLE, reason=NO_COMPILER)
    why = "stable-6.1 has build_id at bit 34, which this tree has not: a reserved bit keeps its place"
    change = Change(
        _ATTR, "inherit_thread", ChangeKind.BIT, "bit 34, 1 wide", "bit 35, 1 wide", True, _ATTR_H, why
    )  # fmt: skip
    rows = (
        SidesRow("bit  33  1 wide  text_poke", "bit  33  1 wide  text_poke", changed=False),
        SidesRow("", "bit  34  1 wide  build_id", changed=True),
        SidesRow("bit  34  1 wide  inherit_thread", "bit  35  1 wide  inherit_thread", changed=True),
    )
    return AbiResult(abi, AbiVerdict.BREAKS, (change,), (Sides(_ATTR, rows),))


def _compat() -> tuple[CompatResult, ...]:
    perf = CompatMismatch("_sifields._sigfault._perf", "offset 24, 8 bytes", "offset 16, 4 bytes")
    gone = CompatMismatch("_sifields._sigfault._trapno", None, "offset 16, 4 bytes")
    kind = "compat_siginfo"
    return (
        CompatResult("i386", "x86_64", None, kind, AbiVerdict.SAME),
        CompatResult("i386", "x86_64", "05", kind, AbiVerdict.BREAKS, (perf,)),
        CompatResult("i386", "x86_64", "06", kind, AbiVerdict.BREAKS, (perf,)),
        CompatResult("i386", "x86_64", "11", kind, AbiVerdict.SAME),
        CompatResult("arm", "arm64", None, kind, AbiVerdict.SAME),
        CompatResult("arm", "arm64", "11", kind, AbiVerdict.SAME),
        CompatResult("powerpc", "powerpc", None, kind, AbiVerdict.BREAKS, (gone,), new=False),
        CompatResult(
            "sparc", "sparc64", None, kind, AbiVerdict.UNAVAILABLE, reason=NO_COMPILER
        ),
    )  # fmt: skip


def _expectations() -> tuple[ExpectationResult, ...]:
    thread = "20210422191823.79012-1-elver@google.com"
    fields = (("si_pid", 12), ("si_uid", 16), ("si_status", 20), ("si_utime", 24), ("si_band", 12), ("si_fd", 16))
    met = tuple(
        ExpectationResult(Expected(_SIGINFO, name, "arm", at, source=thread), at, True) for name, at in fields
    )
    return (
        *met,
        ExpectationResult(Expected(_ATTR, "inherit_thread", "arm", bit=35, source=thread), 34, False),
        ExpectationResult(Expected(_SIGINFO, None, "arm", size=128), 132, False),
        ExpectationResult(Expected(_SIGINFO, "si_gone", "arm", 12), None, False),
        ExpectationResult(Expected(_SIGINFO, "si_pid", "sparc", 12), None, None, NO_COMPILER),
    )
