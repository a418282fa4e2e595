# SPDX-License-Identifier: GPL-2.0-or-later
"""Frozen values as plain ones (dict, list, str, int, bool, None), which JSON can carry, and back; equal comes out.

For values that are kept whole and never searched in. What is written is a dataclass's own fields by name, an enum's
value, a tuple as a list; so a field that is new in a later version needs a default, with which older text is read.
"""

from __future__ import annotations

import functools
import types
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

_T = TypeVar("_T")


def to_plain(value: object) -> Any:  # noqa: ANN401  # what JSON can carry
    """Return *value*, a frozen dataclass of dataclasses, tuples, enums and plain values, as plain ones."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"no plain value: {type(value).__name__}")


def from_plain(kind: type[_T], plain: object) -> _T:
    """Return the value of the dataclass *kind* that ``to_plain`` wrote.

    Raises ValueError, KeyError or TypeError for what was never written by it.
    """
    return cast(_T, _read(kind, plain))


def _read(kind: Any, plain: object) -> object:  # noqa: ANN401  # any annotation
    if is_dataclass(kind):
        return _read_fields(kind, plain)
    origin = get_origin(kind)
    if origin is tuple:
        return _read_tuple(get_args(kind), plain)
    if origin in (types.UnionType, Union):
        inner = [one for one in get_args(kind) if one is not types.NoneType]
        if plain is None:
            return None
        if len(inner) != 1:
            raise TypeError(f"more than one kind of value: {kind}")
        return _read(inner[0], plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if type(plain) is not kind:
        raise TypeError(f"{plain!r} is no {getattr(kind, '__name__', kind)}")
    return plain


def _read_fields(kind: Any, plain: object) -> object:  # noqa: ANN401
    if not isinstance(plain, dict):
        raise TypeError(f"{plain!r} is no {kind.__name__}")
    known = _fields(kind)
    if unknown := plain.keys() - known.keys():
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(map(str, unknown)))}")
    missing = [name for name, (field, _) in known.items() if name not in plain and field.default is MISSING]
    if missing:
        raise KeyError(f"{kind.__name__}: {', '.join(missing)}")
    return kind(**{name: _read(annotation, plain[name]) for name, (_, annotation) in known.items() if name in plain})


def _read_tuple(items: tuple[Any, ...], plain: object) -> tuple[object, ...]:
    if not isinstance(plain, list):
        raise TypeError(f"{plain!r} is no tuple")
    if items[-1] is Ellipsis:
        return tuple(_read(items[0], each) for each in plain)
    return tuple(_read(item, each) for item, each in zip(items, plain, strict=True))


@functools.cache
def _fields(kind: type[Any]) -> dict[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(kind)
    return {field.name: (field, hints[field.name]) for field in fields(kind)}
