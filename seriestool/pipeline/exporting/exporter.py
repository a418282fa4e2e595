# SPDX-License-Identifier: GPL-2.0-or-later
"""Make an export of what was applied: messages, notes, commits, and what is not in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seriestool.apply.proposal import Prerequisite
from seriestool.formats.backport import backport_message, deviations, split_message, stable_branch, upstream_line
from seriestool.git.changes import CommitText, read_commit, show_change, show_stat, write_change
from seriestool.git.identity import committer
from seriestool.model.adaptation import Adaptation
from seriestool.model.export import Export, ExportedPatch, ExportFormat, NotIncluded, UpstreamStyle
from seriestool.model.outcome import Outcome, PatchOutcome, TreeOutcome
from seriestool.model.series import Person, Role
from seriestool.model.tree import DebianSource, GitSource, Tree, TreeSpec
from seriestool.pipeline.adapting.recorded import load_adaptations
from seriestool.pipeline.apply import Applied
from seriestool.pipeline.exporting.notes import Notes
from seriestool.pipeline.exporting.upstream import check_whole, upstream_commits
from seriestool.pipeline.follow_ups import close_over, search_follow_ups
from seriestool.pipeline.library import Library
from seriestool.pipeline.series import Job
from seriestool.pipeline.terms import Terms
from seriestool.report.upstream import group, note_of

_THERE = (Outcome.ALREADY, Outcome.ALREADY_EVOLVED)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is wanted. ``prefix`` replaces "PATCH 5.10.y"; ``reroll`` is git-format-patch(1)'s ``-v``."""

    series: str
    tree: str
    format: ExportFormat = ExportFormat.MBOX
    terms: Terms = field(default_factory=Terms)
    style: UpstreamStyle = UpstreamStyle.COMMIT
    allow_abbreviated: bool = False
    prefix: str | None = None
    reroll: int | None = None
    cover: bool = True


@dataclass(frozen=True, slots=True)
class Exporter:
    """One export in the making; ``request`` says how."""

    library: Library
    job: Job
    spec: TreeSpec
    applied: Applied
    request: ExportRequest

    @property
    def tree(self) -> Tree:
        """The tree that it is for."""
        return self.applied.tree

    def export(self) -> Export:
        """Return the export of what was applied; raises UsageError as ``prepare`` does."""
        outcome = self.applied.outcome
        signer = committer(self.library.ctx.workspace.root, "an export is signed off")
        patches = tuple(self._patches(signer))
        branch = stable_branch(self.tree.version)
        prefix = self.request.prefix
        return Export(
            series=self.job.tracked,
            tree=self.tree,
            base=_base(self.spec, self.tree),
            base_commit=self.tree.commit if isinstance(self.spec.source, GitSource) else None,
            signer=signer,
            prefix=prefix if prefix is not None else f"PATCH {branch}" if branch else "PATCH",
            reroll=self.request.reroll,
            patches=patches,
            left_out=tuple(each for each in outcome.patches if each.outcome in _THERE),
            not_included=tuple(self._not_included(outcome)),
            stat=show_stat(self.library.store, patches[0].before, patches[-1].after),
            command=self._command(),
        )

    def _patches(self, signer: Person) -> Iterator[ExportedPatch]:
        store, changing = self.library.store, list(_changing(self.tree, self.applied.outcome))
        notes = Notes(self.job, self.applied.needs, upstream_commits(self.library, self.job, self._in_front()))
        if not self.request.allow_abbreviated:
            check_whole(notes.upstream, [verdict.number for verdict, _ in changing])
        tracked = {each.number: each for each in self.job.tracked.patches}
        recorded = load_adaptations(self.job, self.tree)
        parent = self.tree.commit
        for position, (applied, before) in enumerate(changing, 1):
            verdict, entry, text = notes.plain(applied), tracked.get(applied.number), read_commit(store, applied.commit)
            commit_id = notes.upstream.get(verdict.number)
            said = (*notes.origin(verdict, entry, self.tree), *deviations(verdict))
            message = backport_message(
                text.message, notes=said, signer=signer,
                first_line=upstream_line(commit_id, self.request.style) if commit_id else None,
            )  # fmt: skip
            parent = write_change(
                store, CommitText(text.author, text.date, message),
                tree=verdict.tree_object, parent=parent, committer=signer,
            )  # fmt: skip
            yield ExportedPatch(
                position=position,
                verdict=verdict,
                author=text.author,
                date=text.date,
                title=" ".join(split_message(message)[0]),
                message=message,
                upstream=commit_id,
                released=entry.released if entry else None,
                notes=said,
                change=show_change(
                    store, before, verdict.tree_object, renames=self.request.format is not ExportFormat.QUILT
                ),
                before=before,
                after=verdict.tree_object,
                commit=parent,
                last_change=_adapted_on(recorded.get(verdict.number, ()), verdict) or _day(text.date),
                posted=None if entry and entry.file else verdict.message_id or None,
            )

    def _in_front(self) -> Sequence[Prerequisite]:
        return self.applied.needs.prerequisites.commits if self.request.terms.with_prerequisites else ()

    def _not_included(self, outcome: TreeOutcome) -> Iterator[NotIncluded]:
        """Yield what the series carries and was not applied, then what came later and belongs to what was."""
        applied, tracked = {each.number for each in outcome.patches}, self.job.tracked
        for each in tracked.patches:
            if each.role is Role.FOLLOW_UP and each.number not in applied:
                yield NotIncluded(each.subject, each.message_id or None, each.upstream, each.note)
        found = search_follow_ups(self.library, self.job)
        if found.follow_ups or tracked.known:
            self.library.ctx.progress.note(f"follow-ups looked for in {found.searched}")
        states = close_over(found, tracked, [outcome]).states
        for one in group([state for state in states if state.missing_on and state.number is None]):
            commit = one.states[0].follow_up.commit if len(one.states) == 1 else None
            yield NotIncluded(one.title, one.message_id or None, commit, note_of(one))

    def _command(self) -> str:
        """Return what repeats the export, without places of this machine."""
        tracked, request = self.job.tracked, self.request
        name = tracked.slug if self.job.directory else tracked.cover_message_id or tracked.patches[0].message_id
        words = ["seriestool", "export", name or _without_place(request.series), "--tree", self.spec.name]
        words += request.terms.words
        return shlex.join(words)


def _without_place(series: str) -> str:
    """Return the last name of a file or directory, and a range without the directory of its repository."""
    path = Path(series)
    return path.resolve().name if path.exists() else series.rpartition(":")[2]


def _changing(tree: Tree, outcome: TreeOutcome) -> Iterator[tuple[PatchOutcome, str]]:
    """Yield the patches that change the tree, each with the tree object before it."""
    before = tree.tree_object
    for verdict in outcome.patches:
        if verdict.tree_object != before:
            yield verdict, before
        before = verdict.tree_object


def _base(spec: TreeSpec, tree: Tree) -> str:
    match spec.source:
        case DebianSource(package=package):
            return f"{package} {tree.version}"
        case GitSource(ref=ref):
            return f"{ref} ({tree.version})"
    return f"linux {tree.version}"


def _adapted_on(recorded: Sequence[Adaptation], verdict: PatchOutcome) -> str | None:
    """Return the date of the adaptation that was used: the one whose reason the evidence begins with."""
    if verdict.outcome is not Outcome.ADAPTED:
        return None
    return next((one.date for one in recorded if verdict.evidence.startswith(one.reason)), None)


def _day(date: str) -> str:
    """Return the day of git's raw *date* as ISO 8601, in UTC."""
    seconds = int(date.split(maxsplit=1)[0])
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date().isoformat()
