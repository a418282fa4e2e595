# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of user-space headers that patches bring and change: two patches about the same ones change one ABI. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seriestool.formats.words import code, ordered_words
from seriestool.model.series import FileDiff, Hunk, Patch

# What user space is built against (Documentation/kbuild/headers_install.rst); copies below tools/ are none of it.
_USER_HEADER = re.compile(r"(?:arch/[^/]+/)?include/uapi/.+\.h")
# Words that stand in any header and tell nothing of what a line is about.
_COMMON = frozenset(
    b"struct union enum unsigned signed short long char void const volatile static inline extern typedef sizeof "
    b"define undef include ifdef ifndef endif elif else defined return __u8 __s8 __u16 __s16 __u32 __s32 __u64 __s64 "
    b"__user __attribute__ __reserved".split()
)


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """One line of a user-space header, by its file and its text without any white space."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class SharedLines:
    """Lines of a series that another patch changes, as written, and whose of the series they are.

    ``beside`` tells that not they are changed, but what stands right above or below.
    """

    whose: Mapping[str, frozenset[str]]
    beside: bool = False

    def __bool__(self) -> bool:
        return bool(self.whose)

    @property
    def numbers(self) -> frozenset[str]:
        """The patches of the series that brought them."""
        return frozenset[str]().union(*self.whose.values())

    @property
    def named(self) -> str:
        """The first of them, and how many there are."""
        first, *others = self.whose
        return first + (f" and {len(others)} more" if others else "")


def shared_lines(patch: Patch, brought: Mapping[HeaderLine, frozenset[str]]) -> SharedLines:
    """Return what *patch* changes of the lines that a series *brought*, and beside them where it changes none."""
    ours = {line: text for line, text in changed_by(patch).items() if line in brought}
    removed = {line: text for line, text in ours.items() if line in removed_by(patch)}
    whose = {f"'{text}' of {line.path}": brought[line] for line, text in (removed or ours).items()}
    return SharedLines(whose, beside=not removed)


def brought_by(patch: Patch) -> frozenset[HeaderLine]:
    """Return the telling lines of user-space headers that *patch* adds."""
    return frozenset(
        line
        for file in _user_headers(patch)
        for hunk in file.hunks
        for each in hunk.lines
        if each.sign == "+" and (line := _telling(file.path, each.text)) is not None
    )


def changed_by(patch: Patch) -> dict[HeaderLine, str]:
    """Return the telling lines that *patch* removes or changes something right beside, each with its text as it is."""
    found: dict[HeaderLine, str] = {}
    for file in _user_headers(patch):
        for hunk in file.hunks:
            for text in _touched(hunk):
                line = _telling(file.old_path or file.path, text)
                if line is not None:
                    found.setdefault(line, " ".join(text.decode("utf-8", "replace").split()))
    return found


def removed_by(patch: Patch) -> frozenset[HeaderLine]:
    """Return the telling lines of user-space headers that *patch* removes or writes in another way."""
    return frozenset(
        line
        for file in _user_headers(patch)
        for hunk in file.hunks
        for each in hunk.lines
        if each.sign == "-" and (line := _telling(file.old_path or file.path, each.text)) is not None
    )


def _user_headers(patch: Patch) -> Iterator[FileDiff]:
    return (file for file in patch.files if _USER_HEADER.fullmatch(file.path))


def _touched(hunk: Hunk) -> Iterator[bytes]:
    """Yield the removed lines first, then the context lines that touch a changed one."""
    yield from (line.text for line in hunk.lines if line.sign == "-")
    for number, line in enumerate(hunk.lines):
        around = hunk.lines[max(number - 1, 0) : number + 2]
        if line.sign == " " and any(one.sign != " " for one in around):
            yield line.text


def _telling(path: str, text: bytes) -> HeaderLine | None:
    """Return the line, or None for one that could stand anywhere: braces, comments, keywords alone."""
    if all(word in _COMMON for word in ordered_words(code(text))):
        return None
    return HeaderLine(path, "".join(text.decode("utf-8", "replace").split()))
