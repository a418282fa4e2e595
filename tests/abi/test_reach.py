# SPDX-License-Identifier: GPL-2.0-or-later
"""Which headers a change concerns: itself, and whoever includes it, however that is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from seriestool.abi.installed import Installed
from seriestool.abi.reach import affected
from seriestool.errors import MachineFault
from seriestool.git.treeobject import Oid

BASE = {
    "asm-generic/info.h": "struct info { int a; };\n",
    "asm/info.h": "#include <asm-generic/info.h>\n",
    "linux/signal.h": "#include <linux/types.h>\n#include <asm/info.h>\n",
    "linux/signalfd.h": "# include  \"signal.h\"\n",
    "linux/types.h": "typedef int number;\n",
    "linux/other.h": "#include <linux/types.h>\n#include <stdint.h>\n",
    "linux/alone.h": "int alone;\n",
}  # fmt: skip


class Trees:
    """Include trees that are written now."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._count = 0

    def tree(self, files: Mapping[str, str]) -> Installed:
        self._count += 1
        include = self._root / str(self._count)
        for path, text in files.items():
            (include / path).parent.mkdir(parents=True, exist_ok=True)
            (include / path).write_text(text)
        return Installed("arm", include, {path: Oid.of("blob", text.encode()) for path, text in files.items()})

    def reached(self, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
        return list(affected(self.tree(before), self.tree(after)))


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    return Trees(tmp_path)


def test_a_change_is_carried_to_all_that_include_it(trees: Trees) -> None:
    step = {**BASE, "asm-generic/info.h": "struct info { long a; };\n"}
    assert trees.reached(BASE, step) == ["asm-generic/info.h", "asm/info.h", "linux/signal.h", "linux/signalfd.h"]
    assert trees.reached(BASE, {**BASE, "linux/alone.h": "long alone;\n"}) == ["linux/alone.h"]
    assert trees.reached(BASE, BASE) == []


def test_what_comes_and_goes(trees: Trees) -> None:
    less = {path: text for path, text in BASE.items() if path != "asm/info.h"}
    for before, after in ((BASE, less), (less, BASE)):
        assert trees.reached(before, after) == ["asm/info.h", "linux/signal.h", "linux/signalfd.h"]


def test_an_include_that_is_new_or_gone(trees: Trees) -> None:
    step = {**BASE, "linux/types.h": "#include <linux/alone.h>\n"}
    for before, after in ((BASE, step), (step, BASE)):
        assert trees.reached(before, after) == ["linux/other.h", "linux/signal.h", "linux/signalfd.h", "linux/types.h"]


def test_against_nothing_everything_counts(trees: Trees) -> None:
    tree = trees.tree(BASE)
    assert affected(None, tree) == affected(tree, None) == tuple(sorted(BASE))
    assert affected(None, None) == ()


def test_a_circle_ends(trees: Trees) -> None:
    before = {"a.h": "#include <b.h>\n", "b.h": "#include <a.h>\n", "c.h": "\n"}
    assert trees.reached(before, {**before, "a.h": "#include <b.h>\nint a;\n"}) == ["a.h", "b.h"]


@pytest.mark.parametrize(
    "line",
    [
        "#include <linux/far.h>", "#include<linux/far.h>", '#include "linux/far.h"', "\t# include <linux/far.h> /* */",
        '#include "far.h"', '#include "../linux/far.h"', "#include_next <linux/far.h>", "#include \\\n <linux/far.h>",
        "#if __has_include(<linux/far.h>)", "#ifdef NEVER\n#include <linux/far.h>\n#endif", "#include FAR_HEADER",
        "/* why */ #include <linux/far.h>", "#include < linux/far.h >",
    ],
)  # fmt: skip
def test_every_way_to_write_it(trees: Trees, line: str) -> None:
    before = {"linux/far.h": "int far;\n", "linux/near.h": f"{line}\n", "linux/none.h": "/* far.h */\n"}
    assert trees.reached(before, {**before, "linux/far.h": "long far;\n"}) == ["linux/far.h", "linux/near.h"]


def test_a_name_that_leaves_the_tree_reaches_nothing(trees: Trees) -> None:
    before = {"a.h": '#include "../../../a"\n', "b.h": "\n"}
    assert trees.reached(before, {**before, "b.h": "int b;\n"}) == ["b.h"]


def test_a_tree_that_was_removed_meanwhile(trees: Trees) -> None:
    before = trees.tree({"a.h": "int removed;\n", "b.h": "int meanwhile;\n"})
    (before.include / "b.h").unlink()
    with pytest.raises(MachineFault, match=r"No such file or directory: .*/b\.h"):
        affected(before, trees.tree({"a.h": "long removed;\n"}))
