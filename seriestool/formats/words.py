# SPDX-License-Identifier: GPL-2.0-or-later
"""Identifiers in source text, without knowing its language."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(rb"[A-Za-z_]\w{3,}")
_COMMENT = re.compile(rb"/\*|//|^\s*\*(?:\s|/)")
_STRING = re.compile(rb'"(?:[^"\\\n]|\\.)*"')


def words(lines: Iterable[bytes]) -> frozenset[bytes]:
    """Return the identifiers of four characters and more in *lines*."""
    return frozenset(word for line in lines for word in _WORD.findall(line))


def ordered_words(line: bytes) -> list[bytes]:
    """Return the identifiers of one line as they come."""
    return _WORD.findall(line)


def code(line: bytes) -> bytes:
    """Return *line* without C comments and strings: their words are nobody's names."""
    return _STRING.sub(b" ", _COMMENT.split(line, maxsplit=1)[0])


def has_word(text: bytes, word: bytes) -> bool:
    """Tell whether *word* stands in *text* as a whole word."""
    at = text.find(word)  # memmem(3), far ahead of a regular expression
    while at >= 0:
        end = at + len(word)
        if not (_inside(text[at - 1 : at]) or _inside(text[end : end + 1])):
            return True
        at = text.find(word, end)
    return False


def _inside(neighbour: bytes) -> bool:
    return neighbour.isalnum() or neighbour == b"_"
