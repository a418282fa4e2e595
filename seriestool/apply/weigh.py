# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold what a history or a version says of a patch against the text of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seriestool.apply.evolved import Evidence, gather
from seriestool.apply.filediff import apply_files, reverse_files
from seriestool.apply.landing import Landing
from seriestool.apply.view import View
from seriestool.model.outcome import EvidenceClass
from seriestool.model.series import FileDiff


def weigh(view: View, diffs: Sequence[FileDiff], landing: Landing) -> Landing:
    """Return *landing* with what the text adds, or without its evidence where the text contradicts it.

    A commit of the history can be meant for another version of the patch, or undone without a word; a version number
    knows nothing of reverts. What contradicts becomes the note.
    """
    if landing.evidence_class is None:
        return landing
    if diffs and not any(view.before(path) for diff in diffs for path in (diff.old_path, diff.new_path) if path):
        return _without_files(landing)
    evidence = gather(view, diffs)
    if _contradicts(view, diffs, landing, evidence):
        return Landing(note=f"{landing.sentence}, which the text contradicts: {evidence.counts}")
    if landing.evidence_class in _STRONG and evidence.seen == 1.0:
        return landing
    return replace(landing, sentence=f"{landing.sentence}; text: {evidence.counts}")


_STRONG = frozenset({EvidenceClass.CONTAINED, EvidenceClass.PATCH_ID, EvidenceClass.NAMED})


def _without_files(landing: Landing) -> Landing:
    """A version says nothing of files that the tree has not; a commit of its history was about them once."""
    if landing.evidence_class in (EvidenceClass.RELEASE, EvidenceClass.AUTHOR_SUBJECT):
        return Landing(note=f"{landing.sentence}, but its files are not in this tree")
    return replace(landing, sentence=f"{landing.sentence}; its files are not in this tree any more")


def _contradicts(view: View, diffs: Sequence[FileDiff], landing: Landing, evidence: Evidence) -> bool:
    if all(result.whole for result in apply_files(view.fresh(), reverse_files(diffs))):
        return False
    if landing.doubtful:
        return not evidence.strong
    if not (evidence.added or evidence.names or evidence.removed):
        return _fits(view, diffs)
    match landing.evidence_class:
        case EvidenceClass.AUTHOR_SUBJECT:
            return not evidence.weak
        case EvidenceClass.RELEASE:
            # What was reworked until little of it is left looks like this too: what was seen is told.
            return _nothing_there(evidence) or (not evidence.weak and (_is_back(evidence) or _fits(view, diffs)))
    return _nothing_there(evidence) and _fits(view, diffs)


def _nothing_there(evidence: Evidence) -> bool:
    """Whether nothing that the patch brings is there; of one that only takes away, whether nothing is gone."""
    if evidence.added or evidence.names:
        return not evidence.added_there and not evidence.names_there
    return evidence.removed_there == evidence.removed


def _is_back(evidence: Evidence) -> bool:
    """Whether what the patch takes away is there again, as after a revert."""
    return evidence.removed_there * 2 > evidence.removed


def _fits(view: View, diffs: Sequence[FileDiff]) -> bool:
    return all(result.whole for result in apply_files(view.fresh(), diffs))
