# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply a series without a checkout, and with ``git worktree add`` and ``git am -3``; start seriestool, and git.

    python -m benchmarks [--series SLUG] [--tree NAME ...] [--repeat N]

Trees that are not imported yet are left out; every measurement is the best of N. A series that only fits with
adaptations is given to ``git am`` adapted, as the commits that seriestool made of it, so both do the same work.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import best
from benchmarks.growth import growth, measure
from seriestool import proc
from seriestool.apply.series import apply_series
from seriestool.errors import CommandFailed, SeriestoolError
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.tree import Tree
from seriestool.pipeline.adapting.recorded import load_adaptations
from seriestool.pipeline.context import Context, find_tree, load_config
from seriestool.pipeline.series import Job, open_series
from seriestool.places import default_cache, find_workspace
from seriestool.trees import known_tree

_SETTINGS = ("-c", "gc.auto=0", "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
_COMMITTER = {
    "GIT_COMMITTER_NAME": "seriestool", "GIT_COMMITTER_EMAIL": "seriestool@localhost",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; times in seconds, None where there was nothing to measure."""

    what: str
    ours: float
    theirs: float | None
    warm: float | None = None
    """Ours in a process that has done it before."""


def main() -> int:
    """Measure and print one table."""
    arguments = _arguments()
    try:
        workspace = find_workspace(Path.cwd())
        lore = os.environ.get("SERIESTOOL_LORE")
        ctx = Context(workspace=workspace, cache=default_cache(), config=load_config(workspace), lore=lore)
        job = _series(ctx, arguments)
        with open_store(ctx.cache.store) as store:
            trees = _trees(ctx, store, arguments)
            count = len(job.selected(with_follow_ups=True))
            grown = list(growth(job.tracked.slug, [tree.name for tree in trees], count)) if trees else []
            rows = [*(_apply(store, job, tree, arguments.repeat) for tree in trees), *_starting(arguments.repeat)]
    except SeriestoolError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    print("\n".join([_table(rows), "", *grown]))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", default="synchronous-perf-signals", help="slug, message-id, mbox or directory")
    parser.add_argument("--fallback", default="siginfo-guard", help="series to take where the first one cannot be had")
    parser.add_argument("--tree", action="append", help="a tree of the workspace; all imported ones without it")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    return parser.parse_args()


def _trees(ctx: Context, store: ObjectStore, arguments: argparse.Namespace) -> list[Tree]:
    names = arguments.tree or [spec.name for spec in ctx.config.trees]
    trees = [tree for name in names if (tree := known_tree(find_tree(ctx, name), store))]
    if not trees:
        print(f"no tree of {ctx.workspace.root} is imported: seriestool trees --help", file=sys.stderr)
    return trees


def _series(ctx: Context, arguments: argparse.Namespace) -> Job:
    try:
        return open_series(ctx, arguments.series)
    except SeriestoolError as error:
        print(f"{arguments.series}: {error.message}; taking {arguments.fallback}", file=sys.stderr)
        return open_series(ctx, arguments.fallback)


def _apply(store: ObjectStore, job: Job, tree: Tree, repeat: int) -> Row:
    patches = job.selected(with_follow_ups=True)
    outcome = apply_series(store, tree, patches, adaptations=load_adaptations(job, tree))
    # In processes of their own: nothing of an earlier run is remembered.
    measured = [measure(job.tracked.slug, [tree.name], ["--adaptations"]) for _ in range(repeat)]
    seconds, warm = min(each.cold for each in measured), min(each.warm for each in measured)
    commits = [patch.commit for patch in outcome.patches]
    changing = [commit for commit, before in zip(commits, [tree.commit, *commits], strict=False) if commit != before]
    git = _git_am(store, tree, changing, repeat) if changing else None
    return Row(f"apply {len(patches)} patches to {tree.name} ({len(changing)} change it)", seconds, git, warm)


def _git_am(store: ObjectStore, tree: Tree, commits: list[str], repeat: int) -> float | None:
    """Time a new worktree of *tree* and ``git am -3`` of *commits*; None when git am stops at one."""
    with _mbox(store, tree, commits[-1]) as (directory, mails):
        target = directory / "worktree"

        def theirs() -> None:
            _git(store.path, "worktree", "add", "--quiet", "--detach", str(target), tree.commit)
            _git(target, "am", "--quiet", "-3", *mails)

        def clear() -> None:
            _git(store.path, "worktree", "remove", "--force", str(target))

        try:
            return best(theirs, repeat, after=clear)
        except CommandFailed as error:
            print(f"{tree.name}: git am stopped: {error.message}", file=sys.stderr)
            clear()
            return None


@contextmanager
def _mbox(store: ObjectStore, tree: Tree, last: str) -> Iterator[tuple[Path, list[str]]]:
    """Write the commits up to *last* as mails below a directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="seriestool-benchmark-", dir=store.path.parent) as name:
        mails = _git(store.path, "format-patch", "-o", f"{name}/mail", f"{tree.commit}..{last}")
        yield Path(name), mails.splitlines()


def _starting(repeat: int) -> Iterator[Row]:
    """Compare with git, and with the interpreter alone, which is the least that ours can take."""
    seriestool = [sys.executable, "-m", "seriestool", "--help"]
    ours = best(lambda: _run(seriestool), repeat + 2)
    yield Row("--help", ours, best(lambda: _run(["git", "--help"]), repeat + 2))
    yield Row("--help, and python -c pass", ours, best(lambda: _run([sys.executable, "-c", "pass"]), repeat + 2))


def _git(directory: Path, *words: str) -> str:
    return proc.run(["git", *_SETTINGS, *words], cwd=directory, env=_COMMITTER).stdout.decode()


def _run(argv: list[str]) -> None:
    proc.run(argv)


def _table(rows: list[Row]) -> str:
    cells = [("", "seriestool", "git", "ratio")]
    for row in rows:
        theirs = "-" if row.theirs is None else f"{row.theirs:.3f} s"
        ratio = "-" if row.theirs is None else f"{row.theirs / row.ours:.1f}"
        cells.append((row.what, f"{row.ours:.3f} s", theirs, ratio))
        if row.warm is not None:
            again = "-" if row.theirs is None else f"{row.theirs / row.warm:.1f}"
            cells.append(("  again in the same process", f"{row.warm:.3f} s", theirs, again))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(line[column].rjust(widths[column]) for column in (1, 2, 3))])
        for line in cells
    )
