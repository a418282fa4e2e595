# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run would start, as commands that can be pasted: ``--dry-run``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from seriestool import proc
from seriestool.abi.make import Task, make_argv
from seriestool.arch import Architecture, find_arch
from seriestool.build.kbuild import kernel_argv
from seriestool.model.run import KernelState, Stage
from seriestool.model.tree import DebianSource, GitSource, Source
from seriestool.pipeline.abi import AbiRequest, asked_abis
from seriestool.pipeline.abi.request import no_compiler
from seriestool.pipeline.context import Context, find_tree
from seriestool.pipeline.run import RunRequest
from seriestool.pipeline.series import open_series
from seriestool.vm.qemu import command
from seriestool.vm.request import BootRequest


def plan(ctx: Context, request: RunRequest) -> Iterator[str]:
    """Yield the lines of the plan: commands, and comments that say what happens inside seriestool.

    The series' mail is read, because what it holds decides about the states. Raises what ``open_series`` raises, and
    UsageError for a tree, arch or ABI that is not known.
    """
    specs = [find_tree(ctx, name) for name in request.trees]
    arches = [find_arch(name) for name in request.arches]
    if request.abi is not None:
        asked_abis(ctx, request.abi)
    job = open_series(ctx, request.series, variant=request.terms.variant)
    states = job.last_numbers(with_follow_ups=request.terms.with_follow_ups)
    yield f"# {job.tracked.slug} v{job.tracked.revision}: {len(job.patches)} patches"
    for spec in specs:
        yield f"# tree {spec.name}, unless it is imported"
        yield _import_command(spec.source)
        yield f"# apply in the object store {ctx.cache.store}, no checkout"
        yield from _layouts(ctx, spec.name, request.abi)
        for arch in arches:
            for state in states:
                yield from _state(ctx, spec.name, arch, state, request.until)


def _import_command(source: Source) -> str:
    if isinstance(source, DebianSource):
        version = f"={source.version}" if source.version else ""
        return f"apt-get download {shlex.quote(source.package + version)}  # suite {source.suite}"
    if isinstance(source, GitSource):
        return f"git fetch {shlex.quote(source.url)} {shlex.quote(source.ref)}"
    return f"tar -xf {shlex.quote(source.location)}"


def _layouts(ctx: Context, tree: str, request: AbiRequest | None) -> Iterator[str]:
    """Yield what the abi stage does with each state around a patch that touches a user-space header."""
    if request is None:
        return
    abis = [abi for abi in asked_abis(ctx, request).abis if no_compiler(abi) is None]
    yield f"# user-space layouts of {tree}, for the states around patches that touch a user-space header"
    place = ctx.cache.layouts / "headers" / "0"
    for arch in dict.fromkeys(abi.kernel_arch for abi in abis):
        task = Task(arch, place / "out" / arch, place / "target" / arch, place / "logs" / f"{arch}.log")
        yield proc.command_line(make_argv(place / "source", task))
    for abi in abis:
        yield f"# each header that such a patch can reach: {shlex.join([abi.compiler, *abi.flags])}"


def _state(ctx: Context, tree: str, arch: Architecture, state: KernelState, until: Stage) -> Iterator[str]:
    worktree, build_dir = ctx.cache.worktrees / f"{tree}-{arch.name}", ctx.cache.builds / f"{tree}-{arch.name}"
    yield f"# {tree} {arch.name} {state}"
    yield f"git -C {shlex.quote(str(worktree))} checkout --detach <{state}>"
    yield proc.command_line(kernel_argv(worktree, build_dir, arch, [arch.image_target], jobs=ctx.jobs))
    if until is Stage.BUILD:
        return
    image = build_dir / arch.image_path
    request = BootRequest(arch, image, Path("guest.cpio"), ("siginfo",), Path(), ctx.accelerator or "tcg", nonce="0")
    yield proc.command_line(command(request))
