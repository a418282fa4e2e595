# SPDX-License-Identifier: GPL-2.0-or-later
"""git's binary deltas (gitformat-pack(5), "Deltified representation")."""

from __future__ import annotations

LIMIT = 64 << 20
"""Bytes a delta may make."""


def apply_delta(source: bytes, delta: bytes) -> bytes | None:
    """Return what *delta* makes of *source*, None when it is malformed, for another source, or over ``LIMIT``."""
    try:
        return _apply(source, delta)
    except (IndexError, ValueError):
        return None


def _apply(source: bytes, delta: bytes) -> bytes:
    source_size, at = _size(delta, 0)
    result_size, at = _size(delta, at)
    if source_size != len(source) or result_size > LIMIT:
        raise ValueError
    out = bytearray()
    while at < len(delta):
        opcode = delta[at]
        at += 1
        if opcode & 0x80:
            start, size, at = _copy(delta, opcode, at)
            piece = source[start : start + size]
        else:
            size, piece, at = opcode, delta[at : at + opcode], at + opcode
        if not size or len(piece) != size or len(out) + size > result_size:
            raise ValueError
        out += piece
    if len(out) != result_size:
        raise ValueError
    return bytes(out)


def _size(delta: bytes, at: int) -> tuple[int, int]:
    """Read a size in groups of seven bits, lowest first; return it and where it ends."""
    value = shift = 0
    while True:
        byte = delta[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _copy(delta: bytes, opcode: int, at: int) -> tuple[int, int, int]:
    """Read a copy instruction: start and size have a byte for each set bit of the opcode."""
    values = []
    for bits in (range(4), range(4, 7)):
        value = 0
        for place, bit in enumerate(bits):
            if opcode & (1 << bit):
                value |= delta[at] << (8 * place)
                at += 1
        values.append(value)
    return values[0], values[1] or 0x10000, at
