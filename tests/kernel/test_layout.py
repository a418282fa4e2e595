# SPDX-License-Identifier: GPL-2.0-or-later
"""Every installed header of Debian's four kernels is read, and pahole agrees on every named struct and union in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from seriestool.abi.reader import HeaderReader, object_name
from seriestool.arch.abis import find_abi
from seriestool.model.abi import HeaderFailure
from seriestool.model.layout import Encoding, Layout, Member, Record
from tests.kernel.headers import install_headers
from tests.kernel.pahole import Place, Printed, parse, printed

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(shutil.which("pahole") is None, reason="no pahole (dwarves)"),
]

TREES = ("stable-5.10", "stable-6.1", "stable-6.12", "mainline-7.2")
ABIS = ("x86_64", "arm")
# Headers that are there, by tree and ABI. All are read but four, which no program can include as they are.
COUNTED = {
    ("stable-5.10", "x86_64"): 933, ("stable-6.1", "x86_64"): 972,
    ("stable-6.12", "x86_64"): 1000, ("mainline-7.2", "x86_64"): 1025,
    ("stable-5.10", "arm"): 906, ("stable-6.1", "arm"): 942,
    ("stable-6.12", "arm"): 968, ("mainline-7.2", "arm"): 993,
}  # fmt: skip
REFUSED = {
    "linux/patchkey.h": '#error "patchkey.h included directly"',
    "xen/evtchn.h": "unknown type name 'domid_t'",
    "xen/gntdev.h": "unknown type name 'grant_ref_t'",
    "xen/privcmd.h": "xen/interface/xen.h: No such file or directory",
}


@pytest.fixture(scope="module", params=TREES)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Path]]:
    return request.param, install_headers(request.param, ["x86", "arm"], tmp_path_factory.mktemp("headers"))


@pytest.mark.parametrize("name", ABIS)
def test_every_header_is_read_and_pahole_agrees(
    installed: tuple[str, dict[str, Path]], name: str, tmp_path: Path
) -> None:
    tree, includes = installed
    abi = find_abi(name)
    if shutil.which(abi.compiler) is None:
        pytest.skip(f"no {abi.compiler} ({abi.compiler_package})")
    include = includes[abi.kernel_arch]
    headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.h"))
    (tmp_path / "objects").mkdir()
    found = HeaderReader(tmp_path / "cache", 2).read(abi, include, headers, keep=tmp_path / "objects")
    assert len(found) >= COUNTED[tree, name]
    refused = {header: each.error for header, each in found.items() if isinstance(each, HeaderFailure)}
    assert {header: error for header, error in refused.items() if not error.endswith(REFUSED.get(header, "?"))} == {}
    layouts = {header: each for header, each in found.items() if isinstance(each, Layout)}
    compared = 0
    with ThreadPoolExecutor(2) as pool:
        for header, there in zip(
            layouts, pool.map(lambda header: printed(tmp_path / "objects" / object_name(header)), layouts), strict=True
        ):
            assert list(differences(layouts[header], there)) == [], header
            compared += len(layouts[header].records)
    assert compared > 15 * len(layouts)


def differences(layout: Layout, there: Mapping[str, Printed]) -> Iterator[str]:
    for record in layout.records:
        if record.name not in there:
            yield f"pahole has no {record.name}"
        elif difference := _difference(record, there[record.name]):
            yield difference


@cache
def _difference(record: Record, other: Printed) -> str:
    """Tell what two readings of one record do not agree on, empty where they do."""
    if other.size not in (None, record.size):
        return f"{record.name}: {record.size} bytes, pahole has {other.size}"
    members = tuple(_places(record, ""))
    return "" if members == other.members else f"{record.name}: {members}, pahole has {other.members}"


def _places(record: Record, prefix: str) -> Iterator[Place]:
    for member in record.members:
        path = f"{prefix}{member.name}"
        if member.name:
            yield path, (member.bit_offset, member.bit_size)
        if member.record is not None:
            yield from _places(member.record, f"{path}." if member.name else prefix)


TEXT = """\
struct a {
\tint                        x;                    /*     0     4 */
\tunsigned int               y:3;                  /*     4: 1  4 */
\tstruct {
\t\tvoid               (*z)(int);            /*     8     8 */
\t} inner;                                         /*     8     8 */

\t/* size: 16, cachelines: 1, members: 3 */
};
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("int  ", "int  ", ""),
        ("size: 16", "size: 24", "struct a: 16 bytes, pahole has 24"),
        ("4: 1", "4: 2", "('y', (34, 3))"),
        ("y:3", "y:4", "('y', (33, 4))"),
        ("8     8 */\n\t}", "8     4 */\n\t}", "('inner.z', (64, 32))"),
        ("} inner", "} other", "('other.z', (64, 64))"),
    ],
)
def test_a_difference_would_be_seen(old: str, new: str, told: str) -> None:
    pointer = Member("z", 64, 64, "void (*)(int)", Encoding.POINTER, 8)
    members = (
        Member("x", 0, 32, "int", Encoding.SIGNED, 4),
        Member("y", 33, 3, "unsigned int", Encoding.UNSIGNED, 4, bit_field=True),
        Member("inner", 64, 64, "struct {...}", Encoding.STRUCT, 8, record=Record("", "struct", 8, 8, (pointer,))),
    )
    layout = Layout("x86_64", (Record("struct a", "struct", 16, 8, members),))
    assert TEXT.replace(old, new) != TEXT or not told
    assert told in "".join(differences(layout, parse(TEXT.replace(old, new))))
    assert bool(told) == bool(list(differences(layout, parse(TEXT.replace(old, new)))))
    assert list(differences(layout, {})) == ["pahole has no struct a"]
