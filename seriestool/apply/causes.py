# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rest of a tree, and other trees, tell about the hunks that one tree rejected.

Asked when all patches of a series were judged, so that one search through the tree answers for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seriestool.apply.explain import strange_words
from seriestool.apply.hunks import apply_hunks, find_place, leading, split_lines
from seriestool.apply.outcomes import IN_TREE
from seriestool.apply.view import View
from seriestool.formats.words import code, ordered_words
from seriestool.git.names import Found, find_names, folders
from seriestool.git.objects import ObjectStore
from seriestool.git.paths import same_name
from seriestool.model.outcome import HunkOutcome, PatchOutcome
from seriestool.model.series import FileDiff, Hunk, Patch
from seriestool.model.tree import Tree

_SHOWN = 4  # names of one kind
_OUTSIDE = re.compile(rb"[A-Za-z_}]")  # at the beginning of a line: no line inside a function
_FUNCTION = re.compile(r"(\w{4,})\s*\(")
# Words of C and of Kconfig: none of them is anybody's name.
_KEYWORDS = frozenset({
    "auto", "bool", "break", "case", "char", "const", "continue", "default", "define", "defined", "depends", "double",
    "elif", "else", "endif", "enum", "error", "extern", "float", "goto", "help", "ifdef", "ifndef", "include",
    "inline", "long", "menu", "pragma", "register", "return", "select", "short", "signed", "sizeof", "static",
    "struct", "switch", "tristate", "typedef", "union", "unsigned", "void", "volatile", "while",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rejection:
    """A rejected hunk: its patch and place in the outcomes, and the names its file does not have."""

    patch: int
    index: int
    diff: FileDiff
    hunk: Hunk
    strangers: tuple[str, ...]


def explain_rejections(
    store: ObjectStore,
    tree: Tree,
    patches: Sequence[Patch],
    outcomes: Sequence[PatchOutcome],
    *,
    others: Sequence[Tree] = (),
    context: int | None = None,
) -> list[PatchOutcome]:
    """Return *outcomes* with what is absent from *tree*, and which of *others* have it, told for each rejected hunk.

    Raises MachineFault when git cannot be run.
    """
    others = [other for other in others if other.tree_object != tree.tree_object]
    hunks = [list(outcome.hunks) for outcome in outcomes]
    numbers = range(len(outcomes))
    rejections = [each for number in numbers for each in _rejections(store, tree, patches, outcomes, number)]
    found = _look_up(store, tree, rejections)
    bringers = _brought(patches) if rejections else {}
    for rejection in rejections:
        told = hunks[rejection.patch][rejection.index]
        hunks[rejection.patch][rejection.index] = _told(
            told, rejection, found, _earlier(rejection, patches, bringers), _elsewhere(store, others, rejection)
        )
    for number, patch in enumerate(patches):
        for index, hunk in enumerate(hunks[number]):
            if not hunk.number and not hunk.applied:
                hunks[number][index] = _missing_file(store, tree, others, patch, hunk)
    return [replace(outcome, hunks=tuple(own)) for outcome, own in zip(outcomes, hunks, strict=True)]


def _rejections(
    store: ObjectStore, tree: Tree, patches: Sequence[Patch], outcomes: Sequence[PatchOutcome], number: int
) -> Iterator[_Rejection]:
    """Yield the hunks of one patch that found no place, each with the names its file lacks."""
    if outcomes[number].outcome.usable:
        return
    view = View(store, outcomes[number - 1].tree_object if number else tree.tree_object)
    diffs = {diff.path: diff for diff in patches[number].files}
    for index, hunk in enumerate(outcomes[number].hunks):
        if hunk.applied or not hunk.number or hunk.line is not None or hunk.cause == IN_TREE:
            continue
        diff = diffs[hunk.path]
        if hunk.number > len(diff.hunks):  # a path that the patch names twice
            continue
        wanted = diff.hunks[hunk.number - 1]
        file = view.before(diff.old_path or diff.path)
        names = [] if file is None else strange_words(file.data, wanted)
        yield _Rejection(number, index, diff, wanted, tuple(name for name in names if name not in _KEYWORDS))


def _look_up(store: ObjectStore, tree: Tree, rejections: Sequence[_Rejection]) -> Found:
    wanted: dict[str, dict[str, None]] = {}
    for rejection in rejections:
        for folder in folders(rejection.diff.path) if rejection.strangers else ():
            wanted.setdefault(folder, {}).update(dict.fromkeys(rejection.strangers))
    return find_names(store, tree.tree_object, wanted) if wanted else {}


def _brought(patches: Sequence[Patch]) -> Mapping[str, int]:
    """Return which patch, counted from 0, is the first to add each name."""
    brought: dict[str, int] = {}
    for number, patch in enumerate(patches):
        for line in (line for diff in patch.files for hunk in diff.hunks for line in hunk.lines if line.sign == "+"):
            for word in ordered_words(code(line.text)):
                brought.setdefault(word.decode(), number)
    return brought


def _earlier(rejection: _Rejection, patches: Sequence[Patch], bringers: Mapping[str, int]) -> dict[str, str]:
    """Return the strangers that an earlier patch adds, with its number."""
    return {
        name: patches[bringers[name]].number
        for name in rejection.strangers
        if bringers.get(name, rejection.patch) < rejection.patch
    }


def _elsewhere(store: ObjectStore, others: Sequence[Tree], rejection: _Rejection) -> tuple[str, ...]:
    """Name the trees in whose version of the file the hunk finds its place."""
    path = rejection.diff.old_path or rejection.diff.path
    files = ((other.name, View(store, other.tree_object).before(path)) for other in others)
    return tuple(name for name, file in files if file and find_place(split_lines(file.data), rejection.hunk))


def _told(
    hunk: HunkOutcome, rejection: _Rejection, found: Found, earlier: Mapping[str, str], elsewhere: tuple[str, ...]
) -> HunkOutcome:
    """Write down what became of the names: nowhere, of an earlier patch, or in another file."""
    own = folders(rejection.diff.path)
    absent, other_files = [], []
    for name in rejection.strangers:
        places = [found.get(folder, {}).get(name) for folder in own]
        file = next((place for place in places if place), None)
        if name in earlier or None in places:
            continue
        if file is None:
            absent.append(name)
        else:
            other_files.append(f"{name} (it is in {file})")
    causes = [hunk.cause or "its context was not found"]
    if absent:
        # Less context would bring the hunk somewhere, but what it is about is not here.
        causes = [causes[0].partition("; -C ")[0], f"not in this tree: {_listed(absent)}"]
        if (function := _function(rejection.hunk)) in absent:
            causes.append(f"{function}() is what it changes: the hunk has nothing to act on")
    other_files = [f"{name} ({number} brings it)" for name, number in earlier.items()] + other_files
    if other_files:
        causes.append(f"not in this file: {_listed(other_files)}")
    return replace(hunk, cause="; ".join(causes), absent=tuple(absent), elsewhere=elsewhere)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _function(hunk: Hunk) -> str | None:
    """Return the function that git named behind the ``@@``, None where the first change is in none, or in another."""
    match = _FUNCTION.search(hunk.section)
    before = hunk.lines[: leading(hunk)]
    return None if match is None or any(_OUTSIDE.match(line.text) for line in before) else match[1]


def _missing_file(
    store: ObjectStore, tree: Tree, others: Sequence[Tree], patch: Patch, hunk: HunkOutcome
) -> HunkOutcome:
    """Say of a file that is not there which other trees have it, and where one of its name is."""
    diff = next(diff for diff in patch.files if diff.path == hunk.path)
    path = diff.old_path
    if path is None or hunk.cause != f"{path} is not in this tree":
        return hunk
    files = {other.name: file for other in others if (file := View(store, other.tree_object).before(path))}
    fits = tuple(name for name, file in files.items() if all(apply_hunks(file.data, diff.hunks).places))
    causes = [hunk.cause]
    if files:
        causes.append(f"it is in {', '.join(files)}")
    if moved := same_name(store, tree.tree_object, path):
        causes.append(f"a file of that name is here: {', '.join(moved)}")
    return replace(hunk, cause="; ".join(causes), elsewhere=fits)
