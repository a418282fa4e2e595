# SPDX-License-Identifier: GPL-2.0-or-later
"""Where upstream's form of a patch is another than the posted one."""

from __future__ import annotations

from seriestool.git.objects import ObjectStore
from seriestool.git.range_diff import range_diff
from seriestool.model.upstream import FormDifference
from seriestool.pipeline.series import Job


def form_differences(store: ObjectStore, job: Job, *, with_range_diff: bool) -> tuple[FormDifference, ...]:
    """Return the patches of *job* that landed with another patch-id than they were posted with.

    *with_range_diff* asks git for the difference, in *store*. Raises MachineFault.
    """
    differing = job.differing
    if not differing or not with_range_diff:
        return tuple(
            FormDifference(posted.number, landed.commit, posted.patch_id, landed.patch.patch_id)
            for posted, landed in differing
        )
    return tuple(
        FormDifference(
            posted.number, landed.commit, posted.patch_id, landed.patch.patch_id,
            range_diff(store, posted, landed.patch),
        )
        for posted, landed in differing
    )  # fmt: skip
