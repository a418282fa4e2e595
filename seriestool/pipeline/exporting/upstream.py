# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole ids of upstream commits, from wherever one is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from seriestool.apply.proposal import Prerequisite
from seriestool.errors import CommandFailed, UsageError
from seriestool.formats.backport import named_upstream
from seriestool.formats.commit_references import namings
from seriestool.git.command import Git, git_at, run_git
from seriestool.model.tree import GitSource
from seriestool.pipeline.context import Context
from seriestool.pipeline.library import Library
from seriestool.pipeline.series import Job

WHOLE = 40  # hex digits


def upstream_commits(library: Library, job: Job, prerequisites: Sequence[Prerequisite]) -> Mapping[str, str]:
    """Return the upstream commit of each patch that has one, by number: whole where some source knows it whole.

    Asked are ``series.toml``, the commit notices, and the patch's own message where it is a backport already; of a
    prerequisite it is the one that it says it is a copy of, or the commit itself where a tree of the workspace has it:
    a branch of somebody's own is not upstream. The rest of an id is looked up in the
    object store and in the git repositories of this machine that ``seriestool.toml`` names.
    """
    written = {patch.number: named for patch in job.patches if (named := named_upstream(patch.message))}
    written |= {tracked.number: tracked.upstream for tracked in job.tracked.patches if tracked.upstream}
    written |= {number: landed.commit for number, landed in job.landed.items()}
    trees = {spec.name for spec in library.ctx.config.trees}
    written |= {one.patch.number: commit for one in prerequisites if (commit := _original(one, trees))}
    short = {number: commit for number, commit in written.items() if len(commit) < WHOLE}
    repositories = list(_repositories(library.ctx)) if short else []
    return written | {number: _whole(library, repositories, commit) or commit for number, commit in short.items()}


def _original(one: Prerequisite, trees: Collection[str]) -> str | None:
    own = one.commit if one.history in trees else None
    return next((naming.commit for naming in namings(one.patch.message)), own)


def check_whole(commits: Mapping[str, str], numbers: Sequence[str]) -> None:
    """Raise UsageError, naming them, where upstream commits of the patches *numbers* are abbreviated."""
    short = [f"{number} ({commits[number]})" for number in numbers if len(commits.get(number, "0" * WHOLE)) < WHOLE]
    if short:
        raise UsageError(
            f"stable wants whole commit ids, and only the beginning is known of: {', '.join(short)}",
            hint="write all 40 digits into series.toml, or name a git tree that has them; or --allow-abbreviated",
        )


def _whole(library: Library, repositories: Sequence[Git], commit: str) -> str | None:
    if found := library.store.resolve(commit):
        return found
    for history in library.histories():
        if found := history.resolve(commit):
            return found
    for git in repositories:
        with suppress(CommandFailed):
            return run_git(git, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    return None


def _repositories(ctx: Context) -> Iterator[Git]:
    places = dict.fromkeys(spec.source.url for spec in ctx.config.trees if isinstance(spec.source, GitSource))
    for place in places:
        path = Path(place).expanduser()
        if "://" not in place and path.is_dir():
            inner = path / ".git"
            yield git_at((inner if inner.exists() else path).resolve(), users_config=True)
