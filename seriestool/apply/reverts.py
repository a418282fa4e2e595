# SPDX-License-Identifier: GPL-2.0-or-later
"""What commit messages say about other commits: which upstream commit they are, which they take back.

The words are those of git-cherry-pick(1) ``-x``, git-revert(1) and the stable trees
(Documentation/process/stable-kernel-rules.rst).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from seriestool.git.history import Logged

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
_TITLE = re.compile(r'Revert "(.*)"')
_KEY = 7  # digits by which an abbreviated commit is looked up


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
    return min(len(one), len(other)) >= _KEY and (one.startswith(other) or other.startswith(one))


class Trail:
    """Logged commits, newest first, with what each says about others."""

    def __init__(self, logged: Sequence[Logged]) -> None:
        self.logged = logged
        self.by_subject: dict[str, list[int]] = {}
        self._namings = [namings(each.message) for each in logged]
        self._named: dict[str, list[tuple[int, Naming]]] = {}
        self._reverts: dict[str, list[tuple[int, str]]] = {}
        self._titles: dict[str, list[int]] = {}
        for at, each in enumerate(logged):
            self.by_subject.setdefault(each.subject, []).append(at)
            for naming in self._namings[at]:
                self._named.setdefault(naming.commit[:_KEY], []).append((at, naming))
            taken_back = reverted_commits(each.message)
            for sha in taken_back:
                self._reverts.setdefault(sha[:_KEY], []).append((at, sha))
            title = _TITLE.fullmatch(each.subject)
            if title and not taken_back:
                self._titles.setdefault(title[1], []).append(at)

    @property
    def named(self) -> Mapping[str, Sequence[tuple[int, Naming]]]:
        """Positions of the commits that say which upstream commit they are, by its first seven digits."""
        return self._named

    def says(self, commit: str) -> tuple[tuple[int, Naming], ...]:
        """Return the commits that say they are *commit*, newest first."""
        return tuple(
            (at, naming) for at, naming in self._named.get(commit[:_KEY], ()) if same_commit(naming.commit, commit)
        )

    def reverter(self, at: int, also: Collection[str] = (), subject: str | None = None) -> Logged | None:
        """Return the newest commit that takes back what stands at position *at* and is not itself taken back.

        *also* are other ids the change goes by, *subject* its title; the position behind the last one stands for
        everything that is older than the log.
        """
        ids = [*also]
        if at < len(self.logged):
            ids += [self.logged[at].commit, *(naming.commit for naming in self._namings[at])]
            subject = self.logged[at].subject
        found = {
            place for each in ids for place, sha in self._reverts.get(each[:_KEY], ()) if same_commit(sha, each)
        }
        found.update(self._titles.get(subject or "", ()))
        for place in sorted(place for place in found if place < at):
            if self.reverter(place) is None:
                return self.logged[place]
        return None
