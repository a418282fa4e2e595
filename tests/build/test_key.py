# SPDX-License-Identifier: GPL-2.0-or-later
"""Image keys: what can change an image changes the key, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from seriestool.arch import Architecture, find_arch
from seriestool.build.key import Entry, image_key
from seriestool.formats.kconfig import read_settings

ARM, X86 = find_arch("arm"), find_arch("x86_64")
FRAGMENT = "CONFIG_SMP=y\n"
TOOLS = ("gcc 12.2.0", "ld 2.40")

# Directories of a tree; every other path is a directory without entries. Object ids are the paths themselves.
TREE: Mapping[str, tuple[str, ...]] = {
    "": (
        ".gitignore", "COPYING", "CREDITS", "Documentation", "Kconfig", "LICENSES", "MAINTAINERS", "Makefile", "README",
        "arch", "include", "kernel", "samples", "scripts", "tools",
    ),
    "Documentation": ("Kconfig", "index.rst"),
    "samples": ("Kconfig", "hw_breakpoint"),
    "tools": ("arch", "bpf", "build", "include", "lib", "objtool", "perf", "scripts", "testing"),
    "tools/include": ("linux", "tools", "uapi"),
}  # fmt: skip


def key(
    changed: Iterable[str] = (),
    *,
    config: Mapping[str, str] | None = None,
    arch: Architecture = ARM,
    fragment: str = FRAGMENT,
    toolchain: tuple[str, ...] = TOOLS,
    commit: str = "0" * 40,
) -> str:
    """Return the key of TREE after the paths *changed* have other contents, and so all directories above them."""
    touched = tuple(changed)

    def list_tree(directory: str) -> list[Entry]:
        names = TREE.get(directory, ())
        paths = [f"{directory}/{name}".lstrip("/") for name in names]
        return [(0o040000, name, _oid(path)) for name, path in zip(names, paths, strict=True)]

    def _oid(path: str) -> str:
        return f"{path}:{[one for one in touched if one == path or one.startswith(f'{path}/')]}"

    return image_key(
        list_tree, commit=commit, arch=arch, asked=read_settings(fragment, "f"), toolchain=toolchain, config=config
    )


@pytest.mark.parametrize(
    "path",
    [
        "tools/testing/selftests/perf_events/a.c", "tools/perf/a.c", "tools/include/uapi/linux/perf_event.h",
        "tools/objtool/check.c", "tools/lib/a.c", "Documentation/index.rst", "MAINTAINERS", "CREDITS", "README",
        ".gitignore", "LICENSES/MIT", "samples/hw_breakpoint/a.c", "COPYING",
    ],
)  # fmt: skip
def test_what_cannot_reach_the_image_keeps_the_key(path: str) -> None:
    assert key([path], config={"SMP": "y"}) == key(config={"SMP": "y"})


@pytest.mark.parametrize(
    "path",
    [
        "kernel/signal.c", "include/linux/a.h", "arch/arm/a.c", "Makefile", "Kconfig", "scripts/a.sh",
        "Documentation/Kconfig", "samples/Kconfig", "tools/include/tools/le_byteshift.h", "tools/include/linux/types.h",
    ],
)  # fmt: skip
def test_what_can_reach_the_image_changes_the_key(path: str) -> None:
    assert key([path], config={"SMP": "y"}) != key(config={"SMP": "y"})


@pytest.mark.parametrize(
    ("symbol", "path"),
    [
        ("OBJTOOL", "tools/objtool/check.c"),
        ("STACK_VALIDATION", "tools/lib/subcmd/a.c"),
        ("UNWINDER_ORC", "tools/arch/x86/a.h"),
        ("DEBUG_INFO_BTF", "tools/bpf/resolve_btfids/a.c"),
        ("SAMPLES", "samples/hw_breakpoint/a.c"),
    ],
)
def test_configuration_decides_whether_tools_can_reach_the_image(symbol: str, path: str) -> None:
    with_it, without = {symbol: "y"}, {symbol: "n"}
    assert key([path], config=with_it) != key(config=with_it)
    assert key([path], config=without) == key(config=without)
    assert key([path], config=None) != key(config=None)


def test_tests_never_count_even_when_the_configuration_is_not_known() -> None:
    assert key(["tools/testing/selftests/a.c", "tools/perf/b.c"]) == key()


def test_arch_fragments_and_toolchain_are_part_of_the_key() -> None:
    assert len({key(), key(arch=X86), key(fragment="CONFIG_SMP=n\n"), key(toolchain=("gcc 13", "ld 2.40"))}) == 4


def test_comments_and_order_of_a_fragment_are_not() -> None:
    assert key(fragment="# why\nCONFIG_B=y\nCONFIG_A=y\n") == key(fragment="CONFIG_A=y\nCONFIG_B=y\n")


def test_commit_counts_only_when_it_is_written_into_the_release() -> None:
    auto = {"LOCALVERSION_AUTO": "y"}
    assert key(commit="1" * 40) == key()
    assert key(commit="1" * 40, config=auto) != key(config=auto)


def test_modes_count_in_whichever_form_they_come() -> None:
    def one(mode: int | str) -> str:
        return image_key(
            lambda path: [(mode, "Makefile", "1")] if path == "" else [],
            commit="", arch=ARM, asked=(), toolchain=(), config={},
        )  # fmt: skip

    assert one(0o100644) == one("100644")
    assert one(0o040000) == one("040000") == one("40000")
    assert one(0o100755) != one(0o100644)
