# SPDX-License-Identifier: GPL-2.0-or-later
"""The one method through which every git command goes.

GitPython starts git with the caller's environment; what of it could change a result (``GIT_DIR``, ``GIT_INDEX_FILE``,
the user's configuration, hooks) is overridden here, so that the same inputs give the same bytes for everybody.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from seriestool.errors import CommandFailed, MachineFault, ProgramMissing
from seriestool.proc import command_line

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a missing git is reported by us, not by an ImportError
from git.cmd import Git
from git.exc import GitCommandError, GitCommandNotFound

_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded|file too large", re.IGNORECASE)
_NEUTRAL = (
    "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "core.autocrlf=false", "core.fsmonitor=false",
    "core.fsyncMethod=batch", "gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false",
)  # fmt: skip

# git rev-parse --local-env-vars: what ties a process to one repository.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
    "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_ATTR_SOURCE",
)  # fmt: skip


def git_at(git_dir: Path, *, work_tree: Path | None = None, users_config: bool = False) -> Git:
    """Return GitPython's command door for *git_dir*, deaf to the caller's git environment.

    With *users_config*, the user's own and the system's configuration count (proxies, credentials, ``insteadOf``):
    only a fetch needs them.
    """
    for name in _LOCAL:  # started from a hook or an alias, another repository's would be in the way
        os.environ.pop(name, None)
    git = Git(str(work_tree or git_dir))
    git.update_environment(GIT_DIR=str(git_dir), GIT_TERMINAL_PROMPT="0", LC_ALL="C")
    if work_tree:
        git.update_environment(GIT_WORK_TREE=str(work_tree))
    if not users_config:
        git.update_environment(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
    return git


def run_git(git: Git, *args: str, settings: Sequence[str] = ()) -> str:
    """Run git to its end and return its standard output, without the last newline.

    Raises ProgramMissing; MachineFault when the disk is full; CommandFailed otherwise.
    """
    argv = command(*args, settings=settings)
    try:
        status, stdout, stderr = git.execute(argv, with_extended_output=True, with_exceptions=False)
    except GitCommandNotFound as error:
        raise ProgramMissing("git") from error
    if status:
        raise fault(git, argv, status, str(stderr))
    return str(stdout)


def read_git(git: Git, *args: str, stdin: bytes = b"", settings: Sequence[str] = ()) -> bytes:
    """Run git to its end on *stdin* and return its standard output, byte for byte. Raises like ``run_git``."""
    argv = command(*args, settings=settings)
    with tempfile.TemporaryFile() as given:  # a pipe that nobody empties while git writes would block both
        given.write(stdin)
        given.seek(0)
        try:
            status, stdout, stderr = git.execute(
                argv, istream=given, with_extended_output=True, with_exceptions=False,
                stdout_as_string=False, strip_newline_in_stdout=False,
            )  # fmt: skip
        except GitCommandNotFound as error:
            raise ProgramMissing("git") from error
    if status:
        raise fault(git, argv, status, str(stderr))
    assert isinstance(stdout, bytes)
    return stdout


def feed_git(
    git: Git,
    *args: str,
    feed: Callable[[IO[bytes]], None] = lambda pipe: None,
    on_error_output: Callable[[bytes], None] = lambda chunk: None,
    settings: Sequence[str] = (),
) -> None:
    """Run git while *feed* writes to its standard input, then hand over what it says on standard error as it comes.

    An exception from *feed*, Ctrl-C included, kills git at once. Raises like ``run_git``.
    """
    argv = command(*args, settings=settings)
    try:
        child = git.execute(argv, istream=-1, as_process=True, with_stdout=False)  # -1: subprocess.PIPE
    except GitCommandNotFound as error:
        raise ProgramMissing("git") from error
    process = child.proc
    assert process is not None
    said = bytearray()
    try:
        with suppress(BrokenPipeError):  # git ended early; its status and message tell why
            feed(child.stdin)
            child.stdin.close()
        while chunk := os.read(child.stderr.fileno(), 1 << 16):
            said += chunk
            on_error_output(chunk)
        status = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        with suppress(BrokenPipeError):
            child.stdin.close()
        child.stderr.close()
    if status:
        raise fault(git, argv, status, said.decode("utf-8", "replace"))


@contextmanager
def stream_git(git: Git, *args: str, settings: Sequence[str] = ()) -> Iterator[IO[bytes]]:
    """Run git and yield its standard output for reading as it comes; leaving the block early ends git.

    Its status is checked where the block has read all of it. Raises like ``run_git``.
    """
    argv = command(*args, settings=settings)
    try:
        child = git.execute(argv, as_process=True)
    except GitCommandNotFound as error:
        raise ProgramMissing("git") from error
    process = child.proc
    assert process is not None
    try:
        yield child.stdout
        if child.stdout.read(1):  # enough was read
            return
        said = child.stderr.read()
        status = process.wait()
    finally:
        process.kill()
        process.wait()
        child.stdout.close()
        child.stderr.close()
    if status:
        raise fault(git, argv, status, said.decode("utf-8", "replace"))


def command(*args: str, settings: Sequence[str] = ()) -> list[str]:
    """Build git's argument vector: what makes it neutral, then *settings* (``-c``), then *args*."""
    options = [word for setting in (*_NEUTRAL, *settings) for word in ("-c", setting)]
    return [str(Git.GIT_PYTHON_GIT_EXECUTABLE or "git"), *options, *args]


def fault(git: Git, argv: Sequence[str], status: int, output: str) -> MachineFault:
    """Turn a failed git command into the fault a user can act on."""
    if _NO_SPACE.search(output):
        return MachineFault(
            f"no space left on device: {git.working_dir}",
            hint="make room and run the same command again; nothing half-written was kept",
        )
    shown = command_line(["git", *argv[1 + 2 * len(_NEUTRAL) :]], cwd=Path(str(git.working_dir)))
    return CommandFailed(shown, status, output)


__all__ = [
    "Git", "GitCommandError", "command", "fault", "feed_git", "git_at", "read_git", "run_git", "stream_git",
]  # fmt: skip
