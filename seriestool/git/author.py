# SPDX-License-Identifier: GPL-2.0-or-later
"""Who works here, and with which editor, as git knows it."""

from __future__ import annotations

import re
from pathlib import Path

from seriestool.errors import CommandFailed, UsageError
from seriestool.git.command import Git, git_at, run_git
from seriestool.model.series import Person

_IDENT = re.compile(r"(?P<name>.*?) <(?P<email>[^>]*)> \d+ [+-]\d{4}")


def author(directory: Path) -> Person:
    """Return the author git would write into a commit made in *directory* (git-var(1), GIT_AUTHOR_IDENT).

    An identity that git only guesses from the name of the machine is none. Raises UsageError without one.
    """
    try:
        said = run_git(_users(directory), "var", "GIT_AUTHOR_IDENT", settings=("user.useConfigOnly=true",))
    except CommandFailed as error:
        raise _nobody() from error
    match = _IDENT.fullmatch(said)
    if match is None or not match["name"].strip() or not match["email"].strip():
        raise _nobody()
    return Person(match["name"].strip(), match["email"].strip())


def _nobody() -> UsageError:
    return UsageError(
        "git does not know who you are, and an adaptation has an author",
        hint='git config --global user.name "Your Name" && git config --global user.email you@example.com',
    )


def editor(directory: Path) -> str | None:
    """Return the command line of the editor git would start in *directory* (git-var(1), GIT_EDITOR), None without."""
    try:
        return run_git(_users(directory), "var", "GIT_EDITOR") or None
    except CommandFailed:
        return None


def _users(directory: Path) -> Git:
    git = git_at(directory, users_config=True)
    git.update_environment(GIT_DIR=None)  # the repository that *directory* is in, if any
    return git
