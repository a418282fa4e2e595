# SPDX-License-Identifier: GPL-2.0-or-later
"""Installed headers, small ones of our own, read one by one with the compilers of this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.abi.reader import HeaderReader, object_name
from seriestool.arch.abi import Abi
from seriestool.arch.abis import ABIS, find_abi
from seriestool.errors import MachineFault, ProgramMissing
from seriestool.model.abi import HeaderFailure
from seriestool.model.layout import Layout
from tests.fakebin import FakeBin

HOST = find_abi("x86_64")
needs_gcc = pytest.mark.skipif(shutil.which(HOST.compiler) is None, reason=f"no {HOST.compiler}")

HEADERS = {
    "linux/types.h": "#ifndef T\n#define T\n#include <asm/types.h>\ntypedef int __kernel_pid_t;\n#endif\n",
    "asm/types.h": "#ifndef AT\n#define AT\ntypedef unsigned int __u32;\ntypedef unsigned long long __u64;\n#endif\n",
    "linux/info.h": """\
#include <linux/types.h>
#include <stddef.h>
#ifdef __BIG_ENDIAN__
#error "not here"
#endif

typedef struct info {
    __u32 code;
    union { struct { __u64 first; __u32 bit : 1, rest : 31; } kill; size_t size; } fields;
} info_t;
#define info_first fields.kill.first
""",
    "linux/bare.h": "struct bare { __u32 wants_types; };\n",
    "linux/broken.h": "#include <linux/types.h>\nstruct broken { __u32 a };\n\nstruct broken2 { nothing b; };\n",
    "linux/error.h": "#error include something else\n",
    "linux/missing.h": "#include <linux/gone.h>\n",
    "linux/local.h": "static inline int f(void) { struct here { char a; int b; } x = { 1, 2 }; return x.b; }\n"
    "struct there { int a; } __attribute__((packed));\n",
    "linux/unended.h": "struct unended { int a; }",
}


# What the stand-ins build on, as asm/posix_types.h of every kernel has it.
POSIX = "".join(
    f"typedef {type_} __kernel_{name}_t;\n"
    for type_, names in {
        "unsigned": ("uid32", "gid32", "mode"), "unsigned long": ("ino",), "long": ("off", "time"),
        "char *": ("caddr",),
    }.items()
    for name in names
)  # fmt: skip


def install(place: Path, headers: Mapping[str, str] = HEADERS) -> Path:
    """Write headers below *place*, as headers_install does, and return their include directory."""
    for name, text in headers.items():
        path = place / "include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place / "include"


@pytest.fixture
def include(tmp_path: Path) -> Path:
    return install(tmp_path)


@pytest.fixture
def reader(tmp_path: Path) -> HeaderReader:
    return HeaderReader(tmp_path / "cache", 2)


def layout(reader: HeaderReader, include: Path, header: str) -> Layout:
    found = reader.read(HOST, include, [header])[header]
    assert isinstance(found, Layout), found
    return found


def failure(reader: HeaderReader, include: Path, header: str) -> str:
    found = reader.read(HOST, include, [header])[header]
    assert isinstance(found, HeaderFailure), found
    assert found.header == header
    assert str(include) not in found.error
    return found.error


def entries(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


@needs_gcc
def test_a_header_and_what_it_reaches(reader: HeaderReader, include: Path) -> None:
    found = layout(reader, include, "linux/info.h")
    (info,) = found.records
    assert (info.name, info.header, info.line, info.size, info.align) == ("struct info", "linux/info.h", 7, 24, 8)
    assert {path: member.bit_offset for path, member in info.flat()} == {
        "code": 0, "fields": 64, "fields.kill": 64, "fields.kill.first": 64, "fields.kill.bit": 128,
        "fields.kill.rest": 129, "fields.size": 64,
    }  # fmt: skip
    assert {each.name: each.header for each in found.typedefs} == {
        "__u32": "asm/types.h", "__u64": "asm/types.h", "__kernel_pid_t": "linux/types.h", "info_t": "linux/info.h",
    }, "gcc's own size_t is no installed type"  # fmt: skip
    assert found.aliases == (("info_first", "fields.kill.first"),)


@needs_gcc
def test_one_compiler_serves_several_abis(reader: HeaderReader, include: Path) -> None:
    sizes = {}
    for name in ("x86_64", "i386", "x32"):
        found = reader.read(find_abi(name), include, ["linux/info.h"])["linux/info.h"]
        assert isinstance(found, Layout)
        sizes[found.abi] = found.records[0].size
    assert sizes == {"x86_64": 24, "i386": 16, "x32": 24}


@needs_gcc
@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("linux/broken.h", "linux/broken.h:4:18: error: unknown type name 'nothing'"),
        ("linux/error.h", "linux/error.h:1:2: error: #error include something else"),
        ("linux/missing.h", "linux/missing.h:1:10: fatal error: linux/gone.h: No such file or directory"),
        ("linux/unended.h", "#include <linux/unended.h>:2: error: expected identifier or '(' at end of input"),
        ("linux/none.h", "#include <linux/none.h>:1:10: fatal error: linux/none.h: No such file or directory"),
        ("linux/a>\n#include <b.h", r"no name that can be included: 'linux/a>\n#include <b.h'"),
    ],
)
def test_a_header_that_does_not_compile(reader: HeaderReader, include: Path, header: str, error: str) -> None:
    assert failure(reader, include, header) == error


@needs_gcc
def test_all_of_them_at_once(reader: HeaderReader, include: Path) -> None:
    found = reader.read(HOST, include, list(HEADERS))
    assert list(found) == list(HEADERS)
    failed = [name for name, each in found.items() if isinstance(each, HeaderFailure)]
    assert failed == ["linux/bare.h", "linux/broken.h", "linux/error.h", "linux/missing.h", "linux/unended.h"]


@needs_gcc
def test_a_probe_is_never_what_fails(reader: HeaderReader, include: Path) -> None:
    """A struct in a function has no tag for the compiler, and the other probes are answered all the same."""
    found = layout(reader, include, "linux/local.h")
    assert [(each.name, each.align) for each in found.records] == [("struct there", 1)]


@needs_gcc
def test_a_header_that_wants_the_c_library(reader: HeaderReader, tmp_path: Path) -> None:
    headers = HEADERS | {
        "linux/types.h": HEADERS["linux/types.h"].replace("#endif\n", f"{POSIX}#endif\n"),
        "linux/time.h": "#ifndef TI\n#define TI\nstruct timeval { __kernel_time_t tv_sec; long tv_usec; };\n#endif\n",
        "linux/socket.h": (
            "typedef unsigned short __kernel_sa_family_t;\n"
            "struct __kernel_sockaddr_storage { __kernel_sa_family_t ss_family; char rest[126]; };\n"
        ),
        "linux/event.h": "#include <sys/time.h>\nstruct event { struct timeval when; pid_t who; };\n",
        "linux/route.h": "struct route { struct sockaddr to; size_t metric; };\n",
    }  # fmt: skip
    include = install(tmp_path / "libc", headers)
    event = layout(reader, include, "linux/event.h")
    assert {each.name: (each.header, each.size) for each in event.records} == {
        "struct event": ("linux/event.h", 24), "struct timeval": ("linux/time.h", 16),
        "struct __kernel_sockaddr_storage": ("linux/socket.h", 128),
    }  # fmt: skip
    route = layout(reader, include, "linux/route.h")
    assert [member.offset for each in route.records if each.name == "struct route" for member in each.members] == [
        0,
        16,
    ]
    named = {each.name for each in route.records} | {each.name for each in route.typedefs}
    assert not named & {"struct sockaddr", "pid_t", "u_char", "size_t"}, "stand-ins are no installed types"


@needs_gcc
def test_the_second_time_it_is_in_the_cache(
    reader: HeaderReader, include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = layout(reader, include, "linux/info.h")
    fakes = FakeBin(tmp_path / "bin", monkeypatch)
    fakes.add(HOST.compiler, f'#!/bin/sh\ncase " $* " in *\' -c \'*) exit 1 ;; esac\nexec {_REAL_GCC} "$@"\n')
    again = layout(HeaderReader(tmp_path / "cache", 1), include, "linux/info.h")
    assert again == first
    moved = install(tmp_path / "elsewhere")
    assert layout(HeaderReader(tmp_path / "cache", 1), moved, "linux/info.h") == first
    (moved / "asm/types.h").write_text(HEADERS["asm/types.h"].replace("long long", "int"))
    failure(HeaderReader(tmp_path / "cache", 1), moved, "linux/info.h")


_REAL_GCC = shutil.which(HOST.compiler)


@needs_gcc
def test_a_macro_for_a_member_is_part_of_the_key(reader: HeaderReader, include: Path) -> None:
    layout(reader, include, "linux/info.h")
    header = include / "linux/info.h"
    header.write_text(header.read_text().replace("info_first fields.kill.first", "info_first fields.kill.bit"))
    assert layout(reader, include, "linux/info.h").aliases == (("info_first", "fields.kill.bit"),)


@needs_gcc
@pytest.mark.parametrize("damage", [b"", b"[]", None])
def test_a_damaged_cache_is_no_cache(reader: HeaderReader, include: Path, tmp_path: Path, damage: bytes | None) -> None:
    first = layout(reader, include, "linux/info.h")
    (entry,) = entries(tmp_path / "cache")
    good = entry.read_bytes()
    entry.write_bytes(good[: len(good) // 2] if damage is None else damage)
    assert layout(reader, include, "linux/info.h") == first
    assert entry.read_bytes() == good


@needs_gcc
def test_a_cache_that_is_gone_or_cannot_be(reader: HeaderReader, include: Path, tmp_path: Path) -> None:
    first = layout(reader, include, "linux/info.h")
    shutil.rmtree(tmp_path / "cache")
    assert layout(reader, include, "linux/info.h") == first
    (tmp_path / "file").touch()
    assert layout(HeaderReader(tmp_path / "file", 1), include, "linux/info.h") == first
    assert not [name for name in os.listdir(tmp_path) if name.startswith("tmp")]  # noqa: PTH208


def test_no_compiler_names_its_package(include: Path, tmp_path: Path) -> None:
    abi = replace(HOST, compiler="no-such-gcc", compiler_package="gcc-no-such")
    with pytest.raises(ProgramMissing, match="program not found: no-such-gcc") as caught:
        HeaderReader(tmp_path / "cache", 2).read(abi, include, ["linux/info.h"])
    assert caught.value.hint == "apt install gcc-no-such, or: seriestool doctor --install"


def test_no_such_directory(reader: HeaderReader, tmp_path: Path) -> None:
    if shutil.which(HOST.compiler) is None:
        pytest.skip(f"no {HOST.compiler}")
    with pytest.raises(MachineFault, match="no such directory"):
        reader.read(HOST, tmp_path / "nowhere", ["linux/info.h"])


@needs_gcc
@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo 'x.c:1:1: internal compiler error: Segmentation fault' >&2; exit 1", "internal compiler error"),
        ("kill -SEGV $$", "exit status 139"),
        ("exit 0", "object"),
        ("while [ $# -gt 0 ]; do [ $1 = -o ] && echo junk >$2; shift; done", "debug information"),
    ],
)
def test_a_compiler_that_crashes_or_lies(
    include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, error: str
) -> None:
    fakes = FakeBin(tmp_path / "bin", monkeypatch)
    fakes.add(HOST.compiler, f'#!/bin/sh\ncase " $* " in *\' -c \'*) {script} ;; *) exec {_REAL_GCC} "$@" ;; esac\n')
    cache = tmp_path / "cache"
    assert error in failure(HeaderReader(cache, 1), include, "linux/info.h")
    assert entries(cache) == []


@needs_gcc
def test_numbers_of_ioctls_and_system_calls(reader: HeaderReader, tmp_path: Path) -> None:
    texts = {
        "asm/ioctl.h": "#define _IOC(d, t, n, s) (((d) << 30) | ((s) << 16) | ((t) << 8) | (n))\n"
        "#define _IOR(t, n, s) _IOC(2U, (t), (n), sizeof(s))\n",
        "linux/foo.h": "struct foo { long a; };\n#define FOO_GET _IOR('f', 1, struct foo)\n"
        "#define FOO_ODD _IOR('f', 2, struct nobody)\n#if 0\n#define FOO_NO _IOR('f', 3, int)\n#endif\n",
        "asm/unistd.h": '#define BASE 0x900\n#include "unistd-common.h"\n',
        "asm/unistd-common.h": "#define __NR_foo (BASE + 1)\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = reader.read(HOST, tmp_path, list(texts))
    numbers = {
        name: [(enum.name, enum.enumerators) for enum in layout.enums]
        for name, layout in found.items()
        if isinstance(layout, Layout)
    }
    assert numbers == {
        "asm/ioctl.h": [],
        "linux/foo.h": [("ioctl numbers", (("FOO_GET", 0x80086601),))],
        "asm/unistd.h": [("system calls", (("__NR_foo", 0x901),))],
        "asm/unistd-common.h": [],
    }
    assert [each.align for each in found["linux/foo.h"].records] == [8]  # type: ignore[union-attr]


@needs_gcc
@pytest.mark.parametrize("abi", [HOST, replace(HOST, big_endian=True), replace(HOST, bits=32)])
def test_objects_of_another_abi_are_refused(reader: HeaderReader, include: Path, abi: Abi) -> None:
    found = reader.read(abi, include, ["linux/info.h"])["linux/info.h"]
    assert isinstance(found, Layout) == (abi == HOST)
    assert isinstance(found, Layout) or "makes objects of another ABI" in found.error


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 1\n", "\x7fELF, and of no machine that there is"])
def test_a_compiler_that_does_not_run_is_a_failure_of_its_headers_only(
    include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    FakeBin(tmp_path / "bin", monkeypatch).add(HOST.compiler, program)
    assert HOST.compiler in failure(HeaderReader(tmp_path / "cache", 1), include, "linux/info.h")


@needs_gcc
def test_a_full_disk_is_the_machines_fault(include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = FakeBin(tmp_path / "bin", monkeypatch)
    script = f"{HOST.compiler}: fatal error: error writing to 0.o: No space left on device"
    fakes.add(
        HOST.compiler,
        f"#!/bin/sh\ncase \" $* \" in *' -c '*) echo '{script}' >&2; exit 1 ;; esac\nexec {_REAL_GCC} \"$@\"\n",
    )
    with pytest.raises(MachineFault, match="no space left on device") as caught:
        HeaderReader(tmp_path / "cache", 2).read(HOST, include, ["linux/info.h", "linux/types.h"])
    assert caught.value.hint is not None


@pytest.mark.parametrize("abi", ABIS, ids=lambda abi: abi.name)
def test_every_abi_of_the_table(reader: HeaderReader, include: Path, abi: Abi) -> None:
    if shutil.which(abi.compiler) is None:
        pytest.skip(f"no {abi.compiler} ({abi.compiler_package})")
    header = include / "linux/info.h"
    header.write_text(header.read_text().replace("#error", "//"))
    found = reader.read(abi, include, ["linux/info.h"])["linux/info.h"]
    assert isinstance(found, Layout)
    (aligned,) = (each.align for each in found.typedefs if each.name == "__u64")
    assert found.records[0].size == {8: 24, 4: 16, 2: 16}[aligned]


@needs_gcc
def test_objects_for_another_reader(reader: HeaderReader, include: Path, tmp_path: Path) -> None:
    wanted = ["linux/info.h", "linux/error.h"]
    first = reader.read(HOST, include, wanted)
    (tmp_path / "objects").mkdir()
    assert reader.read(HOST, include, wanted, keep=tmp_path / "objects") == first
    (kept,) = (tmp_path / "objects").iterdir()
    assert kept.name == object_name("linux/info.h")
    assert kept.read_bytes().startswith(b"\x7fELF")


@needs_gcc
def test_a_compiler_that_does_not_end(include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seriestool.abi.compiler._TIMEOUT", 2.0)
    fakes = FakeBin(tmp_path / "bin", monkeypatch)
    fakes.add(HOST.compiler, f'#!/bin/sh\ncase " $* " in *\' -c \'*) sleep 60 ;; esac\nexec {_REAL_GCC} "$@"\n')
    assert failure(HeaderReader(tmp_path / "cache", 1), include, "linux/info.h") == f"{HOST.compiler}: no end after 2 s"


@needs_gcc
def test_nowhere_to_write_is_the_machines_fault(
    reader: HeaderReader, include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(MachineFault, match=r"No such file or directory: .*gone"):
        reader.read(HOST, include, ["linux/info.h"])


@needs_gcc
def test_a_header_of_nothing_but_numbers_that_mean_nothing_alone(reader: HeaderReader, tmp_path: Path) -> None:
    include = install(tmp_path / "headers", {
        "linux/part.h": "#define __NR_one (PART_BASE + 1)\n#define __NR_two (PART_BASE + 2)\n",
        "linux/both.h": "struct packed { char a; int b; } __attribute__((packed));\n"
        "#define __NR_one (PART_BASE + 1)\n#define __NR_two (OTHER_BASE + 2)\n#define __NR_three 3\n",
    })  # fmt: skip
    found = reader.read(HOST, include, ["linux/part.h", "linux/both.h"])
    part, both = found["linux/part.h"], found["linux/both.h"]
    assert isinstance(part, Layout)
    assert (part.records, part.enums) == ((), ())
    assert isinstance(both, Layout)
    assert [(each.name, each.align) for each in both.records] == [("struct packed", 1)]
    assert [(each.name, each.enumerators) for each in both.enums] == [("system calls", (("__NR_three", 3),))]
