# SPDX-License-Identifier: GPL-2.0-or-later
"""What counts as evidence that a tree has a patch, and what a rejected hunk says about itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from seriestool.apply.series import apply_series
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import EXECUTABLE, FILE
from seriestool.model.outcome import Outcome, PatchOutcome, TreeOutcome
from seriestool.model.series import Patch
from tests.git.world import Files, commit, diff, patch, plain

HEADER = "".join(f"\tfield_{number}\t: 1,\n" for number in range(8))
CODE = "".join(f"void function_{number}(void)\n{{\n\tcall_{number}();\n}}\n\n" for number in range(12))
BASE = plain(**{"fields.h": HEADER, "code.c": CODE})


def changed(files: Files, name: str, old: str, new: str) -> dict[str, tuple[int, bytes]]:
    """Return *files* with the first *old* in one of them replaced; it has to be there."""
    mode, data = files[name]
    assert old.encode() in data
    return {**files, name: (mode, data.replace(old.encode(), new.encode(), 1))}


def series(store: ObjectStore, *states: Files) -> list[Patch]:
    """Return the patches that lead from each state to the next, numbered from 01."""
    steps = pairwise(states)
    return [patch(f"{number:02}", diff(store, before, after)) for number, (before, after) in enumerate(steps, 1)]


def judged(store: ObjectStore, files: Files, patches: Sequence[Patch]) -> TreeOutcome:
    """Apply without merging: the store of a test knows every blob."""
    return apply_series(store, commit(store, files), patches, three_way=False)


def only(outcome: TreeOutcome) -> PatchOutcome:
    (single,) = outcome.patches
    return single


def test_a_mode_that_is_there_already(store: ObjectStore) -> None:
    script = {"run.sh": (EXECUTABLE, b"#!/bin/sh\n")}
    done = judged(store, script, series(store, {"run.sh": (FILE, b"#!/bin/sh\n")}, script))
    assert only(done).outcome is Outcome.ALREADY


def test_a_rejected_hunk_where_the_file_ends(store: ObjectStore) -> None:
    after = changed(BASE, "fields.h", "\tfield_7\t: 1,\n", "\tfield_7\t: 1,\n\tfield_8\t: 1,\n")
    target = plain(**{"fields.h": HEADER.rpartition("\tfield_7")[0]})
    rejected = only(judged(store, target, series(store, BASE, after))).hunks[0]
    assert (rejected.expected, rejected.found) == ("\tfield_7\t: 1,", "(end of file)")


def test_a_look_alike_elsewhere_is_no_part_of_the_patch(store: ObjectStore) -> None:
    body = "\tif (x < 0)\n\t\treturn x;\n\ty += x;\n"
    loose = "\tif (x)\n\t\treturn x;\n\ty += x;\n"
    far = "".join(f"/* {number} */\n" for number in range(60))
    before = plain(f=f"{far}one\n{loose}two\n")
    patches = series(store, before, changed(before, "f", "if (x)", "if (x < 0)"))
    target = plain(f=f"one\n{body}two\n{far}one\n{loose}zwei\n")
    assert only(judged(store, target, patches)).outcome is Outcome.CONFLICT


def test_a_conflict_of_its_own_is_not_blocked(store: ObjectStore) -> None:
    first = changed(BASE, "fields.h", "\tfield_4\t: 1,\n", "\tfield_4\t: 1,\n\tfresh_one\t: 1,\n")
    second = changed(first, "fields.h", "\tfresh_one\t: 1,\n", "\tfresh_one\t: 1,\n\tfresh_two\t: 1,\n")
    target = changed(changed(BASE, "fields.h", "field_2", "field_two"), "fields.h", "field_5", "field_five")
    outcomes = judged(store, target, series(store, BASE, first, second)).patches
    assert [each.outcome for each in outcomes] == [Outcome.CONFLICT, Outcome.CONFLICT]


FRESH = "".join(f"\tif (fresh_state->counter_{number} > limit)\n\t\tfresh_report({number});\n" for number in range(9))


def test_already_evolved_when_later_changes_moved_on(store: ObjectStore) -> None:
    after = changed(BASE, "code.c", "\tcall_3();\n", f"\tcall_3_fresh();\n{FRESH}")
    evolved = changed(after, "code.c", "fresh_report(2)", "fresh_report(2, true)")
    evolved = changed(evolved, "code.c", "void function_3(void)", "int function_3(int flags)")
    done = judged(store, evolved, series(store, BASE, after))
    assert only(done).outcome is Outcome.ALREADY_EVOLVED
    assert only(done).evidence == (
        "likely: text: 18 of 19 added lines are in code.c, 13 of 13 new names"
    )
    assert only(done).commit == done.commit


def test_half_of_the_lines_is_no_evidence(store: ObjectStore) -> None:
    after = changed(BASE, "code.c", "\tcall_3();\n", f"\tcall_3_fresh();\n{FRESH}")
    half = changed(BASE, "code.c", "\tcall_3();\n", f"\tcall_3();\n{FRESH[: len(FRESH) // 2]}\n")
    assert only(judged(store, half, series(store, BASE, after))).outcome is Outcome.CONFLICT


def test_a_tree_with_a_revert_does_not_have_it(store: ObjectStore) -> None:
    after = changed(BASE, "code.c", "\tcall_3();\n", f"\tcall_3_fresh();\n{FRESH}")
    reverted = changed(BASE, "code.c", "void function_3(void)", "int function_3(int flags)")
    assert only(judged(store, reverted, series(store, BASE, after))).outcome is Outcome.CONFLICT


def test_a_reworked_patch_counts_where_its_series_is_there(store: ObjectStore) -> None:
    """One patch alone would not be believed; among its series, which is there, it is."""
    first = changed(BASE, "code.c", "\tcall_3();\n", f"\tcall_3_fresh();\n{FRESH}")
    second = changed(first, "code.c", "\tcall_9();\n", FRESH.replace("fresh", "other"))
    third = changed(second, "fields.h", "\tfield_4\t: 1,\n", "\tfresh_width\t: 1,\n\tfresh_length\t: 1,\n")
    evolved = changed(changed(third, "code.c", "fresh_report(2)", "f(2)"), "code.c", "other_report(2)", "o(2)")
    evolved = changed(evolved, "fields.h", "fresh_width\t: 1", "fresh_width\t: 2")
    evolved = changed(evolved, "fields.h", "field_3", "field_three")
    patches = series(store, BASE, first, second, third)
    outcomes = judged(store, evolved, patches).patches
    assert {each.outcome for each in outcomes} == {Outcome.ALREADY_EVOLVED}
    assert outcomes[2].evidence == (
        "likely: text: 1 of 2 added lines are in fields.h, 2 of 2 new names, 1 of 1 removed lines are gone"
    )
    again = changed(evolved, "fields.h", "fresh_length", "length")
    alone, among = judged(store, again, patches[2:]).patches[0], judged(store, again, patches).patches[2]
    assert alone.outcome is Outcome.CONFLICT
    assert among.outcome is Outcome.ALREADY_EVOLVED
    assert among.evidence.endswith("; most of its series is there")
