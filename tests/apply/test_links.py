# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbolic links are no way out of a tree, whatever a series does with them one patch after the other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from seriestool.apply.series import apply_series
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE, SYMLINK
from seriestool.model.outcome import Outcome, PatchOutcome
from tests.git.world import Files, commit, diff, patch, read


def judged(store: ObjectStore, target: Files, *states: Files) -> list[PatchOutcome]:
    patches = [patch(f"{number:02}", diff(store, *step)) for number, step in enumerate(pairwise(states), 1)]
    return list(apply_series(store, commit(store, target), patches).patches)


@pytest.mark.parametrize("target", [b"../../x", b"../.git/config"])
def test_a_link_that_would_leave_from_its_new_place(store: ObjectStore, target: bytes) -> None:
    before = {"a/b/c/link": (SYMLINK, target), "f": (FILE, b"f\n")}
    (found,) = judged(store, before, before, {"link": (SYMLINK, target), "f": (FILE, b"f\n")})
    assert found.outcome is Outcome.CONFLICT
    assert "symbolic link" in found.evidence
    assert read(store, found.tree_object) == before


def test_a_link_that_stays_inside_may_move(store: ObjectStore) -> None:
    before, after = {"a/link": (SYMLINK, b"f")}, {"b/link": (SYMLINK, b"f")}
    (found,) = judged(store, before, before, after)
    assert found.outcome is Outcome.APPLIES


def test_nothing_is_written_through_a_link_of_an_earlier_patch(store: ObjectStore) -> None:
    """Each patch alone is harmless; the second finds the first one's link in its way."""
    base = {"d/f": (FILE, b"f\n")}
    first = {**base, "link": (SYMLINK, b"d")}
    one = patch("01", diff(store, base, first))
    two = patch("02", diff(store, base, {**base, "link/g": (FILE, b"g\n")}))
    found = apply_series(store, commit(store, base), [one, two]).patches
    assert [each.outcome for each in found] == [Outcome.APPLIES, Outcome.CONFLICT]
    assert "link is a file or a symbolic link" in found[1].evidence


def test_a_file_does_not_become_a_link_by_its_mode(store: ObjectStore) -> None:
    base = {"f": (FILE, b"/etc/passwd")}
    text = b"diff --git a/f b/f\nold mode 100644\nnew mode 120000\n"
    (found,) = apply_series(store, commit(store, base), [patch("01", text)]).patches
    assert found.outcome is Outcome.CONFLICT
    assert read(store, found.tree_object) == base
