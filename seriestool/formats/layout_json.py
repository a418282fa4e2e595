# SPDX-License-Identifier: GPL-2.0-or-later
"""A layout as compact JSON and back, for caches: rows in the order of the nouns' own fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from seriestool.model.layout import Encoding, Enumeration, Layout, Member, Record, Typedef

_Row = Sequence[Any]


def encode_layout(layout: Layout) -> bytes:
    """Write *layout*, behind a line with the digest of what follows."""
    rows = (
        layout.abi,
        [_record_row(each) for each in layout.records],
        [(each.name, each.size, each.signed, each.enumerators, each.header, each.line) for each in layout.enums],
        [
            (each.name, each.type, each.size, each.align, each.encoding, each.target, each.header, each.line)
            for each in layout.typedefs
        ],
        layout.aliases,
    )
    body = json.dumps(rows, separators=(",", ":")).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode_layout(data: bytes) -> Layout:
    """Read what ``encode_layout`` wrote.

    Raises ValueError for anything else.
    """
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("not a layout, or damaged")
    try:
        abi, records, enums, typedefs, aliases = json.loads(body)
        return Layout(
            abi,
            tuple(_record(row) for row in records),
            tuple(_enumeration(row) for row in enums),
            tuple(_typedef(row) for row in typedefs),
            _pairs(aliases),
        )
    except TypeError as error:
        raise ValueError(f"not a layout: {error}") from error


def _record_row(record: Record) -> _Row:
    members = [
        (
            each.name, each.bit_offset, each.bit_size, each.type, each.encoding, each.align, each.bit_field, each.dims,
            _record_row(each.record) if each.record is not None else None, each.target,
        )
        for each in record.members
    ]  # fmt: skip
    return record.name, record.keyword, record.size, record.align, members, record.header, record.line


def _record(row: _Row) -> Record:
    name, keyword, size, align, members, header, line = row
    return Record(name, keyword, size, align, tuple(_member(each) for each in members), header, line)


def _member(row: _Row) -> Member:
    name, bit_offset, bit_size, type_, encoding, align, bit_field, dims, record, target = row
    inner = _record(record) if record is not None else None
    return Member(name, bit_offset, bit_size, type_, Encoding(encoding), align, bit_field, tuple(dims), inner, target)


def _enumeration(row: _Row) -> Enumeration:
    name, size, signed, enumerators, header, line = row
    return Enumeration(name, size, signed, _pairs(enumerators), header, line)


def _typedef(row: _Row) -> Typedef:
    name, type_, size, align, encoding, target, header, line = row
    return Typedef(name, type_, size, align, Encoding(encoding), target, header, line)


def _pairs(rows: Iterable[_Row]) -> tuple[tuple[Any, Any], ...]:
    return tuple((first, second) for first, second in rows)
