# SPDX-License-Identifier: GPL-2.0-or-later
"""``seriestool adapt --continue`` and ``--abort``."""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

import click

from seriestool.cli import options
from seriestool.errors import ExitCode, MachineFault, UsageError
from seriestool.git.identity import author, editor
from seriestool.pipeline.adapting.outdated import adapted_since
from seriestool.pipeline.adapting.record import Draft, Kept, abandon, draft, record, split_reason
from seriestool.pipeline.adapting.state import InProgress
from seriestool.pipeline.context import Context
from seriestool.report.adaptation import adaptation_json, parts
from seriestool.report.view import clean

_AUTHOR = "an adaptation has an author"
_SECTION = re.compile(r"\[(.+)\]\s*")


def continue_adaptation(
    ctx: Context,
    state: InProgress,
    reason: str | None,
    hunk_reasons: Sequence[str],
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Record what was made of the patch, and say where."""
    reasons = dict(split_reason(text) for text in hunk_reasons)
    made = draft(ctx, state)
    if reason is None:
        reason, told = _ask(ctx, made)
        reasons = told | reasons
    since = adapted_since(ctx.workspace, made)
    kept = record(
        ctx, made, reason=reason, hunk_reasons=reasons, author=str(author(ctx.workspace.root, _AUTHOR)),
        date=datetime.date.today().isoformat(), dry_run=dry_run,
    )  # fmt: skip
    if since:
        ctx.progress.note(
            f"warning: opened before {', '.join(since)} was adapted; where it does not fit any more, "
            f"seriestool adapt {state.words} starts from it"
        )
    if as_json:
        options.print_json(
            {"file": str(kept.path), **adaptation_json(kept.adaptation), "left_out": list(made.unknown)}
        )
    elif dry_run:
        click.echo(kept.text, nl=False)
    else:
        for line in _told(made, kept):
            click.echo(line)
    return ExitCode.PASSED


def abort_adaptation(ctx: Context, state: InProgress, *, dry_run: bool, as_json: bool) -> int:
    """Remove everything about an adaptation in progress."""
    if not dry_run:
        abandon(ctx, state)
    if as_json:
        named = {"series": state.slug, "number": state.number, "tree": state.tree}
        options.print_json({**named, "removed": state.worktree})
    else:
        click.echo(f"{'would remove' if dry_run else 'removed'} {state.worktree}")
    return ExitCode.PASSED


def _told(made: Draft, kept: Kept) -> Iterator[str]:
    yield f"recorded {kept.path}"
    yield from (f"  {line}" for line in parts(kept.adaptation))
    if made.unknown:
        names = ", ".join(made.unknown[:8]) + (" and more" if len(made.unknown) > 8 else "")
        yield clean(f"not part of it, because git did not know them: {names}")
    yield f"next: seriestool apply {made.state.slug} --tree {made.state.tree}"


def _ask(ctx: Context, made: Draft) -> tuple[str, dict[str, str]]:
    """Let an editor ask for the reasons; raises UsageError without a terminal, and for an empty reason."""
    command = editor(ctx.workspace.root)
    if command is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("no reason: an adaptation says why", hint="--reason '...'")
    author(ctx.workspace.root, _AUTHOR)  # before somebody writes for nothing
    try:
        text = click.edit(_template(made), editor=command, extension=".txt", require_save=False)
    except click.ClickException as error:
        raise MachineFault(f"{command}: {error.format_message()}") from error
    reason, told = _read(text or "", made.parts)
    if not reason:
        raise UsageError("the reason is empty: nothing was recorded", hint="the worktree is kept")
    return reason, told


def _template(made: Draft) -> str:
    lines = [
        "",
        f"# Why does patch {made.state.number} have to change for {made.state.tree}? Write it above this line.",
        "# An empty reason records nothing. Lines that begin with # do not count.",
        "# Below stands what differs, with the reason of each part; without one, the reason above counts.",
    ]
    for name, part in made.parts.items():
        lines += ["", f"[{name}]", part.reason]
    return "\n".join(lines) + "\n"


def _read(text: str, names: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """Read what ``_template`` became: the reason, and those of the parts."""
    found: dict[str, list[str]] = {"": []}
    at = ""
    for line in text.splitlines():
        section = _SECTION.fullmatch(line)
        if section is not None and section[1] in names:
            at = section[1]
            found.setdefault(at, [])
        elif not line.startswith("#"):
            found[at].append(line.strip())
    reasons = {name: " ".join(" ".join(lines).split()) for name, lines in found.items()}
    return reasons.pop(""), {name: reason for name, reason in reasons.items() if reason}
