# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of the headers of a tree under one ABI before and after each patch of a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seriestool.abi.scope import Headers
from seriestool.model.abi import AbiResult, HeaderFailure
from seriestool.model.layout import Layout


@dataclass(frozen=True, slots=True)
class State:
    """The headers of the base, or what one patch made of them, under one ABI.

    ``number`` and ``subject`` are the patch's, empty for the base. ``headers`` are installed headers by their path
    below include/, each compiled alone:

    * of the base: every header that any patch of the series affects, as far as the base has it. Affected are those
      that a patch changes, adds or removes and all that include one of them.
    * of a patch: only those that this patch affects, as they are after it. What is not named is as the state before
      had it. Reading more than that does no harm.

    ``removed`` are the headers that are not installed any more after this patch.

    Of these two reasons at most one is given, and then ``headers`` is empty. ``untouched`` says why the patch cannot
    change any header ("touches no user-space header"). ``unavailable`` says why this state could not be read at all
    ("arm-linux-gnueabi-gcc is not installed", "the headers do not install: ..."); the next state that can be read then
    names what was affected since the last one that could.
    """

    number: str = ""
    subject: str = ""
    headers: Mapping[str, Layout | HeaderFailure] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    untouched: str = ""
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a series does under one ABI: one result per patch, in order, and base against the last patch.

    ``base`` and ``last`` are all headers that were looked at, before and after the series, for the reference and the
    expectations; empty where they could not be read.
    """

    patches: tuple[AbiResult, ...]
    final: AbiResult
    base: Headers
    last: Headers
