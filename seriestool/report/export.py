# SPDX-License-Identifier: GPL-2.0-or-later
"""What an export tells: the text of its cover letter, and its JSON. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TypedDict

from seriestool.model.export import Export, ExportedPatch, NotIncluded
from seriestool.model.outcome import Outcome, PatchOutcome, TreeOutcome
from seriestool.report.view import clean

_WIDTH = 72
_ARCHIVE = "https://lore.kernel.org/r/"


def cover_text(export: Export) -> str:
    """Return the text of the cover letter, from its first line to the empty one before the diffstat."""
    return "\n".join([*_opening(export), *_patches(export), *_left_out(export), *_not_included(export), *_end(export)])


def warnings(export: Export) -> tuple[str, ...]:
    """Return what a person should know before sending, one line each."""
    return tuple(f"not included: {clean(_named(each))}" for each in export.not_included)


def _opening(export: Export) -> Iterator[str]:
    series = export.series
    yield from _wrap(f'"{series.title}", revision {series.revision}, on {export.base}')
    if series.cover_message_id and not any(patch.file for patch in series.patches):
        yield f"{_ARCHIVE}{series.cover_message_id}"
    yield ""


def _patches(export: Export) -> Iterator[str]:
    count = len(export.patches)
    yield f"Patches that change this tree ({count} of {count + len(export.left_out)}), and what became of each:"
    yield ""
    digits = len(str(len(export.patches)))
    for patch in export.patches:
        yield from _wrap(f"{patch.position:{digits}d}. {patch.title}", later=" " * (digits + 2))
        for line in _facts(patch):
            yield from _wrap(line, first="     ", later="       ")
    yield ""


def _facts(patch: ExportedPatch) -> Iterator[str]:
    verdict = patch.verdict
    yield f"{verdict.outcome}: {verdict.evidence}" if verdict.outcome is Outcome.APPLIES else verdict.outcome
    yield from patch.notes
    if patch.upstream:
        yield f"upstream {patch.upstream}" + (f", in {patch.released}" if patch.released else "")


def _left_out(export: Export) -> Iterator[str]:
    if export.left_out:
        yield "Left out, because the tree has them:"
        yield ""
        for verdict in export.left_out:
            yield from _wrap(f"- {verdict.subject}", later="  ")
            yield from _wrap(f"{verdict.outcome}: {verdict.evidence}", first="     ", later="       ")
        yield ""


def _not_included(export: Export) -> Iterator[str]:
    if export.not_included:
        yield "Not included, although it belongs to the series:"
        yield ""
        for each in export.not_included:
            yield from _wrap(f"- {_named(each)}", later="  ")
            if each.note:
                yield from _wrap(each.note, first="     ", later="     ")
            if each.message_id:
                yield f"     {_ARCHIVE}{each.message_id}"
        yield ""


def _end(export: Export) -> Iterator[str]:
    yield "Made with:"
    yield f"  {export.command}"
    yield ""
    if export.base_commit is None:
        yield f"base: {export.base}"
        yield ""


def _named(each: NotIncluded) -> str:
    return each.title + (f" (upstream {each.commit})" if each.commit else "")


def _wrap(text: str, *, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(
        clean(text), _WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


class ExportedPatchJson(TypedDict):
    """One patch that is sent."""

    position: int
    number: str
    subject: str
    outcome: str
    evidence: str
    upstream: str | None
    notes: list[str]
    commit: str
    tree_object: str
    file: str | None


class LeftOutJson(TypedDict):
    """One patch that the tree has already, or that does not apply."""

    number: str
    subject: str
    outcome: str
    evidence: str


class NotIncludedJson(TypedDict):
    """A later change that belongs to the series."""

    title: str
    message_id: str | None
    commit: str | None
    note: str | None


class ExportJson(TypedDict):
    """The contract of ``seriestool export --json``."""

    tree: str
    version: str
    base_commit: str
    directory: str | None
    branch: str | None
    files: list[str]
    exported: list[ExportedPatchJson]
    left_out: list[LeftOutJson]
    refused: list[LeftOutJson]
    not_included: list[NotIncludedJson]


def export_json(
    outcome: TreeOutcome,
    export: Export | None,
    *,
    files: tuple[str, ...] = (),
    directory: str | None = None,
    branch: str | None = None,
) -> ExportJson:
    """Return an export as ``--json`` prints it; *files* are paths, those of the patches last."""
    patches = export.patches if export else ()
    names = files[-len(patches) :] if files and patches else (None,) * len(patches)
    return {
        "tree": outcome.tree,
        "version": outcome.version,
        "base_commit": outcome.commit,
        "directory": directory,
        "branch": branch,
        "files": list(files),
        "exported": [_exported(patch, name) for patch, name in zip(patches, names, strict=True)],
        "left_out": [_verdict(each) for each in outcome.patches if each.outcome in _THERE],
        "refused": [_verdict(each) for each in outcome.patches if not each.outcome.usable],
        "not_included": [_missing(each) for each in (export.not_included if export else ())],
    }


_THERE = (Outcome.ALREADY, Outcome.ALREADY_EVOLVED)


def _exported(patch: ExportedPatch, name: str | None) -> ExportedPatchJson:
    return {
        "position": patch.position,
        "number": patch.verdict.number,
        "subject": patch.title,
        "outcome": patch.verdict.outcome,
        "evidence": patch.verdict.evidence,
        "upstream": patch.upstream,
        "notes": list(patch.notes),
        "commit": patch.commit,
        "tree_object": patch.after,
        "file": name,
    }


def _verdict(verdict: PatchOutcome) -> LeftOutJson:
    return {
        "number": verdict.number,
        "subject": verdict.subject,
        "outcome": verdict.outcome,
        "evidence": verdict.evidence,
    }


def _missing(each: NotIncluded) -> NotIncludedJson:
    return {"title": each.title, "message_id": each.message_id, "commit": each.commit, "note": each.note}
