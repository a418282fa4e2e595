# SPDX-License-Identifier: GPL-2.0-or-later
"""Every outcome of applying a patch has a tree that shows it, and the same inputs give the same commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from seriestool.apply.series import apply_series, commit_of
from seriestool.errors import InputRefused
from seriestool.formats.patch import parse_diff
from seriestool.model.adaptation import Adaptation, ExtraChange, HunkAdaptation, LineEdit
from seriestool.model.outcome import Outcome, PatchOutcome, TreeOutcome
from seriestool.model.series import Change, Patch
from tests.git.room import Blob, Files, Room, patch_of

FUNCTION = """\
int {name}(struct device *device)
{{
\tint {name}_error = start_{name}(device);

\treturn {name}_error;
}}

"""
NAMES = ("attach", "detach", "suspend", "resume", "remove_device", "shutdown_device")
DRIVER = "".join(FUNCTION.format(name=name) for name in NAMES)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "repository")


def files(**texts: str) -> dict[str, Blob]:
    """A tree: ``driver_c="..."`` is drivers/driver.c."""
    return {f"drivers/{name.replace('_', '.')}": Blob(text.encode()) for name, text in texts.items()}


def series(room: Room, *states: Files) -> list[Patch]:
    """Return the patches from each state to the next."""
    ids = room.trees(*states)
    return [patch_of(room.diff(old, new), f"{number:02}") for number, (old, new) in enumerate(pairwise(ids), 1)]


def change(patch: Patch, tree: Files, room: Room, adaptation: Adaptation | None = None) -> PatchOutcome:
    """Apply one patch, without merging, and return what became of it."""
    adaptations = {patch.number: (adaptation,)} if adaptation else {}
    return unmerged(room, tree, [patch], adaptations).patches[0]


def unmerged(
    room: Room, tree: Files, patches: Sequence[Patch], adaptations: Mapping[str, Sequence[Adaptation]] | None = None
) -> TreeOutcome:
    """Apply without merging: the room knows every blob."""
    return apply_series(room.store, room.base(tree), patches, adaptations=adaptations, three_way=False)


def guard(text: str) -> str:
    """The change under test: resume() checks for power first."""
    line = "\tint resume_error = start_resume(device);\n"
    return text.replace(line, line + "\n\tif (!device_has_power(device))\n\t\treturn -ENODEV;\n")


@pytest.fixture
def patch(room: Room) -> Patch:
    return series(room, files(driver_c=DRIVER), files(driver_c=guard(DRIVER)))[0]


def test_applies(room: Room, patch: Patch) -> None:
    found = change(patch, files(driver_c=DRIVER), room)
    assert (found.outcome, found.evidence) == (Outcome.APPLIES, "exact")
    assert found.tree_object == room.tree(files(driver_c=guard(DRIVER)))
    (hunk,) = found.hunks
    assert (hunk.path, hunk.number, hunk.applied, hunk.offset) == ("drivers/driver.c", 1, True, 0)


def test_applies_with_an_offset(room: Room, patch: Patch) -> None:
    found = change(patch, files(driver_c="/* more */\n" * 7 + DRIVER), room)
    assert (found.outcome, found.evidence) == (Outcome.APPLIES, "offset: drivers/driver.c +7 lines")
    assert found.hunks[0].offset == 7


def test_already(room: Room, patch: Patch) -> None:
    found = change(patch, files(driver_c="/* more */\n" + guard(DRIVER)), room)
    assert (found.outcome, found.evidence) == (Outcome.ALREADY, "the patch reverses cleanly")
    assert found.tree_object == room.tree(files(driver_c="/* more */\n" + guard(DRIVER)))


def test_already_evolved(room: Room, patch: Patch) -> None:
    moved_on = guard(DRIVER).replace("start_resume(device)", "start_resume(device, GFP_KERNEL)")
    moved_on = moved_on.replace("\t\treturn -ENODEV;\n", "\t\treturn -ENODEV;\n\n\tresume_count++;\n")
    found = change(patch, files(driver_c=moved_on), room)
    assert found.outcome is Outcome.ALREADY_EVOLVED
    assert found.evidence == "likely: text: 2 of 2 added lines are in drivers/driver.c, 2 of 2 new names"
    assert found.tree_object == room.tree(files(driver_c=moved_on))


def test_conflict_names_file_and_hunk_and_goes_on(room: Room) -> None:
    """The hunk that fits is taken, the other is not, and the next patch is judged on that."""
    first = DRIVER.replace("start_attach(device)", "start_attach(device, 1)")
    both = first.replace("start_shutdown_device(device)", "start_shutdown_device(device, 1)")
    last = both.replace("start_attach(device, 1)", "start_attach(device, 2)")
    patches = series(room, files(driver_c=DRIVER), files(driver_c=both), files(driver_c=last))
    other = DRIVER.replace("start_shutdown_device(device)", "start_halt(device)")
    found = unmerged(room, files(driver_c=other), patches)
    one, two = found.patches
    assert one.outcome is Outcome.CONFLICT
    assert one.evidence == "drivers/driver.c hunk 2"
    fits, rejected = one.hunks
    assert (fits.applied, rejected.applied, rejected.path, rejected.number) == (True, False, "drivers/driver.c", 2)
    assert rejected.expected == "\tint shutdown_device_error = start_shutdown_device(device);"
    assert rejected.found == "\tint shutdown_device_error = start_halt(device);"
    assert "not in this tree: start_shutdown_device" in str(rejected.cause)
    taken = other.replace("start_attach(device)", "start_attach(device, 1)")
    assert one.tree_object == room.tree(files(driver_c=taken))
    assert two.outcome is Outcome.APPLIES
    assert not found.applies


def test_partial(room: Room) -> None:
    """One hunk is in the tree; the other, which is most of the patch, finds no place."""
    first = DRIVER.replace("start_attach(device)", "start_attach(device, 1)")
    check = "\tif (!device_has_{0}(device))\n\t\treturn -ENO_{0};\n"
    checks = "".join(check.format(name) for name in ("power", "clock"))
    line = "\tint shutdown_device_error = start_shutdown_device(device);\n"
    (patch,) = series(room, files(driver_c=DRIVER), files(driver_c=first.replace(line, line + checks)))
    found = change(patch, files(driver_c=first.replace("start_shutdown_device(device)", "start_halt(device)")), room)
    assert found.outcome is Outcome.PARTIAL
    assert found.evidence == "in the tree: drivers/driver.c hunk 1; conflict: drivers/driver.c hunk 2"
    assert found.hunks[0].cause == "in the tree already"


def test_missing_file(room: Room, patch: Patch) -> None:
    found = change(patch, files(other_c=DRIVER), room)
    assert (found.outcome, found.evidence) == (Outcome.MISSING_FILE, "drivers/driver.c")
    assert found.tree_object == room.tree(files(other_c=DRIVER))


def test_a_file_in_the_way_is_a_conflict(room: Room) -> None:
    (patch,) = series(room, files(driver_c=DRIVER), files(driver_c=DRIVER, new_c="int brand_new;\n"))
    found = change(patch, files(driver_c=DRIVER, new_c="char something_else;\n"), room)
    assert found.outcome is Outcome.CONFLICT
    assert found.evidence == "drivers/new.c (drivers/new.c cannot be made: the file exists already)"


def test_blocked(room: Room) -> None:
    """The second patch changes what the first could not bring in, and fails for nothing else."""
    name = "int resume(struct device *device)\n"
    one = DRIVER.replace(name, name.replace("device)", "device, long deadline)"))
    one = one.replace("\tint resume_error", "\tlong resume_begin = jiffies_now();\n\tint resume_error")
    two = one.replace("resume_begin = jiffies_now();\n", "resume_begin = jiffies_now();\n\tint resume_tries = 3;\n")
    patches = series(room, *(files(driver_c=text) for text in (DRIVER, one, two)))
    tree = files(driver_c=DRIVER.replace("\treturn suspend_error;", "\treturn 0;"))
    found = unmerged(room, tree, patches).patches
    assert [patch.outcome for patch in found] == [Outcome.CONFLICT, Outcome.BLOCKED]
    assert found[1].evidence == "drivers/driver.c hunk 1: needs what is missing of 01"


def test_not_blocked_where_its_own_context_differs_too(room: Room) -> None:
    one = DRIVER.replace("\tint resume_error", "\tlong resume_begin = jiffies_now();\n\tint resume_error")
    two = one.replace("resume_begin = jiffies_now();\n", "resume_begin = jiffies_now();\n\tint resume_tries = 3;\n")
    patches = series(room, *(files(driver_c=text) for text in (DRIVER, one, two)))
    tree = files(driver_c=DRIVER.replace("start_resume(device)", "restart(device)"))
    found = unmerged(room, tree, patches).patches
    assert [patch.outcome for patch in found] == [Outcome.CONFLICT, Outcome.CONFLICT]


def test_blocked_by_a_file_that_an_earlier_patch_could_not_make(room: Room) -> None:
    made = {"drivers/new/core.c": Blob(b"int first_line;\n")}
    changed = {"drivers/new/core.c": Blob(b"int first_line;\nint second_line;\n")}
    base = files(driver_c=DRIVER)
    patches = series(room, base, {**base, **made}, {**base, **changed})
    in_the_way = {**base, "drivers/new": Blob(b"a file where a folder has to be\n")}
    found = unmerged(room, in_the_way, patches).patches
    assert [patch.outcome for patch in found] == [Outcome.CONFLICT, Outcome.BLOCKED]
    assert "needs what is missing of 01" in found[1].evidence


def adaptation(patch: Patch, *hunks: HunkAdaptation, patch_id: str | None = None) -> Adaptation:
    return Adaptation(
        patch_id=patch_id or patch.patch_id, tree="base", made_on="1.0", author="A U Thor <author@example.com>",
        date="2026-01-31", reason="device is called dev here", hunks=hunks,
    )  # fmt: skip


def renamed() -> Files:
    return files(driver_c=DRIVER.replace("start_resume(device)", "start_resume(dev)"))


def edit(patch: Patch) -> HunkAdaptation:
    """Adapt the context line that calls start_resume()."""
    (diff,) = patch.files
    number = next(at for at, line in enumerate(diff.hunks[0].lines, 1) if b"start_resume" in line.text)
    edits = (LineEdit(number, ("\u0020\tint resume_error = start_resume(dev);",)),)
    return HunkAdaptation("drivers/driver.c", 1, "the argument has another name", edits=edits)


def test_adapted(room: Room, patch: Patch) -> None:
    found = change(patch, renamed(), room, adaptation=adaptation(patch, edit(patch)))
    assert (found.outcome, found.evidence) == (Outcome.ADAPTED, "device is called dev here")
    assert found.hunks[0].cause == "edited: the argument has another name"
    text = guard(DRIVER).replace("start_resume(device)", "start_resume(dev)")
    assert found.tree_object == room.tree(files(driver_c=text))


def test_adaptation_is_not_used_where_the_patch_fits(room: Room, patch: Patch) -> None:
    found = change(patch, files(driver_c=DRIVER), room, adaptation=adaptation(patch, edit(patch)))
    assert found.outcome is Outcome.APPLIES


def test_adaptation_that_was_made_on_this_very_file_counts_although_the_patch_fits(room: Room, patch: Patch) -> None:
    (diff,) = patch.files
    blank = next(at for at, line in enumerate(diff.hunks[0].lines, 1) if line.sign == "+")
    hunk = HunkAdaptation(
        "drivers/driver.c", 1, "said otherwise here", edits=(LineEdit(blank, ("+\t/* here */",)),),
        pre_image=room.git("hash-object", "--stdin", stdin=DRIVER.encode()),
    )  # fmt: skip
    found = change(patch, files(driver_c=DRIVER), room, adaptation=adaptation(patch, hunk))
    assert (found.outcome, found.evidence) == (Outcome.ADAPTED, "device is called dev here")
    moved = change(patch, files(driver_c=DRIVER + "\n"), room, adaptation=adaptation(patch, hunk))
    assert moved.outcome is Outcome.APPLIES


def test_adaptation_for_another_patch_id(room: Room, patch: Patch) -> None:
    found = change(patch, renamed(), room, adaptation=adaptation(patch, edit(patch), patch_id="0" * 40))
    assert found.outcome is Outcome.CONFLICT
    assert "this one has" in found.evidence


def test_adaptation_that_does_not_fit(room: Room, patch: Patch) -> None:
    tree = files(driver_c=DRIVER.replace("start_resume(device)", "restart(dev)"))
    found = change(patch, tree, room, adaptation=adaptation(patch, edit(patch)))
    assert found.outcome is Outcome.CONFLICT
    assert found.evidence == "drivers/driver.c hunk 1 (the adaptation does not fit this tree)"


@pytest.mark.parametrize("tree", ["base", "stable-1.0"])
def test_a_tree_that_took_the_patch_as_it_was_adapted(room: Room, patch: Patch, tree: str) -> None:
    """The patch as posted neither fits nor reverses, and nobody needs the adaptation any more."""
    text = guard(DRIVER).replace("start_resume(device)", "start_resume(dev)")
    recorded = replace(adaptation(patch, edit(patch)), tree=tree)
    found = change(patch, files(driver_c="int more;\n" + text), room, adaptation=recorded)
    if tree == "base":
        assert found.outcome is Outcome.ALREADY
        assert found.evidence == "the patch as adapted for base reverses cleanly"
    else:  # the text tells as much, and does not ask what another tree has
        assert found.outcome is Outcome.ALREADY_EVOLVED
    assert found.tree_object == room.tree(files(driver_c="int more;\n" + text))


def test_adaptation_of_another_tree(room: Room, patch: Patch) -> None:
    other = replace(adaptation(patch, edit(patch)), tree="stable-1.0")
    found = change(patch, renamed(), room, adaptation=other)
    assert (found.outcome, found.evidence) == (
        Outcome.ADAPTED, "device is called dev here (recorded for stable-1.0, fits here)"
    )  # fmt: skip
    unfit = change(patch, files(driver_c=DRIVER.replace("start_resume(device)", "restart(dev)")), room, other)
    assert unfit.evidence.endswith(" (that of stable-1.0 does not fit this tree)")


def test_own_adaptation_goes_before_another_trees(room: Room, patch: Patch) -> None:
    own = adaptation(patch, edit(patch))
    other = replace(own, tree="stable-1.0", reason="not this one")
    judged = apply_series(room.store, room.base(renamed()), [patch], adaptations={"01": (other, own)}).patches[0]
    assert judged.evidence == own.reason


def test_adaptation_adds_a_change_of_its_own(room: Room, patch: Patch) -> None:
    extra = ExtraChange("drivers/other.c", "it is used here", lines=("+int other;",), change=Change.ADD)
    both = replace(adaptation(patch, edit(patch)), extras=(extra,))
    found = change(patch, renamed(), room, adaptation=both)
    assert found.outcome is Outcome.ADAPTED
    assert [(hunk.path, hunk.number, hunk.cause) for hunk in found.hunks] == [
        ("drivers/driver.c", 1, "edited: the argument has another name"),
        ("drivers/other.c", 1, "added: it is used here"),
    ]
    text = guard(DRIVER).replace("start_resume(device)", "start_resume(dev)")
    assert found.tree_object == room.tree({**files(driver_c=text), "drivers/other.c": Blob(b"int other;\n")})


def test_adaptation_leaves_a_hunk_out(room: Room) -> None:
    both = DRIVER.replace("start_attach(device)", "start_attach(device, 1)")
    both = both.replace("start_shutdown_device(device)", "start_shutdown_device(device, 1)")
    (patch,) = series(room, files(driver_c=DRIVER), files(driver_c=both))
    tree = DRIVER.replace("start_shutdown_device(device)", "start_halt(device)")
    omit = HunkAdaptation("drivers/driver.c", 2, "no shutdown here", omit=True)
    found = change(patch, files(driver_c=tree), room, adaptation=adaptation(patch, omit))
    assert found.outcome is Outcome.ADAPTED
    assert [(hunk.number, hunk.applied, hunk.cause) for hunk in found.hunks] == [
        (1, True, None), (2, False, "left out: no shutdown here"),
    ]  # fmt: skip


@pytest.fixture
def three(room: Room) -> list[Patch]:
    """Three patches of which the second does not fit the tree of ``conflicting``."""
    states = [DRIVER]
    for name in ("attach", "resume", "shutdown_device"):
        states.append(states[-1].replace(f"start_{name}(device)", f"start_{name}(device, 1)"))
    return series(room, *(files(driver_c=text) for text in states))


def conflicting() -> Files:
    return files(driver_c=DRIVER.replace("start_resume(device)", "restart(device)"))


def test_same_inputs_same_commits(tmp_path: Path, three: Sequence[Patch], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the store nor who runs it, when and where, is in a commit."""
    found = []
    for number, name in enumerate(("one", "two")):
        for variable, value in identity(number).items():
            monkeypatch.setenv(variable, value)
        other = Room(tmp_path / name)
        outcome = apply_series(other.store, other.base(conflicting()), three)
        found.append([patch.commit for patch in outcome.patches])
    assert found[0] == found[1]
    assert len(set(found[0])) == 2  # a patch that changed nothing is no commit


def identity(number: int) -> Mapping[str, str]:
    when = f"16{number}7878165 +0200"
    return {"GIT_COMMITTER_NAME": f"Somebody {number}", "GIT_COMMITTER_DATE": when, "TZ": f"UTC{number}"}


def test_commits(room: Room, patch: Patch) -> None:
    """The real git finds nothing wrong with them; author, date and message are the patch's."""
    base = room.base(files(driver_c=DRIVER))
    outcome = apply_series(room.store, base, [patch], ref_prefix="refs/seriestool/applied/slug/v1/base")
    commit = outcome.patches[0].commit
    assert commit_of(outcome, "01") == commit
    assert commit_of(outcome, None) == base.commit
    room.git("fsck", "--strict", "--no-dangling", commit)
    shown = room.git("show", "-s", "--format=%an|%ae|%ad|%cn|%ce|%P|%B", "--date=raw", commit)
    assert shown == "|".join([
        "A U Thor", "author@example.com", "1617878165 +0200", "seriestool", "seriestool@localhost", base.commit,
        patch.message.rstrip("\n"),
    ])  # fmt: skip


def test_refs(room: Room, three: Sequence[Patch]) -> None:
    """One ref per patch; a second run with other patches moves them."""
    prefix = "refs/seriestool/applied/slug/v1/base"
    base = room.base(conflicting())
    for patches in (three, [three[2]]):
        outcome = apply_series(room.store, base, patches, ref_prefix=prefix)
        for one in outcome.patches:
            assert room.git("rev-parse", f"{prefix}/{one.number}") == one.commit


def test_no_refs_without_a_prefix(room: Room, patch: Patch) -> None:
    base = room.base(files(driver_c=DRIVER))
    before = room.git("for-each-ref")
    apply_series(room.store, base, [patch])
    assert room.git("for-each-ref") == before


@pytest.mark.parametrize("path", ["../evil", "/etc/passwd", "a/../../evil", ".git/hooks/commit-msg", "a/.GIT/config"])
def test_hostile_paths_never_come_here(path: str) -> None:
    diff = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+evil\n"
    with pytest.raises(InputRefused):
        parse_diff(diff.encode())
