# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line reference, written from the commands themselves: ``python -m seriestool.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from seriestool.cli.main import COMMANDS, cli

_HEAD = """\
# Command line

Written by `python -m seriestool.cli.reference > docs/reference/command-line.md`; a test compares. Data goes to
standard output, progress and errors to standard error.
"""


def reference() -> str:
    """Return the whole page, Markdown."""
    root = click.Context(
        cli, info_name="seriestool", max_content_width=100, terminal_width=100, help_option_names=["-h", "--help"]
    )
    return "\n".join([_HEAD, *_page(root, cli)]) + "\n"


def _page(root: click.Context, group: click.Group) -> Iterator[str]:
    yield from _section("seriestool", group.get_help(root))
    for name, _, _ in COMMANDS:
        command = group.get_command(root, name)
        assert command is not None
        with click.Context(command, info_name=name, parent=root, max_content_width=100, terminal_width=100) as context:
            yield from _section(f"seriestool {name}", command.get_help(context))


def _section(title: str, text: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield "```text"
    yield text.rstrip()
    yield "```\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
