# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU that plays back a recorded guest, as a program on PATH."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

RECORDED = Path(__file__).parent / "recorded"

# Finds the nonce and the verdict file on its command line as QEMU would, writes both records, then does @END@.
# One process while it plays, as QEMU is: what the shell started would be an orphan when it is stopped.
_PROGRAM = r"""#!/bin/sh
echo $$ >>'@PIDS@'
for word; do
    case $word in
    file,id=verdict,path=*) verdict=$(echo "${word#*path=}" | sed 's/,,/,/g') ;;
    *seriestool.nonce=*) nonce=${word##*nonce=} ;;
    esac
done
play() {
    while IFS= read -r line; do
        case $line in *@NONCE@*) line=${line%@NONCE@*}$nonce${line#*@NONCE@} ;; esac
        printf '%s\n' "$line"
    done
}
play <'@RECORD@/console'
[ -z "$verdict" ] || play <'@RECORD@/verdict' >"$verdict"
@END@
"""

FakeQemu = Callable[..., Path]


@pytest.fixture
def fake_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeQemu:
    """Return a function that puts a QEMU on PATH which plays *record* and then does *end* (shell).

    The function returns the file that gets a line with the process id at each start.
    """

    def install(record: str, end: str = "exit 0") -> Path:
        bin_dir, pids = tmp_path / "bin", tmp_path / "pids"
        bin_dir.mkdir(exist_ok=True)
        text = _PROGRAM.replace("@PIDS@", str(pids)).replace("@RECORD@", str(RECORDED / record)).replace("@END@", end)
        for name in ("qemu-system-arm", "qemu-system-x86_64"):
            (bin_dir / name).write_text(text, encoding="utf-8")
            (bin_dir / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{bin_dir}{os.pathsep}{os.environ['PATH']}")
        return pids

    return install
