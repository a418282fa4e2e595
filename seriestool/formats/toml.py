# SPDX-License-Identifier: GPL-2.0-or-later
"""TOML files that people write, read with an error for every key that is not as it should be (TOML 1.0)."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from seriestool.errors import UsageError


@dataclass(frozen=True, slots=True)
class Form:
    """What a string must look like; ``words`` say it to people."""

    pattern: re.Pattern[str]
    words: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table and where it stands; each method takes a key of it and raises UsageError that names both."""

    values: Mapping[str, object]
    where: str

    def text(self, key: str, form: Form | None = None) -> str:
        """Return a string that must be there and be of *form*."""
        value = self.optional(key, form)
        if value is None:
            raise self.wrong(key, "is missing")
        return value

    def optional(self, key: str, form: Form | None = None) -> str | None:
        """Return a string, or None where the key is not there."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "is not a string with something in it")
        if form is not None and not form.pattern.fullmatch(value):
            raise self.wrong(key, f"{value!r} is not {form.words}")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number from 1 on."""
        value = self.values.get(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, "is not a whole number from 1 on")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is not there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value

    def date(self, key: str) -> str:
        """Return a date as ISO 8601 text."""
        value = self.values.get(key)
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            raise self.wrong(key, "is not a date such as 2026-01-31")
        return value.isoformat()

    def texts(self, key: str, *, empty: bool = False) -> tuple[str, ...]:
        """Return a list of strings, () where the key is not there; *empty* strings only where they make sense."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and (one or empty) for one in value):
            raise self.wrong(key, "is not a list of strings")
        return tuple(value)

    def tables(self, key: str, known: Collection[str]) -> tuple[Table, ...]:
        """Return the tables of a list, having checked that they hold only *known* keys."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, "is not a list of tables")
        found = tuple(Table(one, f"{self.where}: [[{key}]] {number}") for number, one in enumerate(value, 1))
        for table in found:
            table.check_keys(known)
        return found

    def check_keys(self, known: Collection[str]) -> None:
        """Refuse a key that is not *known*."""
        for key in self.values:
            if key not in known:
                raise UsageError(f"{self.where}: {key}: unknown key", hint=f"known are {', '.join(sorted(known))}")

    def wrong(self, key: str, reason: str) -> UsageError:
        """Return the error for *key*."""
        return UsageError(f"{self.where}: {key}: {reason}")


def read_toml(text: str, name: str, known: Collection[str]) -> Table:
    """Read a file called *name* whose top level holds only *known* keys.

    Raises UsageError that names the file, and the line or the key.
    """
    try:
        table = Table(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}") from error
    table.check_keys(known)
    return table


def write_value(value: str | Sequence[str]) -> str:
    """Write a string, or a list of strings, as TOML."""
    if not isinstance(value, str):
        return "[" + ", ".join(write_value(one) for one in value) + "]"
    # A basic string of TOML is one of JSON, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
