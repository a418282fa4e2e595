# SPDX-License-Identifier: GPL-2.0-or-later
"""KVM or software emulation: KVM only where a guest was seen to run with it.

``/dev/kvm`` may exist, open, answer KVM_GET_API_VERSION with 12, and still never run a guest (nested virtualization
that is only announced): one host CPU at 100 % and no output, for ever. So the only question asked is whether a real
kernel says its first line within seconds.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from tempfile import NamedTemporaryFile

from seriestool import proc
from seriestool.arch import Architecture
from seriestool.errors import CommandTimedOut, MachineFault, ProgramMissing, UsageError
from seriestool.log import Progress
from seriestool.vm.qemu import machine

ACCELERATORS = ("tcg", "kvm")

_DEVICE = Path("/dev/kvm")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LIMIT = 5.0  # seconds; a guest that KVM runs speaks in less than one
_BANNER = b"Linux version "  # the first line of every kernel's log, and nothing QEMU itself says


def choose_accelerator(
    arch: Architecture, *, kernel: Path, cache: Path, progress: Progress, forced: str | None = None
) -> str:
    """Return "kvm" or "tcg" for guests of *arch* on this host.

    *forced* (from SERIESTOOL_ACCEL) is taken as it is; UsageError if it is neither. Otherwise KVM has to run *kernel*
    as far as its first line within 5 s; what came of it is kept in *cache* (a JSON file, made when missing) until the
    host boots again or its kernel changes. Raises ProgramMissing where QEMU is.
    """
    if forced is not None:
        if forced not in ACCELERATORS:
            raise UsageError(f"unknown accelerator: {forced}", hint=f"known: {', '.join(ACCELERATORS)}")
        return forced
    if platform.machine() not in arch.kvm_host_machines or not os.access(_DEVICE, os.R_OK | os.W_OK):
        return "tcg"
    known, key = _load(cache), _host(arch)
    if key not in known:
        known[key] = _probe(arch, kernel)
        if known[key] == "tcg":
            progress.note(f"KVM runs no {arch.name} guest here: software emulation (tcg) is used, and is slower")
        _save(cache, known)
    return known[key]


def _host(arch: Architecture) -> str:
    try:
        boot_id = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        boot_id = "unknown"
    return " ".join((platform.machine(), platform.release(), boot_id, arch.name))


def _probe(arch: Architecture, kernel: Path) -> str:
    seen = bytearray()

    def watch(chunk: bytes) -> None:
        seen.extend(chunk)
        if _BANNER in seen:
            raise proc.StopReading

    argv = [*machine(arch, "kvm"), "-kernel", str(kernel), "-append", f"console={arch.console} panic=-1"]
    try:
        proc.run(argv, timeout=_LIMIT, on_output=watch, check=False)
    except CommandTimedOut:
        return "tcg"
    except ProgramMissing as error:
        raise ProgramMissing(error.program, hint=f"apt install {arch.qemu_package}") from error
    return "kvm" if _BANNER in seen else "tcg"


def _load(cache: Path) -> dict[str, str]:
    """Read what is remembered; a file that is damaged remembers nothing."""
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: value for key, value in known.items() if isinstance(key, str) and value in ACCELERATORS}


def _save(cache: Path, known: dict[str, str]) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=cache.parent, prefix=".accel-", delete=False, encoding="utf-8") as file:
            json.dump(known, file, indent=1, sort_keys=True)
            file.write("\n")
        Path(file.name).replace(cache)
    except OSError as error:
        raise MachineFault(f"{cache}: {error.strerror}") from error
