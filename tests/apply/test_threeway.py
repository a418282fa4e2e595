# SPDX-License-Identifier: GPL-2.0-or-later
"""A merge happens with blobs that are known, and with no others; what comes out is what ``git am -3`` makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seriestool.apply.series import apply_series
from seriestool.apply.threeway import KnownBlobs
from seriestool.git.objects import ObjectStore
from seriestool.git.treeobject import EXECUTABLE, FILE, Oid
from seriestool.model.outcome import Outcome, PatchOutcome
from seriestool.model.series import Patch
from seriestool.model.tree import Tree
from tests.git.room import Blob, Room, patch_of, temporary_room
from tests.git.world import Files, commit, diff, git, patch, plain, read

TEXT = "".join(f"line {number}\n" for number in range(40))


def text(*changes: tuple[int, str], base: str = TEXT) -> str:
    """The text with some lines replaced."""
    lines = base.splitlines(keepends=True)
    for number, line in changes:
        lines[number] = f"{line}\n"
    return "".join(lines)


def file(*changes: tuple[int, str]) -> dict[str, tuple[int, bytes]]:
    return plain(f=text(*changes))


@pytest.fixture
def elsewhere(tmp_path: Path) -> ObjectStore:
    """Where patches are made whose blobs the store under test does not have."""
    from seriestool.git.objects import open_store

    return open_store(tmp_path / "elsewhere.git")


def series(store: ObjectStore, *states: Files, options: Sequence[str] = ()) -> list[Patch]:
    steps = pairwise(states)
    return [patch(f"{number:02}", diff(store, *step, *options)) for number, step in enumerate(steps, 1)]


def judged(store: ObjectStore, tree: Tree, patches: Sequence[Patch]) -> list[PatchOutcome]:
    return list(apply_series(store, tree, patches).patches)


BASE = file()
PATCHED = file((10, "patched"))
OURS = file((9, "nearby"), (30, "ours"))  # the context differs; no line was changed on both sides
# Between two changes git wants a line that neither has.
APART = file((8, "nearby"), (30, "ours"))


def test_a_known_base_is_merged(store: ObjectStore) -> None:
    patches = series(store, BASE, PATCHED)
    (done,) = judged(store, commit(store, APART), patches)
    assert done.outcome is Outcome.THREE_WAY
    merged = text((8, "nearby"), (10, "patched"), (30, "ours")).encode()
    assert read(store, done.tree_object) == {"f": (FILE, merged)}
    base, blob = (Oid.of("blob", data)[:12] for data in (TEXT.encode(), merged))
    assert done.evidence == f"f (base {base}, merged {blob}): the tree differs from the base in line too"
    assert [(hunk.applied, hunk.cause) for hunk in done.hunks] == [(True, f"merged, base {base}")]


def test_a_conflict_stays_one_and_says_so(store: ObjectStore) -> None:
    (done,) = judged(store, commit(store, OURS), series(store, BASE, PATCHED))
    base = Oid.of("blob", TEXT.encode())[:12]
    assert done.outcome is Outcome.CONFLICT
    assert done.evidence == f"f hunk 1; no three-way: f conflicts with base {base} too"
    assert read(store, done.tree_object) == dict(OURS)


def test_an_unknown_base_is_not_guessed(store: ObjectStore, elsewhere: ObjectStore) -> None:
    patches = series(elsewhere, BASE, PATCHED, options=["--abbrev=7", "--no-full-index"])
    (done,) = judged(store, commit(store, APART), patches)
    assert done.outcome is Outcome.CONFLICT
    assert done.evidence == f"f hunk 1; no three-way: blob {Oid.of('blob', TEXT.encode())[:7]} is not known"


def test_only_where_it_is_wanted(store: ObjectStore) -> None:
    patches = series(store, BASE, PATCHED)
    (done,) = apply_series(store, commit(store, APART), patches, three_way=False).patches
    assert (done.outcome, done.evidence) == (Outcome.CONFLICT, "f hunk 1")


def test_every_file_has_to_merge(store: ObjectStore) -> None:
    before, after = plain(f=TEXT, g=TEXT), plain(f=text((10, "patched")), g=text((10, "patched")))
    target = plain(f=text((8, "nearby")), g=text((10, "other")))
    (done,) = judged(store, commit(store, target), series(store, before, after))
    assert done.outcome is Outcome.CONFLICT
    assert read(store, done.tree_object) == dict(target)


def test_files_that_fit_are_taken_along(store: ObjectStore) -> None:
    before, after = plain(f=TEXT, g=TEXT), plain(f=text((10, "patched")), g=text((10, "patched")))
    (done,) = judged(store, commit(store, plain(f=text((8, "nearby")), g=TEXT)), series(store, before, after))
    assert done.outcome is Outcome.THREE_WAY
    assert read(store, done.tree_object)["g"][1] == text((10, "patched")).encode()
    assert [(hunk.path, hunk.line) for hunk in done.hunks] == [("f", None), ("g", 8)]


@pytest.mark.parametrize(
    ("there", "steps"),
    [
        ("after", "the patch reversed"),
        ("before the series", "earlier patches applied"),
        ("after the series", "later patches reversed"),
    ],
)
def test_a_base_is_rebuilt(store: ObjectStore, elsewhere: ObjectStore, there: str, steps: str) -> None:
    """One version is in some tree; the index lines lead from it to the one that is wanted."""
    states = [
        file((20, "one")), file((20, "one"), (25, "two")), file((10, "patched"), (20, "one"), (25, "two")),
        file((10, "patched"), (20, "one"), (25, "two"), (15, "four")),
    ]  # fmt: skip
    patches = series(elsewhere, *states, options=["--abbrev=9", "--no-full-index"])
    known = {"after": states[2], "before the series": states[0], "after the series": states[3]}[there]
    commit(store, known)
    target = commit(store, file((8, "nearby"), (20, "one"), (25, "two"), (30, "ours")))
    (done,) = apply_series(store, target, [patches[1]]).patches
    assert (done.outcome is Outcome.THREE_WAY) is (there == "after"), steps
    blobs = KnownBlobs(store, patches)
    assert blobs.find(patches[1].files[0].old_blob) == states[1]["f"][1], steps


def test_a_rebuilt_base_is_merged_within_its_series(store: ObjectStore, elsewhere: ObjectStore) -> None:
    states = [BASE, file((20, "one")), file((10, "patched"), (20, "one"))]
    patches = series(elsewhere, *states, options=["--abbrev=12", "--no-full-index"])
    commit(store, BASE)
    one, two = judged(store, commit(store, APART), patches)
    assert (one.outcome, two.outcome) == (Outcome.APPLIES, Outcome.THREE_WAY)
    expected = text((8, "nearby"), (10, "patched"), (20, "one"), (30, "ours"))
    assert read(store, two.tree_object)["f"][1] == expected.encode()


def test_what_does_not_have_the_named_id_is_no_base(store: ObjectStore, elsewhere: ObjectStore) -> None:
    """The hunks fit what is there, and what they give is not the blob that the index line names."""
    (good,) = series(elsewhere, BASE, PATCHED)
    old = good.files[0].old_blob or ""
    forged = patch("01", good.diff.replace(old.encode(), b"1234567" + old[7:].encode()))
    commit(store, PATCHED)
    assert KnownBlobs(store, [forged]).find(forged.files[0].old_blob) is None
    assert KnownBlobs(store, [good]).find(old) == TEXT.encode()


@pytest.mark.parametrize("name", [None, "", "abcdef", "0" * 40, "0" * 7, "f" * 41, "HEAD", "zzzzzzz"])
def test_what_names_no_blob(store: ObjectStore, name: str | None) -> None:
    assert KnownBlobs(store).find(name) is None


def test_an_ambiguous_id_names_none(store: ObjectStore) -> None:
    """Two blobs with the same seven digits, found by trying; the store goes on working afterwards."""
    seen: dict[str, bytes] = {}
    for number in range(200_000):
        data = b"%d\n" % number
        short = Oid.of("blob", data)[:7]
        if short in seen:
            break
        seen[short] = data
    else:
        pytest.fail("no two blobs alike")
    one = store.write_blob(seen[short])
    assert store.find_blob(short) == one
    store.write_blob(data)
    store.close()  # a running git knows what it saw first
    assert store.find_blob(short) is None
    assert store.find_blob(one) == one


def test_a_blob_named_like_a_ref_is_not_mistaken(store: ObjectStore) -> None:
    store.write_blob(b"other\n")
    git(store.path, "update-ref", "refs/tags/abcdef1", Oid.of("blob", b"other\n"))
    assert store.find_blob("abcdef1") is None


def test_a_merge_that_changes_nothing_is_already(store: ObjectStore) -> None:
    base, after = plain(f=text((3, "x"))), plain(f=text((3, "y")))
    (done,) = judged(store, commit(store, plain(f=text((3, "y"), (5, "near"), (1, "near"), base=TEXT))),
                     series(store, base, after))  # fmt: skip
    assert done.outcome in (Outcome.ALREADY, Outcome.ALREADY_EVOLVED)


def test_a_rename_and_a_mode(store: ObjectStore) -> None:
    after = {"moved": (EXECUTABLE, text((10, "patched")).encode())}
    (done,) = judged(store, commit(store, APART), series(store, BASE, after))
    assert done.outcome is Outcome.THREE_WAY
    merged = text((8, "nearby"), (10, "patched"), (30, "ours")).encode()
    assert read(store, done.tree_object) == {"moved": (EXECUTABLE, merged)}


def test_links_and_deletions_are_left_alone(store: ObjectStore) -> None:
    gone = series(store, BASE, plain(other="o\n"))
    (done,) = judged(store, commit(store, APART), gone)
    assert done.outcome is Outcome.CONFLICT
    assert "three-way" not in done.evidence


def test_binary_files_are_not_merged(store: ObjectStore) -> None:
    before = {"f": (FILE, TEXT.encode() + b"\0end\n")}
    text_diff = diff(store, before, {"f": (FILE, text((10, "patched")).encode() + b"\0end\n")}, "--text")
    target = commit(store, {"f": (FILE, text((8, "nearby")).encode() + b"\0end\n")})
    (done,) = judged(store, target, [patch("01", text_diff)])
    assert done.outcome is Outcome.CONFLICT


def test_it_is_what_git_am_makes(store: ObjectStore, tmp_path: Path) -> None:
    """On a clone that has the same blobs, ``git am -3`` gives the same tree."""
    base = commit(store, BASE)
    target = commit(store, APART)
    (one,) = series(store, BASE, PATCHED)
    (done,) = judged(store, target, [one])
    git(store.path, "update-ref", "refs/heads/target", target.commit)
    git(store.path, "update-ref", "refs/heads/base", base.commit)
    git(tmp_path, "clone", "--quiet", "--branch", "target", str(store.path), "clone")
    clone = tmp_path / "clone"
    mail = b"From: A U Thor <author@example.com>\nSubject: change\n\nWhy.\n---\n" + one.diff
    names = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    git(clone, *names, "am", "--quiet", "-3", stdin=mail)
    assert git(clone, "rev-parse", "HEAD^{tree}").stdout.decode().strip() == done.tree_object


# --- agreement with git am -3 ------------------------------------------------------------------------------------

EDITS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 2), st.lists(st.sampled_from(["new\n", "own\n", "{\n"]), max_size=2)),
    min_size=1, max_size=3,
)  # fmt: skip


Edits = list[tuple[int, int, list[str]]]


def edited(edits: Edits) -> Blob:
    lines = [f"\tline {number}\n" for number in range(30)]
    for at, gone, brought in edits:
        lines[at : at + gone] = brought
    return Blob("".join(lines).encode())


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with temporary_room() as made:
        yield made


@given(theirs=EDITS, ours=EDITS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_as_git_am_does(room: Room, theirs: Edits, ours: Edits) -> None:
    """Clean where git am is, with the same bytes; where it stops at a conflict, so is ours."""
    old, new, _ = room.trees({"f": edited([])}, {"f": edited(theirs)}, {"f": edited(ours)})
    if old == new:
        return
    one = patch_of(room.diff(old, new))
    target = room.base({"f": edited(ours)}, "target")
    (found,) = apply_series(room.store, target, [one]).patches
    mail = b"From: A U Thor <author@example.com>\nSubject: change\n\nWhy.\n---\n" + one.diff
    room.git("checkout", "--quiet", "--force", "--detach", target.commit)
    room.git("am", "--quiet", "-3", stdin=mail, check=False)
    stopped = (room.path / ".git" / "rebase-apply").exists()
    tree = room.git("rev-parse", "HEAD^{tree}")
    room.git("am", "--abort", check=False)
    if found.outcome in (Outcome.THREE_WAY, Outcome.APPLIES):
        assert (stopped, found.tree_object) == (False, tree), one.diff
    elif found.outcome in (Outcome.CONFLICT, Outcome.PARTIAL):
        assert stopped, (one.diff, found.evidence)
