# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool trees``: the kernel trees of the workspace."""

from __future__ import annotations

import click

from seriestool.cli import options
from seriestool.errors import ExitCode


@click.command("trees")
@click.argument("names", nargs=-1, metavar="[TREE]...", shell_complete=options.complete_tree)
@click.option("-i", "--import", "wanted", is_flag=True, help="Import the named trees (all of them when none is named).")
@options.json_option
@options.quiet_option
def command(names: tuple[str, ...], *, wanted: bool, as_json: bool, quiet: bool) -> int:
    """List kernel trees and what was imported of each; with --import, download and import them.

    Trees are written down in seriestool.toml: a Debian source package, a git repository and ref, or a tarball.
    """
    from seriestool.git.objects import open_store
    from seriestool.pipeline.context import find_tree
    from seriestool.trees import describe, import_tree, known_tree

    ctx = options.make_context(quiet=quiet)
    specs = [find_tree(ctx, name) for name in names] or list(ctx.config.trees)
    rows = []
    with open_store(ctx.cache.store) as store:
        for spec in specs:
            tree = (
                import_tree(spec, store=store, cache=ctx.cache, progress=ctx.progress)
                if wanted
                else known_tree(spec, store)
            )
            rows.append((spec, tree))
    if as_json:
        options.print_json(
            {
                "trees": [
                    {
                        "tree": spec.name,
                        "source": describe(spec.source),
                        "version": tree.version if tree else None,
                        "commit": tree.commit if tree else None,
                    }
                    for spec, tree in rows
                ]
            }
        )
        return ExitCode.PASSED
    from seriestool.report.terminal import render_trees

    options.print_rich(render_trees([(spec.name, describe(spec.source), tree) for spec, tree in rows]))
    return ExitCode.PASSED
