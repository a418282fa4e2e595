# SPDX-License-Identifier: GPL-2.0-or-later
"""What a conflict says beyond its own file: names that are nowhere, names that are elsewhere, other trees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from seriestool.apply.series import apply_series
from seriestool.git.names import FOLDER, find_names, folders
from seriestool.git.objects import ObjectStore
from seriestool.git.paths import same_name
from seriestool.git.treeobject import FILE
from seriestool.model.outcome import HunkOutcome, Outcome, PatchOutcome
from seriestool.model.series import Patch
from seriestool.model.tree import Tree
from tests.git.world import Files, commit, diff, patch, plain, write

FILLER = "".join(f"/* filler {number} */\n" for number in range(12))
TAGGED = "void strip_tags(struct request *request)\n{\n\trequest->tag = untagged(request);\n\tfinish(request);\n}\n"
CODE = f"{FILLER}{TAGGED}{FILLER}"
PATHS = ("kernel/events/core.c", "include/linux/core.h", "fs/ext/other.c")


def tree(core: str, header: str = "int shared_helper;\n", other: str = "int far_away_name;\n") -> Files:
    return {path: (FILE, text.encode()) for path, text in zip(PATHS, (core, header, other), strict=True)}


def series(store: ObjectStore, *states: Files) -> list[Patch]:
    return [patch(f"{number:02}", diff(store, *step)) for number, step in enumerate(pairwise(states), 1)]


def judged(
    store: ObjectStore, target: Files, patches: Sequence[Patch], others: Sequence[Tree] = ()
) -> tuple[PatchOutcome, ...]:
    return apply_series(store, commit(store, target), patches, others=others, three_way=False).patches


def only_hunk(outcomes: Sequence[PatchOutcome]) -> HunkOutcome:
    ((hunk,),) = [[hunk for hunk in outcome.hunks if not hunk.applied] for outcome in outcomes]
    return hunk


def finishing(text: str) -> str:
    return text.replace("finish(request);", "finish(request, true);")


def test_a_function_that_does_not_exist(store: ObjectStore) -> None:
    patches = series(store, tree(CODE), tree(finishing(CODE)))
    # The section that git writes behind "@@" is the function's own head where the hunk begins below it.
    longer = CODE.replace("{\n\trequest", "{\n\tint a;\n\tint b;\n\tint c;\n\trequest")
    below = series(store, tree(longer), tree(finishing(longer)))
    for given, what in ((patches, ""), (below, "; strip_tags() is what it changes: the hunk has nothing to act on")):
        hunk = only_hunk(judged(store, tree(FILLER * 2), given))
        assert set(hunk.absent) >= {"strip_tags", "untagged", "finish"}
        assert "not in this tree: strip_tags" in str(hunk.cause)
        assert str(hunk.cause).endswith(what)
        assert hunk.wanted[-1] == given[0].files[0].hunks[0].old[-1].decode().rstrip("\n")


def test_a_name_that_is_in_another_file(store: ObjectStore) -> None:
    before = CODE.replace("untagged(request)", "shared_helper(request)")
    hunk = only_hunk(judged(store, tree(CODE), series(store, tree(before), tree(finishing(before)))))
    assert hunk.absent == ()
    assert hunk.cause == (
        "context differs at line 15; not in this file: shared_helper (it is in include/linux/core.h)"
    )
    assert (hunk.expected, hunk.found) == (
        "\trequest->tag = shared_helper(request);", "\trequest->tag = untagged(request);",
    )  # fmt: skip


def test_a_name_where_it_cannot_be_used_from_does_not_count(store: ObjectStore) -> None:
    before = CODE.replace("untagged(request)", "far_away_name(request)")
    hunk = only_hunk(judged(store, tree(CODE), series(store, tree(before), tree(finishing(before)))))
    assert hunk.absent == ("far_away_name",)
    assert hunk.cause == "context differs at line 15; not in this tree: far_away_name"


def test_a_name_that_an_earlier_patch_brings_is_not_absent(store: ObjectStore) -> None:
    first = CODE.replace("untagged(request);", "untagged(request);\n\tfresh_step(request);")
    patches = series(store, tree(CODE), tree(first), tree(finishing(first)))
    target = tree(CODE.replace("finish(request)", "complete(request)").replace("request->tag", "request->label"))
    _, second = judged(store, target, patches)
    (hunk,) = second.hunks
    assert "fresh_step" not in hunk.absent
    assert "not in this file: fresh_step (01 brings it)" in str(hunk.cause)


def test_the_closest_place(store: ObjectStore) -> None:
    """Not where most single lines are, and not the first: where most of the lines are in order."""
    decoy = "\tfinish(request);\n" * 3
    target = f"{decoy}{FILLER}{TAGGED.replace('untagged', 'clean')}{FILLER}"
    hunk = only_hunk(judged(store, tree(target), series(store, tree(CODE), tree(finishing(CODE)))))
    assert (hunk.closest, hunk.closeness) == (16, 0.857)
    assert hunk.there == tuple(target.splitlines()[15:22])
    assert hunk.wanted == tuple(CODE.splitlines()[12:19])


def test_lines_that_were_put_between(store: ObjectStore) -> None:
    target = CODE.replace("\tfinish", "\tint more;\n\tint still_more;\n\tfinish")
    hunk = only_hunk(judged(store, tree(target), series(store, tree(CODE), tree(finishing(CODE)))))
    assert (hunk.closest, hunk.closeness) == (13, 1.0)
    assert (hunk.expected, hunk.found) == ("\tfinish(request);", "\tint more;")
    assert len(hunk.there) == len(hunk.wanted) + 2


def test_other_trees_that_have_the_place(store: ObjectStore) -> None:
    patches = series(store, tree(CODE), tree(finishing(CODE)))
    target = tree(CODE.replace("untagged", "clean"))
    others = [
        replace(commit(store, tree("/* more */\n" * 9 + CODE)), name="fits"),
        replace(commit(store, tree(FILLER)), name="other"),
        replace(commit(store, plain(nothing="n\n")), name="without"),
        replace(commit(store, target), name="the same"),
    ]
    hunk = only_hunk(judged(store, target, patches, others))
    assert hunk.elsewhere == ("fits",)


def test_a_missing_file(store: ObjectStore) -> None:
    patches = series(store, tree(CODE), tree(finishing(CODE)))
    moved = {"kernel/perf/core.c": (FILE, CODE.encode()), "fs/other.c": (FILE, b"x\n")}
    others = [
        replace(commit(store, tree(CODE)), name="fits"),
        replace(commit(store, tree(FILLER)), name="has one"),
        replace(commit(store, plain(nothing="n\n")), name="without"),
    ]
    (outcome,) = judged(store, moved, patches, others)
    assert (outcome.outcome, outcome.evidence) == (Outcome.MISSING_FILE, "kernel/events/core.c")
    (hunk,) = outcome.hunks
    assert hunk.cause == (
        "kernel/events/core.c is not in this tree; it is in fits, has one; "
        "a file of that name is here: kernel/perf/core.c"
    )
    assert hunk.elsewhere == ("fits",)


def test_a_name_that_many_files_have_says_nothing(store: ObjectStore) -> None:
    many = write(store, {f"d{number}/Makefile": (FILE, b"x\n") for number in range(5)})
    few = write(store, {f"d{number}/Makefile": (FILE, b"x\n") for number in range(3)})
    assert same_name(store, many, "gone/Makefile") == ()
    assert same_name(store, few, "gone/Makefile") == ("d0/Makefile", "d1/Makefile", "d2/Makefile")
    assert same_name(store, few, "d1/Makefile") == ("d0/Makefile", "d2/Makefile")


# --- where names are -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("kernel/events/core.c", ("kernel", "include", "arch/*/include")),
        ("arch/x86/kernel/signal.c", ("arch/x86", "include", "arch/*/include")),
        ("include/linux/sched.h", ("include", "arch/*/include")),
        ("tools/perf/tests/Build", ("tools/perf", "tools/include", "tools/lib", "include")),
        ("Makefile", ("include", "arch/*/include")),
        ("ker*nel/core.c", ("include", "arch/*/include")),
    ],
)
def test_folders_of_a_path(path: str, expected: tuple[str, ...]) -> None:
    assert folders(path) == expected


def test_names_are_whole_words_and_remembered(store: ObjectStore) -> None:
    files = {
        "include/a.h": (FILE, b"int some_name_more;\n"),
        "include/b.h": (FILE, b"x = some_name;\n"),
        "arch/arm/include/asm/c.h": (FILE, b"int in_asm;\n"),
        "arch/arm/kernel/c.c": (FILE, b"int in_arm;\n"),
    }
    oid = write(store, files)
    wanted = {"include": ["some_name", "absent_name"], "arch/*/include": ["in_asm", "in_arm"]}
    found = find_names(store, oid, wanted)
    assert found["include"] == {"some_name": "include/b.h", "absent_name": "", "in_asm": "", "in_arm": ""}
    assert found["arch/*/include"]["in_asm"] == "arch/arm/include/asm/c.h"
    assert found["arch/*/include"]["in_arm"] == ""
    place = store.path / FOLDER / f"{oid}.json"
    assert json.loads(place.read_bytes()) == found
    # What is remembered is not looked for again.
    place.write_text(json.dumps({"include": {"some_name": "as/remembered"}}))
    assert find_names(store, oid, {"include": ["some_name"]}) == {"include": {"some_name": "as/remembered"}}
    for damaged in ("", "[]", '{"include": 3}', '{"a": {}, "b": []}'):
        place.write_text(damaged)
        assert find_names(store, oid, {"include": ["some_name"]})["include"]["some_name"] == "include/b.h"


def test_names_with_odd_folders(store: ObjectStore) -> None:
    oid = write(store, {"od[d/a.h": (FILE, b"odd_one\n"), "odd/a.h": (FILE, b"other_one\n")})
    found = find_names(store, oid, {"od[d": ["odd_one", "other_one"]})
    assert found == {"od[d": {"odd_one": "od[d/a.h", "other_one": ""}}


def test_more_names_than_are_looked_for_are_not_called_absent(store: ObjectStore) -> None:
    names = [f"strange_name_{number}" for number in range(300)]
    before = FILLER + "".join(f"\t{name}();\n" for name in names) + "the end\n"
    after = "".join(line.replace("()", "(1)") for line in before.splitlines(keepends=True))
    hunk = only_hunk(judged(store, tree(FILLER), series(store, tree(before), tree(after))))
    assert 0 < len(hunk.absent) <= 100
    assert "and 9" in str(hunk.cause)


def test_a_renamed_file_is_told_under_the_name_of_the_patch(store: ObjectStore) -> None:
    """Whether its lines changed with the name or not; the tree has it, and moved on."""
    before = {"old.c": (FILE, CODE.encode()), "more.c": (FILE, b"int more;\n")}
    lines = "\tfresh_value = measure_fresh(request);\n\tkeep_fresh(fresh_value);\n"
    longer = CODE.replace("\tfinish", f"{lines}\tfinish")
    for text in (longer, CODE):
        more = f"{lines}int more;\n".encode()
        (renamed,) = series(store, before, {"new.c": (FILE, text.encode()), "more.c": (FILE, more)})
        moved_on = {"new.c": (FILE, text.replace("finish(request)", "end(request)").encode()), "more.c": (FILE, more)}
        (done,) = judged(store, {**moved_on, "old.c": (FILE, b"something else\n")}, [renamed])
        assert done.outcome is Outcome.ALREADY_EVOLVED
        assert {hunk.path for hunk in done.hunks} == {"new.c", "more.c"}
