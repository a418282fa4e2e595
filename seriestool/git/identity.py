# SPDX-License-Identifier: GPL-2.0-or-later
"""Who works here, and with which editor, by git's own rules (git-var(1))."""

from __future__ import annotations

import re
from pathlib import Path

from seriestool.errors import CommandFailed, UsageError
from seriestool.git.command import Git, git_at, run_git
from seriestool.model.series import Person

_IDENT = re.compile(r"(.*?) ?<([^<>]*)> \d+ [+-]\d{4}")
_UNKNOWN = re.compile(r"ident|auto-?detect|Please tell me who you are", re.IGNORECASE)


def author(directory: Path, why: str) -> Person:
    """Return the author git would write into a commit made in *directory*; raises as ``committer``."""
    return _person(directory, "GIT_AUTHOR_IDENT", why)


def committer(directory: Path, why: str) -> Person:
    """Return who commits in *directory*: GIT_COMMITTER_NAME and _EMAIL, else git's configuration there.

    Nothing is guessed from the machine's name (git-config(1), ``user.useConfigOnly``): it goes into public mail.
    Raises UsageError where git knows nobody; *why* tells in it what somebody is needed for.
    """
    return _person(directory, "GIT_COMMITTER_IDENT", why)


def editor(directory: Path) -> str | None:
    """Return the command line of the editor git would start in *directory*, None without one."""
    try:
        return run_git(_users(directory), "var", "GIT_EDITOR") or None
    except CommandFailed:
        return None


def _person(directory: Path, variable: str, why: str) -> Person:
    try:
        said = run_git(_users(directory), "var", variable, settings=("user.useConfigOnly=true",))
    except CommandFailed as error:
        if not _UNKNOWN.search(error.output):
            raise
        raise _nobody(why) from error
    match = _IDENT.fullmatch(said)
    if match is None or not match[1].strip() or not match[2].strip():
        raise _nobody(why)
    return Person(match[1].strip(), match[2].strip())


def _nobody(why: str) -> UsageError:
    return UsageError(
        f"git does not know who you are, and {why}",
        hint='git config --global user.name "Your Name" && git config --global user.email you@example.com',
    )


def _users(directory: Path) -> Git:
    git = git_at(directory, users_config=True)
    git.update_environment(GIT_DIR=None)  # the repository that *directory* is in, if any
    return git
