# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts like those of the flagship: a signal's information and the attributes of an event, in few lines."""

from __future__ import annotations

from seriestool.model.layout import Layout
from tests.abi.layouts import Headers, Inline, struct, union

BASE, BROKEN, FIXED = None, "__u64 _perf", "unsigned long _perf"


def siginfo(abi: str, perf: str | None, *, swapped: bool = False) -> Layout:
    """Return the signal's types, with the member *perf* in the faults' union."""
    headers = Headers(abi, "asm-generic/siginfo.h")
    headers.record("union sigval", "int sival_int", "void *sival_ptr").typedef("union sigval", "sigval_t")
    pad = headers.abi.bits // 8
    bounds: list[str | Inline] = [
        "short _addr_lsb",
        struct("_addr_bnd", f"char _dummy_bnd[{pad}]", "void *_lower", "void *_upper"),
        struct("_addr_pkey", f"char _dummy_pkey[{pad}]", "__u32 _pkey"),
    ]
    headers.record(
        "union __sifields",
        struct("_kill", "int _pid", "__u32 _uid"),
        struct("_rt", "int _pid", "__u32 _uid", "sigval_t _sigval"),
        struct("_sigchld", "int _pid", "__u32 _uid", "int _status", "long _utime", "long _stime"),
        struct("_sigfault", "void *_addr", union("", *bounds, *([perf] if perf else []))),
        struct("_sigpoll", "long _band", "int _fd"),
        struct("_sigsys", "void *_call_addr", "int _syscall", "unsigned int _arch"),
    )
    head = ("int si_signo", "int si_code", "int si_errno") if swapped else (
        "int si_signo", "int si_errno", "int si_code",
    )  # fmt: skip
    headers.record("struct siginfo", union("", struct("", *head, "union __sifields _sifields"), "int _si_pad[32]"))
    headers.typedef("struct siginfo", "siginfo_t")
    for name, path in {
        "si_pid": "_kill._pid", "si_uid": "_kill._uid", "si_status": "_sigchld._status", "si_utime": "_sigchld._utime",
        "si_value": "_rt._sigval", "si_addr": "_sigfault._addr", "si_addr_lsb": "_sigfault._addr_lsb",
        "si_lower": "_sigfault._addr_bnd._lower", "si_upper": "_sigfault._addr_bnd._upper",
        "si_pkey": "_sigfault._addr_pkey._pkey", "si_band": "_sigpoll._band", "si_fd": "_sigpoll._fd",
        "si_call_addr": "_sigsys._call_addr", "si_syscall": "_sigsys._syscall", "si_arch": "_sigsys._arch",
    }.items():  # fmt: skip
        headers.alias(name, f"_sifields.{path}")
    if perf:
        headers.alias("si_perf", "_sifields._sigfault._perf")
    return headers.layout()


def attributes(abi: str, *tail: str, sig_data: bool = False) -> Layout:
    """Return an event's attributes: 34 bits of flags in use, then *tail*."""
    headers = Headers(abi, "linux/perf_event.h")
    headers.record(
        "struct perf_event_attr",
        "__u32 type", "__u32 size", "__u64 config", "__u64 sample_period", "__u64 sample_type", "__u64 read_format",
        "__u64 disabled:1", "__u64 used:32", "__u64 text_poke:1", *tail,
        "__u32 wakeup_events", "__u32 bp_type", *(["__u64 sig_data"] if sig_data else []),
    )  # fmt: skip
    return headers.layout()
