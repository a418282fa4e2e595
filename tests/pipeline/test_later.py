# SPDX-License-Identifier: GPL-2.0-or-later
"""Follow-ups out of git histories: found by what commits say, counted once, and named where they are missing."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from seriestool.formats.mail import join_mbox
from seriestool.git.history import History, HistorySource
from seriestool.model.series import FollowUp, FollowUpReason, Role, TrackedPatch, TrackedSeries
from seriestool.pipeline.later import with_histories
from seriestool.pipeline.series import Job
from tests.apply.upstream import CODE, Repository, patch_of
from tests.pipeline.backports import Desk

Json = Mapping[str, Any]


class World:
    """Mainline: begin, v5.10, the patch, v5.11, and what a test commits behind it; ``stable`` begins at v5.10."""

    def __init__(self, path: Path) -> None:
        self.repository = repository = Repository(path)
        repository.commit("core: begin", code__c=CODE)
        repository.release("5.10")
        self.patch = repository.commit("core: the patch", "Why.", code__c=self.step(0))
        repository.release("5.11")

    def step(self, number: int) -> str:
        return self.repository.edit(f"\tcall_{number}();\n", f"\tfresh_step_{number}();\n")

    def fix(self, number: int, of: str, *lines: str, subject: str = "") -> str:
        body = "\n\n".join(["Why.", *lines, f'Fixes: {of} ("whatever")'])
        return self.repository.commit(subject or f"core: mend {number}", body, code__c=self.step(number))

    def branch(self, name: str = "stable") -> None:
        self.repository.git("checkout", "--quiet", "-B", name, "v5.10")

    def history(self, ref: str = "main", *, name: str = "mainline", after: str | None = None) -> History:
        commit = self.repository.git("rev-parse", ref)
        return History(HistorySource(self.repository.path / ".git", commit, name, after))

    def job(self, upstream: str | None = None) -> Job:
        patch = patch_of(self.repository, self.patch)
        entry = TrackedPatch("01", Role.SERIES, patch.subject, "s@e.example", upstream=upstream or self.patch[:12])
        return Job(TrackedSeries("demo", "demo", 1, (entry,)), (patch,), (), None)

    def found(self, *histories: History, mail: Sequence[FollowUp] = (), upstream: str | None = None) -> list[FollowUp]:
        return list(with_histories(self.job(upstream), mail, histories or (self.history(),)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "linux")


def commits(follow_ups: Sequence[FollowUp]) -> list[str | None]:
    return [one.commit for one in follow_ups]


def test_a_fix_and_the_fix_of_the_fix(world: World) -> None:
    first = world.fix(1, world.patch[:12])
    world.repository.commit("core: unrelated", f"As {world.patch[:12]} does.", code__c=world.step(2))
    second = world.fix(3, first[:14])
    reverted = world.repository.commit('Revert "core: mend 3"', f"This reverts commit {second}.", code__c=CODE)
    found = world.found()
    assert commits(found) == [first, second, reverted]
    assert {(one.reason, one.amends, one.message_id) for one in found} == {(FollowUpReason.FIXES, ("01",), None)}
    assert found[0].evidence == (
        f"its Fixes: names {world.patch[:12]}, patch 01 (by another title: whatever); "
        f"{first[:12]} in the history of mainline"
    )


def test_few_digits_count_with_the_title_only(world: World) -> None:
    world.fix(1, world.patch[:9])
    assert world.found() == []
    right = world.repository.commit(
        "core: mend", f'Why.\n\nFixes: {world.patch[:9]} ("core: the patch")', code__c=world.step(2)
    )
    assert commits(world.found()) == [right]


@pytest.mark.parametrize("words", ["commit {} upstream.", "[ Upstream commit {} ]", "(cherry picked from commit {})"])
def test_a_copy_in_a_stable_tree_is_the_upstream_commit(world: World, words: str) -> None:
    fix = world.fix(1, world.patch[:12])
    world.branch()
    copy = world.fix(1, world.patch[:12], words.format(fix))
    stable = world.history("stable", name="stable")
    assert commits(world.found(stable, world.history())) == [fix]
    (alone,) = world.found(stable)
    assert (alone.commit, alone.evidence.endswith(f"; {copy[:12]} in the history of stable")) == (fix, True)


def test_copies_that_say_nothing_are_one_by_patch_id_or_title(world: World) -> None:
    fix = world.fix(1, world.patch[:12])
    world.branch()
    world.fix(1, world.patch[:12], subject="core: mend by another name")
    world.branch("other")
    world.fix(1, world.patch[:12], subject="core:  Mend 1")
    histories = [world.history(ref, name=ref) for ref in ("main", "stable", "other")]
    assert commits(world.found(*histories)) == [fix]


def mailed(title: str, commit: str | None = None, patch_id: str | None = None) -> FollowUp:
    return FollowUp(
        title, "f@e.example", commit, FollowUpReason.FIXES, ("01",), "why", "what", "all", "c@e.example", patch_id
    )


def test_what_mail_told_of_stays_and_learns_its_commit(world: World) -> None:
    link = "Link: https://lore.example.org/r/f@e.example"
    fix = world.fix(1, world.patch[:12], link)
    same = patch_of(world.repository, fix).patch_id
    for one in (mailed("core: mend 1"), mailed("core: was another"), mailed("core: x", patch_id=same)):
        (found,) = world.found(mail=[one])
        assert (found.commit, found.posting_id, found.title) == (fix, "c@e.example", one.title)
        assert found.evidence == f"why; {fix[:12]} in the history of mainline"


def test_a_commit_that_mail_knows_is_no_news_and_is_followed_up(world: World) -> None:
    other = world.repository.commit("core: came with it", "Why.", code__c=world.step(1))
    later = world.fix(2, other[:12])
    first, second = world.found(mail=[mailed("core: came with it", other)])
    assert (first, second.commit, second.amends) == (mailed("core: came with it", other), later, ("01",))


def test_a_history_without_the_upstream_commit_is_searched_too(tmp_path: Path) -> None:
    """A stable tree that was cloned alone knows of the commit only what its own fixes say."""
    elsewhere = "e" * 40
    world = World(tmp_path / "linux")
    fix = world.fix(1, elsewhere[:12])
    assert commits(world.found(upstream=elsewhere)) == [fix]
    limited = world.history(after=fix)
    assert world.found(limited, upstream=elsewhere) == []


def test_5000_commits_take_no_time(tmp_path: Path) -> None:
    world = World(tmp_path / "linux")
    start = world.repository.head
    lines = [f"reset refs/heads/main\nfrom {start}\n"]
    for number in range(5000):
        text = f"core: change {number}\n\nWhy.\n\nFixes: {number:012x} (\"core: none\")\n"
        if number == 2500:
            text = f'core: mend it\n\nFixes: {world.patch[:12]} ("core: the patch")\n'
        lines.append(
            f"commit refs/heads/main\ncommitter A U Thor <a@example.com> {1_700_000_000 + number} +0000\n"
            f"data {len(text)}\n{text}M 100644 inline f{number % 50}\ndata 5\n{number:05}\n"
        )
    world.repository.git("fast-import", "--quiet", "--force", stdin="".join(lines).encode())
    history = world.history()
    started = time.monotonic()
    assert [one.title for one in world.found(history)] == ["core: mend it"]
    assert time.monotonic() - started < 5


def apply(desk: Desk, *words: str, code: int = 0) -> Json:
    done = desk.program("apply", "demo", "--json", "-q", *words)
    assert done.returncode == code, done.stderr
    output: Json = json.loads(done.stdout)
    return output


@pytest.fixture
def mended(tmp_path: Path) -> Desk:
    """Mainline mends the patch, which the workspace carries without the mend."""
    desk = Desk(tmp_path)
    desk.repository.git("checkout", "--quiet", "main")
    text = desk.repository.edit("(context, 1)", "(context, 2)")
    fixes = f'Fixes: {desk.patch[:12]} ("core: the patch")'
    desk.repository.commit("core: mend the patch", f"Why.\n\n{fixes}", code__c=text)
    return desk


def test_apply_warns_of_what_a_history_knows(mended: Desk) -> None:
    commit = mended.repository.git("rev-parse", "main")
    output = apply(mended, "--tree", "stable", "--tree", "mainline", "--with-prerequisites")
    (found,) = output["follow_ups"]
    assert (found["title"], found["commit"], found["number"]) == ("core: mend the patch", commit, None)
    assert found["missing_on"] == ["stable"], "mainline has the patch from upstream"
    assert output["follow_ups_searched"].endswith(", and the histories of mainline, stable")
    page = " ".join(mended.apply("--tree", "stable", "--with-prerequisites").stdout.split())
    told = f"its Fixes: names {mended.patch[:12]}, patch 01; {commit[:12]} in the history of mainline"
    assert f"- core: mend the patch {told}" in page
    out = mended.root / "out"
    done = mended.program("export", "demo", "--tree", "stable", "--with-prerequisites", "-o", str(out), "--json")
    assert json.loads(done.stdout)["not_included"][0]["commit"] == commit
    assert f"warning: not included: core: mend the patch (upstream {commit})" in done.stderr


def test_two_that_no_mail_tells_of_are_two_in_a_run(mended: Desk) -> None:
    text = mended.repository.edit("(context, 2)", "(context, 3)")
    body = f'Why.\n\nFixes: {mended.patch[:12]} ("core: the patch")'
    mended.repository.commit("core: mend it again", body, code__c=text)
    done = mended.program("build", "demo", "--tree", "stable", "--arch", "arm", "--json", "-q")
    assert done.returncode == 3, done.stderr
    assert [(one["title"], one["message_id"]) for one in json.loads(done.stdout)["missing"]] == [
        ("core: mend the patch", ""), ("core: mend it again", ""),
    ]  # fmt: skip
    shown = " ".join(mended.program("status", "demo").stdout.split())
    assert "- core: mend the patch its Fixes: names" in shown


def test_mail_and_history_tell_of_one_fix(mended: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = mended.repository
    mail = repository.git("format-patch", "--stdout", "-1", "main") + "\n"
    place = tmp_path / "lore" / "f@e.example"
    place.mkdir(parents=True)
    named = mail.replace("\nSubject:", "\nMessage-ID: <f@e.example>\nSubject:", 1).partition("\n")[2]
    (place / "t.mbox.gz").write_bytes(gzip.compress(join_mbox([named.encode()])))
    monkeypatch.setenv("SERIESTOOL_LORE", str(tmp_path / "lore"))
    (found,) = apply(mended, "--tree", "stable", code=3)["follow_ups"]
    assert (found["message_id"], found["commit"]) == ("f@e.example", repository.git("rev-parse", "main"))


def test_without_a_history_only_mail_is_searched(mended: Desk) -> None:
    mended.trees("mainline", "stable", more="history = false")
    output = apply(mended, "--tree", "stable", code=3)
    assert output["follow_ups"] == []
    assert "histor" not in output["follow_ups_searched"]


def test_the_search_changes_nothing_in_the_repository(mended: Desk) -> None:
    def state() -> str:
        command = ["git", "for-each-ref"]
        refs = subprocess.run(command, cwd=mended.repository.path, capture_output=True, text=True, check=True).stdout
        objects = sorted(str(path) for path in (mended.repository.path / ".git" / "objects").rglob("*"))
        return refs + "\n".join(objects)

    before = state()
    apply(mended, "--tree", "stable", code=3)
    assert state() == before
