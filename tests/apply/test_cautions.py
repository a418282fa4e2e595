# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told of a merge that git calls clean, and hunks that a merge puts in the right place."""

from __future__ import annotations

from itertools import pairwise

import pytest

from seriestool.apply.series import apply_series
from seriestool.git.objects import ObjectStore
from seriestool.model.outcome import Outcome, PatchOutcome
from tests.git.world import commit, diff, patch, plain, read

FIELDS = "".join(f"\t__u64\tfield_{number}\t: 1,\n" for number in range(12))
HEADER = f"#define FIRST 1\n\nstruct event_attr {{\n{FIELDS}}};\n\nint use(struct event_attr *attr);\n"
CODE = "".join(
    f"int step_{number}(int how)\n{{\n" + "".join(f"\tcall_{number}_{at}(how);\n" for at in range(9)) + "}\n\n"
    for number in range(3)
)


def merged(store: ObjectStore, base: str, theirs: str, ours: str) -> PatchOutcome:
    one = patch("01", diff(store, plain(f=base), plain(f=theirs), "-U9"))
    (found,) = apply_series(store, commit(store, plain(f=ours)), [one]).patches
    return found


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_bit_fields_that_both_sides_added_to(store: ObjectStore) -> None:
    """Clean by lines, and every field behind the first one is elsewhere than upstream."""
    theirs = changed(HEADER, ("field_8\t: 1,\n", "field_8\t: 1,\n\t__u64\tfresh\t: 1,\n"))
    ours = changed(HEADER, ("field_6\t: 1,\n", "field_6\t: 1,\n\t__u64\town\t: 1,\n"))
    found = merged(store, HEADER, theirs, ours)
    assert found.outcome is Outcome.THREE_WAY
    said = "): the tree differs from the base in event_attr too; check the order of its members"
    assert found.evidence.endswith(said)


@pytest.mark.parametrize("kind", ["enum level {", "static const struct entry entries[] = {", "union value {"])
def test_other_things_that_have_an_order(store: ObjectStore, kind: str) -> None:
    base = HEADER.replace("struct event_attr {", kind)
    theirs = changed(base, ("field_8\t: 1,\n", "field_8\t: 1,\n\t__u64\tfresh\t: 1,\n"))
    found = merged(store, base, theirs, changed(base, ("field_6\t: 1,\n", "")))
    assert "too; check the order of its members" in found.evidence


def test_a_function_that_both_sides_changed(store: ObjectStore) -> None:
    theirs = changed(CODE, ("\tcall_1_4(how);\n", "\tcall_fresh(how);\n"))
    found = merged(store, CODE, theirs, changed(CODE, ("\tcall_1_2(how);\n", "\tcall_own(how);\n")))
    assert found.evidence.endswith("): the tree differs from the base in step_1 too")


def test_another_function_is_nothing_to_speak_of(store: ObjectStore) -> None:
    theirs = changed(CODE, ("\tcall_1_1(how);\n", "\tcall_fresh(how);\n"))
    found = merged(store, CODE, theirs, changed(CODE, ("\tcall_0_8(how);\n", "\tcall_own(how);\n")))
    assert found.outcome is Outcome.THREE_WAY
    assert found.evidence.endswith(")")


def test_what_both_sides_brought(store: ObjectStore) -> None:
    """The declaration in two places: each side is right, the merge does not compile."""
    line = "int call_fresh(int how);\n"
    theirs = changed(CODE, ("int step_1", f"{line}\nint step_1"), ("\tcall_1_1(how);\n", "\tcall_fresh(how);\n"))
    ours = changed(CODE, ("int step_0", f"{line}\nint step_0"), ("\tcall_0_7(how);\n", "\tcall_own(how);\n"))
    found = merged(store, CODE, theirs, ours)
    assert found.outcome is Outcome.THREE_WAY
    assert "both sides brought 'int call_fresh(int how);', and now it is there twice" in found.evidence


def tables(*extra: str) -> str:
    lines = "\t.begin = begin,\n\t.work = work,\n{1}\t.finish = finish,\n\t.reset = reset,\n"
    table = f"const struct ops {{0}}_ops = {{{{\n{lines}}}}};\n\n"
    names = ("one", "two", "three")
    return "".join(table.format(name, "\t.extra = extra,\n" if name in extra else "") for name in names)


def test_a_hunk_that_fits_in_the_wrong_table_is_merged_into_the_right_one(store: ObjectStore) -> None:
    one = patch("01", diff(store, plain(f=tables()), plain(f=tables("three")), "-U2"))
    ours = "int more;\n" * 9 + tables()
    merge, apply = (
        apply_series(store, commit(store, plain(f=ours)), [one], three_way=way).patches[0] for way in (True, False)
    )
    assert merge.outcome is Outcome.THREE_WAY
    assert read(store, merge.tree_object)["f"][1].decode() == "int more;\n" * 9 + tables("three")
    assert "as it fits, f hunk 1 went into two_ops, where the patch names three_ops" in merge.evidence
    assert [hunk.line for hunk in merge.hunks] == [None]
    assert apply.outcome is Outcome.APPLIES


def test_no_hunk_of_a_merged_file_is_said_to_be_where_it_would_have_fitted(store: ObjectStore) -> None:
    theirs = changed(CODE, ("\tcall_0_4(how);\n", "\tcall_x(how);\n"), ("\tcall_2_4(how);\n", "\tcall_y(how);\n"))
    found = merged(store, CODE, theirs, changed(CODE, ("\tcall_2_2(how);\n", "\tcall_own(how);\n")))
    assert found.outcome is Outcome.THREE_WAY
    assert {hunk.line for hunk in found.hunks} == {None}


def test_two_patches_of_one_series(store: ObjectStore) -> None:
    """The second meets what the merge of the first made."""
    states = [HEADER]
    for number in (7, 9):
        states.append(changed(states[-1], (f"field_{number}\t: 1,\n", f"field_{number}\t: 2,\n")))
    patches = [patch(f"{at:02}", diff(store, plain(f=a), plain(f=b))) for at, (a, b) in enumerate(pairwise(states), 1)]
    ours = changed(HEADER, ("field_5\t: 1,\n", "field_5\t: 4,\n"))
    found = apply_series(store, commit(store, plain(f=ours)), patches).patches
    assert [one.outcome for one in found] == [Outcome.THREE_WAY, Outcome.APPLIES]
