# SPDX-License-Identifier: GPL-2.0-or-later
"""An export as files: numbered mails with a cover letter in front, threaded below it (git-format-patch(1))."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from seriestool import __version__
from seriestool.formats.backport import split_message
from seriestool.formats.letter import Letter, in_body_from, write_letter
from seriestool.model.export import Export, ExportedPatch, OutFile

COVER = "cover-letter"
_NAME_LIMIT = 57  # git's FORMAT_PATCH_NAME_MAX, without ".patch" and the end of the string
# What git-mailinfo(1) would take for the beginning of the diff, or at the top for a header field.
_BREAK = re.compile(r"diff -|Index: |---(?: [^\s]|\s*$)")
_FIELD = re.compile(r"(?:From|Subject|Date):|\[PATCH\] |>?From [0-9a-f]{40} ", re.IGNORECASE)


def mails(export: Export, cover: str | None) -> Iterator[OutFile]:
    """Yield one file per mail, the letter with the text *cover* first where there is one."""
    total, ids = len(export.patches), _message_ids(export)
    parent = None
    if cover is not None:
        parent = ids[0]
        body = f"{cover}\n{export.stat}\n\n" + (f"base-commit: {export.base_commit}\n" if export.base_commit else "")
        letter = Letter(
            commit=export.commit, message_id=ids[0], parent=None, sender=export.signer, date=export.patches[-1].date,
            prefix=_prefix(export, 0, total), subject=export.series.title, body=body.encode() + _signature(),
        )  # fmt: skip
        yield OutFile(file_name(0, COVER, export.reroll), write_letter(letter))
    for patch in export.patches:
        letter = Letter(
            commit=patch.commit, message_id=ids[patch.position], parent=parent, sender=export.signer, date=patch.date,
            prefix=_prefix(export, patch.position, total, alone=cover is None and total == 1), subject=patch.title,
            body=_body(export, patch),
        )  # fmt: skip
        yield OutFile(file_name(patch.position, patch.title, export.reroll), write_letter(letter))
        parent = parent or ids[patch.position]


def file_name(position: int, title: str, reroll: int | None = None) -> str:
    """Name a file as git-format-patch(1) does: "v2-0003-perf-Support-only-inheriting.patch"."""
    # git's format_sanitized_subject(): letters, digits, dots and underscores stay, the rest becomes dashes.
    words = re.sub(r"\.{2,}", ".", title)
    words = re.sub(r"[^A-Za-z0-9._]+", "-", words).lstrip("-").rstrip(".-")
    version = "" if reroll is None else f"v{reroll}-"
    return f"{version}{position:04d}-{words}"[:_NAME_LIMIT] + ".patch"


def message_text(message: str) -> str:
    """Return the text of a commit message below its title, harmless before a diff.

    A line that git-mailinfo(1) or patch(1) would take for the beginning of the diff is indented by one space.
    """
    _, lines = split_message(message)
    return "".join(f" {line}\n" if _BREAK.match(line) else f"{line}\n" for line in lines)


def _body(export: Export, patch: ExportedPatch) -> bytes:
    text = message_text(patch.message)
    # A text that begins like a header field is none once the fields have ended with an empty line.
    named = f"{in_body_from(patch.author)}\n\n" if patch.author != export.signer or _FIELD.match(text) else ""
    return f"{named}{text}---\n".encode("utf-8", "surrogateescape") + patch.change + _signature()


def _signature() -> bytes:
    return f"-- \nseriestool {__version__}\n\n".encode()


def _prefix(export: Export, position: int, total: int, *, alone: bool = False) -> str:
    words = [export.prefix] if export.prefix else []
    if export.reroll is not None:
        words.append(f"v{export.reroll}")
    if not alone:
        words.append(f"{position:0{len(str(total))}d}/{total}")
    return " ".join(words)


def _message_ids(export: Export) -> list[str]:
    """Return ids made from what is sent: the same export has the same ids, another one has others."""
    reroll = "" if export.reroll is None else str(export.reroll)
    inputs = "\0".join([export.series.slug, export.tree.commit, export.commit, export.prefix, reroll])
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:20]
    local, _, domain = re.sub(r"[^A-Za-z0-9.@_+-]", "", export.signer.email).rpartition("@")
    where = f"{local or 'seriestool'}@{domain or 'localhost'}"
    return [f"{digest}-{number}-{where}" for number in range(len(export.patches) + 1)]
