# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``seriestool`` program: finds the command, runs it, and turns every end into one line and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from seriestool import __version__
from seriestool.errors import ExitCode, SeriestoolError, UsageError

# Command, module of this room, help. The help stands here too, so that --help imports no command; a test compares.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("add", "add", "Start tracking a series: write patches/<slug>/series.toml."),
    ("fetch", "fetch", "Read a tracked series again from the archive."),
    ("status", "status", "Show where a series stands, one line per patch."),
    ("trees", "trees", "List kernel trees, and import them."),
    ("apply", "apply", "Say for every patch and tree whether it applies, and why."),
    ("adapt", "adapt", "Make a patch fit a tree by hand, and remember what had to change and why."),
    ("abi", "abi", "Say what every patch does to user-space layouts, without building a kernel."),
    ("build", "build", "Apply a series and build its kernels."),
    ("test", "test", "Apply, build, boot and test, without a report."),
    ("run", "run", "The whole job: fetch, apply, build, boot, test, report."),
    ("report", "report", "Render a stored run: terminal, html or json."),
    ("export", "export", "Write a series that applies as mail, quilt series or branch, ready for stable."),
    ("demo", "demo", "Run the main job on real input, or on the series that comes with seriestool."),
    ("doctor", "doctor", "Say what this machine lacks, and install it."),
    ("completion", "completion", "Print the shell completion script."),
)


PROGRAM = "seriestool"
COMPLETE_VARIABLE = "_SERIESTOOL_COMPLETE"


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a job, not of the alphabet."""
        return [name for name, _, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        for name, module, _ in COMMANDS:
            if name == cmd_name:
                command = importlib.import_module(f"seriestool.cli.{module}").command
                assert isinstance(command, click.Command)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the closest commands when one is misspelt, as git does."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            import difflib

            close = difflib.get_close_matches(name, self.list_commands(ctx))
            hint = f"did you mean: {', '.join(close)}" if close else "seriestool --help lists the commands"
            raise UsageError(f"unknown command: {name}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their help, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, _, text in COMMANDS])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, message="seriestool %(version)s")
@click.option(
    "-C", "directory", metavar="DIR", type=click.Path(path_type=Path),
    help="Run as if started in DIR.",
)  # fmt: skip
def cli(directory: Path | None) -> None:
    """Carry Linux kernel patch series: apply, build, boot, test, and say why.

    A series is named by its slug in this workspace, a message-id, a lore URL, an mbox, a directory of patches, or a
    git range: <rev>..<rev> in the current repository, <repository>:<rev>..<rev> in another.

    \b
    Exit codes, safe under git bisect run: 0 passed; 1 a verdict against the series; 3 does not apply;
    125 cannot tell (network, lost guest, no compiler, unreadable mail); 128 a bug in seriestool;
    129 usage; 130 interrupted.
    """  # noqa: D301  # \b is click's mark for lines that stay as they are
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise UsageError(f"-C {directory}: {error.strerror}") from error


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program and exit; the console script's entry."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale that cannot show a name is no reason to stop
    sys.exit(run(list(sys.argv[1:] if argv is None else argv)))


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; every message of an error comes from here."""
    try:
        if COMPLETE_VARIABLE in os.environ:  # the shell asks what could follow
            cli.main(args=argv, prog_name=PROGRAM)
        # Not cli.main(): that answers Ctrl-C with an empty line of its own.
        with cli.make_context(PROGRAM, argv) as context:
            result = cli.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.ClickException, SeriestoolError, KeyboardInterrupt, click.Abort, OSError) as error:
        return _explain(error)
    except Exception:  # the one place that may: whatever was not foreseen is our bug, and says so
        return _bug()
    return int(result) if isinstance(result, int) else 0


def _explain(error: BaseException) -> int:
    """Print what is known to go wrong in its one form, and return its exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            print(error.format_message(), file=sys.stderr)
            return int(ExitCode.USAGE)
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else "seriestool"
            return _fail(error.format_message(), f"{path} --help", ExitCode.USAGE)
        case SeriestoolError():
            return _fail(error.message, error.hint, error.exit_code)
        case KeyboardInterrupt() | click.Abort():
            return _fail("interrupted", "finished stages are kept; the same command continues", ExitCode.INTERRUPTED)
        case BrokenPipeError():
            # The reader of our output has gone; what git does: end quietly, as if by the signal.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + signal.SIGPIPE
        case OSError():
            where = f": {error.filename}" if error.filename else ""
            return _fail(f"{(error.strerror or str(error)).lower()}{where}", None, ExitCode.CANNOT_TELL)
    return _bug()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _fail(message: str, hint: str | None, code: ExitCode) -> int:
    """Print the one ``error:`` line and at most one ``hint:``, without what could steer a terminal."""
    from seriestool.report.view import clean

    print(f"error: {clean(message)}", file=sys.stderr)
    if hint:
        print(f"hint: {clean(hint)}", file=sys.stderr)
    return int(code)


def _bug() -> int:
    text = traceback.format_exc()
    with tempfile.NamedTemporaryFile("w", prefix="seriestool-bug-", suffix=".txt", delete=False) as file:
        file.write(text)
    last = text.strip().splitlines()[-1]
    return _fail(f"a bug in seriestool: {last}", f"please report it with {file.name}", ExitCode.BUG)
