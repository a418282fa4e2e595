# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between two blobs or two tree objects, as ranges and paths; git's own diff finds the ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from seriestool.git.command import git_at, run_git
from seriestool.git.objects import ObjectStore

_RANGES = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_CLOSE_LOOK = 250_000  # pairs of lines that are compared one by one


@dataclass(frozen=True, slots=True)
class Block:
    """Lines ``old`` up to ``old_end`` of one text stand where ``new`` up to ``new_end`` are in the other, from 0."""

    old: int
    old_end: int
    new: int
    new_end: int


def blocks_between(store: ObjectStore, old: bytes, new: bytes) -> list[Block]:
    """Return the differing ranges of two texts, in order, as ``git diff -U0 --histogram`` sees them."""
    if old == new:
        return []
    names = (store.write_blob(old), store.write_blob(new))
    said = run_git(
        git_at(store.path), "diff", "--text", "--no-ext-diff", "--no-textconv", "--no-color", "-U0", "--histogram",
        "--inter-hunk-context=0", *names,
    )  # fmt: skip
    return [Block(*_span(match[1], match[2]), *_span(match[3], match[4])) for match in _RANGES.finditer(said)]


def _span(start: str, count: str | None) -> tuple[int, int]:
    """Return a range of a ``@@`` line, from 0; an empty one is named by the line before it."""
    length = 1 if count is None else int(count)
    first = int(start) - (1 if length else 0)
    return first, first + length


def gaps(pairs: Sequence[tuple[int, int]], old_length: int, new_length: int) -> list[Block]:
    """Return the ranges between *pairs* of equal lines, which increase on both sides."""
    blocks = []
    old = new = 0
    for one, other in (*pairs, (old_length, new_length)):
        if (old, new) != (one, other):
            blocks.append(Block(old, one, new, other))
        old, new = one + 1, other + 1
    return blocks


def refine(block: Block, old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[Block]:
    """Split *block* at lines that are the same on both sides."""
    size, other = block.old_end - block.old, block.new_end - block.new
    if not size or not other or size * other > _CLOSE_LOOK:
        yield block
        return
    pieces = old[block.old : block.old_end], new[block.new : block.new_end]
    for tag, start, end, first, last in SequenceMatcher(None, *pieces, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Block(block.old + start, block.old + end, block.new + first, block.new + last)


def changed_paths(store: ObjectStore, old: str, new: str, folder: str = "") -> Iterator[str]:
    """Yield the paths of files that differ between two tree objects, sorted within each folder."""
    if old == new:
        return
    before, after = store.read_tree(old), store.read_tree(new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        inner, outer = (entry.oid if entry and entry.is_tree else store.empty_tree for entry in (one, other))
        yield from changed_paths(store, inner, outer, f"{folder}{name}/")
        if any(entry and not entry.is_tree for entry in (one, other)):
            yield folder + name
