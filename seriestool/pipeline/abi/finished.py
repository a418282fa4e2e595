# SPDX-License-Identifier: GPL-2.0-or-later
"""Finished matrices, kept by everything that can affect them, so that asking again compiles nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from seriestool.arch.abi import Abi
from seriestool.errors import MachineFault
from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import PatchOutcome, TreeOutcome
from seriestool.model.plain import from_plain, to_plain
from seriestool.model.tree import Tree

_PACKAGE = Path(__file__).parents[2]
# The code that a matrix is made by; a change of it may change what comes out.
_CODE = ("abi/*.py", "arch/abi*.py", "formats/*.py", "model/*.py", "pipeline/abi/*.py")


_MOST = 200  # matrices that are kept, half a megabyte each
# What installing headers and configuring a kernel start: one that is missing makes cells unavailable.
_PROGRAMS = ("make", "gcc", "rsync", "sed", "find", "grep", "flex", "bison", "bc", "perl", "awk")


def matrix_key(outcome: TreeOutcome, abis: Sequence[Abi], *others: object) -> str:
    """Return the key of a matrix: states, ABIs with their compilers, programs, our own code, *others* by their repr."""
    kernels = [(abi.name, compiler_identity(abi.compat.compiler)) for abi in abis if abi.compat]
    states = [_state(patch) for patch in outcome.patches]
    return _key(abis, outcome.tree, outcome.version, outcome.commit, *states, *kernels, *others)


def trees_key(old: Tree, new: Tree, abis: Sequence[Abi]) -> str:
    """Return the key of a matrix of two trees."""
    return _key(abis, "between", *((each.name, each.version, each.commit) for each in (old, new)))


def _key(abis: Iterable[Abi], *others: object) -> str:
    parts = [
        _code(), [shutil.which(name) for name in _PROGRAMS],
        *((abi, compiler_identity(abi.compiler)) for abi in abis), *others,
    ]  # fmt: skip
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()


def _state(patch: PatchOutcome) -> tuple[object, ...]:
    named = () if patch.outcome.usable else tuple(hunk.path for hunk in patch.hunks)
    return patch.number, patch.subject, patch.outcome.value, patch.tree_object, named


def compiler_identity(name: str) -> tuple[str, int, int] | None:
    """Return file, size and time of the program *name*, None where it is not on PATH: a start of it takes longer."""
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found).resolve()
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _CODE for path in _PACKAGE.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load_matrix(directory: Path, key: str) -> AbiMatrix | None:
    """Return the matrix that is kept under *key*; None where there is none that can be read."""
    try:
        return from_plain(AbiMatrix, json.loads((directory / f"{key}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_matrix(directory: Path, key: str, matrix: AbiMatrix) -> None:
    """Keep *matrix* under *key*, whole or not at all. Raises MachineFault."""
    path = directory / f"{key}.json"
    partial = directory / f"{key}.{os.getpid()}.partial"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(to_plain(matrix)), encoding="utf-8")
        partial.replace(path)
        _prune(directory)
    except OSError as error:
        raise MachineFault(f"{path}: {error.strerror}") from error


def _prune(directory: Path) -> None:
    """Remove what was found out longest ago, so that there are never more than a few hundred."""
    by_age = sorted(directory.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in by_age[:-_MOST]:
        path.unlink(missing_ok=True)
