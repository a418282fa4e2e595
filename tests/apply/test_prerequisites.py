# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to go in front of a patch: found in a history, really applied, and no more than is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from seriestool.apply.landing import Upstream
from seriestool.apply.prerequisites import find_prerequisites
from seriestool.apply.proposal import Candidate, Prerequisites, with_introductions
from seriestool.apply.series import apply_series
from seriestool.git.history import Histories
from seriestool.git.objects import ObjectStore
from seriestool.model.outcome import Introduction, Outcome
from seriestool.model.series import Patch
from seriestool.model.tree import Tree
from seriestool.places import Cache
from tests.apply.upstream import CODE, Repository, Trees, patch_of

FIELDS = "struct attr {\n" + "".join(f"\tfield_{number}\t: 1,\n" for number in range(6)) + "\treserved\t: 26;\n};\n"


@pytest.fixture
def trees(store: ObjectStore, tmp_path: Path) -> Trees:
    return Trees(store, Cache(tmp_path))


@pytest.fixture
def mainline(tmp_path: Path) -> Repository:
    """A mainline at v5.10, from which a stable branch begins."""
    repository = Repository(tmp_path / "linux")
    repository.commit("core: begin", code__c=CODE, fields__h=FIELDS, other__c=CODE)
    repository.release("5.10")
    repository.git("branch", "stable")
    return repository


def change(repository: Repository, subject: str, old: str, new: str, file: str = "code.c", **more: str) -> str:
    files = {file.replace(".", "__"): repository.edit(old, new, file), **more}
    return repository.commit(subject, "Why.", **files)


def found(
    trees: Trees, repository: Repository, commits: Sequence[str], *, declared: Sequence[str] = ()
) -> tuple[Prerequisites, Tree, list[Patch]]:
    """Ask for the prerequisites of *commits* on the stable branch, and check the promise."""
    tree, histories = trees.own(repository, "stable")
    patches = [patch_of(repository, commit, f"{number:02}") for number, commit in enumerate(commits, 1)]
    known = {patch.number: Upstream(commit) for patch, commit in zip(patches, commits, strict=True)}
    assert histories.own
    wished = [Candidate(histories.own, commit, declared=True) for commit in declared]
    result = find_prerequisites(trees.store, tree, patches, histories, known=known, declared=wished)
    done = apply_series(trees.store, tree, [*result.patches, *patches])
    assert result.verified is done.applies
    assert set(result.conflicts) == {each.number for each in done.patches if not each.outcome.usable}
    return result, tree, patches


def subjects(result: Prerequisites) -> list[str]:
    return [patch.subject for patch in result.patches]


def test_nothing_is_needed(trees: Trees, mainline: Repository) -> None:
    commit = change(mainline, "core: the patch", "call_3();", "call_three();")
    result, _, _ = found(trees, mainline, [commit])
    assert (result.commits, result.verified, result.introduced) == ((), True, {})


def test_the_commit_that_brought_the_context(trees: Trees, mainline: Repository) -> None:
    """What 5.10 misses for an added bit: the bit before it."""
    change(mainline, "fields: nothing to do with it", "call_9();", "call_nine();")
    bit = change(
        mainline, "fields: add build_id",
        "\tfield_5\t: 1,\n\treserved\t: 26;", "\tfield_5\t: 1,\n\tbuild_id\t: 1,\n\treserved\t: 25;", "fields.h",
    )  # fmt: skip
    patch = change(
        mainline, "fields: add inherit",
        "\tbuild_id\t: 1,\n\treserved\t: 25;", "\tbuild_id\t: 1,\n\tinherit\t: 1,\n\treserved\t: 24;", "fields.h",
    )  # fmt: skip
    result, tree, patches = found(trees, mainline, [patch])
    (only,) = result.commits
    assert (only.commit, only.patch.number, only.needed_by) == (bit, "P1", ("01",))
    assert str(only) == f"prerequisite: commit {bit[:12]} of linux, needed by 01"
    assert (only.patch.author.name, only.patch.message) == ("A U Thor", "fields: add build_id\n\nWhy.\n")
    assert result.introduced == {
        ("01", "fields.h", 1): (Introduction(bit, "fields: add build_id", "linux", needed=True),)
    }
    plain = with_introductions(apply_series(trees.store, tree, patches), result)
    assert plain.patches[0].outcome is Outcome.CONFLICT
    assert plain.patches[0].hunks[0].introduced == result.introduced["01", "fields.h", 1]


def test_an_incidental_change_of_the_same_lines(trees: Trees, mainline: Repository) -> None:
    """It adds a line that the patch expects, but elsewhere."""
    line = "\tfresh_start(context);\n"
    needed = change(mainline, "core: start", "\tcall_3();\n", f"{line}\tcall_3();\n")
    other = change(mainline, "core: start there too", "\tcall_8();\n", f"{line}\tcall_8();\n")
    patch = change(mainline, "core: the patch", "\tcall_3();\n", "\tcall_3();\n\tend();\n")
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["core: start"]
    assert result.introduced["01", "code.c", 1] == (
        Introduction(needed, "core: start", "linux", needed=True),
        Introduction(other, "core: start there too", "linux", needed=False),
    )


def test_two_incidental_changes_of_which_the_second_undoes_the_first(trees: Trees, mainline: Repository) -> None:
    """Neither can be left out alone: without the second one the patch does not fit, nor that without the first."""
    line = "\tfresh_start(context);\n"
    change(mainline, "core: start", "\tcall_3();\n", f"{line}\tcall_3();\n")
    for number, (old, new) in ((8, ("\tcall_3();", "\tcall_3(0);")), (9, ("\tcall_3(0);", "\tcall_3();"))):
        text = mainline.edit(old, new).replace(f"\tcall_{number}();\n", f"{line}\tcall_{number}();\n")
        mainline.commit(f"core: step {number}", "Why.", code__c=text)
    patch = change(mainline, "core: the patch", "\tcall_3();\n", "\tcall_3(true);\n")
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["core: start"]
    needed = {each.subject: each.needed for each in result.introduced["01", "code.c", 1]}
    assert needed == {"core: start": True, "core: step 8": False, "core: step 9": False}


def test_what_another_hunk_needs_is_not_needed_here(trees: Trees, mainline: Repository) -> None:
    """A patch of two hunks, each of which needs a commit; one of these has a line in common with the other hunk."""
    line = "\tfresh_start(context);\n"
    first = change(mainline, "core: start", "\tcall_3();\n", f"{line}\tcall_3();\n")
    text = mainline.edit("\tcall_9();\n", "\tcall_nine();\n").replace("\tcall_11();\n", f"{line}\tcall_11();\n")
    second = mainline.commit("core: nine", "Why.", code__c=text)
    text = mainline.edit("\tcall_3();\n", "\tcall_3(true);\n").replace("\tcall_nine();\n", "\tcall_nine(true);\n")
    patch = mainline.commit("core: the patch", "Why.", code__c=text)
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["core: start", "core: nine"]
    told = {
        (key[2], each.commit): each.needed for key, introduced in result.introduced.items() for each in introduced
    }
    assert told == {(1, first): True, (1, second): False, (2, second): True}


def test_a_line_that_upstream_removed(trees: Trees, mainline: Repository) -> None:
    change(mainline, "core: no more call 4", "\tcall_4();\n", "")
    patch = change(mainline, "core: the patch", "void function_4(void)\n{\n", "int function_4(void)\n{\n")
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["core: no more call 4"]


def test_a_chain(trees: Trees, mainline: Repository) -> None:
    """A prerequisite needs others, in another file too; they come in upstream order."""
    change(mainline, "other: one", "\tcall_5();\n", "\tcall_five();\n", "other.c")
    change(
        mainline, "core: two", "\tcall_3();\n", "\tcall_3();\n\tfresh_two(context);\n",
        other__c=mainline.edit("\tcall_five();\n", "\tcall_five();\n\tfresh_too(context);\n", "other.c"),
    )  # fmt: skip
    change(mainline, "core: unrelated", "call_11();", "call_eleven();")
    patch = change(mainline, "core: the patch", "\tfresh_two(context);\n", "\tfresh_two(context, 1);\n")
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["other: one", "core: two"]
    assert [each.needed_by for each in result.commits] == [("01",), ("01",)]


def test_a_file_that_is_not_there(trees: Trees, mainline: Repository) -> None:
    mainline.commit("driver: new", "Why.", driver__c=CODE)
    change(mainline, "driver: unrelated", "call_9();", "call_nine();", "driver.c")
    patch = change(mainline, "driver: the patch", "call_1();", "call_one();", "driver.c")
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["driver: new"]


def test_patches_of_the_series_are_no_prerequisites(trees: Trees, mainline: Repository) -> None:
    """The second conflicts because the first does; what is missing is what the first needs."""
    change(mainline, "core: base", "\tcall_3();\n", "\tcall_3();\n\tfresh_base(context);\n")
    first = change(mainline, "core: first", "\tfresh_base(context);\n", "\tfresh_first(context);\n")
    second = change(mainline, "core: second", "\tfresh_first(context);\n", "\tfresh_second(context);\n")
    result, _, _ = found(trees, mainline, [first, second])
    assert subjects(result) == ["core: base"]
    assert result.commits[0].needed_by == ("01", "02")


def test_what_the_tree_has_under_another_id(trees: Trees, mainline: Repository) -> None:
    """A backport was changed a little; its upstream commit is not proposed again."""
    had = change(mainline, "core: had", "\tcall_3();\n", "\tcall_3();\n\tfresh_had(context);\n")
    change(mainline, "core: not had", "\tfresh_had(context);\n", "\tfresh_had(context);\n\tfresh_not(context);\n")
    patch = change(mainline, "core: the patch", "\tfresh_not(context);\n", "\tfresh_not(context, 1);\n")
    mainline.git("checkout", "--quiet", "stable")
    text = mainline.edit("\tcall_3();\n", "\tcall_3();\n\tfresh_had(context);\n").replace("call_11", "call_eleven")
    mainline.commit("core: had", f"commit {had} upstream.", "B Ackport", code__c=text)
    result, _, _ = found(trees, mainline, [patch])
    assert subjects(result) == ["core: not had"]


def test_when_it_cannot_be_done(trees: Trees, mainline: Repository) -> None:
    """The stable branch went another way at the same place: the candidate itself does not apply."""
    change(mainline, "core: theirs", "\tcall_3();\n", "\tcall_three();\n")
    candidate = change(mainline, "core: theirs again", "\tcall_three();\n", "\tcall_three(1);\n")
    patch = change(mainline, "core: the patch", "\tcall_three(1);\n", "\tcall_three(1);\n\tend();\n")
    easy = change(mainline, "core: easy", "\tcall_9();\n", "\tcall_nine();\n")
    mainline.git("checkout", "--quiet", "stable")
    change(mainline, "core: ours", "\tcall_3();\n", "\tcall_own();\n")
    result, _, _ = found(trees, mainline, [patch, easy])
    assert (result.commits, result.verified, result.conflicts) == ((), False, ("01",))
    expected = Introduction(candidate, "core: theirs again", "linux", needed=None)
    assert result.introduced["01", "code.c", 1][0] == expected


def test_one_of_two_can_be_helped(trees: Trees, mainline: Repository) -> None:
    change(mainline, "core: theirs", "\tcall_3();\n", "\tcall_three();\n")
    hopeless = change(mainline, "core: hopeless", "\tcall_three();\n", "\tcall_three();\n\tend();\n")
    change(mainline, "fields: help", "\tfield_5\t: 1,\n", "\tfield_5\t: 1,\n\tfield_6\t: 1,\n", "fields.h")
    helped = change(mainline, "fields: helped", "\tfield_6\t: 1,\n", "\tfield_6\t: 2,\n", "fields.h")
    mainline.git("checkout", "--quiet", "stable")
    change(mainline, "core: ours", "\tcall_3();\n", "\tcall_own();\n")
    result, _, _ = found(trees, mainline, [hopeless, helped])
    assert (subjects(result), result.conflicts) == (["fields: help"], ("01",))


def test_declared_ones_stay(trees: Trees, mainline: Repository) -> None:
    """Nothing rejects without it: somebody knows that it is needed."""
    declared = change(mainline, "other: behaviour", "\tcall_5();\n", "\tcall_five();\n", "other.c")
    patch = change(mainline, "core: the patch", "call_3();", "call_three();")
    result, _, _ = found(trees, mainline, [patch], declared=[declared])
    assert [str(each) for each in result.commits] == [f"prerequisite: commit {declared[:12]} of linux, declared"]


def test_a_tree_that_is_no_part_of_the_history(trees: Trees, mainline: Repository, tmp_path: Path) -> None:
    """A tarball's tree: its version says where in mainline it began, and only the text tells what it has."""
    change(mainline, "core: needed", "\tcall_3();\n", "\tcall_3();\n\tfresh_call(context);\n")
    patch = change(mainline, "core: the patch", "\tfresh_call(context);\n", "\tfresh_call(context, 1);\n")
    vendor = Repository(tmp_path / "vendor")
    vendor.commit("everything", code__c=CODE, fields__h=FIELDS, other__c=CODE)
    vendor.release("5.10.7")
    tree, _ = trees.own(vendor, "main")
    _, history = trees.own(mainline, "main", "mainline")
    around = Histories(None, history.all)
    posted = patch_of(mainline, patch)
    for known in ({"01": Upstream(patch[:12])}, {}):
        result = find_prerequisites(trees.store, tree, [posted], around, known=known)
        assert (subjects(result), result.verified) == (["core: needed"], True)
        assert result.commits[0].history == "mainline"


def test_a_patch_that_is_nowhere_but_would_fit(trees: Trees, mainline: Repository) -> None:
    """Posted, not landed: what it stands on is the end of the history."""
    change(mainline, "core: needed", "\tcall_3();\n", "\tcall_3();\n\tfresh_call(context);\n")
    mainline.branch("topic", "main")
    commit = change(mainline, "core: the patch", "\tfresh_call(context);\n", "\tfresh_call(context, 1);\n")
    posted = patch_of(mainline, commit)
    tree, _ = trees.own(mainline, "stable")
    _, history = trees.own(mainline, "main", "mainline")
    result = find_prerequisites(trees.store, tree, [posted], Histories(None, history.all))
    assert (subjects(result), result.verified) == (["core: needed"], True)


def test_a_commit_is_of_the_tree_that_has_it(trees: Trees, mainline: Repository) -> None:
    """Both trees are in one repository; the one that lacks the commit is not where it comes from."""
    needed = change(mainline, "core: needed", "\tcall_3();\n", "\tcall_3();\n\tfresh_step(context);\n")
    mainline.branch("topic", needed)
    commit = change(mainline, "core: the patch", "(context)", "(context, 1)")
    tree, own = trees.own(mainline, "stable", "stable")
    _, other = trees.own(mainline, "main", "mainline")
    known = {"01": Upstream(commit)}
    for around, place in ((Histories(own.own, other.all), "mainline"), (own, "linux")):
        result = find_prerequisites(trees.store, tree, [patch_of(mainline, commit)], around, known=known)
        assert [(one.commit, one.history) for one in result.commits] == [(needed, place)]
        assert {one.history for found in result.introduced.values() for one in found} == {place}


def test_without_a_history(trees: Trees, mainline: Repository) -> None:
    change(mainline, "core: needed", "\tcall_3();\n", "\tcall_3();\n\tfresh_call(context);\n")
    commit = change(mainline, "core: the patch", "\tfresh_call(context);\n", "\tfresh_call(context, 1);\n")
    tree, _ = trees.own(mainline, "stable")
    result = find_prerequisites(trees.store, tree, [patch_of(mainline, commit)], Histories())
    assert (result.commits, result.verified, result.conflicts, result.introduced) == ((), False, ("01",), {})
