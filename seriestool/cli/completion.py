# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool completion``: the script that makes a shell complete commands, options, series, trees and arches."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from seriestool.errors import ExitCode


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the shell completion script.

    \b
    bash: eval "$(seriestool completion bash)"
    zsh:  eval "$(seriestool completion zsh)"
    fish: seriestool completion fish | source
    """  # noqa: D301  # \b is click's mark for lines that stay as they are
    from seriestool.cli.main import COMPLETE_VARIABLE, PROGRAM, cli

    completer = get_completion_class(shell)
    assert completer is not None
    click.echo(completer(cli, {}, PROGRAM, COMPLETE_VARIABLE).source())
    return ExitCode.PASSED
