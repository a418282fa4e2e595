# SPDX-License-Identifier: GPL-2.0-or-later
"""Fake programs on PATH, and the fake kernel tree they build: a whole pipeline in milliseconds.

The fake gcc "compiles" by copying its source into the object, so an image holds the text of every file, and comments
in the sources steer what happens:

- ``gcc-warning: text``, ``gcc-error: text``: gcc says so about that line; an error gives no object;
- ``gcc-no-space``, ``gcc-crash``: it ends as it would on a full disk, or by a bug of its own;
- ``gcc-hangs``: it writes half an object and sleeps until it is killed;
- ``guest-fails: name``: the fake QEMU reports test *name* as failed; ``guest-panics``: it ends without a verdict.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

FAKE_KERNEL = Path(__file__).parent / "fakekernel"

# What Makefiles, shells and our own code call beside the programs that are faked.
_REAL = (
    "sh", "make", "awk", "basename", "cat", "chmod", "cmp", "cp", "cpio", "cut", "dirname", "echo", "env", "false",
    "find", "git", "grep", "head", "ln", "ls", "mkdir", "mktemp", "mv", "printf", "rm", "sed", "sleep", "sort", "tail",
    "tar", "touch", "tr", "true", "uname", "xz", "gzip",
)  # fmt: skip
_UNUSED = ("flex", "bison", "bc", "rsync", "perl")
PREFIXES = ("", "arm-linux-gnueabi-")

_GCC = r"""#!/bin/sh
echo "$0 $*" >>'@CALLS@'
[ "$1" = --version ] && echo '@NAME@ (Fake) 12.2.0' && exit 0
out=a.out src=
while [ $# -gt 0 ]; do
    case $1 in
    -o) out=$2; shift ;;
    -isystem) shift ;;
    -*) ;;
    *) src=$1 ;;
    esac
    shift
done
say() {
    grep -n "gcc-$1: " "$src" | sed "s|^\([0-9]*\):.*gcc-$1: *\(.*\)|$src:\1:1: $1: \2|; s| *\*/.*||" >&2
}
if grep -q gcc-no-space "$src"; then
    echo "$src:1:1: fatal error: error writing to $out: No space left on device" >&2
    exit 1
fi
if grep -q gcc-crash "$src"; then
    echo "$src:1:1: internal compiler error: Segmentation fault" >&2
    exit 1
fi
if grep -q gcc-hangs "$src"; then
    echo half >"$out"
    echo $$ >>'@CALLS@.pids'
    exec sleep 60
fi
say warning
say error
grep -q 'gcc-error: ' "$src" && exit 1
{ echo '@NAME@'; cat "$src"; } >"$out"
chmod +x "$out"
"""

_LD = """#!/bin/sh
echo 'GNU ld (Fake) 2.40'
"""

# Takes the tests' names from the initramfs as the real guest does, and answers in the real guest's form.
_QEMU = r'''#!@PYTHON@ -IS
import re, sys

words = sys.argv[1:]
value = dict(zip(words, words[1:]))
verdict = next(word for word in words if word.startswith("file,id=verdict,path=")).split("path=")[1].replace(",,", ",")
nonce = re.search(r"seriestool\.nonce=(\S+)", value["-append"])[1]
kernel = open(value["-kernel"], "rb").read().decode("utf-8", "replace")
archive = open(value["-initrd"], "rb").read()


def member(wanted):
    place = 0
    while archive[place : place + 6] == b"070701":
        size, length = int(archive[place + 54 : place + 62], 16), int(archive[place + 94 : place + 102], 16)
        start = place + (110 + length + 3) // 4 * 4
        if archive[place + 110 : place + 109 + length] == wanted:
            return archive[start : start + size]
        place = start + (size + 3) // 4 * 4
    return b""


names = [line.split()[0] for line in member(b"tests/list").decode().splitlines()]
fails = set(re.findall(r"guest-fails: ([\w:.-]+)", kernel))
print("[    0.000000] Linux version", kernel.splitlines()[-1])
if "guest-panics" in kernel:
    print("[    0.100000] Kernel panic - not syncing: asked for by a comment")
    sys.exit(0)
with open(verdict, "w") as port:
    print("SERIESTOOL-BEGIN", nonce, file=port)
    print("# kernel: 5.10.999: Linux version 5.10.999", file=port)
    print("KTAP version 1", file=port)
    print(f"1..{len(names)}", file=port)
    for number, name in enumerate(names, 1):
        word = "not ok" if name in fails else "ok"
        print(f"  # Subtest: {name}\n  TAP version 13\n  1..1\n  {word} 1 {name.split(':')[-1]}.only", file=port)
        print(f"{word} {number} {name}" + (" # exit=1" if name in fails else ""), file=port)
    print("SERIESTOOL-END", nonce, len(names), file=port)
print("[    0.200000] reboot: Power down")
'''


class FakeBin:
    """A directory of programs that is all there is on PATH: the fakes, and links to the few real ones they need."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        self._calls = directory.parent / f"{directory.name}.calls"
        for name in _REAL:
            real = shutil.which(name)
            if real is not None:
                (directory / name).symlink_to(real)
        for name in _UNUSED:
            self.add(name, "#!/bin/sh\nexit 0\n")
        for prefix in PREFIXES:
            self.add(f"{prefix}gcc", _GCC.replace("@NAME@", f"{prefix}gcc").replace("@CALLS@", str(self._calls)))
            self.add(f"{prefix}ld", _LD)
        for name in ("qemu-system-arm", "qemu-system-x86_64"):
            self.add(name, _QEMU.replace("@PYTHON@", sys.executable))
        monkeypatch.setenv("PATH", str(directory))

    def add(self, name: str, script: str) -> Path:
        """Put an executable script on PATH, in place of what has that name there."""
        path = self.directory / name
        path.unlink(missing_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
        return path

    def remove(self, name: str) -> None:
        """Take a program off PATH."""
        (self.directory / name).unlink()

    def compiled(self) -> list[str]:
        """Return the names of the files compiled so far, in order."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [os.path.basename(line.split()[-1]) for line in lines if " -c " in line]  # noqa: PTH119

    def hanging(self) -> list[int]:
        """Return the process ids of compilers that were told to hang."""
        pids = self._calls.with_name(f"{self._calls.name}.pids")
        return [int(line) for line in pids.read_text().split()] if pids.exists() else []


def copy_kernel(place: Path) -> Path:
    """Copy the fake kernel tree to *place*, a directory that is not there yet, and return it."""
    return Path(shutil.copytree(FAKE_KERNEL, place))
