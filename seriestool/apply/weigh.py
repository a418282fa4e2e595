# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold what a history or a version says of a patch against the text of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seriestool.apply.evolved import Evidence, gather
from seriestool.apply.filediff import apply_files
from seriestool.apply.landing import Landing
from seriestool.apply.view import View
from seriestool.model.outcome import EvidenceClass
from seriestool.model.series import FileDiff

# What could be meant for another version of the patch, or was decided by a number alone.
_TO_BE_HELD_AGAINST_TEXT = frozenset({EvidenceClass.AUTHOR_SUBJECT, EvidenceClass.RELEASE})


def weigh(view: View, diffs: Sequence[FileDiff], landing: Landing) -> Landing:
    """Return *landing* with what the text adds, or without its evidence where the text contradicts it."""
    if landing.evidence_class not in _TO_BE_HELD_AGAINST_TEXT:
        return landing
    evidence = gather(view, diffs)
    if _nothing_there(evidence) or (not evidence.weak and _fits(view, diffs)):
        return Landing(note=f"{landing.sentence}, which the text contradicts: {evidence.counts}")
    return replace(landing, sentence=f"{landing.sentence}; text: {evidence.counts}")


def _nothing_there(evidence: Evidence) -> bool:
    if evidence.added or evidence.names:
        return not evidence.added_there and not evidence.names_there
    return evidence.removed > 0 and evidence.removed_there == evidence.removed


def _fits(view: View, diffs: Sequence[FileDiff]) -> bool:
    return all(result.whole for result in apply_files(view.fresh(), diffs))
