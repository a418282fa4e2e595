# SPDX-License-Identifier: GPL-2.0-or-later
"""Series in a git repository: a range of its commits, each one a patch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import UsageError
from seriestool.formats.backport import named_upstream
from seriestool.formats.dependencies import read_dependencies
from seriestool.formats.mail import read_messages, read_patch
from seriestool.git.range import left_out, read_range
from seriestool.model.series import Series
from seriestool.sources.source import Found, Surroundings

# A side is anything gitrevisions(7) takes for a commit, but nothing that a path or an option would begin or end with;
# an "@" is that of reflogs and upstreams (@, @{u}) and not that of a message-id.
_SIDE = r"(?:(?![-./])(?:[^\s@\x00-\x1f]|@(?=\{|[~^.]|\Z))+?(?<!/))?"
_RANGE = re.compile(rf"(?!\.+\Z)(?P<left>{_SIDE})(?P<dots>\.\.\.?)(?P<right>{_SIDE})")
_ELSEWHERE = re.compile(rf"(?P<directory>(?:/|\.\.?/|~)[^\x00]*?):{_RANGE.pattern}")


@dataclass(frozen=True, slots=True)
class GitRangeSource:
    """``<rev>..<rev>`` of the current directory's repository, or ``<directory>:<rev>..<rev>``."""

    name: str = "git range"

    def accepts(self, spec: str) -> bool:
        """Tell whether *spec* has the form of a range, with a directory before it or not."""
        return _parse(spec) is not None

    def read(self, spec: str, around: Surroundings) -> Found:
        """Return the range's commits as mail and as the series they are; merges are left out, and that is told.

        Raises what ``read_range`` and ``read_patch`` raise.
        """
        parsed = _parse(spec)
        assert parsed is not None
        directory, match = parsed
        if not directory.is_dir():
            raise UsageError(f"no such directory: {directory}", hint="<repository>:<rev>..<rev> names a git range")
        left, dots, right = match.group("left", "dots", "right")
        found = read_range(directory, left, dots, right)
        if found.merges or found.empty:
            around.progress.note(f"{left}{dots}{right}: left out {left_out(found.merges, found.empty)}")
        messages = read_messages(found.mbox)
        patches = tuple(read_patch(message, f"{number:02}") for number, message in enumerate(messages, 1))
        title = patches[0].subject if len(patches) == 1 else found.title
        texts = [(patch, message.text) for patch, message in zip(patches, messages, strict=True)]
        series = Series(title, 1, patches, dependencies=read_dependencies(None, texts))
        upstream = tuple(
            named_upstream(patch.message) or (commit if commit in found.released else None)
            for patch, commit in zip(patches, found.commits, strict=True)
        )
        return Found(messages, series=series, commits=found.commits, upstream=upstream)


def is_range(spec: str) -> bool:
    """Tell whether *spec* has the form of a range, without a directory before it."""
    return _RANGE.fullmatch(spec) is not None and not _is_url(spec)


def _parse(spec: str) -> tuple[Path, re.Match[str]] | None:
    """Return the directory and the range in *spec*; a directory ends at the last colon that has one before it."""
    if _is_url(spec):
        return None
    for colon in range(len(spec) - 1, 0, -1):
        if spec[colon] == ":" and _is_directory(spec[:colon]):
            match = _RANGE.fullmatch(spec, colon + 1)
            return (Path(spec[:colon]), match) if match else None
    if match := _ELSEWHERE.fullmatch(spec):
        return Path(match["directory"]), match
    match = _RANGE.fullmatch(spec)
    return (Path(), match) if match else None


def _is_url(spec: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*://", spec, re.IGNORECASE) is not None


def _is_directory(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # too long for a path, or a NUL in it
        return False
