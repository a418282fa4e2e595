# SPDX-License-Identifier: GPL-2.0-or-later
"""What an exported message tells of a patch beside how it was made to fit: where it comes from, and what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seriestool.apply.proposal import Prerequisite
from seriestool.formats.backport import stable_branch
from seriestool.model.outcome import PatchOutcome
from seriestool.model.series import TrackedPatch, Variant
from seriestool.model.tree import Tree
from seriestool.pipeline.prerequisites import Needs
from seriestool.pipeline.series import Job

_SHOWN = 12  # digits of a commit (submitting-patches.rst)


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of one export; ``upstream`` has the upstream commits by patch number."""

    job: Job
    needs: Needs
    upstream: Mapping[str, str]

    def plain(self, verdict: PatchOutcome) -> PatchOutcome:
        """Return *verdict* without what a note says: that it is a prerequisite, and of whom."""
        one = self._prerequisite(verdict)
        return replace(verdict, evidence=verdict.evidence.removeprefix(f"{one}; ")) if one else verdict

    def origin(self, verdict: PatchOutcome, entry: TrackedPatch | None, tree: Tree) -> Iterator[str]:
        """Yield the note on a patch that stable would not expect: for another one, not upstream, or not as it is there.

        *entry* is what ``series.toml`` says of it, None for a prerequisite.
        """
        one = self._prerequisite(verdict)
        if one is not None:
            yield self._needed_by(one)
        if verdict.number not in self.upstream and stable_branch(tree.version):
            yield "no upstream commit is known" + (f": {entry.note}" if entry and entry.note else "")
        differing = {patch.number for patch, _ in self.job.differing}
        if entry is not None and verdict.variant is Variant.POSTED and entry.number in differing:
            yield f"as posted in {entry.message_id}; the upstream commit differs"

    def _prerequisite(self, verdict: PatchOutcome) -> Prerequisite | None:
        commits = self.needs.prerequisites.commits if verdict.is_prerequisite else ()
        return next((one for one in commits if one.patch.number == verdict.number), None)

    def _needed_by(self, one: Prerequisite) -> str:
        """Say who needs a prerequisite, by names that mean something outside of this series."""
        if one.needed_by:
            return f"prerequisite of {self._named(one.needed_by)}"
        declaring = self.needs.declarers(one.commit)
        return f"declared as a prerequisite of {self._named(declaring) if declaring else 'the series'}"

    def _named(self, numbers: Sequence[str]) -> str:
        subjects = {patch.number: patch.subject for patch in self.job.patches}
        commits = {number: self.upstream[number][:_SHOWN] for number in numbers if number in self.upstream}
        return ", ".join(
            f'{commits[number]} ("{subjects[number]}")' if number in commits else f'"{subjects[number]}"'
            for number in numbers
        )
