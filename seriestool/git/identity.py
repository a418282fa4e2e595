# SPDX-License-Identifier: GPL-2.0-or-later
"""Who signs off: the committer, by git's own rules."""

from __future__ import annotations

import re
from pathlib import Path

from seriestool.errors import CommandFailed, UsageError
from seriestool.git.command import git_at, run_git
from seriestool.model.series import Person

_IDENT = re.compile(r"(.*?) ?<([^<>]*)> \d+ [+-]\d{4}")
_UNKNOWN = re.compile(r"ident|auto-?detect|Please tell me who you are", re.IGNORECASE)


def committer(directory: Path) -> Person:
    """Return who commits in *directory*: GIT_COMMITTER_NAME and _EMAIL, else git's configuration there.

    Nothing is guessed from the machine's name (git-config(1), ``user.useConfigOnly``): it goes into public mail.
    Raises UsageError where git knows nobody.
    """
    git = git_at(directory, users_config=True)
    git.update_environment(GIT_DIR=None)  # the repository that *directory* is in, if any
    try:
        said = run_git(git, "var", "GIT_COMMITTER_IDENT", settings=("user.useConfigOnly=true",))
    except CommandFailed as error:
        if not _UNKNOWN.search(error.output):
            raise
        raise UsageError(
            "git does not know who you are, and an export is signed off",
            hint='git config --global user.name "Your Name" && git config --global user.email you@example.com',
        ) from error
    match = _IDENT.fullmatch(said)
    assert match is not None, said
    return Person(match[1], match[2])
