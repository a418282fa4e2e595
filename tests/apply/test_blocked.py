# SPDX-License-Identifier: GPL-2.0-or-later
"""A failure that only comes from an earlier patch is blocked and names it; one with a cause of its own is not."""

from __future__ import annotations

from itertools import pairwise

from seriestool.apply.series import apply_series
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import FILE
from seriestool.model.outcome import PatchOutcome
from tests.git.world import Files, commit, diff, patch, plain

TEXT = "".join(f"line {number}\n" for number in range(40))


def judged(store: ObjectStore, target: Files, *states: Files) -> list[PatchOutcome]:
    """Apply the patches from each state to the next, without merging: the store knows every blob."""
    patches = [patch(f"{number:02}", diff(store, *step)) for number, step in enumerate(pairwise(states), 1)]
    return list(apply_series(store, commit(store, target), patches, three_way=False).patches)


def outcomes(patches: list[PatchOutcome]) -> list[str]:
    return [str(one.outcome) for one in patches]


def blamed(one: PatchOutcome) -> str:
    return one.evidence.partition("needs what is missing of ")[2]


def put(text: str, behind: str, *lines: str) -> str:
    assert f"{behind}\n" in text
    return text.replace(f"{behind}\n", "\n".join([behind, *lines, ""]))


def test_a_chain(store: ObjectStore) -> None:
    """Each needs the one before, and only the first has a cause of its own."""
    one = put(TEXT, "line 10", "first addition")
    two = put(one, "first addition", "second addition")
    three = put(two, "second addition", "third addition")
    target = plain(f=TEXT.replace("line 8\n", "another\n"))
    found = judged(store, target, *(plain(f=text) for text in (TEXT, one, two, three)))
    # The others' hunks reach back to line 9, 10 or further down: they do not see "another".
    assert outcomes(found) == ["conflict", "blocked", "blocked"]
    assert (blamed(found[1]), blamed(found[2])) == ("01", "01, 02")


def test_a_chain_breaks_where_one_has_its_own_cause(store: ObjectStore) -> None:
    one = put(TEXT, "line 10", "first addition")
    two = put(one, "line 12", "second addition")
    target = plain(f=TEXT.replace("line 8\n", "another\n").replace("line 14\n", "yet another\n"))
    found = judged(store, target, *(plain(f=text) for text in (TEXT, one, two)))
    assert outcomes(found) == ["conflict", "conflict"]


def test_a_removal_that_did_not_happen(store: ObjectStore) -> None:
    """The line an earlier patch could not take out stands between the lines of this one."""
    one = TEXT.replace("line 10\n", "")
    two = put(one, "line 12", "addition")
    target = plain(f=TEXT.replace("line 7\n", "another\n"))
    found = judged(store, target, *(plain(f=text) for text in (TEXT, one, two)))
    assert outcomes(found) == ["conflict", "blocked"]
    assert blamed(found[1]) == "01"


def test_a_file_that_was_not_made_and_all_that_follows(store: ObjectStore) -> None:
    """Changed, renamed, changed under its new name, deleted: all for want of the first."""
    base = plain(f=TEXT)
    made = {**base, "dir/new.c": (FILE, TEXT.encode())}
    changed = {**base, "dir/new.c": (FILE, put(TEXT, "line 3", "more").encode())}
    renamed = {**base, "dir/other.c": changed["dir/new.c"]}
    changed_again = {**base, "dir/other.c": (FILE, put(TEXT, "line 3", "more", "still more").encode())}
    target = {**base, "dir": (FILE, b"a file where a folder has to be\n")}
    found = judged(store, target, base, made, changed, renamed, changed_again, base)
    assert outcomes(found) == ["conflict", "blocked", "blocked", "blocked", "blocked"]
    assert [blamed(one) for one in found[1:]] == ["01", "01", "03", "03"]


def test_a_file_that_another_one_stands_in_for(store: ObjectStore) -> None:
    """The tree has a file of that name with other content: a change to the new one needs the patch that makes it."""
    base, made = plain(f=TEXT), plain(f=TEXT, g="one\ntwo\nthree\n")
    found = judged(store, plain(f=TEXT, g="other\n"), base, made, plain(f=TEXT, g="one\ntwo\nthree\nfour\n"))
    assert outcomes(found) == ["conflict", "blocked"]
    assert blamed(found[1]) == "01"


def test_a_file_that_was_not_taken_away(store: ObjectStore) -> None:
    base, without = plain(f=TEXT, g="one\ntwo\n"), plain(f=TEXT)
    again = {"f": (FILE, TEXT.encode()), "g/below.c": (FILE, b"int below;\n")}
    found = judged(store, plain(f=TEXT, g="one\ntwo\nmore\n"), base, without, again)
    assert outcomes(found) == ["conflict", "blocked"]
    assert blamed(found[1]) == "01"


def test_a_name_that_was_not_given_up(store: ObjectStore) -> None:
    """A rename fails because something is in its way, so its old name is not free either."""
    base = plain(old=TEXT, f="f\n")
    moved = {"new": (FILE, TEXT.encode()), "f": (FILE, b"f\n")}
    refilled = {**moved, "old": (FILE, b"quite another file\n")}
    found = judged(store, {**base, "new": (FILE, b"in the way\n")}, base, moved, refilled)
    assert outcomes(found) == ["conflict", "blocked"]
    assert blamed(found[1]) == "01"


def test_something_else_in_the_way_is_a_conflict(store: ObjectStore) -> None:
    base = plain(f=TEXT, h="h\n")
    other = {**base, "g": (FILE, b"g\n")}
    first = {**base, "f": (FILE, put(TEXT, "line 3", "more").encode())}
    target = plain(f=TEXT.replace("line 2\n", "another\n"), h="h\n", g="not that\n")
    found = judged(store, target, base, first, {**first, "g": other["g"]})
    assert outcomes(found) == ["conflict", "conflict"]


def test_a_missing_file_that_no_patch_makes_is_missing(store: ObjectStore) -> None:
    base = plain(f=TEXT, g=TEXT)
    first = {**base, "f": (FILE, put(TEXT, "line 3", "more").encode())}
    second = {**first, "g": (FILE, put(TEXT, "line 3", "more").encode())}
    found = judged(store, plain(f=TEXT.replace("line 2\n", "another\n")), base, first, second)
    assert outcomes(found) == ["conflict", "missing-file"]


def test_blocked_in_one_file_and_a_cause_in_another_is_a_conflict(store: ObjectStore) -> None:
    base = plain(f=TEXT, g=TEXT)
    one = {**base, "f": (FILE, put(TEXT, "line 10", "addition").encode())}
    two = plain(f=put(TEXT, "line 10", "addition", "more"), g=put(TEXT, "line 3", "x"))
    target = plain(f=TEXT.replace("line 8\n", "another\n"), g=TEXT.replace("line 2\n", "another\n"))
    assert outcomes(judged(store, target, base, one, two)) == ["conflict", "conflict"]


# --- lines that every patch has ----------------------------------------------------------------------------------


def test_an_empty_line_is_nobodys(store: ObjectStore) -> None:
    """The first patch would add empty lines and braces, elsewhere; that one is missing here is a cause of its own."""
    text = TEXT.replace("line 30\n", "line 30\n\n")
    one = put(text, "line 10", "int helper(void)", "{", "", "}", "")
    two = put(one, "line 31", "addition")
    target = plain(f=TEXT.replace("line 8\n", "another\n"))
    found = judged(store, target, *(plain(f=each) for each in (text, one, two)))
    assert outcomes(found) == ["conflict", "conflict"]


def test_an_empty_line_where_the_first_patch_has_it(store: ObjectStore) -> None:
    one = put(TEXT, "line 10", "")
    two = put(one, "line 12", "addition")
    target = plain(f=TEXT.replace("line 8\n", "another\n"))
    found = judged(store, target, *(plain(f=each) for each in (TEXT, one, two)))
    assert (outcomes(found), blamed(found[1])) == (["conflict", "blocked"], "01")


def test_a_brace_that_stands_too_much_in_the_tree(store: ObjectStore) -> None:
    """The first patch would take a brace away, elsewhere."""
    text = put(TEXT, "line 10", "}")
    one = text.replace("}\n", "")
    two = put(one, "line 30", "addition")
    target = plain(f=put(text.replace("line 9\n", "another\n"), "line 31", "}"))
    found = judged(store, target, *(plain(f=each) for each in (text, one, two)))
    assert outcomes(found) == ["conflict", "conflict"]


def test_the_patch_to_blame_is_the_one_beside(store: ObjectStore) -> None:
    """Both add the same line; the third needs that of the first."""
    one = put(TEXT, "line 10", "\treturn broken_state;")
    two = put(one, "line 30", "\treturn broken_state;")
    three = two.replace("\treturn broken_state;\n", "\treturn broken_state;\nthird addition\n", 1)
    target = plain(f=TEXT.replace("line 8\n", "another\n").replace("line 32\n", "another\n"))
    found = judged(store, target, *(plain(f=each) for each in (TEXT, one, two, three)))
    assert (outcomes(found), blamed(found[2])) == (["conflict", "conflict", "blocked"], "01")


def test_the_brace_that_ends_what_another_patch_brings(store: ObjectStore) -> None:
    one = put(TEXT, "line 10", "int helper(void)", "{", "\thelp();", "\tmore();", "}")
    two = put(one, "line 11", "addition")
    target = plain(f=TEXT.replace("line 9\n", "another\n"))
    found = judged(store, target, *(plain(f=each) for each in (TEXT, one, two)))
    assert (outcomes(found), blamed(found[1])) == (["conflict", "blocked"], "01")
