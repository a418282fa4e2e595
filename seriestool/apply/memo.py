# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of a pure function on large values, kept as long as they fit into a number of bytes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Memo(Generic[_Key, _Value]):
    """Keeps what was asked for last; *limit* and the sizes given to ``get`` are in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._kept: dict[_Key, tuple[_Value, int]] = {}

    def get(self, key: _Key, make: Callable[[], _Value], size: Callable[[_Value], int]) -> _Value:
        """Return the value for *key*, made now if it is not kept."""
        kept = self._kept.pop(key, None)
        if kept is None:
            value = make()
            kept = value, size(value)
            self._bytes += kept[1]
        self._kept[key] = kept
        while self._bytes > self._limit:
            self._bytes -= self._kept.pop(next(iter(self._kept)))[1]
        return kept[0]
