# SPDX-License-Identifier: GPL-2.0-or-later
"""The states of a series under one ABI: of each patch the headers that it affects, compiled before and after it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import pairwise

from seriestool.abi.headers import Installed, InstallFailure
from seriestool.abi.reader import HeaderReader
from seriestool.abi.scope import Headers, layout_of
from seriestool.abi.series import judge_states
from seriestool.abi.state import Judgement, State
from seriestool.abi.types import Types
from seriestool.arch.abi import Abi
from seriestool.model.abi import AbiVerdict
from seriestool.model.layout import Layout
from seriestool.pipeline.abi.installs import Installs
from seriestool.pipeline.abi.steps import Step, Steps

_WORD = re.compile(r"\w+$")


def judge(abi: Abi, steps: Steps, installs: Installs, reader: HeaderReader) -> Judgement:
    """Judge every step under *abi*, whose compiler is there.

    Raises what ``HeaderReader.read`` and ``HeaderInstaller.install`` raise.
    """
    judgement = judge_states(abi, [*_states(abi, steps, installs, reader)])
    results = tuple(
        step.known(abi.name) if step.verdict is AbiVerdict.UNAVAILABLE else result
        for step, result in zip(steps.steps, judgement.patches, strict=True)
    )
    final = judgement.final
    if steps.lost is not None:
        final = replace(final, reason=f"{steps.lost} does not apply")
    return replace(judgement, patches=results, final=final)


def _states(abi: Abi, steps: Steps, installs: Installs, reader: HeaderReader) -> Iterator[State]:
    """Give the base, and what each step made of it; a header that a step cannot change is not read again."""
    installed = {commit: installs.at(commit, abi.kernel_arch) for commit in steps.commits}
    base = installed.get(steps.base)
    if isinstance(base, InstallFailure):
        yield State(unavailable=_failed(base))
    else:
        known = [each for each in installed.values() if isinstance(each, Installed)]
        reach = sorted({header for pair in pairwise(known) for header in installs.affected(*pair)})
        yield State(headers=_read(reader, abi, base, reach))
    last = base if isinstance(base, Installed) else None
    for step in steps.steps:
        after = installed.get(step.after) if step.verdict is None else None
        if after is None:
            yield _unread(step, steps)
        elif isinstance(after, InstallFailure):
            yield State(step.number, step.subject, unavailable=_failed(after))
        else:
            changed = installs.affected(last, after) if last is not None else ()
            removed = tuple(header for header in changed if header not in after.files)
            yield State(step.number, step.subject, _read(reader, abi, after, changed), removed)
            last = after


def _unread(step: Step, steps: Steps) -> State:
    """Return the state after a step that is not read: one that is lost makes whatever is behind it unknown."""
    if step.verdict is AbiVerdict.UNAVAILABLE and steps.is_lost(step):
        return State(step.number, step.subject, unavailable=step.reason)
    return State(step.number, step.subject, untouched=step.reason)


def _read(reader: HeaderReader, abi: Abi, installed: Installed | None, headers: Collection[str]) -> Headers:
    there = [header for header in headers if installed is not None and header in installed.files]
    return reader.read(abi, installed.include, there) if installed is not None and there else {}


def _failed(failure: InstallFailure) -> str:
    return f"the headers do not install: {failure.reason}"


def layout_with(
    abi: Abi, headers: Headers, types: Collection[str], installed: Installed, reader: HeaderReader
) -> Layout:
    """Return the layout of *headers*, and of those others that are needed to have *types* ("struct siginfo") in it.

    Which header defines a type is not known: each that names it is read, until one has it.
    """
    found: dict[str, Layout] = {}
    layout = layout_of(headers)
    for name in types:
        if not _has(layout, name):
            for header in _naming(name, installed):
                if header not in headers and header not in found:
                    read = reader.read(abi, installed.include, [header])[header]
                    if isinstance(read, Layout):
                        found[header] = read
                        layout = layout_of({**headers, **found})
                if _has(layout, name):
                    break
    return layout


def _has(layout: Layout, name: str) -> bool:
    types = Types(layout)
    return types.record(name) is not None or types.typedef(name) is not None or types.enum(name) is not None


def _naming(name: str, installed: Installed) -> Iterator[str]:
    """Give the headers that name a type; those that seem to define it first."""
    word = _WORD.search(name)
    if word is None:
        return
    defining = re.compile(rf"\b(?:struct|union|enum)\s+{word[0]}\s*\{{|\}}[^;{{}}]*\b{word[0]}\s*;".encode())
    naming = re.compile(rf"\b{word[0]}\b".encode())
    texts = {header: (installed.include / header).read_bytes() for header in installed.files}
    named = [header for header, text in texts.items() if naming.search(text)]
    yield from sorted(named, key=lambda header: (not defining.search(texts[header]), header))
