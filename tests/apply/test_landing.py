# SPDX-License-Identifier: GPL-2.0-or-later
"""What a history says of a patch: that it is there and by which evidence, or who took it back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from seriestool.apply.landing import Upstream
from seriestool.git.history import Histories
from seriestool.git.objects import ObjectStore
from seriestool.model.outcome import EvidenceClass, Outcome, PatchOutcome
from seriestool.model.series import Patch
from seriestool.model.tree import GitSource
from seriestool.places import Cache
from tests.apply.upstream import CODE, Repository, Trees, patch_of

SUBJECT = "core: report what fresh state says"
FRESH = "".join(f"\tif (fresh_state->counter_{number})\n\t\tfresh_report({number});\n" for number in range(4))


@pytest.fixture
def trees(store: ObjectStore, tmp_path: Path) -> Trees:
    return Trees(store, Cache(tmp_path))


class World:
    """Mainline with the patch at its tip, and a stable branch that began before it."""

    def __init__(self, path: Path, trees: Trees) -> None:
        self.repository = Repository(path)
        self.trees = trees
        self.repository.commit("core: begin", code__c=CODE, other__c=CODE)
        self.repository.release("5.10")
        self.repository.commit("core: something else", other__c=CODE + "/* more */\n")
        self.upstream = self.repository.commit(
            SUBJECT, "Why.", code__c=self.repository.edit("\tcall_3();\n", f"\tcall_3();\n{FRESH}")
        )
        self.patch = patch_of(self.repository, self.upstream)
        self.repository.branch("stable", "v5.10")

    def backport(
        self, *, subject: str = SUBJECT, body: str = "Why.", author: str = "B Ackport", extra: str = ""
    ) -> str:
        """Commit the change to the branch by other words."""
        text = self.repository.edit("\tcall_3();\n", f"\tcall_3();\n{extra}{FRESH}")
        return self.repository.commit(subject, body, author, code__c=text)

    def take_back(self, commit: str, body: str = "", subject: str = "core: never mind") -> str:
        """Commit the change's reverse with the words of git-revert(1)."""
        text = (self.repository.path / "code.c").read_text().replace(FRESH, "")
        return self.repository.commit(subject, body or f"This reverts commit {commit}.", code__c=text)

    def judged(self, ref: str = "stable", *, known: bool = True, released: str | None = None) -> PatchOutcome:
        tree, histories = self.trees.own(self.repository, ref)
        upstream = Upstream(self.upstream[:12], released) if known else None
        return self.trees.judged(tree, histories, self.patch, upstream).patches[0]


@pytest.fixture
def world(tmp_path: Path, trees: Trees) -> World:
    return World(tmp_path / "linux", trees)


def expect(found: PatchOutcome, outcome: Outcome, evidence: EvidenceClass | None, words: str) -> None:
    assert (found.outcome, found.evidence_class) == (outcome, evidence), found.evidence
    assert words in found.evidence


def test_contained(world: World) -> None:
    said = f"contained: upstream commit {world.upstream[:12]} is in the history; the patch reverses cleanly"
    expect(world.judged("main"), Outcome.ALREADY, EvidenceClass.CONTAINED, said)


def test_contained_and_moved_on_from(world: World) -> None:
    world.repository.git("checkout", "--quiet", "main")
    world.repository.commit("core: less", code__c=world.repository.edit("fresh_report(2)", "fresh_report(2, true)"))
    expect(world.judged("main"), Outcome.ALREADY_EVOLVED, EvidenceClass.CONTAINED, "is in the history")


def test_not_there(world: World) -> None:
    expect(world.judged(), Outcome.APPLIES, None, "exact")


def test_cherry_picked_with_x(world: World) -> None:
    """The patch-id is the same, which is more than the line says."""
    world.repository.git("cherry-pick", "-x", world.upstream)
    picked = world.repository.head[:12]
    expect(world.judged(), Outcome.ALREADY, EvidenceClass.PATCH_ID, f"patch-id: {picked} has the same patch-id")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("commit {} upstream.", "commit {} upstream."),
        ("[ Upstream commit {} ]", "[ Upstream commit {} ]"),
        ("(cherry picked from commit {})", "(cherry picked from commit {})"),
        ("(backported from commit {})", "(backported from commit {})"),
    ],
)
def test_named(world: World, line: str, said: str) -> None:
    commit = world.backport(subject="something else", body=f"{line.format(world.upstream)}\n\nWhy.", extra="\tx();\n")
    world.repository.commit("core: again", code__c=world.repository.edit("\tcall_3();\n", "\tcall_three();\n"))
    words = f"named: {commit[:12]} says {said.format(world.upstream[:12])}"
    expect(world.judged(), Outcome.ALREADY_EVOLVED, EvidenceClass.NAMED, words)


def test_a_patch_is_not_applied_a_second_time(world: World) -> None:
    """The backport put the lines elsewhere, so that git apply would take the patch again."""
    text = world.repository.edit("\tcall_9();\n", f"\tcall_9();\n{FRESH}")
    world.repository.commit("core: x", f"commit {world.upstream} upstream.", code__c=text)
    expect(world.judged(), Outcome.ALREADY_EVOLVED, EvidenceClass.NAMED, "named: ")


def test_a_mention_in_prose_names_nothing(world: World) -> None:
    text = f"It is like commit {world.upstream} upstream."
    world.repository.commit("core: x", text, code__c=world.repository.edit("call_9", "call_nine"))
    expect(world.judged(), Outcome.APPLIES, None, "exact")


@pytest.mark.parametrize(
    "text",
    [
        "This was broken by\ncommit {} upstream.",
        "commit {} upstream broke this.",
        "commit {} upstream, which came before, broke this.",
        'Upstream commit {} ("core: fresh state") changed this, and forgot the rest.',
        "See there\nupstream commit {}.",
    ],
)
def test_prose_at_the_beginning_of_a_line_names_nothing(world: World, text: str) -> None:
    edited = world.repository.edit("call_9", "call_nine")
    world.repository.commit("core: x", f"Why.\n\n{text.format(world.upstream)}", code__c=edited)
    expect(world.judged(), Outcome.APPLIES, None, "exact")


def test_a_few_digits_that_are_those_of_another_commit(world: World) -> None:
    """Where only eight digits are known, a commit of another subject that begins with them is another one."""
    vendor = Repository(world.repository.path.parent / "vendor")
    vendor.commit("all of it", code__c=CODE)
    other = f"commit {world.upstream[:8]}{'7' * 32} upstream."
    upstream = Upstream(world.upstream[:8])
    vendor.commit("core: something quite different", other, code__c=vendor.edit("call_9", "call_nine"))
    tree, histories = world.trees.own(vendor, "main")
    expect(world.trees.judged(tree, histories, world.patch, upstream).patches[0], Outcome.APPLIES, None, "exact")
    text = vendor.edit("\tcall_3();\n", f"\tcall_3();\n\tx();\n{FRESH}")
    vendor.commit(SUBJECT, f"commit {world.upstream} upstream.", "C Else", code__c=text)
    tree, histories = world.trees.own(vendor, "main", "later")
    found = world.trees.judged(tree, histories, world.patch, upstream).patches[0]
    expect(found, Outcome.ALREADY_EVOLVED, EvidenceClass.NAMED, "named: ")


def test_author_and_subject_of_a_commit_that_says_it_is_another(world: World) -> None:
    """Two fixes of one title, one of them backported: the other one is not there, whatever its lines look like."""
    some = FRESH.partition("\tif (fresh_state->counter_2)")[0]
    text = world.repository.edit("\tcall_3();\n", f"\tcall_three();\n{some}")
    commit = world.repository.commit(SUBJECT, f"commit {'5' * 40} upstream.", code__c=text)
    expect(world.judged(), Outcome.CONFLICT, None, f"{commit[:12]} has the same author and subject, and says that it")


def test_same_patch_id_by_other_words(world: World) -> None:
    commit = world.backport(subject="by another name")
    for known in (True, False):
        expect(world.judged(known=known), Outcome.ALREADY, EvidenceClass.PATCH_ID, f"patch-id: {commit[:12]}")


def test_author_and_subject_after_a_rework(world: World) -> None:
    commit = world.backport(author="A U Thor", extra="\tfresh_state_first();\n")
    words = f"author-subject: {commit[:12]} has the same author and subject; text: 8 of 8 added lines are in code.c"
    for known in (True, False):
        expect(world.judged(known=known), Outcome.ALREADY_EVOLVED, EvidenceClass.AUTHOR_SUBJECT, words)


def test_same_subject_of_somebody_else(world: World) -> None:
    world.repository.commit(SUBJECT, "Why.", "C Else", code__c=world.repository.edit("call_9", "call_nine"))
    expect(world.judged(), Outcome.APPLIES, None, "exact")


def test_author_and_subject_that_the_text_contradicts(world: World) -> None:
    """Some people have many commits of one title."""
    world.repository.commit(SUBJECT, "Why.", code__c=world.repository.edit("call_9", "call_nine"))
    expect(world.judged(), Outcome.APPLIES, None, "and subject, which the text contradicts: 0 of 8")


@pytest.mark.parametrize("ref", ["main", "stable"])
def test_reverted(world: World, ref: str) -> None:
    world.repository.git("checkout", "--quiet", ref)
    commit = world.upstream
    if ref == "stable":
        commit = world.backport(body=f"commit {world.upstream} upstream.")
    revert = world.take_back(commit)
    expect(world.judged(ref), Outcome.APPLIES, None, f"reverted by {revert[:12]} (core: never mind); exact")


def test_reverted_in_the_words_of_stable(world: World) -> None:
    """The upstream commit is named there too, at the beginning of a line, and is not what the revert is."""
    commit = world.backport(body=f"commit {world.upstream} upstream.")
    body = f"This reverts commit {commit} which is\ncommit {world.upstream} upstream.\n\nIt broke things."
    revert = world.take_back(commit, body)
    expect(world.judged(), Outcome.APPLIES, None, f"reverted by {revert[:12]}")


def test_reverted_by_a_backport_of_the_upstream_revert(world: World) -> None:
    world.backport(body=f"commit {world.upstream} upstream.")
    body = f"commit {'4' * 40} upstream.\n\nThis reverts commit {world.upstream[:12]}."
    revert = world.take_back("", body)
    expect(world.judged(), Outcome.APPLIES, None, f"reverted by {revert[:12]}")


def test_reverted_by_title_alone(world: World) -> None:
    world.backport(body=f"commit {world.upstream} upstream.")
    revert = world.take_back("", "It broke things.", f'Revert "{SUBJECT}"')
    expect(world.judged(), Outcome.APPLIES, None, f"reverted by {revert[:12]}")


def test_a_text_that_looks_like_it_is_no_evidence_after_a_revert(world: World) -> None:
    world.backport(body=f"commit {world.upstream} upstream.")
    text = world.repository.edit("fresh_report(1);", "fresh_reports(1);")
    body = f"This reverts commit {world.upstream}."
    world.repository.commit("core: never mind", body, code__c=text.replace("call_3();", "call_three();"))
    found = world.judged()
    expect(found, Outcome.CONFLICT, None, "reverted by ")


def test_part_of_it_reverted(world: World) -> None:
    commit = world.backport(body=f"commit {world.upstream} upstream.", extra="\tx();\n")
    text = world.repository.edit("\tif (fresh_state->counter_0)\n\t\tfresh_report(0);\n", "")
    world.repository.commit("core: less", f"This partially reverts commit {commit}.", code__c=text)
    expect(world.judged(), Outcome.ALREADY_EVOLVED, EvidenceClass.NAMED, "named: ")


@pytest.mark.parametrize("how", ["partially", "except for the second half", "in part"])
def test_part_of_it_reverted_in_other_words(world: World, how: str) -> None:
    commit = world.backport(body=f"commit {world.upstream} upstream.", extra="\tx();\n")
    text = world.repository.edit("\tif (fresh_state->counter_0)\n\t\tfresh_report(0);\n", "")
    body = f'This reverts commit {commit} ("{SUBJECT}")\n{how}.'
    world.repository.commit("core: less", body, code__c=text)
    expect(world.judged(), Outcome.ALREADY_EVOLVED, EvidenceClass.NAMED, "named: ")


def test_reverted_and_the_title_says_in_part(world: World) -> None:
    commit = world.backport(body=f"commit {world.upstream} upstream.")
    revert = world.take_back(commit, f'This reverts commit {commit} ("core: partially report, except for this").')
    expect(world.judged(), Outcome.APPLIES, None, f"reverted by {revert[:12]}")


@pytest.mark.parametrize(("ref", "said"), [("main", "contained: "), ("stable", "patch-id: ")])
def test_undone_without_a_word(world: World, ref: str, said: str) -> None:
    """No message says that it was taken back; the text does."""
    world.repository.git("checkout", "--quiet", ref)
    if ref == "stable":
        world.backport(body=f"commit {world.upstream} upstream.")
    world.take_back("", "It is better without.")
    found = world.judged(ref)
    expect(found, Outcome.APPLIES, None, "which the text contradicts: 0 of 8 added lines, 0 of 6 new names")
    assert found.evidence.startswith(said)


def test_what_is_left_of_a_contained_patch_is_told(world: World) -> None:
    world.repository.git("checkout", "--quiet", "main")
    text = (world.repository.path / "code.c").read_text().replace("fresh_report(", "fresh_tell(")
    world.repository.commit("core: tell", code__c=text)
    words = "is in the history; text: 4 of 8 added lines are in code.c"
    expect(world.judged("main"), Outcome.ALREADY_EVOLVED, EvidenceClass.CONTAINED, words)


def test_a_contained_patch_of_a_file_that_is_gone(world: World) -> None:
    world.repository.git("checkout", "--quiet", "main")
    world.repository.git("rm", "--quiet", "code.c")
    world.repository.commit("core: gone")
    words = "is in the history; its files are not in this tree any more"
    expect(world.judged("main"), Outcome.ALREADY_EVOLVED, EvidenceClass.CONTAINED, words)


def test_a_branch_that_is_called_like_a_commit(world: World) -> None:
    name = "".join(f"{15 - int(digit, 16):x}" for digit in world.upstream[:12])
    world.repository.git("branch", name, "stable")
    tree, histories = world.trees.own(world.repository, "stable")
    found = world.trees.judged(tree, histories, world.patch, Upstream(name)).patches[0]
    expect(found, Outcome.APPLIES, None, "exact")


def test_revert_reverted(world: World) -> None:
    commit = world.backport(body=f"commit {world.upstream} upstream.")
    revert = world.take_back(commit)
    text = world.repository.edit("\tcall_3();\n", f"\tcall_3();\n{FRESH}")
    world.repository.commit("core: after all", f"This reverts commit {revert}.", code__c=text)
    expect(world.judged(), Outcome.ALREADY, EvidenceClass.PATCH_ID, f"patch-id: {commit[:12]}")


def test_reverted_and_applied_again(world: World) -> None:
    commit = world.backport(body=f"commit {world.upstream} upstream.")
    world.take_back(commit, f"This reverts commit {world.upstream}.")
    again = world.backport(subject="core: again", body=f"commit {world.upstream} upstream.", extra="\tx();\n")
    expect(world.judged(), Outcome.ALREADY_EVOLVED, EvidenceClass.NAMED, f"named: {again[:12]}")


def test_applied_again_and_reverted_again(world: World) -> None:
    for _ in range(2):
        commit = world.backport(body=f"commit {world.upstream} upstream.")
        revert = world.take_back(commit, f"This reverts commit {world.upstream}.")
    expect(world.judged(), Outcome.APPLIES, None, f"reverted by {revert[:12]}")


def test_reverted_in_a_side_branch(world: World) -> None:
    """The merge is the same as its other parent in these files: only a full walk sees the revert."""
    repository = world.repository
    repository.git("checkout", "--quiet", "main")
    repository.branch("side", "main")
    revert = world.take_back(world.upstream)
    repository.git("checkout", "--quiet", "main")
    repository.commit("core: other", other__c=CODE + "/* most */\n")
    repository.git("merge", "--quiet", "--no-edit", "side")
    expect(world.judged("main"), Outcome.APPLIES, None, f"reverted by {revert[:12]}")


def test_shallow(world: World, trees: Trees, tmp_path: Path) -> None:
    """What is there counts; what is not there is not known, and the version may still say it."""
    world.repository.git("checkout", "--quiet", "main")
    world.repository.release("5.13")
    world.repository.release("5.14")
    clone = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", world.repository.path.as_uri(), str(clone)], check=True
    )
    tree, history = trees.tree(GitSource(str(clone), "main"))
    assert history is not None
    assert history.source.shallow
    upstream = Upstream(world.upstream, "v5.13")
    landing = trees.landing(tree, Histories(history), world.patch, upstream)
    assert landing.evidence_class is EvidenceClass.RELEASE


@pytest.mark.parametrize(
    ("version", "released", "outcome"),
    [
        ("5.14", "v5.13", Outcome.ALREADY_EVOLVED),
        ("5.13-rc3", "v5.13-rc1", Outcome.ALREADY_EVOLVED),
        ("5.13", "v5.13-rc1", Outcome.ALREADY_EVOLVED),
        ("5.13-rc3", "v5.13", Outcome.CONFLICT),
        ("5.12.9", "v5.13", Outcome.CONFLICT),
        ("6.0", "v5.13.2", Outcome.CONFLICT),
        ("5.13.4", "v5.13.2", Outcome.ALREADY_EVOLVED),
    ],
)
def test_release_against_version(world: World, version: str, released: str, outcome: Outcome) -> None:
    """Half of it is there, too little to go by the text alone; the history is a vendor's and knows nothing."""
    vendor = Repository(world.repository.path.parent / "vendor")
    text = CODE.replace("\tcall_3();\n", f"\tcall_three();\n{FRESH}").replace("fresh_report", "fresh_tell")
    vendor.commit("all of it", code__c=text)
    vendor.release(version)
    tree, histories = world.trees.own(vendor, "main")
    found = world.trees.judged(tree, histories, world.patch, Upstream(world.upstream, released)).patches[0]
    if outcome is Outcome.CONFLICT:
        expect(found, outcome, None, "code.c hunk 1")
    else:
        words = f"release: {released} first had it, this is "
        expect(found, outcome, EvidenceClass.RELEASE, words)
        assert "; text: 4 of 8 added lines are in code.c" in found.evidence


def test_release_from_the_tags_of_another_history(world: World) -> None:
    world.repository.git("checkout", "--quiet", "main")
    world.repository.release("5.13-rc1")
    world.repository.release("5.13")
    vendor = Repository(world.repository.path.parent / "vendor")
    vendor.commit("all of it", code__c=CODE.replace("\tcall_3();\n", f"\tcall_three();\n{FRESH}"))
    vendor.release("6.1.192")
    tree, own = world.trees.own(vendor, "main")
    _, mainline = world.trees.own(world.repository, "main", "mainline")
    around = Histories(own.own, mainline.all)
    found = world.trees.judged(tree, around, world.patch, Upstream(world.upstream[:12])).patches[0]
    words = "release: v5.13-rc1 first had it, this is 6.1.192"
    expect(found, Outcome.ALREADY_EVOLVED, EvidenceClass.RELEASE, words)


def test_release_that_the_text_contradicts(world: World) -> None:
    vendor = Repository(world.repository.path.parent / "vendor")
    vendor.commit("all of it", code__c=CODE)
    vendor.release("6.1.192")
    tree, histories = world.trees.own(vendor, "main")
    found = world.trees.judged(tree, histories, world.patch, Upstream(world.upstream, "v5.13")).patches[0]
    words = "release: v5.13 first had it, this is 6.1.192, which the text contradicts: 0 of 8 added lines, 0 of 6 new"
    expect(found, Outcome.APPLIES, None, words)


def test_release_of_a_patch_that_was_taken_back(world: World) -> None:
    """It does not fit, a line of it is there for other reasons, and what it took away is there again."""
    repository = world.repository
    repository.git("checkout", "--quiet", "main")
    removed = "".join(f"\told_report_{number}(state);\n" for number in range(3))
    repository.commit("core: old", code__c=repository.edit("\tcall_5();\n", f"\tcall_5();\n{removed}"))
    added = "\tnew_report(state);\n\tnew_counter(state, 1);\n\tnew_counter(state, 2);\n\tnew_counter(state, 3);\n"
    commit = repository.commit("core: new", code__c=repository.edit(removed, added))
    vendor = Repository(repository.path.parent / "vendor")
    left = f"\tcall_five();\n{removed}\tnew_report(state);\n"
    vendor.commit("all of it", code__c=CODE.replace("\tcall_5();\n", left))
    vendor.release("6.1.192")
    tree, histories = world.trees.own(vendor, "main")
    upstream = Upstream(commit, "v5.13")
    found = world.trees.judged(tree, histories, patch_of(repository, commit), upstream).patches[0]
    expect(found, Outcome.CONFLICT, None, "v5.13 first had it, this is 6.1.192, which the text contradicts: 1 of 4")


def test_release_of_a_patch_whose_file_is_not_there(world: World) -> None:
    vendor = Repository(world.repository.path.parent / "vendor")
    vendor.commit("all of it", other__c=CODE)
    vendor.release("6.1.192")
    tree, histories = world.trees.own(vendor, "main")
    found = world.trees.judged(tree, histories, world.patch, Upstream(world.upstream, "v5.13")).patches[0]
    words = "release: v5.13 first had it, this is 6.1.192, but its files are not in this tree; code.c"
    expect(found, Outcome.MISSING_FILE, None, words)


def test_a_tag_that_is_no_release(world: World) -> None:
    """Patches on top of a stable release were never in that release."""
    world.repository.git("checkout", "--quiet", "main")
    world.repository.git("tag", "-a", "-m", "rt", "v5.10.7-rt2")
    world.repository.git("tag", "-a", "-m", "x", "v5.9-vendor")
    tree, mainline = world.trees.own(world.repository, "main", "mainline")
    assert mainline.own is not None
    assert mainline.own.first_releases([world.upstream]) == {}
    world.repository.release("5.13-rc1")
    assert mainline.own.first_releases([world.upstream]) == {world.upstream: "v5.13-rc1"}
    assert tree.name == "mainline"


def test_twelve_patches_of_one_history(world: World) -> None:
    """Each patch is found by itself, whatever the others are."""
    repository = world.repository
    repository.git("checkout", "--quiet", "main")
    commits = [
        repository.commit(f"core: step {number}", code__c=repository.edit(f"\tcall_{number}();", f"\tstep_{number}();"))
        for number in range(4, 12)
    ]
    patches = [patch_of(repository, commit, f"{number:02}") for number, commit in enumerate(commits, 1)]
    repository.git("checkout", "--quiet", "stable")
    for commit in commits[::2]:
        repository.git("cherry-pick", "-x", commit)
    found = [_landed(world, patch, commit) for patch, commit in zip(patches, commits, strict=True)]
    assert found == [EvidenceClass.PATCH_ID, None] * 4


def _landed(world: World, patch: Patch, commit: str) -> EvidenceClass | None:
    tree, histories = world.trees.own(world.repository, "stable")
    return world.trees.landing(tree, histories, patch, Upstream(commit)).evidence_class
