# SPDX-License-Identifier: GPL-2.0-or-later
"""One measurement in a process of its own: apply a series to some trees, cold, then again.

    python -m benchmarks.one [--series SLUG] [--patches N] [--generated N] [--adaptations] [--first] TREE ...

Prints JSON: seconds cold and warm, and the most memory in MB. Reading the series and starting are not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from seriestool.apply.series import apply_series
from seriestool.formats.patch import parse_diff
from seriestool.formats.patch_id import patch_id
from seriestool.git.names import FOLDER
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.series import Patch, Person
from seriestool.model.tree import Tree
from seriestool.pipeline.adapting.recorded import load_adaptations
from seriestool.pipeline.context import Context, find_tree, load_config
from seriestool.pipeline.series import open_series
from seriestool.places import default_cache, find_workspace
from seriestool.trees import known_tree

_FILE = "kernel/events/core.c"  # one of the longest files there are, in every tree
_WARM = 3


def main() -> int:
    """Measure once cold and, warm, the best of three."""
    arguments = _arguments()
    workspace = find_workspace(Path.cwd())
    lore = os.environ.get("SERIESTOOL_LORE")
    ctx = Context(workspace=workspace, cache=default_cache(), config=load_config(workspace), lore=lore)
    job = open_series(ctx, arguments.series)
    with open_store(ctx.cache.store) as store:
        trees = [tree for name in arguments.trees if (tree := known_tree(find_tree(ctx, name), store))]
        patches: Sequence[Patch] = job.selected(with_follow_ups=True)[: arguments.patches]
        if arguments.generated:
            patches = generated(store, trees[0], arguments.generated)
        given = {tree.name: load_adaptations(job, tree) if arguments.adaptations else {} for tree in trees}
    if arguments.first:
        shutil.rmtree(ctx.cache.store / FOLDER, ignore_errors=True)  # what searches through the trees remembered

    def work(store: ObjectStore) -> float:
        started = time.monotonic()
        for tree in trees:
            apply_series(store, tree, patches, adaptations=given[tree.name], others=trees)
        return time.monotonic() - started

    with open_store(ctx.cache.store) as store:
        cold = work(store)
        warm = min(work(store) for _ in range(_WARM))
    print(json.dumps({"cold": cold, "warm": warm, "megabytes": _peak()}))
    return 0


def generated(store: ObjectStore, tree: Tree, count: int) -> list[Patch]:
    """Return a series that changes one line of a long file of *tree* after the other."""
    entry = store.entry(tree.tree_object, _FILE)
    assert entry is not None, f"{tree.name} has no {_FILE}"
    lines = store.read_blob(entry.oid).splitlines(keepends=True)
    step = (len(lines) - 10) // count
    return [_patch(lines, 5 + number * step, number) for number in range(count)]


def _patch(lines: Sequence[bytes], at: int, number: int) -> Patch:
    name = _FILE.encode()
    body = [b" " + line for line in lines[at - 3 : at]]
    body += [b"-" + lines[at], b"+" + lines[at].rstrip(b"\n") + b" /* %d */\n" % number]
    body += [b" " + line for line in lines[at + 1 : at + 4]]
    head = b"diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n" % ((name,) * 4)
    diff = head + b"@@ -%d,7 +%d,7 @@\n" % (at - 2, at - 2) + b"".join(body)
    return Patch(
        number=f"{number:03}", subject=f"change {number}", author=Person("A U Thor", "author@example.com"),
        date="0 +0000", message=f"change {number}\n", message_id=f"{number}@example.com", trailers=(),
        files=parse_diff(diff), diff=diff, patch_id=patch_id(diff),
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--series", default="synchronous-perf-signals")
    parser.add_argument("--patches", type=int, metavar="N", help="only the first N")
    parser.add_argument("--generated", type=int, metavar="N", help="N patches made for the first tree instead")
    parser.add_argument("--adaptations", action="store_true", help="with the recorded adaptations")
    parser.add_argument("--first", action="store_true", help="forget what earlier searches through the trees found")
    return parser.parse_args()


def _peak() -> float:
    """Return the most memory this process had, in MB (proc(5), VmHWM: that of a parent does not count)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
