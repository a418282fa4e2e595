# SPDX-License-Identifier: GPL-2.0-or-later
"""``GIT binary patch``: base85 lines of deflated data (git-diff(1), ``--binary``)."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Sequence

from seriestool.errors import InputRefused
from seriestool.model.series import BinaryHunk

LIMIT = 64 << 20
"""Bytes that all binary data of a patch may make; kernel trees hold nothing near it."""
_PIECE = 1 << 20  # bytes inflated at once where only the size counts

_VARINT = 10  # bytes of a number of 64 bits
_METHOD = re.compile(r"(literal|delta) (\d{1,12})\n")


def read_binary(lines: Sequence[str], start: int, path: str) -> tuple[tuple[BinaryHunk, ...], int]:
    """Read the forward and, where given, the reverse data whose first line is ``lines[start]``.

    *lines* hold one byte per character. Returns the hunks and the number of the first line behind them.
    Raises InputRefused when the data is malformed, truncated, or inflates to anything but the size it claims.
    """
    hunks: list[BinaryHunk] = []
    while start < len(lines) and len(hunks) < 2 and (match := _METHOD.fullmatch(lines[start])):
        size = int(match[2])
        if size > LIMIT:
            raise InputRefused(f"{path}: binary data of {size} bytes is over the limit of {LIMIT}")
        deflated, start = _base85(lines, start + 1, path)
        _check_inflates(deflated, size, path)
        hunks.append(BinaryHunk(match[1], size, deflated))
    if not hunks:
        raise InputRefused(f"{path}: a binary patch without its data")
    return tuple(hunks), start


def inflate(hunk: BinaryHunk) -> bytes:
    """Return the data of *hunk*, at most ``LIMIT`` bytes of it."""
    return zlib.decompressobj().decompress(hunk.deflated, LIMIT)


def _base85(lines: Sequence[str], start: int, path: str) -> tuple[bytes, int]:
    """Decode lines up to the empty one that ends them; the first letter of each is its length in bytes, 1 to 52."""
    data = bytearray()
    while start < len(lines):
        line = lines[start].rstrip("\n")
        start += 1
        if not line:
            return bytes(data), start
        length = _length(line[0])
        if not length or len(line) != 1 + (length + 3) // 4 * 5:
            break
        try:
            data += base64.b85decode(line[1:])[:length]
        except ValueError:
            break
    raise InputRefused(f"{path}: the binary patch is malformed or truncated")


def _length(letter: str) -> int:
    if "A" <= letter <= "Z":
        return ord(letter) - ord("A") + 1
    return ord(letter) - ord("a") + 27 if "a" <= letter <= "z" else 0


def claimed(hunks: Iterable[BinaryHunk]) -> int:
    """Return how many bytes *hunks* say that they make, what their deltas make included."""
    return sum(hunk.size + (_result_size(hunk) if hunk.method == "delta" else 0) for hunk in hunks)


def _result_size(hunk: BinaryHunk) -> int:
    """Return how many bytes a delta says it makes (gitformat-pack(5): the second of two numbers at its beginning)."""
    begin = zlib.decompressobj().decompress(hunk.deflated, 2 * _VARINT)
    size = shift = seen = 0
    for byte in begin:
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            seen += 1
            if seen == 2:
                return size
            size = shift = 0
    return 0  # no delta: applying refuses it


def _check_inflates(deflated: bytes, size: int, path: str) -> None:
    stream = zlib.decompressobj()
    count = 0
    data = deflated
    try:
        while not stream.eof and count <= size:
            piece = stream.decompress(data, _PIECE)
            data = stream.unconsumed_tail
            count += len(piece)
            if not piece and not data:
                break
    except zlib.error as error:
        raise InputRefused(f"{path}: the binary patch cannot be inflated: {error}") from error
    if count != size or not stream.eof:
        raise InputRefused(f"{path}: the binary patch does not inflate to the {size} bytes it claims")
