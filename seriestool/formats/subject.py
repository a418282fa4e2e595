# SPDX-License-Identifier: GPL-2.0-or-later
"""Subjects of patch mail: the bracketed prefix, and what ``git am`` makes of the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BRACKETS = re.compile(r"\s*\[([^\[\]]*)\]")
_REVISION = re.compile(r"(?:PATCH)?[vV](\d{1,4})(?:\.\d+)?")
_COUNT = re.compile(r"(\d{1,4})/(\d{1,4})")
_PATCH = re.compile(r"PATCH(?:[vV]\d+)?|RFC|RFT|RESEND", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SubjectPrefix:
    """``[PATCH RFC v2 3/8]`` taken apart.

    ``number`` and ``total`` are None where the prefix has no count; number 0 is a cover letter. ``tags`` are the
    other words in their order ("RFC", "-next", "5.10.y"), ``title`` is what stands behind the brackets.
    """

    revision: int
    number: int | None
    total: int | None
    tags: tuple[str, ...]
    title: str

    @property
    def is_cover(self) -> bool:
        """Whether it is the prefix of a cover letter."""
        return self.number == 0


def parse_prefix(subject: str) -> SubjectPrefix | None:
    """Return the prefix of the posting that *subject* belongs to.

    None for replies ("Re:"), commit notices (``[tip: perf/core]``), pull requests, and anything else that is not
    the subject of a patch or a cover letter. Patchwork's form without the word PATCH (``[v2,1/3]``) is one.
    """
    words: list[str] = []
    end = 0
    while match := _BRACKETS.match(subject, end):
        words += re.split(r"[\s,]+", match[1].strip())
        end = match.end()
    if "PULL" in words or not any(form.fullmatch(word) for word in words for form in (_PATCH, _REVISION, _COUNT)):
        return None
    revision, number, total = 1, None, None
    tags = []
    for word in words:
        if match := _REVISION.fullmatch(word):
            revision = int(match[1])
        elif match := _COUNT.fullmatch(word):
            number, total = int(match[1]), int(match[2])
        elif word and word.upper() != "PATCH":
            tags.append(word)
    return SubjectPrefix(revision, number, total, tuple(tags), subject[end:].strip())


def clean_subject(subject: str) -> str:
    """Return *subject* as ``git am`` uses it: without "Re:", brackets at the front, and runs of white space.

    git-mailinfo(1): every bracketed word at the front goes, whatever it says.
    """
    rest = subject
    while True:
        rest = rest.lstrip(" \t:")
        if rest[:3].lower() == "re:":
            rest = rest[3:]
        elif rest.startswith("[") and "]" in rest:
            rest = rest[rest.index("]") + 1 :]
        else:
            return " ".join(rest.split())
