# SPDX-License-Identifier: GPL-2.0-or-later
"""An export as a quilt series whose patches have the headers of DEP-3, Debian's patch tagging guidelines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seriestool.errors import UsageError
from seriestool.formats.letter import in_body_from
from seriestool.formats.posting import file_name, message_text
from seriestool.model.export import Export, ExportedPatch, OutFile
from seriestool.model.outcome import Outcome

SERIES = "series"
ARCHIVE = "https://lore.kernel.org/r/"
_BINARY = re.compile(rb"^diff --git (.*)\n(?:.*\n)*?GIT binary patch$", re.MULTILINE)


def quilt_series(export: Export, cover: str | None) -> Iterator[OutFile]:
    """Yield the file ``series``, with the text *cover* as its comment, and one file per patch.

    Raises UsageError for a binary patch, which patch(1), and so quilt and dpkg-source, cannot apply.
    """
    names = [file_name(patch.position, patch.title) for patch in export.patches]
    comment = [f"# {line}".rstrip() for line in cover.splitlines()] if cover else []
    yield OutFile(SERIES, "\n".join([*comment, *names, ""]).encode())
    for name, patch in zip(names, export.patches, strict=True):
        if match := _BINARY.search(patch.change):
            path = match[1].decode("utf-8", "replace").rpartition(" b/")[2]
            raise UsageError(
                f"patch {patch.verdict.number} changes a binary file, which quilt and patch(1) cannot: {path}",
                hint="--format mbox and --format git can",
            )
        header = "".join(f"{line}\n" for line in dep3(export, patch))
        text = f"{header}\n{message_text(patch.message)}---\n"
        yield OutFile(name, text.encode("utf-8", "surrogateescape") + patch.change)


def dep3(export: Export, patch: ExportedPatch) -> Iterator[str]:
    """Yield the lines of the DEP-3 header; trailers below the text are its second one, as DEP-3 allows."""
    yield in_body_from(patch.author)
    yield f"Subject: {patch.title}"
    url = f"{ARCHIVE}{patch.posted}" if patch.posted else None
    if patch.upstream:
        kind = "backport" if patch.verdict.outcome in _CHANGED else "upstream"
        yield f"Origin: {kind}, commit:{patch.upstream}"
        yield "Forwarded: not-needed"
        yield f"Applied-Upstream: {f'{patch.released}, ' if patch.released else ''}commit:{patch.upstream}"
    elif url:
        yield f"Origin: other, {url}"
        yield f"Forwarded: {url}"
    else:
        yield "Forwarded: no"
    yield f"Last-Update: {patch.last_change}"


_CHANGED = frozenset({Outcome.ADAPTED, Outcome.THREE_WAY, Outcome.APPLIES_REDUCED})
