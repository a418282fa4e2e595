# SPDX-License-Identifier: GPL-2.0-or-later
"""Random C records, for comparing what is read of them with what the compiler does with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

# Behind each integer type, the widest bit-field of it that every ABI allows.
_INTEGERS = {
    "char": 8, "signed char": 8, "unsigned char": 8, "short": 16, "unsigned short": 16, "int": 32, "unsigned": 32,
    "long": 32, "unsigned long": 32, "long long": 64, "unsigned long long": 64, "_Bool": 1, "enum few": 2, "u64": 64,
}  # fmt: skip
_DEPTH = 2  # of records without a tag in others
# Marks a bit-field without a name inside such a record: on Arm its type aligns the record, and DWARF does not have it.
_HIDDEN = "  /* hidden */"
_KINDS = ("integer", "integer", "bits", "bits", "other", "gap", "record")
_OTHERS = ("float", "double", "void *", "u64_4", "u16_8", "int_3")
HEAD = """
enum few { NONE, ONE, TWO };
typedef unsigned long long u64;
typedef unsigned long long u64_4 __attribute__((aligned(4)));
typedef unsigned short u16_8 __attribute__((aligned(8)));
typedef int int_3[3];
"""
_ALIGNED = [f"__attribute__((aligned({bytes_})))" for bytes_ in (1, 2, 4, 8, 16)]
_OF_MEMBER = ["", "", "", "", "__attribute__((packed))", *_ALIGNED]
_OF_RECORD = ["", "", "", "__attribute__((packed))", "__attribute__((packed, aligned(2)))", *_ALIGNED]


@dataclass(frozen=True)
class Source:
    """Records as C, and their tags in order; ``plain`` are those in which every alignment can be told."""

    code: str
    tags: tuple[str, ...]
    plain: frozenset[str]


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Give a few records, where later ones may have earlier ones as members."""
    parts = [HEAD]
    tags: list[str] = []
    plain = set()
    for number in range(draw(st.integers(1, 4))):
        keyword = draw(st.sampled_from(["struct", "struct", "union"]))
        body = _body(draw, _counter(), tags, _DEPTH)
        attribute = draw(st.sampled_from(_OF_RECORD))
        tag = f"{keyword} r{number}"
        parts.append(f"{tag} {{\n{body}}} {attribute};")
        if "packed" not in parts[-1] and _HIDDEN not in parts[-1]:
            plain.add(tag)
        tags.append(tag)
    return Source("\n".join(parts), tuple(tags), frozenset(plain))


def _counter() -> Callable[[], str]:
    used = iter(range(1000))
    return lambda: f"m{next(used)}"


def _body(draw: st.DrawFn, name: Callable[[], str], tags: list[str], depth: int) -> str:
    kinds = [*_KINDS, *(["inline", "anonymous"] if depth else [])]
    lines = [f"char {name()};"]
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(kinds))
        attribute = draw(st.sampled_from(_OF_MEMBER))
        if kind == "bits":
            type_ = draw(st.sampled_from(sorted(_INTEGERS)))
            lines.append(f"{type_} {name()} : {draw(st.integers(1, _INTEGERS[type_]))};")
        elif kind == "gap":
            lines.append(f"unsigned : {draw(st.integers(0, 32))};{'' if depth == _DEPTH else _HIDDEN}")
        elif kind in ("inline", "anonymous"):
            inner = _body(draw, name, tags, depth - 1)
            keyword = draw(st.sampled_from(["struct", "union"]))
            named = f"{name()}{draw(st.sampled_from(['', '', '[2]']))}" if kind == "inline" else ""
            lines.append(f"{keyword} {{\n{inner}}} {named};")
        else:
            choice = tags if kind == "record" and tags else sorted(_INTEGERS) if kind != "other" else list(_OTHERS)
            type_ = draw(st.sampled_from(choice))
            # C has no array whose elements are aligned to more than their size.
            dims = "" if type_ == "u16_8" else draw(st.sampled_from(["", "", "", "[1]", "[5]", "[2][3]", "[0]"]))
            lines.append(f"{type_} {name()}{dims} {attribute};")
    return "".join(f"{line}\n" for line in lines)
