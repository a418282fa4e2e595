# SPDX-License-Identifier: GPL-2.0-or-later
"""What commit messages say about other commits: which upstream commit they are, which they take back.

The words are those of git-cherry-pick(1) ``-x``, git-revert(1) and the stable trees
(Documentation/process/stable-kernel-rules.rst).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHA = r"([0-9a-f]{10,40})"
# Whole lines. Without brackets, they begin a paragraph: "was broken by", and then "commit 1234 upstream.", is prose.
_BEGINNING = tuple(
    re.compile(rf"{words}[ \t]*\.?(?:[ \t]*\([^)]*\)\.?|[ \t]+-[ \t].*)?", re.IGNORECASE)
    for words in (rf"commit {_SHA} upstream", rf"upstream commit:? {_SHA}")
)
_ANYWHERE = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        rf"\[[ \t]*upstream commit:? {_SHA}\b[^\]]*\]\.?",
        rf"\[[ \t]*commit {_SHA} upstream\b[^\]]*\]\.?",
        rf"\((?:cherry[ -]picked|backported) from commit {_SHA}\b.*",
    )
)
# A sentence, which may go over several lines: "This reverts commit 1234 which is commit 5678 upstream."
_REVERTS = re.compile(
    r"^[ \t]*This reverts (?:the following |upstream )?commits?\b(?:[^.\n]|\n(?!\n))*", re.MULTILINE | re.IGNORECASE
)
_TITLED = re.compile(r'"[^"]*"?')
_PARTS = re.compile(r"\b(?:partial(?:ly)?|in part|parts? of|except|apart from|but (?:for|keeps?|leaves?|not))\b", re.I)
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
    lines = [line.strip() for line in _REVERTS.sub("", message).split("\n")]
    found = []
    begins = True  # several may stand one below the other
    for line in lines:
        patterns = (*_BEGINNING, *_ANYWHERE) if begins else _ANYWHERE
        match = next((match for pattern in patterns if (match := pattern.fullmatch(line))), None)
        if match:
            found.append(Naming(match[1].lower(), " ".join(line.split())))
        begins = match is not None or not line
    return tuple(found)


def reverted_commits(message: str) -> tuple[str, ...]:
    """Return the commits that *message* says it takes back, abbreviated or whole; a part taken back does not count."""
    said = _REVERTS.findall(message)
    sentences = (sentence for sentence in said if not _PARTS.search(_TITLED.sub("", sentence)))
    return tuple(sha for sentence in sentences for sha in _HEX.findall(sentence))


def same_commit(one: str, other: str) -> bool:
    """Tell whether two ids, either of them abbreviated to no less than seven digits, name one commit."""
    return min(len(one), len(other)) >= KEY and (one.startswith(other) or other.startswith(one))
