# SPDX-License-Identifier: GPL-2.0-or-later
"""``expect.toml``: read as people write it, and each mistake named by file and key."""

from __future__ import annotations

import pytest

from seriestool.errors import UsageError
from seriestool.formats.expect_toml import read_expectations
from seriestool.model.abi import Expected

GOOD = """\
source = "the file"

[groups]
"32-bit" = ["i386", "arm"]

["siginfo_t"."32-bit m68k"]
si_perf = 0x10

["struct s"]
source = "the type"

["struct s".arm]
"a.b" = { offset = 4, size = 2 }
sizeof = 128
source = "the ABI"

["struct s".i386]
bits = { bit = 3 }
"""


def test_a_good_file_is_read() -> None:
    assert read_expectations(GOOD, "expect.toml", ["i386", "arm", "m68k"]) == (
        Expected("siginfo_t", "si_perf", "i386", offset=16, source="the file"),
        Expected("siginfo_t", "si_perf", "arm", offset=16, source="the file"),
        Expected("siginfo_t", "si_perf", "m68k", offset=16, source="the file"),
        Expected("struct s", "a.b", "arm", offset=4, source="the ABI"),
        Expected("struct s", "a.b", "arm", size=2, source="the ABI"),
        Expected("struct s", None, "arm", size=128, source="the ABI"),
        Expected("struct s", "bits", "i386", bit=3, source="the type"),
    )


def test_a_member_may_be_called_source() -> None:
    assert read_expectations("[t.arm]\nsource = 4", "f") == (Expected("t", "source", "arm", offset=4),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "f: not TOML: "),
        ('["struct"."arm"]\na = true', "f: struct: arm: a: is not a whole number from 0 on"),
        ('["a b c".arm]\na = 1', "f: a b c: is not a type such as 'struct siginfo' or 'siginfo_t'"),
        ('t = 1', "f: t: is not a table"),
        ('[t]\narm = 1', "f: t: arm: is not a table"),
        ('[t.vax]\na = 1', "f: t: vax: 'vax' is neither an ABI nor a group"),
        ('[t."arm vax"]\na = 1', "f: t: arm vax: 'vax' is neither an ABI nor a group"),
        ('[t." "]\na = 1', "f: t:  : names no ABI"),
        ('[t.arm]\n"a..b" = 1', "f: t: arm: a..b: is not a member such as si_pid or _sifields._kill._pid"),
        ('[t.arm]\n"a[0]" = 1', "f: t: arm: a[0]: is not a member such as si_pid or _sifields._kill._pid"),
        ("[t.arm]\na = -1", "f: t: arm: a: is not a whole number from 0 on"),
        ("[t.arm]\na = 1.0", "f: t: arm: a: is not a whole number from 0 on"),
        ("[t.arm]\na = {}", "f: t: arm: a: says nothing: neither offset, size nor bit"),
        ("[t.arm]\na = { at = 1 }", "f: t: arm: a: at: unknown key"),
        ('[t.arm]\na = { bit = "1" }', "f: t: arm: a: bit: is not a whole number from 0 on"),
        ("[t.arm]\nsizeof = { offset = 1 }", "f: t: arm: sizeof: a type has a size and no offset"),
        ('[t."arm"]\na = 1\n[t."arm i386"]\na = 1', "f: t: arm i386: a: offset under arm is expected twice"),
        ('[groups]\ng = ["vax"]', "f: groups: g: 'vax' is neither an ABI nor a group"),
        ('[groups]\ng = []', "f: groups: g: has no ABI in it"),
        ('[groups]\n"a b" = ["arm"]', "f: groups: a b: is not a name for a group: one word that is no ABI"),
        ('[groups]\narm = ["i386"]', "f: groups: arm: is not a name for a group: one word that is no ABI"),
        ('[groups]\ng = "arm"', "f: groups: g: is not a list of strings"),
        ("groups = 1", "f: groups: is not a table"),
        ("source = 7", "f: source: is not a string with something in it"),
        ('source = ""', "f: source: is not a string with something in it"),
        ("[t]\nsource = []", "f: t: source: is not a string with something in it"),
    ],
)
def test_each_mistake_is_named_by_file_and_key(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_expectations(text, "f", ["arm", "i386"])
    assert caught.value.message.startswith(message)


def test_without_the_table_of_abis_only_the_form_counts() -> None:
    assert read_expectations("[t.vax]\na = 1", "f")[0].abi == "vax"
    with pytest.raises(UsageError, match=r"'VAX' is neither"):
        read_expectations("[t.VAX]\na = 1", "f")
