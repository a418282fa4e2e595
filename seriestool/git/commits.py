# SPDX-License-Identifier: GPL-2.0-or-later
"""A commit of a history, read as a patch of a series."""

from __future__ import annotations

import re
from codecs import lookup

from seriestool.errors import InputRefused
from seriestool.formats.patch import parse_diff
from seriestool.formats.patch_id import patch_id
from seriestool.formats.trailers import parse_trailers
from seriestool.git.history import History
from seriestool.model.series import Patch, Person

_AUTHOR = re.compile(r"^author (.*?) ?<([^>\n]*)> (\d+ [+-]\d{4})$", re.MULTILINE)
_ENCODING = re.compile(rb"^encoding (\S+)$", re.MULTILINE)
_LINK = re.compile(r"https?://\S+?/(?:r/)?([^/\s<>]+@[^/\s<>]+)/?")


def read_commit(history: History, commit: str, number: str = "00") -> Patch:
    """Return *commit*, a full id in the repository of *history*, as patch *number* with its message, author and date.

    The message-id is that of its last ``Link:`` to a mail, empty where there is none. Raises InputRefused for a merge,
    a commit that changes nothing, and a change that no patch may make; MachineFault where it is not there.
    """
    headers, _, body = history.objects.read(commit, "commit").partition(b"\n\n")
    diff = history.diffs([commit], renames=True).get(commit, b"")
    try:
        files = parse_diff(diff)
        if not files:
            raise InputRefused("a merge, or without any change")
    except InputRefused as error:
        raise InputRefused(f"{history.name}: commit {commit[:12]}: {error.message}") from error
    encoding = _encoding(headers)
    message = body.decode(encoding, "replace").strip("\n") + "\n"
    author = _AUTHOR.search(headers.decode(encoding, "replace"))
    trailers = parse_trailers(message)
    links = [match[1] for each in trailers if each.name == "Link" and (match := _LINK.match(each.value))]
    return Patch(
        number=number,
        subject=" ".join(message.partition("\n\n")[0].split()),
        author=Person(author[1], author[2]) if author else Person("", ""),
        date=author[3] if author else "0 +0000",
        message=message,
        message_id=links[-1] if links else "",
        trailers=trailers,
        files=files,
        diff=diff,
        patch_id=patch_id(diff),
    )


def _encoding(headers: bytes) -> str:
    """Return the encoding a commit names (git-commit(1), "DISCUSSION"), UTF-8 where it names none that is known."""
    match = _ENCODING.search(headers)
    try:
        return lookup(match[1].decode("ascii", "replace")).name if match else "utf-8"
    except LookupError:
        return "utf-8"
