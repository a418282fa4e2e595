# SPDX-License-Identifier: GPL-2.0-or-later
"""Types as C writes them, from debug information: "unsigned long", "struct foo *", "void (*)(int)", "int [4]"."""

from __future__ import annotations

from collections.abc import Sequence

from elftools.dwarf.die import DIE

from seriestool.formats.dwarf_units import DebugInfo

TAGGED = {
    "DW_TAG_structure_type": "struct",
    "DW_TAG_union_type": "union",
    "DW_TAG_enumeration_type": "enum",
}
QUALIFIERS = {
    "DW_TAG_const_type": "const",
    "DW_TAG_volatile_type": "volatile",
    "DW_TAG_restrict_type": "restrict",
    "DW_TAG_atomic_type": "_Atomic",
}
_POINTER, _ARRAY, _FUNCTION = "DW_TAG_pointer_type", "DW_TAG_array_type", "DW_TAG_subroutine_type"


def name_of(die: DIE) -> str:
    """Return the name of an entry, empty where it has none."""
    found = die.attributes.get("DW_AT_name")
    return found.value.decode("utf-8", "replace") if found is not None and found.value else ""


def base_name(name: str) -> str:
    """Return the spelling of one of C's own types that people use: gcc says "long long unsigned int"."""
    words = name.split()
    if not {"long", "short"} & set(words) or "double" in words:
        return name
    sign = ["unsigned"] if "unsigned" in words else []
    return " ".join([*sign, *(word for word in words if word in ("long", "short"))])


def bounds(info: DebugInfo, array: DIE) -> tuple[int | None, ...]:
    """Return the dimensions of an array; None is that of a flexible one, and of one as long as a variable says."""
    return tuple(_bound(each) for each in array.iter_children() if each.tag == "DW_TAG_subrange_type")


def _bound(subrange: DIE) -> int | None:
    for name, more in (("DW_AT_count", 0), ("DW_AT_upper_bound", 1)):
        found = subrange.attributes.get(name)
        if found is not None:
            # gcc 11 and older write the bound of a zero-length array as -1 in the width of size_t.
            return (found.value + more) & 0xFFFFFFFF if isinstance(found.value, int) else None
    return None


def spell(info: DebugInfo, die: DIE | None, inner: str = "") -> str:
    """Write the type *die* around *inner*, what is declared so far; without it, as an abstract declarator (C11 6.7.7).

    None is void.
    """
    if die is None:
        return _around("void", inner)
    tag, target = die.tag, info.target(die)
    if tag == _POINTER:
        return spell(info, target, f"({_star(inner)})" if _binds(info, target) else _star(inner))
    if tag == _ARRAY:
        return spell(info, target, inner + "".join(f"[{'' if each is None else each}]" for each in bounds(info, die)))
    if tag == _FUNCTION:
        return spell(info, target, f"{inner}({', '.join(_parameters(info, list(die.iter_children())))})")
    if tag in QUALIFIERS:
        word = QUALIFIERS[str(tag)]
        if target is not None and target.tag == _POINTER:
            return spell(info, target, f"{word} {inner}".rstrip())
        return f"{word} {spell(info, target, inner)}"
    return _around(named(die), inner)


def named(die: DIE) -> str:
    """Return what a base type, a typedef, or something with a tag is called; one without a tag shows its body."""
    if die.tag in TAGGED:
        return f"{TAGGED[str(die.tag)]} {name_of(die) or '{...}'}"
    return base_name(name_of(die)) if die.tag == "DW_TAG_base_type" else name_of(die)


def _binds(info: DebugInfo, die: DIE | None) -> bool:
    """Tell whether brackets or parentheses come behind what points to *die*: they bind closer than a star."""
    while die is not None and die.tag in QUALIFIERS:
        die = info.target(die)
    return die is not None and die.tag in (_ARRAY, _FUNCTION)


def _star(inner: str) -> str:
    return f"* {inner}" if inner[:1].isalpha() or inner[:1] == "_" else f"*{inner}"


def _parameters(info: DebugInfo, children: Sequence[DIE]) -> list[str]:
    written = [spell(info, info.target(each)) for each in children if each.tag == "DW_TAG_formal_parameter"]
    if any(each.tag == "DW_TAG_unspecified_parameters" for each in children):
        return [*written, "..."] if written else []
    return written or ["void"]


def _around(name: str, inner: str) -> str:
    return f"{name} {inner}" if inner else name
