# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read of debug information: places, names and meanings of types, for every machine of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from seriestool import proc
from seriestool.arch.abi import Abi
from seriestool.arch.abis import ABIS, find_abi
from seriestool.errors import InputRefused
from seriestool.formats.dwarf import read_layout
from seriestool.formats.probes import find_probes
from seriestool.model.layout import Encoding, Layout
from tests.formats.compiled import bits, compile_c, layout_of, members, record

X86_64, I386 = find_abi("x86_64"), find_abi("i386")
DWARF = ("-gdwarf-4", "-gdwarf-5", "-gdwarf-4 -fdebug-types-section", "-gdwarf-5 -fdebug-types-section")

# The shape of siginfo_t, with the kind of member that moved it.
SIGNAL = """
# 1 "asm-generic/types.h" 1 3
typedef unsigned int __u32;
typedef unsigned long long __u64;
# 7 "asm-generic/signal.h" 1 3
typedef union value { int number; void *pointer; } value_t;
typedef struct info {
    int si_signo, si_errno, si_code;
    union {
        struct { int _pid; __u32 _uid; } _kill;
        struct { void *_addr; union { short _lsb; struct { char _dummy[sizeof(void *)]; __u32 _key; } _pkey;
                                      %s _perf; }; } _fault;
    } _fields;
} info_t;
"""
BITS = """
typedef unsigned long long __u64;
struct flags { __u64 first : 1, second : 2, third : 37, fourth : 24; unsigned char a : 3; };
"""
# What breaks every other 32-bit ABI: a 64-bit integer is aligned to less than its size.
ALIGNED_TO_4 = ("i386", "m68k", "sh")
FLAGS = {"first": (0, 1), "second": (1, 2), "third": (3, 37), "fourth": (40, 24), "a": (64, 3)}


@pytest.mark.parametrize("dwarf", ["-gdwarf-4", "-gdwarf-5"])
@pytest.mark.parametrize("abi", ABIS, ids=lambda abi: abi.name)
def test_every_machine(abi: Abi, dwarf: str, tmp_path: Path) -> None:
    layout = layout_of(SIGNAL % "__u64" + BITS, tmp_path, abi, dwarf)
    found = members(record(layout, "info_t"))
    start = 12 if abi.name in ALIGNED_TO_4 else 16
    assert (found["_fields"].offset, found["_fields._kill._uid"].offset) == (start, start + 4)
    assert found["_fields._kill._uid"].type == "__u32"
    assert found["_fields._fault._addr"].bit_size == abi.bits
    assert found["_fields._fault._addr"].encoding is Encoding.POINTER
    flags = record(layout, "struct flags")
    assert bits(flags) == FLAGS
    assert [each.name for each in layout.records] == ["struct flags", "struct info", "union value"]


def test_places_and_files(tmp_path: Path) -> None:
    layout = layout_of(SIGNAL % "unsigned long", tmp_path, X86_64)
    info = record(layout, "struct info")
    assert (info.keyword, info.header, info.line) == ("struct", "asm-generic/signal.h", 8)
    (u32,) = (each for each in layout.typedefs if each.name == "__u32")
    assert (u32.type, u32.header, u32.line, u32.size, u32.encoding) == (
        "unsigned int", "asm-generic/types.h", 1, 4, Encoding.UNSIGNED,
    )  # fmt: skip


@pytest.mark.parametrize("flags", DWARF)
def test_both_versions_say_the_same_with_and_without_type_units(flags: str, tmp_path: Path) -> None:
    more = "enum e { A = -2, B }; struct late; struct user { struct late *next; enum e e; };"
    source = SIGNAL % "__u64" + BITS + more
    plain, other = layout_of(source, tmp_path, I386), layout_of(source, tmp_path, I386, *flags.split())
    assert (other.records, other.enums) == (plain.records, plain.enums)
    # gcc leaves a typedef out of the object when its type has gone into a unit of its own.
    assert {each.name for each in plain.typedefs} - {each.name for each in other.typedefs} <= {"info_t", "value_t"}
    assert record(plain, "struct user").members[0].target == "struct late"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A bit of everything, for 64-bit x86."""
    source = """
typedef signed char s8; typedef const s8 *name_t; typedef s8 vec[4];
struct declared;
typedef struct { s8 one; } given, again, *pointer;
typedef union { int a; float b; } either;
typedef enum { LOW = -1, HIGH } level;
enum big { HUGE = 0x100000000ULL };
enum { LOOSE = 7 };
enum small { LITTLE = 3 } __attribute__((packed));
struct all {
    name_t name; const volatile char *const text; struct declared *next, **list;
    void (*call)(int, struct all *); int (*printf)(const char *, ...); int (*table)[3]; long (*hooks[2])(void);
    given g; again h[2]; either e; level l; enum small s; _Bool flag; long double wide; unsigned long u; short sh;
    vec v[3]; unsigned grid[2][3];
    struct { int x, y; } point, line[2];
    union { unsigned low; struct { unsigned char byte; }; };
    int none[0]; s8 rest[];
};
struct packed { char c; int i; } __attribute__((packed));
struct quiet { int i; } __attribute__((packed));
struct loud { int i; } __attribute__((aligned(32)));
typedef unsigned long long half __attribute__((aligned(4)));
struct halves { char c; half h; struct quiet q; struct { struct quiet r; } inner; };
"""
    return layout_of(source, tmp_path_factory.mktemp("shapes"), X86_64)


def test_types_are_spelled_as_in_c(shapes: Layout) -> None:
    found = members(record(shapes, "struct all"))
    spelled = {name: member.type for name, member in found.items() if "." not in name}
    assert spelled == {
        "name": "name_t", "text": "volatile const char * const", "next": "struct declared *",
        "list": "struct declared **", "call": "void (*)(int, struct all *)", "printf": "int (*)(const char *, ...)",
        "table": "int (*)[3]", "hooks": "long (*[2])(void)", "g": "given", "h": "again [2]", "e": "either",
        "l": "level", "s": "enum small", "flag": "_Bool", "wide": "long double", "u": "unsigned long", "sh": "short",
        "v": "s8 [3][4]", "grid": "unsigned int [2][3]", "point": "struct {...}", "line": "struct {...} [2]",
        "low": "unsigned int", "byte": "unsigned char", "none": "int [0]", "rest": "s8 []",
    }  # fmt: skip


def test_what_types_are_made_of(shapes: Layout) -> None:
    found = members(record(shapes, "struct all"))
    assert {name: member.target for name, member in found.items() if member.target} == {
        "name": "name_t", "next": "struct declared", "list": "struct declared", "g": "given", "h": "again",
        "e": "either", "l": "level", "s": "enum small", "v": "s8", "rest": "s8",
    }  # fmt: skip
    assert {name: member.dims for name, member in found.items() if member.dims} == {
        "hooks": (2,), "h": (2,), "v": (3, 4), "grid": (2, 3), "line": (2,), "none": (0,), "rest": (None,),
    }  # fmt: skip
    encodings = {"wide": Encoding.FLOAT, "flag": Encoding.BOOL, "l": Encoding.ENUM_SIGNED, "e": Encoding.UNION,
                 "s": Encoding.ENUM_UNSIGNED, "v": Encoding.SIGNED, "line": Encoding.STRUCT}  # fmt: skip
    assert {name: found[name].encoding for name in encodings} == encodings
    assert [(found[name].bit_size, found[name].offset % 4) for name in ("none", "rest")] == [(0, 0), (0, 0)]


def test_members_without_a_name(shapes: Layout) -> None:
    whole = record(shapes, "struct all")
    found = members(whole)
    assert found["byte"].offset == found["low"].offset
    (union,) = (member for member in whole.members if not member.name)
    assert union.record is not None
    assert (union.record.keyword, union.encoding, union.record.name) == ("union", Encoding.UNION, "")
    assert (found["point.x"].offset, found["point.y"].offset) == (found["point"].offset, found["point"].offset + 4)
    line = found["line"].record
    assert line is not None
    assert [each.offset - found["line"].offset for each in line.members] == [0, 4]


def test_what_has_no_tag_is_called_by_its_typedef(shapes: Layout) -> None:
    assert {each.name for each in shapes.records} == {
        "given", "either", "struct all", "struct packed", "struct quiet", "struct loud", "struct halves",
    }  # fmt: skip
    assert {each.name: each.target for each in shapes.typedefs} == {
        "s8": None, "name_t": "s8", "vec": "s8", "again": "given", "pointer": "given", "half": None,
    }  # fmt: skip
    assert shapes.record("again") == shapes.record("given")


def test_enums(shapes: Layout) -> None:
    assert {each.name: (each.size, each.signed, each.enumerators) for each in shapes.enums} == {
        "": (4, False, (("LOOSE", 7),)),
        "level": (4, True, (("LOW", -1), ("HIGH", 0))),
        "enum big": (8, False, (("HUGE", 1 << 32),)),
        "enum small": (1, False, (("LITTLE", 3),)),
    }


def test_alignment_that_nothing_but_the_compiler_tells(shapes: Layout) -> None:
    aligned = {name: record(shapes, f"struct {name}").align for name in ("packed", "quiet", "loud", "halves")}
    assert aligned == {"packed": 1, "quiet": 1, "loud": 32, "halves": 4}
    assert [each.align for each in record(shapes, "struct packed").members] == [1, 1]
    assert [each.align for each in record(shapes, "struct halves").members] == [1, 4, 1, 1]


@pytest.mark.parametrize(
    ("abi", "align"), [("i386", 4), ("x32", 8), ("arm", 8), ("m68k", 2), ("sh", 4), ("powerpc", 8), ("alpha", 8)]
)
def test_alignment_of_64_bits(abi: str, align: int, tmp_path: Path) -> None:
    layout = layout_of(SIGNAL % "__u64", tmp_path, find_abi(abi))
    assert [each.align for each in layout.typedefs if each.name == "__u64"] == [align]


def test_without_probes_the_members_tell(tmp_path: Path) -> None:
    source = "struct packed { char c; int i; } __attribute__((packed)); struct plain { char c; short s; };"
    layout = read_layout(compile_c(source, tmp_path, X86_64), "x86_64")
    assert [(each.name, each.align) for each in layout.records] == [("struct packed", 1), ("struct plain", 2)]


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    data = compile_c(SIGNAL % "__u64", tmp_path, X86_64)
    assert [each.name for each in read_layout(data, "x86_64", only=("union value",)).records] == ["union value"]


def test_several_units_in_one_object(tmp_path: Path) -> None:
    """As a linker makes them: one definition of what both have."""
    for name, source in (("one", "struct both { int a; }; struct one { struct both b; };"),
                         ("two", "struct both { int a; }; struct two { struct both b[2]; };")):  # fmt: skip
        (tmp_path / f"{name}.o").write_bytes(compile_c(source, tmp_path, X86_64))
    proc.run(["ld", "-r", "one.o", "two.o", "-o", "all.o"], cwd=tmp_path)
    layout = read_layout((tmp_path / "all.o").read_bytes(), "x86_64")
    assert [(each.name, each.size) for each in layout.records] == [
        ("struct both", 4), ("struct one", 4), ("struct two", 8),
    ]  # fmt: skip


def test_compressed_sections(tmp_path: Path) -> None:
    assert layout_of(SIGNAL % "int", tmp_path, X86_64, "-gz=zlib") == layout_of(SIGNAL % "int", tmp_path, X86_64)


def test_aliases_that_lead_nowhere_are_left_out(tmp_path: Path) -> None:
    aliases = (("si_pid", "_fields._kill._pid"), ("si_band", "_poll._band"), ("si_uid", "_kill._uid"))
    data = compile_c(SIGNAL % "int", tmp_path, X86_64)
    layout = read_layout(data, "x86_64", aliases=aliases)
    assert layout.aliases == (("si_pid", "_fields._kill._pid"), ("si_uid", "_kill._uid"))


@pytest.mark.parametrize("cut", [0, 3, 60, 200, 700])
def test_damage_is_refused(cut: int, tmp_path: Path) -> None:
    data = compile_c(SIGNAL % "int", tmp_path, X86_64)
    assert len(data) > 700
    with pytest.raises(InputRefused):
        read_layout(data[:cut], "x86_64")


def test_an_object_without_debug_information_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="object without debug information"):
        read_layout(compile_c("int a;", tmp_path, X86_64, "-g0"), "x86_64")


def test_probes_are_no_types(tmp_path: Path) -> None:
    source = "struct probed { int a; };"
    assert "struct probed" in find_probes(source)
    layout = layout_of(source, tmp_path, X86_64)
    assert (layout.enums, len(layout.records)) == ((), 1)
