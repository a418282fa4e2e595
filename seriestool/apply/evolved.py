# SPDX-License-Identifier: GPL-2.0-or-later
"""Text evidence that a tree has a patch although later changes moved on from it.

The weakest class of evidence: lines and names that the patch brings are there, what it takes away is not. It is
called "likely" wherever it is shown. A line counts in the function or type in which the patch has it: error paths and
locking look alike everywhere. A patch that was reworked a lot later counts only together with the rest of its series:
where most of the series is evidently there, less evidence is asked of one patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from seriestool.apply.view import View
from seriestool.formats.scopes import TOP, hunk_scopes, with_scopes
from seriestool.formats.words import code, has_word, words
from seriestool.model.series import FileDiff, Hunk

# Measured on the flagship series, 100 other patches, and 2600 hunks of the change from 6.1 to 6.12, against 5.10, 6.1,
# 6.12 and 7.2: two of 1000 such hunks, each taken as a patch of its own, look as if 6.1 had them.
_STRONG = 0.75  # of all changes seen, with most new names
_NAMED = 0.5  # of all changes seen, with nearly every new name
_WEAK = 0.3  # of all changes seen, in a series that is there otherwise
_LETTERS = re.compile(rb"\w")
_GLOBAL = re.compile(rb"#\s*(?:include|define)\b")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts over all files of a patch: telling lines it adds, names it brings into code, telling lines it removes.

    ``neighbours`` tells that at least one added line stands beside the line that is beside it in the patch.
    """

    added: int
    added_there: int
    names: int
    names_there: int
    removed: int
    removed_there: int
    neighbours: bool
    files: tuple[str, ...]

    @property
    def seen(self) -> float:
        """The fraction of all changed lines that are as the patch leaves them."""
        changed = self.added + self.removed
        return (self.added_there + self.removed - self.removed_there) / changed if changed else 0.0

    @property
    def strong(self) -> bool:
        """Whether the tree evidently has the change, whatever else it has."""
        # What is gone may never have been there: without what is added it is no evidence.
        if not self.neighbours or self.removed_there * 2 > self.removed or self.added_there * 3 < self.added:
            return False
        named = self.names_there / self.names if self.names else 1.0
        if self.seen >= _STRONG and named >= 0.85 and self.added_there * 2 >= self.added:
            return True
        return self.seen >= _NAMED and self.names >= 2 and named >= 0.9 and self.removed_there * 3 <= self.removed

    @property
    def weak(self) -> bool:
        """Whether the tree may have the change, if it has most of the series."""
        brought = self.added_there or self.names_there
        return bool(brought) and self.seen >= _WEAK and self.removed_there * 2 <= self.removed

    def __str__(self) -> str:
        return f"likely: text: {self.counts}"

    @property
    def counts(self) -> str:
        """What was seen, in words; "nothing to go by" for a patch without a telling line."""
        where = self.files[0] if len(self.files) == 1 else f"{len(self.files)} files"
        parts = []
        if self.added:
            parts.append(f"{self.added_there} of {self.added} added lines" + (f" are in {where}" if self.files else ""))
        if self.names:
            parts.append(f"{self.names_there} of {self.names} new names")
        if self.removed:
            parts.append(f"{self.removed - self.removed_there} of {self.removed} removed lines are gone")
        return ", ".join(parts) or "nothing to go by"


def gather(view: View, diffs: Sequence[FileDiff]) -> Evidence:
    """Compare what *diffs* add and remove with the files of the tree that *view* stands on."""
    files = (view.before(diff.path) or (view.before(diff.old_path) if diff.old_path else None) for diff in diffs)
    return _compare(tuple(file.data if file else None for file in files), tuple(diffs))


@lru_cache(maxsize=512)
def _compare(contents: tuple[bytes | None, ...], diffs: tuple[FileDiff, ...]) -> Evidence:
    """Compare *diffs* with the contents of their files, None for one that is not there."""
    added = added_there = removed = removed_there = 0
    neighbours = False
    datas: list[bytes] = []
    files: list[str] = []
    for diff, content in zip(diffs, contents, strict=True):
        text = _NOTHING if content is None else _index(content)
        plus, minus = changed_lines(diff)
        here = sum(text.has(line, scope) for line, scope in plus)
        added, added_there = added + len(plus), added_there + here
        removed, removed_there = removed + len(minus), removed_there + sum(text.has(*each) for each in minus)
        neighbours = neighbours or any(_stands_beside(hunk, text) for hunk in diff.hunks)
        datas += [] if content is None else [content]
        files += [diff.path] if here else []
    names = new_names(diffs)
    there = sum(any(has_word(data, name) for data in datas) for name in names)
    return Evidence(added, added_there, len(names), there, removed, removed_there, neighbours, tuple(files))


_Scoped = tuple[bytes, bytes | None]
"""A normalised line, and the scope in which the patch has it; None where that is not known."""


def changed_lines(diff: FileDiff) -> tuple[list[_Scoped], list[_Scoped]]:
    """Return the telling lines a diff adds and removes, white space normalised; moved and context lines are neither."""
    by_sign: dict[str, list[_Scoped]] = {"+": [], "-": [], " ": []}
    for hunk in diff.hunks:
        for line, scope in hunk_scopes(hunk):
            by_sign[line.sign].append((_normal(line.text), _where(line.text, scope)))
    added, removed, kept = (frozenset(line for line, _ in by_sign[sign]) for sign in "+- ")
    common = added & removed | kept
    return _telling(by_sign["+"], common), _telling(by_sign["-"], common)


def new_names(diffs: Sequence[FileDiff]) -> frozenset[bytes]:
    """Return the identifiers that the code of added lines has and no line of the pre-image."""
    lines = [line for diff in diffs for hunk in diff.hunks for line in hunk.lines]
    old = words(line.text for line in lines if line.sign != "+")
    return words(code(line.text) for line in lines if line.sign == "+") - old


def _telling(lines: Iterable[_Scoped], common: frozenset[bytes]) -> list[_Scoped]:
    """Leave out braces, short lines such as "return 0;" and what is not peculiar to the change."""
    return [each for each in lines if each[0] not in common and len(_LETTERS.findall(each[0])) > 7]


@dataclass(frozen=True, slots=True)
class _Text:
    """The normalised lines of a file, each with every line that follows it somewhere and the scope that is in."""

    lines: Mapping[bytes, frozenset[_Scoped]]

    def has(self, line: bytes, scope: bytes | None) -> bool:
        """Tell whether *line* stands in *scope*: anywhere else it may be another one that looks the same."""
        found = self.lines.get(line, _NOWHERE)
        return any(scope in (None, there) for _, there in found)

    def has_pair(self, first: bytes, second: bytes, scope: bytes | None) -> bool:
        """Tell whether *second* stands right behind *first* where that stands in *scope*."""
        found = self.lines.get(first, _NOWHERE)
        return any(second == behind and scope in (None, there) for behind, there in found)


_NOWHERE: frozenset[_Scoped] = frozenset()
_NOTHING = _Text({})


@lru_cache(maxsize=32)
def _index(data: bytes) -> _Text:
    behind: dict[bytes, set[_Scoped]] = {}
    before, before_scope = b"", TOP
    for scope, raw in with_scopes(data.split(b"\n")):
        line = _normal(raw)
        behind.setdefault(before, set()).add((line, before_scope))
        before, before_scope = line, scope
    behind.setdefault(before, set()).add((b"", before_scope))
    return _Text({line: frozenset(found) for line, found in behind.items()})


def _stands_beside(hunk: Hunk, text: _Text) -> bool:
    """Tell whether the file has two lines of the post-image, one of them added, one after the other."""
    new = [each for each in hunk_scopes(hunk) if each[0].sign != "-"]
    for (first, scope), (second, _) in pairwise(new):
        if "+" in (first.sign, second.sign):
            one, two = _normal(first.text), _normal(second.text)
            if one and two and text.has_pair(one, two, _where(first.text, scope)):
                return True
    return False


def _where(line: bytes, scope: bytes | None) -> bytes | None:
    """Return the scope in which *line* counts: a macro is one of the file, wherever it is defined."""
    return None if _GLOBAL.match(line) else scope


def _normal(line: bytes) -> bytes:
    return b" ".join(line.split())
