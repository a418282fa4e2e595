# SPDX-License-Identifier: GPL-2.0-or-later
"""``patches/<slug>/series.toml``: what a workspace tracks of a series, written by people and by ``seriestool add``."""

from __future__ import annotations

import re

from seriestool.errors import UsageError
from seriestool.formats.toml import Form, Table, read_toml, write_value
from seriestool.model.series import KnownFollowUp, Role, TrackedPatch, TrackedSeries

_TOP = {
    "title", "revision", "cover", "trees", "selftests", "selftest-arches", "fragments", "patch", "follow-up", "known",
    "released-on",
}  # fmt: skip
PATCH_KEYS = (
    "number", "role", "subject", "message-id", "patch-id", "upstream", "released", "notice", "file", "note",
)  # fmt: skip
"""The keys of a ``[[follow-up]]`` in the order in which they are written; a ``[[patch]]`` has no role."""
_FOLLOW_UP = set(PATCH_KEYS)
_PATCH = _FOLLOW_UP - {"role"}
_KNOWN = {"title", "message-id", "note"}

_NUMBER = Form(re.compile(r"[0-9]{2,3}"), "a number of two digits")
_PATCH_ID = Form(re.compile(r"[0-9a-f]{40}"), "a patch-id of 40 hex digits")
_COMMIT = Form(re.compile(r"[0-9a-f]{12,40}"), "a commit of 12 to 40 hex digits")
_MESSAGE_ID = Form(re.compile(r"[^<>\s]+"), "a message-id without angle brackets")
_RELEASE = Form(re.compile(r"v[0-9]+(?:\.[0-9]+)+(?:-rc[0-9]+)?"), "a release such as v5.13")
_FILE = Form(re.compile(r"(?!\.)[^/\\\x00-\x1f]+"), "the name of a file beside series.toml")


def read_tracked(text: str, slug: str) -> TrackedSeries:
    """Read the ``series.toml`` of the series *slug*.

    Raises UsageError that names the file and the key: not TOML, an unknown key, a value of another type or form,
    numbers that do not count up from 01, a patch with neither message-id nor file.
    """
    top = read_toml(text, f"patches/{slug}/series.toml", _TOP)
    patches = tuple(_patch(table, Role.SERIES) for table in top.tables("patch", _PATCH))
    follow_ups = tuple(_patch(table, _role(table)) for table in top.tables("follow-up", _FOLLOW_UP))
    if not patches:
        raise UsageError(f"{top.where}: no [[patch]] in it")
    for expected, patch in enumerate((*patches, *follow_ups), 1):
        if int(patch.number) != expected:
            raise UsageError(f"{top.where}: number: {patch.number} stands where {expected:02} should")
    return TrackedSeries(
        slug=slug,
        title=top.text("title"),
        revision=top.number("revision", default=1),
        patches=patches + follow_ups,
        cover_message_id=top.optional("cover", _MESSAGE_ID),
        known=tuple(
            KnownFollowUp(table.text("title"), table.text("message-id", _MESSAGE_ID), table.text("note"))
            for table in top.tables("known", _KNOWN)
        ),
        trees=top.texts("trees"),
        selftests=top.texts("selftests"),
        selftest_arches=top.texts("selftest-arches"),
        fragments=top.texts("fragments"),
        released_on=top.date("released-on") if "released-on" in top.values else None,
    )


def write_tracked(series: TrackedSeries) -> str:
    """Write *series* so that ``read_tracked`` gives it back."""
    lines = [f"title = {write_value(series.title)}", f"revision = {series.revision}"]
    if series.cover_message_id:
        lines.append(f"cover = {write_value(series.cover_message_id)}")
    if series.released_on:
        lines.append(f"released-on = {series.released_on}")
    lists = {
        "trees": series.trees,
        "selftests": series.selftests,
        "selftest-arches": series.selftest_arches,
        "fragments": series.fragments,
    }
    lines += [f"{key} = {write_value(values)}" for key, values in lists.items() if values]
    for patch in series.patches:
        lines += ["", *patch_lines(patch)]
    for known in series.known:
        lines += ["", *known_lines(known)]
    return "\n".join(lines) + "\n"


def is_release(text: str) -> bool:
    """Tell whether *text* can be the value of ``released``."""
    return _RELEASE.pattern.fullmatch(text) is not None


def known_lines(known: KnownFollowUp) -> list[str]:
    """Return the lines of one ``[[known]]``."""
    values = {"title": known.title, "message-id": known.message_id, "note": known.note}
    return ["[[known]]", *(f"{key} = {write_value(value)}" for key, value in values.items())]


def patch_lines(patch: TrackedPatch) -> list[str]:
    """Return the lines of one ``[[patch]]`` or ``[[follow-up]]``."""
    head = "[[patch]]" if patch.role is Role.SERIES else "[[follow-up]]"
    values = {
        "number": patch.number,
        "role": None if patch.role is Role.SERIES else str(patch.role),
        "subject": patch.subject,
        "message-id": patch.message_id or None,
        "patch-id": patch.patch_id,
        "upstream": patch.upstream,
        "released": patch.released,
        "notice": patch.notice,
        "file": patch.file,
        "note": patch.note,
    }
    return [head, *(f"{key} = {write_value(value)}" for key, value in values.items() if value is not None)]


def _role(table: Table) -> Role:
    role = table.text("role")
    if role not in (Role.FIX, Role.FOLLOW_UP):
        raise UsageError(f"{table.where}: role: {role!r} is neither 'fix' nor 'follow-up'")
    return Role(role)


def _patch(table: Table, role: Role) -> TrackedPatch:
    message_id = table.optional("message-id", _MESSAGE_ID)
    file = table.optional("file", _FILE)
    if message_id is None and file is None:
        raise UsageError(f"{table.where}: message-id: neither that nor a file is given")
    return TrackedPatch(
        number=table.text("number", _NUMBER),
        role=role,
        subject=table.text("subject"),
        message_id=message_id or "",
        patch_id=table.optional("patch-id", _PATCH_ID),
        upstream=table.optional("upstream", _COMMIT),
        file=file,
        note=table.optional("note"),
        released=table.optional("released", _RELEASE),
        notice=table.optional("notice", _MESSAGE_ID),
    )
