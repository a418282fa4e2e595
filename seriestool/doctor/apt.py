# SPDX-License-Identifier: GPL-2.0-or-later
"""Installing what is missing, through apt."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from seriestool import proc
from seriestool.doctor.needs import Need
from seriestool.errors import CommandFailed, MachineFault
from seriestool.log import Progress

_LISTS = Path("/var/lib/apt/lists")
_LISTS_AGE = 24 * 3600.0  # seconds after which package lists are fetched again: a mirror keeps no old version
_LIMIT = 1800.0  # seconds for all downloads and installs; on a fresh machine it is about 400 MB
_DPKG_JOURNAL = Path("/var/lib/dpkg/updates")
_OPTIONS = (
    "-y",
    "-o", "Dpkg::Use-Pty=0",
    "-o", "Dpkg::Options::=--force-confold",
    "-o", "DPkg::Lock::Timeout=120",  # a fresh machine may still run its own unattended upgrade
    "-o", "APT::Status-Fd=3",
)  # fmt: skip
# Status lines get a descriptor of their own that ends where standard output does: apt closes it on exec, and a package
# whose postinst prints would fail for it.
_APT = ("sh", "-c", 'exec apt-get "$@" 3>&1', "apt-get", *_OPTIONS)
# README.progress-reporting of apt: "pmstatus:<package>:<percent>:<text>", "dlstatus:<item>:<percent>:<text>".
_STATUS = re.compile(rb"^(?:dl|pm)status:[^:]*:([0-9.]+):(.*)$")


def packages(missing: Sequence[Need]) -> tuple[str, ...]:
    """Return the packages that have *missing*, each once, sorted."""
    return tuple(sorted({need.package for need in missing}))


def install_command(missing: Sequence[Need]) -> str:
    """Return the line that installs *missing*, ready to paste; it starts with sudo unless we are root."""
    sudo = () if os.geteuid() == 0 else ("sudo",)
    return shlex.join([*sudo, "apt-get", "install", "--no-install-recommends", *packages(missing)])


def install(missing: Sequence[Need], progress: Progress) -> None:
    """Install the packages of *missing* with apt-get, without a question.

    Package lists are fetched first when there are none or they are a day old, and when the install fails with those
    that are there. Raises MachineFault when this user may not install, and CommandFailed with apt's last line.
    """
    if not missing:
        return
    start = _privileged(missing)
    arguments = ("install", "--no-install-recommends", *packages(missing))
    fresh = _lists_age() < _LISTS_AGE
    if any(_DPKG_JOURNAL.glob("[0-9]*")):
        # An earlier install was killed; apt refuses to work until dpkg has brought its database to an end.
        proc.run([*start, "dpkg", "--force-confold", "--configure", "-a"], timeout=_LIMIT)
    if not fresh:
        _apt(start, ("update",), "package lists", progress)
    try:
        _apt(start, arguments, "install", progress)
    except CommandFailed:
        if not fresh:
            raise
        _apt(start, ("update",), "package lists", progress)
        _apt(start, arguments, "install", progress)


def _privileged(missing: Sequence[Need]) -> tuple[str, ...]:
    """Return the words before ``apt-get``."""
    paste = f"run: {install_command(missing)}"
    if shutil.which("apt-get") is None:
        raise MachineFault(
            "no apt-get: doctor installs on Debian only",
            hint=f"install what these packages of Debian 12 have: {' '.join(packages(missing))}",
        )
    if os.geteuid() == 0:
        return ("env", "DEBIAN_FRONTEND=noninteractive")
    if shutil.which("sudo") is None:
        raise MachineFault("installing needs root, and there is no sudo", hint=paste)
    # A child of ours has no terminal, so sudo could ask for a password only to hang; -n makes it refuse.
    if proc.run(["sudo", "-n", "true"], check=False, timeout=30).status:
        raise MachineFault("sudo wants a password, which seriestool does not ask for", hint=paste)
    return ("sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive")


def _lists_age() -> float:
    """Return the age of the package lists in seconds, infinite when there are none."""
    if not any(_LISTS.glob("*_Packages*")):
        return float("inf")
    # The files carry the mirror's times; the directory carries the time of the last update that brought one.
    return time.time() - _LISTS.stat().st_mtime


def _apt(start: tuple[str, ...], arguments: tuple[str, ...], label: str, progress: Progress) -> None:
    with progress.task(label, 200.0 if arguments[0] == "install" else None, "%") as task:
        proc.run(
            [*start, *_APT, *arguments],
            timeout=_LIMIT,
            on_output=_status_reader(task.advance, task.describe),
            hint=f"to see all that it says: {shlex.join([*start, 'apt-get', *arguments])}",
        )


def _status_reader(advance: Callable[[float], None], describe: Callable[[str], None]) -> Callable[[bytes], None]:
    """Return a reader of apt's status lines: 100 for all downloads and 100 for all installs."""
    rest = b""
    reached: dict[bytes, float] = {b"dl": 0.0, b"pm": 0.0}

    def read(chunk: bytes) -> None:
        nonlocal rest
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if status := _STATUS.match(line):
                kind, percent = line[:2], float(status[1])
                advance(max(0.0, percent - reached[kind]))
                reached[kind] = max(reached[kind], percent)
                describe(status[2].decode("utf-8", "replace").strip())

    return read
