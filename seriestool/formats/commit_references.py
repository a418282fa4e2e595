# SPDX-License-Identifier: GPL-2.0-or-later
"""What commit messages say about other commits: which upstream commit they are, which they take back.

The words are those of git-cherry-pick(1) ``-x``, git-revert(1) and the stable trees
(Documentation/process/stable-kernel-rules.rst).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHA = r"[0-9a-f]{10,40}"
_NAMES = re.compile(
    rf"^[ \t]*(?:commit (?P<commit>{_SHA}) upstream\b"
    rf"|\[? ?upstream commit:? (?P<bracket>{_SHA})\b"
    rf"|\((?:cherry[ -]picked|backported) from commit (?P<picked>{_SHA})\b).*$",
    re.MULTILINE | re.IGNORECASE,
)
# A sentence, which may go over several lines: "This reverts commit 1234 which is commit 5678 upstream."
_REVERTS = re.compile(
    r"^[ \t]*This reverts (?:the following |upstream )?commits?\b(?:[^.\n]|\n(?!\n))*", re.MULTILINE | re.IGNORECASE
)
_HEX = re.compile(r"\b[0-9a-f]{7,40}\b")
KEY = 7
"""Digits by which an abbreviated commit is looked up: nobody writes fewer."""


@dataclass(frozen=True, slots=True)
class Naming:
    """A line that says which upstream commit this one is: ``commit``, and the line as it stands."""

    commit: str
    line: str


def namings(message: str) -> tuple[Naming, ...]:
    """Return the upstream commits that *message* says it is."""
    # "which is commit 5678 upstream" of a revert, broken before "commit", is none of them.
    return tuple(
        Naming(next(filter(None, match.groups())).lower(), " ".join(match[0].split()))
        for match in _NAMES.finditer(_REVERTS.sub("", message))
    )


def reverted_commits(message: str) -> tuple[str, ...]:
    """Return the commits that *message* says it takes back, abbreviated or whole; a part taken back does not count."""
    return tuple(sha for sentence in _REVERTS.findall(message) for sha in _HEX.findall(sentence))


def same_commit(one: str, other: str) -> bool:
    """Tell whether two ids, either of them abbreviated to no less than seven digits, name one commit."""
    return min(len(one), len(other)) >= KEY and (one.startswith(other) or other.startswith(one))
