# SPDX-License-Identifier: GPL-2.0-or-later
"""The ABI guard: cold, with nothing changed, and beside the kernel's own scripts/check-uapi.sh with abidiff.

    python -m benchmarks.abi [--series SLUG] [--tree NAME] [--abi NAME ...] [--repeat N] [--script-of TREE]

"Cold" is a cache that has the object store and nothing else. What no tool can go below is measured in the same run:
``make headers_install`` once per kernel architecture, host tools included. check-uapi.sh looks at one step of a series
on one architecture; it is given the step of which ours says that it breaks something, and runs where ``abidiff`` (or
``$ABIDIFF``) is new enough for it: where not, its own words say so.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seriestool import proc
from seriestool.arch import find_abi
from seriestool.errors import CommandFailed, SeriestoolError
from seriestool.git.objects import ObjectStore, open_store
from seriestool.model.tree import Tree
from seriestool.pipeline.context import Context, find_tree, load_config
from seriestool.places import default_cache, find_workspace
from seriestool.trees import known_tree

_ABIS = ("x86_64", "i386", "arm", "arm64", "powerpc", "s390", "s390-31", "m68k")
_SETTINGS = ("-c", "gc.auto=0", "-c", "core.hooksPath=/dev/null")
_UNSET = {"MAKEFLAGS": "", "ARCH": "", "CROSS_COMPILE": ""}


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share: the series, the tree, and the ABIs, by their names."""

    ctx: Context
    store: ObjectStore
    series: str
    tree: Tree
    abis: tuple[str, ...]


def main() -> int:
    """Measure and print one line for each measurement."""
    arguments = _arguments()
    try:
        workspace = find_workspace(Path.cwd())
        ctx = Context(workspace=workspace, cache=default_cache(), config=load_config(workspace))
        with open_store(ctx.cache.store) as store:
            tree = _imported(ctx, store, arguments.tree)
            bench = Bench(ctx, store, arguments.series, tree, tuple(arguments.abi or _ABIS))
            for line in _lines(bench, arguments.repeat, _imported(ctx, store, arguments.script_of)):
                print(line, flush=True)
    except SeriestoolError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.abi", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", default="synchronous-perf-signals", help="a tracked series")
    parser.add_argument("--tree", default="stable-5.10", help="a tree of the workspace, imported")
    parser.add_argument("--abi", action="append", help=f"default: {', '.join(_ABIS)}")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--script-of", default="stable-6.12", metavar="TREE", help="where check-uapi.sh comes from")
    return parser.parse_args()


def _imported(ctx: Context, store: ObjectStore, name: str) -> Tree:
    tree = known_tree(find_tree(ctx, name), store)
    if tree is None:
        raise SeriestoolError(f"{name} is not imported: seriestool trees --import {name}")
    return tree


def _lines(bench: Bench, repeat: int, script_of: Tree) -> Iterator[str]:
    what = f"{bench.series} on {bench.tree.name}, {len(bench.abis)} ABIs"
    with _cold_cache(bench) as cache:
        cold, _ = _guard(bench, cache, "--no-compat")
    yield _line(f"{what}, cold, layouts of headers alone", cold)
    with _cold_cache(bench) as cache:
        whole, matrix = _guard(bench, cache)
        warm = min(_guard(bench, cache)[0] for _ in range(repeat))
    yield _line(f"{what}, cold, with compat types", whole)
    yield _line(f"{what}, nothing changed", warm)
    floor = _headers_install(bench)
    yield _line(f"make headers_install alone, {len(_arches(bench))} architectures, cold", floor)
    yield f"{'ours in times of that':64}{cold / floor:8.1f}  {whole / floor:.1f} with compat types"
    yield from _check_uapi(bench, script_of, matrix, whole)


def _line(what: str, seconds: float) -> str:
    return f"{what:64}{seconds:8.2f} s"


def _guard(bench: Bench, cache: Path, *words: str) -> tuple[float, dict[str, object]]:
    """Run the whole command, start-up included, and return its wall time and what it printed."""
    abis = [word for name in bench.abis for word in ("--abi", name)]
    argv = [sys.executable, "-m", "seriestool", "abi", bench.series, "--tree", bench.tree.name, "--json", "--quiet"]
    lore = {name: os.environ[name] for name in ("SERIESTOOL_LORE",) if name in os.environ}
    started = time.monotonic()
    done = proc.run([*argv, *abis, *words], env={"XDG_CACHE_HOME": str(cache), **lore}, check=False)
    seconds = time.monotonic() - started
    if done.status not in (0, 1):
        raise CommandFailed(done.command, done.status, done.stderr.decode("utf-8", "replace"))
    return seconds, json.loads(done.stdout)


@contextmanager
def _cold_cache(bench: Bench) -> Iterator[Path]:
    """Give an XDG cache that has the object store and downloads, and nothing else; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="seriestool-benchmark-") as name:
        own = Path(name) / "seriestool"
        own.mkdir()
        for there in (bench.ctx.cache.store, bench.ctx.cache.downloads):
            (own / there.name).symlink_to(there)
        yield Path(name)


def _arches(bench: Bench) -> tuple[str, ...]:
    return tuple(dict.fromkeys(find_abi(name).kernel_arch for name in bench.abis))


def _headers_install(bench: Bench) -> float:
    """Time what a shell script would do once: a make for each architecture in one source directory."""
    with _worktree(bench, bench.tree.commit) as source:
        started = time.monotonic()
        for arch in _arches(bench):
            argv = ["make", "-s", f"-j{len(os.sched_getaffinity(0))}", f"ARCH={arch}", "-o", "archscripts"]
            proc.run([*argv, f"INSTALL_HDR_PATH={source}/.installed/{arch}", "headers_install"], cwd=source, env=_UNSET)
        return time.monotonic() - started


@contextmanager
def _worktree(bench: Bench, commit: str) -> Iterator[Path]:
    """Check out *commit*, whole; neither this nor its removal is measured."""
    with tempfile.TemporaryDirectory(prefix="seriestool-benchmark-") as name:
        source = Path(name) / "source"
        _git(bench.store.path, "worktree", "add", "--quiet", "--detach", str(source), commit)
        try:
            yield source
        finally:
            _git(bench.store.path, "worktree", "remove", "--force", str(source))


def _git(directory: Path, *words: str) -> None:
    proc.run(["git", *_SETTINGS, *words], cwd=directory)


def _check_uapi(bench: Bench, script_of: Tree, matrix: dict[str, object], ours: float) -> Iterator[str]:
    """Time check-uapi.sh on the first step that breaks something, on x86: one step of ours, and one ABI."""
    step = _breaking_step(bench, matrix)
    script = bench.store.entry(str(bench.store.tree_of(script_of.commit)), "scripts/check-uapi.sh")
    if step is None or script is None:
        yield "check-uapi.sh: nothing to compare with (no patch breaks anything, or the tree has no such script)"
        return
    number, commit = step
    with _worktree(bench, commit) as source:
        path = source.parent / "check-uapi.sh"
        path.write_bytes(bench.store.read_blob(str(script.oid)))
        path.chmod(0o755)
        tool = {"ABIDIFF": os.environ["ABIDIFF"]} if "ABIDIFF" in os.environ else {}
        if not tool and shutil.which("abidiff") is None:
            yield "check-uapi.sh: no abidiff on PATH (Debian: abigail-tools)"
            return
        argv = [str(path), "-b", commit, "-p", f"{commit}^", "-q"]
        started = time.monotonic()
        done = proc.run(argv, cwd=source, env={"KERNEL_SRC": str(source), "ARCH": "x86", **tool}, check=False)
        seconds = time.monotonic() - started
        if done.status == 2:  # its FAIL_PREREQ
            told = proc.run(argv[:-1], cwd=source, env={"KERNEL_SRC": str(source), **tool}, check=False).stderr
            yield f"check-uapi.sh of {script_of.name} does not run here: {_first(told)}"
            return
    yield _line(f"check-uapi.sh, step {number} alone, x86_64 alone (exit {done.status})", seconds)
    yield f"{'the same in times of all steps and ABIs of ours, cold':64}{seconds / ours:8.1f}"


def _breaking_step(bench: Bench, matrix: dict[str, object]) -> tuple[str, str] | None:
    patches = matrix["patches"]
    assert isinstance(patches, list)
    number = next((each["number"] for each in patches if _breaks(each["abis"].values())), None)
    if number is None:
        return None
    names = (f"refs/seriestool/applied/{bench.series}", bench.tree.name, f"/{number}")
    done = proc.run(["git", "for-each-ref", "--format=%(objectname) %(refname)", names[0]], cwd=bench.store.path)
    found = [line.split() for line in done.stdout.decode().splitlines()]
    return next(((number, oid) for oid, ref in found if names[1] in ref and ref.endswith(f"landed{names[2]}")), None)


def _breaks(results: Sequence[dict[str, object]]) -> bool:
    return any(each["verdict"] == "breaks" for each in results)


def _first(output: bytes) -> str:
    return output.decode("utf-8", "replace").strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
