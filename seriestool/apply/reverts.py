# SPDX-License-Identifier: GPL-2.0-or-later
"""Logged commits with what each says about others: which upstream commit it is, which it takes back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from seriestool.formats.commit_references import KEY, Naming, namings, reverted_commits, same_commit
from seriestool.git.history import Logged

_TITLE = re.compile(r'Revert "(.*)"')


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
                self._named.setdefault(naming.commit[:KEY], []).append((at, naming))
            taken_back = reverted_commits(each.message)
            for sha in taken_back:
                self._reverts.setdefault(sha[:KEY], []).append((at, sha))
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
            (at, naming) for at, naming in self._named.get(commit[:KEY], ()) if same_commit(naming.commit, commit)
        )

    def is_another(self, at: int, commit: str) -> str | None:
        """Return the upstream commit that the one at position *at* says it is, where that is not *commit*."""
        named = [naming.commit for naming in self._namings[at]]
        return None if not named or any(same_commit(each, commit) for each in named) else named[0]

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
            place for each in ids for place, sha in self._reverts.get(each[:KEY], ()) if same_commit(sha, each)
        }
        found.update(self._titles.get(subject or "", ()))
        for place in sorted(place for place in found if place < at):
            if self.reverter(place) is None:
                return self.logged[place]
        return None
