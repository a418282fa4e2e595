# SPDX-License-Identifier: GPL-2.0-or-later
"""The export: a series that was applied to one tree, as mail, as a quilt series, or as a branch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seriestool.formats.posting import mails
from seriestool.formats.quilt import SERIES, quilt_series
from seriestool.git.branch import hand_over
from seriestool.git.objects import open_store
from seriestool.model.export import Export, ExportFormat, OutFile
from seriestool.model.outcome import PatchOutcome, TreeOutcome
from seriestool.pipeline.apply import apply_tree
from seriestool.pipeline.context import Context, find_tree
from seriestool.pipeline.exporting.directory import check_directory, write_directory
from seriestool.pipeline.exporting.exporter import Exporter, ExportRequest
from seriestool.pipeline.exporting.proof import prove
from seriestool.pipeline.library import open_library
from seriestool.pipeline.series import open_series
from seriestool.report.export import cover_text

__all__ = ["ExportRequest", "Prepared", "check_out", "prepare", "write_branch", "write_files"]

_OURS = re.compile(r"(?:v\d+-)?\d{4}-[A-Za-z0-9._-]*\.patch")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a request: ``export`` and its ``files`` where there is something to send.

    Without an ``export``, either ``refused`` are the patches that do not apply, or the tree has all of them. A git
    branch has no files.
    """

    outcome: TreeOutcome
    refused: tuple[PatchOutcome, ...] = ()
    export: Export | None = None
    files: tuple[OutFile, ...] = ()


def prepare(ctx: Context, request: ExportRequest) -> Prepared:
    """Apply the series and make everything that is to be written; written are only commits of the object store.

    Raises what ``open_series`` and ``apply_tree`` raise, and UsageError: no identity to sign off with, an upstream
    commit of which only the beginning is known, a patch that the format cannot hold.
    """
    spec = find_tree(ctx, request.tree)
    job = open_series(ctx, request.series, refresh=request.terms.refresh, variant=request.terms.variant)
    with open_library(ctx) as library:
        applied = apply_tree(library, job, spec, request.terms)
        refused = tuple(each for each in applied.outcome.patches if not each.outcome.usable)
        if refused or applied.outcome.patches[-1].tree_object == applied.tree.tree_object:
            return Prepared(applied.outcome, refused)
        export = Exporter(library, job, spec, applied, request).export()
        files = tuple(_files(export, request))
        prove(library.store, export, files)
        return Prepared(applied.outcome, export=export, files=files)


def write_files(path: Path, prepared: Prepared, *, force: bool) -> None:
    """Write the files of an export as the directory *path*, all or none.

    Raises UsageError where something else is there, MachineFault where they cannot be written.
    """
    check_out(path, force=force)
    write_directory(path, prepared.files)


def check_out(path: Path, *, force: bool) -> None:
    """Raise UsageError where *path* cannot become the directory of an export."""
    check_directory(path, force=force, ours=lambda name: name == SERIES or _OURS.fullmatch(name) is not None)


def write_branch(ctx: Context, export: Export, path: Path, branch: str, *, force: bool) -> None:
    """Make *branch* of the repository at *path* the exported commits; raises what ``hand_over`` raises."""
    with open_store(ctx.cache.store) as store:
        ref = f"refs/seriestool/exported/{export.series.slug}/{export.tree.name}"
        store.set_ref(ref, export.commit, store.resolve(ref))
        hand_over(store, ref, path, branch, base=export.tree.commit, force=force, progress=ctx.progress)


def _files(export: Export, request: ExportRequest) -> Iterator[OutFile]:
    cover = cover_text(export) if request.cover else None
    match request.format:
        case ExportFormat.MBOX:
            yield from mails(export, cover)
        case ExportFormat.QUILT:
            yield from quilt_series(export, cover)
