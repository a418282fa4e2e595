# SPDX-License-Identifier: GPL-2.0-or-later
"""Landed and posted forms, and follow-ups, through the whole program on a fake kernel and a written archive."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seriestool.errors import UsageError
from seriestool.formats.mail import split_mbox
from seriestool.model.outcome import Outcome, PatchOutcome, TreeOutcome
from seriestool.model.series import FollowUp, FollowUpReason, TrackedSeries, Variant
from seriestool.model.tree import Tree
from seriestool.pipeline.adapting.recorded import load_adaptations
from seriestool.pipeline.follow_ups import FoundFollowUps, close_over
from seriestool.pipeline.series import open_series
from tests.pipeline.archive import COMMIT, OTHER, archive_of, diff, mail, notice, track
from tests.pipeline.conftest import TREE, Bench, git
from tests.sources.mirror import make_inbox

Json = Mapping[str, Any]


@pytest.fixture
def archived(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    archive_of(bench, tmp_path, monkeypatch)
    return bench


def _apply(bench: Bench, *words: str) -> Json:
    done = bench.program("apply", "demo", "--tree", TREE, "--json", "-q", *words)
    assert done.returncode == 0, done.stderr
    output: Json = json.loads(done.stdout)
    return output


def _store(bench: Bench) -> Path:
    return bench.ctx.cache.store


def test_the_landed_form_is_taken_and_the_posted_one_on_request(archived: Bench) -> None:
    commits = {}
    for words, form in (((), "landed"), (("--variant", "posted"), "posted")):
        (patch,) = _apply(archived, *words)["trees"][0]["patches"]
        assert (patch["outcome"], patch["variant"]) == ("applies", form)
        commits[form] = patch["commit"]
        text = git("show", f"{patch['commit']}:kernel/signal.c", cwd=_store(archived))
        assert text.endswith(f"/* {form} */\n")
    refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/seriestool/applied", cwd=_store(archived))
    for form, commit in commits.items():
        assert f"{commit} refs/seriestool/applied/demo/v1/{TREE}/{form}/01\n" in refs


def test_the_difference_of_both_forms_is_told_and_shown(archived: Bench) -> None:
    (told,) = _apply(archived)["form_differences"]
    assert (told["number"], told["commit"], told["range_diff"]) == ("01", COMMIT, None)
    assert "++/* landed */\n" in _apply(archived, "--range-diff")["form_differences"][0]["range_diff"]
    page = archived.program("apply", "demo", "--tree", TREE, "-q", "--range-diff").stdout
    assert "form: 01 as upstream has them" in page
    assert "    -+/* posted */\n    ++/* landed */\n" in page


def test_a_notice_about_another_commit_is_an_error_that_names_both(archived: Bench) -> None:
    toml = archived.root / "patches" / "demo" / "series.toml"
    toml.write_text(toml.read_text().replace(COMMIT[:12], OTHER[:12]))
    done = archived.program("apply", "demo", "--tree", TREE, "-q")
    assert done.returncode == 125
    (error, hint) = done.stderr.splitlines()
    assert error.startswith("error: patch 01: ")
    assert OTHER[:12] in error
    assert COMMIT in error
    assert hint.startswith("hint: ")


def test_a_missing_follow_up_is_warned_of_and_one_that_is_applied_is_not(archived: Bench) -> None:
    (found,) = _apply(archived)["follow_ups"]
    assert (found["title"], found["number"], found["missing_on"]) == ("events: Mend it", None, [TREE])
    carried = (
        "", "[[follow-up]]", 'number = "02"', 'role = "follow-up"', 'subject = "events: Mend it"',
        'message-id = "f@e.example"',
    )  # fmt: skip
    track(archived, patch=carried)
    assert _apply(archived)["follow_ups"][0]["missing_on"] == [TREE]
    (found,) = _apply(archived, "--with-follow-ups")["follow_ups"]
    assert (found["number"], found["missing_on"]) == ("02", [])
    page = archived.program("apply", "demo", "--tree", TREE, "-q").stdout
    assert "follow-ups that were not applied\n- events: Mend it" in page
    assert "a tree with 01 and without it has the fault that it fixes" in " ".join(page.split())


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_missing_is_known_before_a_conflict_is_resolved(outcome: Outcome) -> None:
    fix = FollowUp("mend it", "f@x", None, FollowUpReason.FIXES, ("01",), "its Fixes:", "a fault")
    tracked = TrackedSeries("demo", "demo", 1, ())
    patch = PatchOutcome("01", "say it", "s@x", outcome, "", (), "0" * 40, "1" * 40)
    tree = TreeOutcome("t", "5.10", "2" * 40, (patch,))
    (state,) = close_over(FoundFollowUps((fix,), "here"), tracked, [tree]).states
    there = outcome in (Outcome.ALREADY, Outcome.ALREADY_EVOLVED, Outcome.MISSING_FILE)
    assert state.missing_on == (() if there else ("t",))


def test_an_archive_that_cannot_be_searched_is_told_of(archived: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _apply(archived)["follow_ups_searched"].startswith("the archive ")
    monkeypatch.setenv("SERIESTOOL_LORE", "http://127.0.0.1:9/none")
    output = _apply(archived)
    assert output["follow_ups"] == []
    assert output["follow_ups_searched"] == (
        "only the threads kept in patches/demo/mail (http://127.0.0.1:9/none cannot be searched), "
        f"and the history of {TREE}"
    )


def test_a_mirror_of_public_inbox_is_searched_by_the_commits_that_mail_names(
    archived: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((tmp_path / "lore").glob("*/t.mbox.gz"))
    mails = [raw for file in files for raw in split_mbox(gzip.decompress(file.read_bytes()))]
    noticed = mail(
        "[tip: core] x", "m@tip-bot2", notice(OTHER, "events: Mend it", diff(archived, "kernel/events.c", "/*2*/\n"))
    )
    again = mail(
        "[PATCH] abi: Mend that",
        "g@e.example",
        f"Why.\n\nFixes: {OTHER[:12]}\n---\n\n{diff(archived, 'init/main.c', '/*3*/')}",
    )
    inbox = make_inbox(
        tmp_path / "mirror", [*mails, noticed.replace(b"\nDate", b"\nIn-Reply-To: <f@e.example>\nDate"), again]
    )
    monkeypatch.setenv("SERIESTOOL_LORE", str(inbox))
    output = _apply(archived, "--refresh")
    assert [one["title"] for one in output["follow_ups"]] == ["events: Mend it", "abi: Mend that"]
    assert output["follow_ups"][0]["commit"] == OTHER
    assert output["follow_ups_searched"] == f"the archive {inbox}, and the history of {TREE}"


def test_a_run_lists_what_was_found_once_whoever_wrote_it_down(archived: Bench) -> None:
    known = ("", "[[known]]", 'title = "a mend"', 'message-id = "f@e.example"', 'note = "wanted"')
    other = ("", "[[known]]", 'title = "more"', 'message-id = "z@e.example"', 'note = "later"')
    track(archived, patch=(*known, *other))
    done = archived.program("build", "demo", "--tree", TREE, "--arch", "arm", "--json", "-q")
    record = json.loads(done.stdout)
    assert [(one["title"], one["message_id"]) for one in record["missing"]] == [
        ("a mend", "f@e.example"), ("more", "z@e.example"),
    ]  # fmt: skip
    assert record["missing"][0]["note"].startswith("wanted; its Fixes: names 0123456789ab, patch 01; a tree with 01")
    fetched = next(stage for stage in record["stages"] if stage["stage"] == "fetch")
    assert fetched["detail"] == "1 patches, 1 of them as they landed; landed in another form than posted: 01"
    assert record["trees"][0]["patches"][0]["variant"] == "landed"
    (named,) = [one for one in _apply(archived)["follow_ups"] if one["reason"] == "named"]
    assert (named["title"], named["missing_on"]) == ("more", [TREE])


def _adaptation(patch_id: str, word: str) -> str:
    return (
        f'patch-id = "{patch_id}"\ntree = "{TREE}"\nmade-on = "1"\nauthor = "A <a@e.example>"\ndate = 2021-04-08\n'
        f'reason = "for what was {word}"\n[[hunk]]\nfile = "kernel/signal.c"\nnumber = 1\nreason = "x"\n'
        f'edits = [ {{ after = 0, insert = ["+/* {word} */"] }} ]\n'
    )


def test_each_form_has_its_own_adaptation(archived: Bench) -> None:
    ctx = replace(archived.ctx, lore=os.environ["SERIESTOOL_LORE"])
    jobs = {form: open_series(ctx, "demo", variant=form) for form in Variant}
    place = archived.root / "patches" / "demo" / "adaptations" / TREE
    place.mkdir(parents=True)
    for form, name in ((Variant.POSTED, "01.toml"), (Variant.LANDED, "01.landed.toml")):
        (patch,) = jobs[form].selected(with_follow_ups=False)
        (place / name).write_text(_adaptation(patch.patch_id, form))
    tree = Tree(TREE, "1", "0" * 40, "0" * 40)
    for form, job in jobs.items():
        wanted = {patch.number: patch.patch_id for patch in job.selected(with_follow_ups=False)}
        (chosen,) = [one for one in load_adaptations(job, tree)["01"] if one.patch_id == wanted["01"]]
        assert chosen.reason == f"for what was {form}"
    (place / "01.more.toml").write_text((place / "01.toml").read_text())
    with pytest.raises(UsageError, match=r"01\.more\.toml: is for the same patch-id as 01\.toml"):
        load_adaptations(jobs[Variant.LANDED], tree)
