# SPDX-License-Identifier: GPL-2.0-or-later
"""The options that say on which terms a series is applied, as one value for every command that applies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from seriestool.cli import options

_Command = TypeVar("_Command", bound=Callable[..., Any])


def terms_options(command: _Command) -> _Command:
    """Add the options of a command that only applies; it is given ``terms``."""
    for add in (_context_option, _adaptations_option, _prerequisites_option):
        command = add(command)
    return stage_terms_options(command)


def stage_terms_options(command: _Command) -> _Command:
    """Add the options of a command that goes on from what was applied; it is given ``terms``."""

    @functools.wraps(command)
    def with_terms(
        *args: Any,  # noqa: ANN401  # what the command takes and gives is its own business
        variant: str,
        with_follow_ups: bool,
        refresh: bool,
        with_prerequisites: bool = False,
        no_adaptations: bool = False,
        context: int | None = None,
        **others: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        from seriestool.model.series import Variant
        from seriestool.pipeline.terms import Terms

        terms = Terms(
            variant=Variant(variant), with_follow_ups=with_follow_ups, with_prerequisites=with_prerequisites,
            adapt=not no_adaptations, context=context, refresh=refresh,
        )  # fmt: skip
        return command(*args, terms=terms, **others)

    for add in (options.refresh_option, _follow_ups_option, options.variant_option()):
        with_terms = add(with_terms)
    return cast(_Command, with_terms)


def _follow_ups_option(command: _Command) -> _Command:
    return click.option(
        "--with-follow-ups", is_flag=True, help="Also apply the follow-ups that are known but not part of the job."
    )(command)


def _prerequisites_option(command: _Command) -> _Command:
    return click.option(
        "--with-prerequisites", is_flag=True, help="Put the commits in front that the series needs."
    )(command)


def _adaptations_option(command: _Command) -> _Command:
    return click.option(
        "--no-adaptations", is_flag=True, help="Take the patches without recorded adaptations."
    )(command)


def _context_option(command: _Command) -> _Command:
    return click.option(
        "-C", "--context", type=click.IntRange(min=0), metavar="N",
        help="Where a patch does not fit, ask for N lines of context only (git apply -C), in the one place that has "
        "them.",
    )(command)  # fmt: skip
