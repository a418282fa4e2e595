# SPDX-License-Identifier: GPL-2.0-or-later
"""``git merge-file``: the merge of three versions of one text."""

from __future__ import annotations

import tempfile
from pathlib import Path

from seriestool.errors import CommandFailed
from seriestool.git.command import git_at, run_git
from seriestool.git.objects import disk_fault

_MOST_CONFLICTS = 127  # git-merge-file(1): the exit status is the number of conflicts, cut off at 127


def merge_file(git_dir: Path, ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """Return *ours* with what changed from *base* to *theirs*, None where the two conflict or one is binary.

    Raises MachineFault when git fails or the disk is full.
    """
    if ours in (base, theirs):
        return theirs
    if b"\0" in ours + base + theirs:
        return None
    place = Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryDirectory(prefix="seriestool-merge-") as name:
            place = Path(name)
            files = [place / side for side in ("ours", "base", "theirs")]
            for file, data in zip(files, (ours, base, theirs), strict=True):
                file.write_bytes(data)
            try:
                run_git(git_at(git_dir), "merge-file", "--quiet", *(str(file) for file in files))
            except CommandFailed as failed:
                if 0 < failed.status <= _MOST_CONFLICTS:
                    return None
                raise
            return files[0].read_bytes()
    except OSError as error:
        raise disk_fault(error, place) from error
