# SPDX-License-Identifier: GPL-2.0-or-later
"""Adaptations in progress: one small JSON file each, ``.seriestool/adapt/<slug>-<tree>-<number>.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from seriestool.errors import MachineFault, UsageError
from seriestool.git.objects import disk_fault
from seriestool.model.series import Variant
from seriestool.places import Workspace


@dataclass(frozen=True, slots=True)
class InProgress:
    """One adaptation that somebody works on.

    ``before`` is the tree object that the patch was put onto, ``commit`` the commit that has it, ``version`` that of
    the tree; ``variant`` is the form of the patch. ``causes`` has for each hunk that did not fit ("kernel/x.c:1") what
    differs, as a sentence.
    """

    slug: str
    number: str
    tree: str
    version: str
    subject: str
    patch_id: str
    before: str
    commit: str
    worktree: str
    causes: Mapping[str, str]
    variant: Variant = Variant.LANDED

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.slug}-{self.tree}-{self.number}"

    @property
    def words(self) -> str:
        """What names it on a command line."""
        return f"{self.slug} {self.number} --tree {self.tree}"

    def cause(self, path: str, number: int) -> str:
        """Return why a hunk did not fit, "" where it did."""
        return self.causes.get(f"{path}:{number}", "")


def words(slug: str, number: str, tree: str, variant: Variant) -> str:
    """Return what begins an adaptation on a command line, after the command's name."""
    form = f" --variant {variant}" if variant is not Variant.LANDED else ""
    return f"{slug} {number} --tree {tree}{form}"


def adapt_dir(workspace: Workspace) -> Path:
    """Return the directory of everything in progress."""
    return workspace.state / "adapt"


def state_file(workspace: Workspace, name: str) -> Path:
    """Return the file that remembers the adaptation *name*."""
    return adapt_dir(workspace) / f"{name}.json"


def explanation_file(workspace: Workspace, name: str) -> Path:
    """Return the file that explains the conflicts of the adaptation *name*."""
    return adapt_dir(workspace) / f"{name}.md"


def keep(workspace: Workspace, state: InProgress) -> None:
    """Write *state* down, or nothing of it.

    Raises UsageError when that adaptation is in progress already, MachineFault when it cannot be written.
    """
    file = state_file(workspace, state.name)
    text = json.dumps(asdict(state), indent=2)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        out = file.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise in_progress(state) from error
    except OSError as error:
        raise disk_fault(error, file) from error
    try:
        with out:
            out.write(text)
    except BaseException as error:  # Ctrl-C is one
        forget(workspace, state)
        if isinstance(error, OSError):
            raise disk_fault(error, file) from error
        raise


def in_progress(state: InProgress) -> UsageError:
    """Return the error for an adaptation that was begun already."""
    return UsageError(
        f"an adaptation of {state.slug} {state.number} for {state.tree} is in progress in {state.worktree}",
        hint=f"seriestool adapt {state.words} --continue, or --abort",
    )


def forget(workspace: Workspace, state: InProgress) -> None:
    """Remove the files of *state*, and the directories that are then empty."""
    for file in (state_file(workspace, state.name), explanation_file(workspace, state.name)):
        file.unlink(missing_ok=True)
    for folder in (adapt_dir(workspace), workspace.state):
        with suppress(OSError):
            folder.rmdir()


def everything(workspace: Workspace) -> Iterator[InProgress]:
    """Yield every adaptation in progress; raises MachineFault for a file that nobody here wrote."""
    for file in sorted(adapt_dir(workspace).glob("*.json")):
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            known = {field.name: values[field.name] for field in fields(InProgress) if field.name in values}
            yield InProgress(**known | {"variant": Variant(known.get("variant", Variant.LANDED))})
        except (ValueError, TypeError) as error:
            raise MachineFault(f"{file}: not the state of an adaptation", hint=f"rm {file}") from error


def find(
    workspace: Workspace, *, series: str | None, number: str | None, tree: str | None, place: Path
) -> InProgress:
    """Return the one adaptation in progress that is meant: by name, by being inside of its worktree, or the only one.

    Raises UsageError where there is none, or more than one.
    """
    found = [
        state
        for state in everything(workspace)
        if series in (None, state.slug) and number in (None, state.number) and tree in (None, state.tree)
    ]
    inside = [state for state in found if place.is_relative_to(Path(state.worktree))]
    if inside or len(found) == 1:
        return (inside or found)[0]
    if not found:
        named = " ".join(word for word in (series, number, f"for {tree}" if tree else None) if word)
        raise UsageError(
            f"no adaptation{f' of {named}' if named else ''} is in progress",
            hint="seriestool adapt SERIES NUMBER --tree TREE begins one",
        )
    raise UsageError(
        f"{len(found)} adaptations are in progress: which one?", hint=f"one of: {'; '.join(s.words for s in found)}"
    )
