# SPDX-License-Identifier: GPL-2.0-or-later
"""What a posting says it needs, in the words that people and tools have for it. Pure.

git-format-patch(1) writes ``base-commit`` and ``prerequisite-patch-id``, b4 ``prerequisite-change-id`` and
``prerequisite-message-id``. ``Fixes:`` and the comments of ``Cc: stable`` are those of submitting-patches.rst and
stable-kernel-rules.rst in the kernel's Documentation/process. ``Based-on`` and ``Depends-on`` are custom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from seriestool.model.series import Dependency, DependencyKind, Patch

_FIELD = re.compile(r"([A-Za-z][A-Za-z-]*):[ \t]*(.*)")
_HEX = re.compile(r"[0-9a-f]{7,64}")
_PATCH_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_COMMIT = re.compile(r"(?:commit\s+)?([0-9a-f]{7,64})(?![\w-])[:,]?\s*(.*)", re.DOTALL | re.IGNORECASE)
_CHANGE = re.compile(r"([A-Za-z0-9][\w.+-]{7,}?)(?::(v\d+))?")
_MESSAGE = re.compile(r"<?([^<>\s/\"]+@[^<>\s/\"]+)>?[.,]?")
_URL = re.compile(r"<?(https?://[^\s<>\"]+)>?[.,]?", re.IGNORECASE)
_STABLE = re.compile(r"\bstable(?:\+\w+)?@(?:vger\.)?kernel\.org\b")
# "5.10.x: 0123456789ab: subject"; what stands before the commit, if anything, has a version in it.
_STABLE_NEEDS = re.compile(
    r"(?:(?P<versions>[^:]*\d+\.\d+[^:]*?|[^:]*?\d+\.x[^:]*?)\s*:\s*)?"
    r"(?:commit\s+)?(?P<commit>[0-9a-f]{7,40})(?:\s*:\s*|\s+(?=\()|\s*\Z)(?P<subject>.*)"
)
_WHOLE_SERIES = {
    "base-commit": DependencyKind.BASE_COMMIT,
    "prerequisite-patch-id": DependencyKind.PATCH_ID,
    "prerequisite-change-id": DependencyKind.CHANGE_ID,
    "prerequisite-message-id": DependencyKind.MESSAGE_ID,
}
_LOOSE = {"based-on": DependencyKind.BASED_ON, "depends-on": DependencyKind.DEPENDS_ON}


@dataclass(frozen=True, slots=True)
class _Said:
    """One value of a line: what it names, with subject and versions where it has them."""

    value: str
    subject: str | None = None
    versions: str | None = None


def read_dependencies(cover: str | None, patches: Sequence[tuple[Patch, str]]) -> tuple[Dependency, ...]:
    """Return what the text of a *cover* letter and of the mails of its *patches* declare, in order and once each.

    Each patch comes with the whole text of its mail: what git and b4 add stands behind the diff, and is said of the
    whole series wherever it stands. Quoted lines say nothing. A version alone behind ``Cc: stable`` limits where
    a patch goes and is no dependency; a ``Fixes:`` that names a URL is none either.
    """
    found: dict[Dependency, None] = {}
    if cover is not None:
        found |= dict.fromkeys(_declared(cover, None))
        found |= dict.fromkeys(_in_message(cover, None))
    for patch, text in patches:
        found |= dict.fromkeys(_declared(text, patch.number))
        found |= dict.fromkeys(_in_message(patch.message, patch.number))
    return tuple(found)


def message_in_url(url: str) -> str | None:
    """Return the message-id in the URL of a message (lore, lkml.kernel.org/r, msgid.link, Patchwork), None for none."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return next((part for part in map(unquote, path.split("/")) if "@" in part), None)


def _declared(text: str, number: str | None) -> Iterator[Dependency]:
    """Yield what git, b4 and people write anywhere in a mail."""
    for name, value in _fields(text):
        if kind := _WHOLE_SERIES.get(name):
            said = _for_series(kind, value)
            owner = None
        elif kind := _LOOSE.get(name):
            said = _loose(value)
            owner = number
        else:
            continue
        if said is not None:
            yield Dependency(kind, said.value, owner, said.subject, said.versions)


def _in_message(message: str, number: str | None) -> Iterator[Dependency]:
    """Yield what counts in a commit message only."""
    for name, value in _fields(message):
        if name == "fixes" and (match := _COMMIT.fullmatch(value)):
            yield Dependency(DependencyKind.FIXES, match[1].lower(), number, _subject(match[2]))
        elif name == "cc" and _STABLE.search(value):
            comment = value.partition("#")[2].strip()
            if match := _STABLE_NEEDS.fullmatch(comment):
                versions = match["versions"].strip() if match["versions"] else None
                subject = _subject(match["subject"])
                yield Dependency(DependencyKind.STABLE, match["commit"], number, subject, versions)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield name (lower case) and value of every line that is a field; indented lines behind it continue it."""
    name, value = "", ""
    for line in text.split("\n"):
        match = _FIELD.fullmatch(line.rstrip())
        if match is None and name and line[:1] in (" ", "\t") and line.strip():
            value += f" {line.strip()}"
            continue
        if name:
            yield name, value
        name, value = (match[1].lower(), match[2]) if match else ("", "")
    if name:
        yield name, value


def _for_series(kind: DependencyKind, value: str) -> _Said | None:
    match kind:
        case DependencyKind.BASE_COMMIT:
            known = _HEX.fullmatch(value) and value.strip("0")  # zeros: the tool did not know
            return _Said(value) if known else None
        case DependencyKind.PATCH_ID:
            return _Said(value) if _PATCH_ID.fullmatch(value) else None
        case DependencyKind.CHANGE_ID:
            change = _CHANGE.fullmatch(value)
            return _Said(change[1], versions=change[2]) if change else None
        case _:
            return _loose(value) if "@" in value else None


def _loose(value: str) -> _Said | None:
    """Read a message-id, a URL, a commit with its subject, or a change-id; None for words meant for people only."""
    first, _, rest = value.partition(" ")
    if url := _URL.fullmatch(first):
        return _Said(message_in_url(url[1]) or url[1], _subject(rest))
    if message := _MESSAGE.fullmatch(first):
        return _Said(message[1], _subject(rest))
    if commit := _COMMIT.fullmatch(value):
        return _Said(commit[1].lower(), _subject(commit[2]))
    if (change := _CHANGE.fullmatch(value)) and re.search(r"\d", value):
        return _Said(change[1], versions=change[2])
    return None


def _subject(text: str) -> str | None:
    """Take off the parentheses and quotation marks around a subject; None for an empty one."""
    bare = text.strip()
    if bare.startswith("("):
        bare = bare[1:].removesuffix(")").strip()
    for mark in ('"', "'"):
        if bare.startswith(mark):
            bare = bare[1:].removesuffix(mark).strip()
            break
    return bare or None
