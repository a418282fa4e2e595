# SPDX-License-Identifier: GPL-2.0-or-later
"""A hunk that fits where it was not meant to go: what is said of it, and when the tree has the patch already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seriestool.apply.series import apply_series
from seriestool.git.objects import ObjectStore
from seriestool.model.outcome import Outcome, PatchOutcome
from tests.git.room import Blob, Room, patch_of, temporary_room
from tests.git.world import commit, diff, patch, plain, read


def judged(
    store: ObjectStore, before: str, after: str, target: str, lines: int = 1, context: int | None = None
) -> PatchOutcome:
    """Judge the change from *before* to *after*, with so many lines of context, on *target*."""
    one = patch("01", diff(store, plain(f=before), plain(f=after), f"-U{lines}"))
    (found,) = apply_series(store, commit(store, plain(f=target)), [one], context=context, three_way=False).patches
    return found
HAVE = {Outcome.ALREADY, Outcome.ALREADY_EVOLVED}


def table(*names: str) -> str:
    """A file of tables with the same lines, but for those that follow a name with a slash ("wide/extra")."""
    texts = []
    for name in names:
        table, _, extra = name.partition("/")
        more = f"\t.{extra} = common_{extra},\n" if extra else ""
        lines = f"\t.begin = begin,\n\t.work = work,\n{more}\t.finish = finish,\n\t.reset = reset,\n"
        texts.append(f"const struct ops {table}_ops = {{\n{lines}}};\n\n")
    return "".join(texts)


def test_the_nearest_place_is_in_another_table(store: ObjectStore) -> None:
    """What git takes; the evidence says which one it took, and where the other is."""
    before, after = table("one", "two", "three"), table("one", "two", "three/reduce")
    target = "int more;\n" * 9 + before
    found = judged(store, before, after, target, 2)
    assert found.outcome is Outcome.APPLIES
    said = "f hunk 1 went into two_ops, where the patch names three_ops, and would fit there, at line 25"
    assert found.evidence == f"offset: f +2 lines; {said}"
    assert b"two_ops = {\n\t.begin = begin,\n\t.work = work,\n\t.reduce" in read(store, found.tree_object)["f"][1]


def test_the_right_table_is_nothing_to_speak_of(store: ObjectStore) -> None:
    before, after = table("one", "two", "three"), table("one", "two/reduce", "three")
    assert judged(store, before, after, "int more;\n" + before, 2).evidence == "offset: f +1 lines"


def test_two_places_in_one_function(store: ObjectStore) -> None:
    case = "\tcase {0}:\n\t\tprepare(device);\n\t\tgo(device);\n\t\tfinish(device);\n\t\tbreak;\n"
    text = f"void start(int how)\n{{\n\tswitch (how) {{\n{''.join(case.format(n) for n in range(4))}\t}}\n}}\n"
    after = text.replace("\t\tgo(device);\n", "\t\tgo(device);\n\t\tstay(device);\n", 2)
    after = after.replace("\t\tgo(device);\n\t\tstay(device);\n", "\t\tgo(device);\n", 1)
    found = judged(store, text, after, "int more;\n" + text)
    assert (found.outcome, found.evidence) == (
        Outcome.APPLIES, "offset: f +1 lines; f hunk 1 would fit lines 7, 17, 22 too"
    )  # fmt: skip


def test_a_patch_that_does_not_name_a_function(store: ObjectStore) -> None:
    before = "\tone,\n\ttwo,\n\tthree,\n\n" * 3
    after = before.replace("\ttwo,\n", "\ttwo,\n\thalf,\n", 1)
    found = judged(store, "\t/* */\n" + before, "\t/* */\n" + after, "\n\n" + before)
    assert found.evidence == "offset: f +1 lines; f hunk 1 would fit lines 8, 12 too"


def test_what_the_tree_has_fits_a_second_time_in_the_table_beside_it(store: ObjectStore) -> None:
    before, after = table("one", "two", "three"), table("one", "two/reduce", "three")
    found = judged(store, before, after, after, 2)
    assert found.outcome is Outcome.ALREADY
    assert found.evidence.startswith("the patch reverses cleanly; git apply would take it a second time: f hunk 1 went")


def test_a_function_that_the_tree_has_fits_a_second_time(store: ObjectStore) -> None:
    """What is below the new function looks like what is above it: the context is still there."""
    function = "int {0}(void)\n{{\n\tbegin();\n\treturn 0;\n}}\n\n"
    before = "".join(function.format(name) for name in ("one", "three"))
    after = "".join(function.format(name) for name in ("one", "two", "three"))
    found = judged(store, before, after, "int more;\n" + after)
    assert found.outcome is Outcome.ALREADY
    assert "git apply would take it a second time: two would be there twice" in found.evidence


def test_what_looks_like_it_in_another_table_is_not_the_patch(store: ObjectStore) -> None:
    """The patch does not fit, and its reverse fits the table above: that one had the line before."""
    before, after = table("one/reduce", "two"), table("one/reduce", "two/reduce")
    head, mark, rest = before.partition("const struct ops two_ops")
    found = judged(store, before, after, head + mark + rest.replace(".finish = finish", ".finish = finish_two"))
    assert found.outcome is Outcome.CONFLICT, found.evidence
    assert found.hunks[0].line is None


def test_in_one_function_it_may_be_there_already(store: ObjectStore) -> None:
    case = "\tcase {0}:\n\t\tprepare(device);\n{1}\t\tfinish(device);\n\t\tbreak;\n"
    stay = "\t\tstay(device);\n"
    texts = [
        "void start(int how)\n{\n" + "".join(case.format(at, stay if at in there else "") for at in range(4)) + "}\n"
        for there in ((1,), (1, 2))
    ]
    found = judged(store, texts[0], texts[1], texts[0])
    assert found.outcome is Outcome.APPLIES
    assert found.evidence.endswith("it reverses cleanly as well: the tree may have it already")


@pytest.mark.parametrize("context", [None, 1])
def test_less_context_in_another_table_is_no_place(store: ObjectStore, context: int | None) -> None:
    before, after = table("one", "two"), table("one", "two/reduce")
    head, mark, rest = before.partition("const struct ops two_ops")
    target = head.replace(".begin = begin", ".begin = first") + mark + rest.replace(".work = work", ".work = no_work")
    found = judged(store, before, after, target, 2, context)
    assert found.outcome is Outcome.CONFLICT
    assert "one_ops, not in two_ops" in str(found.hunks[0].cause)


BODIES = st.lists(st.sampled_from(["\tbegin();\n", "\twork();\n", "\tif (ready())\n", "\t\tgo();\n"]), max_size=3)
EDITS = st.sampled_from(["nothing", "add one above", "add one below", "rename its caller", "change it", "remove one"])


@st.composite
def look_alikes(draw: st.DrawFn) -> tuple[str, str, str, str, bool]:
    """A file of functions that look alike, the same with a patch to one of them, and a tree with other changes.

    Returned are the texts before and after, that of the tree, the function, and whether the tree has the patch.
    """
    body = ["\tlock();\n", *draw(BODIES), "\tunlock();\n", "\treturn 0;\n"]
    added = draw(st.sampled_from(["\tcheck_it();\n", "\tlock();\n", "\tif (broken())\n\t\treturn 1;\n"]))
    at = draw(st.integers(0, len(body) - 1))
    names = [f"work_{number}" for number in range(draw(st.integers(2, 4)))]
    like = {name for name in names if draw(st.booleans())}  # those that have such lines already
    which = draw(st.sampled_from(names))
    like.discard(which)

    def text(names: list[str], have: set[str], other: str = "") -> str:
        bodies = {name: [*body[:at], added, *body[at:]] if name in have else list(body) for name in names}
        if other:
            bodies[other][0] = "\tlock_all();\n"
        return "".join(f"static int {name}(void)\n{{\n{''.join(bodies[name])}}}\n\n" for name in names)

    has_it = draw(st.booleans())
    edit = draw(EDITS)
    there = [name for name in names if edit != "remove one" or name == which or name != names[0]]
    there = ["fresh", *there] if edit == "add one above" else [*there, "fresh"] if edit == "add one below" else there
    tree = text(there, like | ({which} if has_it else set()), which if edit == "change it" else "")
    above = "/* one more line */\n" * draw(st.integers(0, 9))
    return text(names, like), text(names, like | {which}), above + tree, which, has_it


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with temporary_room() as made:
        yield made


def function_of(text: str, name: str) -> str:
    return text.partition(f"static int {name}(")[2].partition("\n}")[0]


@given(case=look_alikes(), context=st.sampled_from([1, 2, 3]))
@settings(max_examples=300, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_look_alikes(room: Room, case: tuple[str, str, str, str, bool], context: int) -> None:
    """A tree without the patch is never said to have it, and a place in another function is never taken in silence."""
    before, after, text, which, has_it = case
    old, new, _ = room.trees(*({"f": Blob(each.encode())} for each in (before, after, text)))
    one = patch_of(room.diff(old, new, f"-U{context}"))
    (found,) = apply_series(room.store, room.base({"f": Blob(text.encode())}), [one], three_way=False).patches
    told = "where the patch names" in found.evidence or " too" in found.evidence or "as well" in found.evidence
    if found.outcome in HAVE and "likely" not in found.evidence:
        assert has_it, (one.diff.decode(), text, found.evidence)
    if found.outcome is Outcome.APPLIES and not told:
        result = read(room.store, found.tree_object)["f"][1].decode()
        assert not has_it, (one.diff.decode(), text)
        assert function_of(result, which) != function_of(text, which), (one.diff.decode(), text)
