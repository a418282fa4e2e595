# SPDX-License-Identifier: GPL-2.0-or-later
"""Export and adapt on the terms of apply: prerequisites, less context, and both forms of a patch, proved by git am."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seriestool.model.series import Variant
from seriestool.pipeline.terms import Terms
from seriestool.places import default_cache
from tests.apply.upstream import CODE
from tests.pipeline.archive import COMMIT, archive_of
from tests.pipeline.backports import Desk
from tests.pipeline.conftest import Bench, git

Json = Mapping[str, Any]
SIGNED = "Signed-off-by: C O Mitter <committer@example.com>"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def told(done: subprocess.CompletedProcess[str], code: int = 0) -> Json:
    """Return what was printed as JSON."""
    assert done.returncode == code, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def tree_of(commit: str) -> str:
    """Return the tree object of a commit of the object store."""
    return git("rev-parse", f"{commit}^{{tree}}", cwd=default_cache().store).strip()


def taken_in(kernel: Path, branch: str, files: list[str], place: Path) -> list[str]:
    """Let git take the mails in, on a fresh clone; return the tree objects of the commits it makes."""
    git("clone", "--quiet", "--branch", branch, str(kernel), str(place), cwd=kernel)
    git("am", "--quiet", "--empty=drop", *files, cwd=place)
    return git("log", "--reverse", "--format=%T", f"origin/{branch}..HEAD", cwd=place).split()


def test_words_ask_for_the_same_again() -> None:
    assert Terms(refresh=True).words == ()
    assert Terms(Variant.POSTED, with_follow_ups=True, with_prerequisites=True, adapt=False, context=0).words == (
        "--with-follow-ups", "--with-prerequisites", "--no-adaptations", "--variant", "posted", "-C", "0",
    )  # fmt: skip


def exported(desk: Desk, *words: str) -> Json:
    return told(desk.program("export", "demo", "--tree", "stable", "-o", str(desk.root / "out"), "--json", *words))


def test_prerequisites_are_exported_in_front_with_their_own_upstream_line(desk: Desk) -> None:
    refused = desk.program("export", "demo", "--tree", "stable", "-o", str(desk.root / "out"))
    assert (refused.returncode, "does not apply to stable: 01 conflict" in refused.stderr) == (3, True)
    found = exported(desk, "--with-prerequisites")
    first, second = found["exported"]
    assert [(each["position"], each["number"], each["upstream"]) for each in (first, second)] == [
        (1, "P1", desk.needed), (2, "01", desk.patch),
    ]  # fmt: skip
    note = f'prerequisite of {desk.patch[:12]} ("core: the patch")'
    assert (first["notes"], first["evidence"], second["notes"]) == ([note], "exact", [])
    mail = Path(first["file"]).read_text()
    assert "\nSubject: [PATCH 1/2] core: needed\n" in mail
    assert mail.partition("\n---\n")[0].endswith(
        f"\n\nFrom: A U Thor <a@example.com>\n\ncommit {desk.needed} upstream.\n\nWhy.\n\n"
        f"[ C O Mitter: {note} ]\n{SIGNED}"
    )
    cover = Path(found["files"][0]).read_text()
    assert f"1. core: needed\n     applies: exact\n     {note}\n     upstream {desk.needed}\n" in cover
    assert "\n  seriestool export demo --tree stable --with-prerequisites\n" in cover
    applied = told(desk.apply("--tree", "stable", "--with-prerequisites", "--json"))["trees"][0]["patches"]
    trees = taken_in(desk.repository.path, "stable", found["files"], desk.root / "clone")
    assert trees == [tree_of(each["commit"]) for each in applied] == [each["tree_object"] for each in (first, second)]


def test_a_prerequisite_that_no_tree_has_is_not_upstream(desk: Desk) -> None:
    """The repository of the tree knows it, and it may be anybody's branch there."""
    desk.repository.git("checkout", "--quiet", "stable")
    desk.repository.release("5.10.1")
    desk.trees("stable")
    found = exported(desk, "--with-prerequisites")
    assert [(each["number"], each["upstream"]) for each in found["exported"]] == [("P1", None), ("01", desk.patch)]
    mail = Path(found["exported"][0]["file"]).read_text()
    assert "upstream." not in mail
    assert "no upstream commit is known" in mail


def test_a_range_is_repeated_without_the_place_of_its_repository(desk: Desk) -> None:
    """A patch without an upstream commit has only its subject to be known by."""
    desk.repository.git("branch", "fix/one", desk.patch)
    series = f"{desk.repository.path}:{desk.needed}..fix/one"
    words = ("export", series, "--tree", "stable", "--with-prerequisites", "--stdout", "-q")
    sent = desk.program(*words).stdout
    assert f"\n  seriestool export {desk.needed}..fix/one --tree stable --with-prerequisites\n" in sent
    assert '\n[ C O Mitter: prerequisite of "core: the patch" ]\n' in sent


def test_a_prerequisite_that_is_a_copy_names_the_original(desk: Desk) -> None:
    """The only history that has it is another stable tree's."""
    repository, original = desk.repository, "d" * 40
    repository.git("checkout", "--quiet", "-b", "other", "v5.10")
    step = repository.edit("\tcall_3();\n", "\tcall_3();\n\tfresh_step(context);\n")
    repository.commit("core: needed", f"commit {original} upstream.\n\nWhy.", code__c=step)
    patch = repository.commit("core: the patch", "Why.", code__c=repository.edit("(context)", "(context, 1)"))
    series = desk.root / "patches" / "demo" / "series.toml"
    series.write_text(series.read_text().replace(desk.patch[:12], patch[:12]))
    config = "".join(f'[trees."{name}"]\ngit = "linux"\nref = "{name}"\n' for name in ("other", "stable"))
    (desk.root / "seriestool.toml").write_text(config)
    found = exported(desk, "--with-prerequisites")
    assert found["exported"][0]["upstream"] == original
    assert Path(found["exported"][0]["file"]).read_text().count(f"commit {original} upstream.") == 1


def test_what_is_only_declared_is_exported_with_who_declares_it(desk: Desk) -> None:
    """Nothing rejects without it; the posting says that 5.10 needs it."""
    repository = desk.repository
    repository.git("checkout", "--quiet", "main")
    other = repository.commit("core: other", "Why.", code__c=repository.edit("\tcall_9();", "\tcall_nine();"))
    cc = f"Cc: stable@vger.kernel.org # 5.10.x: {other[:12]}: core: other"
    patch = repository.commit("core: alone", f"Why.\n\n{cc}", code__c=repository.edit("\tcall_0();", "\tcall_nil();"))
    directory = desk.root / "patches" / "demo"
    (directory / "0001.patch").write_text(repository.git("format-patch", "--stdout", "-1", patch) + "\n")
    series = directory / "series.toml"
    text = series.read_text().replace("core: the patch", "core: alone").replace(desk.patch[:12], patch)
    series.write_text(text)
    (need,) = told(desk.apply("--tree", "stable", "--tree", "mainline", "--json"))["dependencies"]
    assert (need["kind"], need["patch"]) == ("Cc: stable", "01")
    assert need["trees"] == [
        {"tree": "stable", "state": "missing", "reason": f"{other[:12]} (core: other) is not in the tree's history"},
        {"tree": "mainline", "state": "satisfied",
         "reason": f"{other[:12]} (core: other): contained: upstream commit {other[:12]} is in the history"},
    ]  # fmt: skip
    page = " ".join(desk.apply("--tree", "stable", "--tree", "mainline").stdout.split())
    assert f"stable: missing: {other[:12]} (core: other) is not in the tree's history mainline: satisfied:" in page
    found = exported(desk, "--with-prerequisites")
    assert found["exported"][0]["notes"] == [f'declared as a prerequisite of {patch[:12]} ("core: alone")']
    trees = taken_in(desk.repository.path, "stable", found["files"], desk.root / "clone")
    assert trees == [each["tree_object"] for each in found["exported"]]


@pytest.mark.parametrize("form", ["mbox", "git"])
def test_less_context_is_told_in_the_message(desk: Desk, form: str) -> None:
    """The lines beside the change are others in the tree."""
    repository = desk.repository
    text = CODE.replace("void function_3(void)", "int function_3(void)")
    directory = desk.root / "patches" / "demo"
    repository.git("checkout", "--quiet", "stable")
    repository.commit("core: another type", code__c=text)
    repository.git("checkout", "--quiet", "-b", "topic", "v5.10")
    patch = repository.commit("core: the patch", "Why.", code__c=repository.edit("\tcall_3();", "\tcall_three();"))
    (directory / "0001.patch").write_text(repository.git("format-patch", "--stdout", "-1", patch) + "\n")
    series = directory / "series.toml"
    series.write_text(series.read_text().replace(f'upstream = "{desk.patch[:12]}"', f'upstream = "{patch}"'))
    desk.trees("stable", more="history = false")
    out = desk.root / "out"
    words = ("export", "demo", "--tree", "stable", "-o", str(out), "--format", form)
    assert desk.program(*words).returncode == 3
    found = told(desk.program(*words, "-C", "1", "--json"))
    (patch_,) = found["exported"]
    assert patch_["outcome"] == "applies-reduced"
    (note,) = patch_["notes"]
    assert note.startswith("context reduced to 1 line: ")
    (applied,) = told(desk.apply("--tree", "stable", "-C", "1", "--json"))["trees"][0]["patches"]
    assert tree_of(applied["commit"]) == patch_["tree_object"]
    if form == "git":
        assert git("rev-parse", "demo/stable^{tree}", cwd=out).strip() == patch_["tree_object"]
        message = git("log", "-1", "--format=%B", "demo/stable", cwd=out)
    else:
        assert taken_in(repository.path, "stable", found["files"], desk.root / "clone") == [patch_["tree_object"]]
        message = Path(patch_["file"]).read_text()
        assert "\n  seriestool export demo --tree stable -C 1\n" in Path(found["files"][0]).read_text()
    assert "[ C O Mitter: context reduced to 1 line: " in " ".join(message.split())


@pytest.fixture
def both(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A patch that landed in another form, and a tree ``old`` in which neither form fits."""
    archive_of(bench, tmp_path, monkeypatch)
    file = bench.kernel / "kernel" / "signal.c"
    file.write_text(file.read_text() + "/* the end */\n")
    git("commit", "--quiet", "-am", "another end", cwd=bench.kernel)
    git("branch", "old", cwd=bench.kernel)
    with (bench.root / "seriestool.toml").open("a") as config:
        config.write(f'[trees.old]\ngit = "{bench.kernel}"\nref = "old"\n')
    return bench


def adapt(bench: Bench, word: str, *words: str) -> Path:
    """Adapt patch 01 to ``old`` by putting a comment above the end; return the file that was recorded."""
    begun = bench.program("adapt", "demo", "1", "--tree", "old", "--fresh", "-q", *words)
    assert begun.returncode == 3, begun.stderr
    assert f"As {word}: conflict: kernel/signal.c hunk 1" in begun.stdout
    file = bench.root / ".seriestool" / "adapt" / "demo-old-01" / "kernel" / "signal.c"
    before = git("show", "old:kernel/signal.c", cwd=bench.kernel)
    file.write_text(before.replace("/* the end */\n", f"/* {word} */\n/* the end */\n"))
    done = told(bench.program("adapt", "--continue", "--reason", f"for what was {word}", "--json", "-q"))
    return Path(done["file"])


def outcome(bench: Bench, *words: str, code: int = 0) -> Json:
    done = bench.program("apply", "demo", "--tree", "old", "--json", "-q", *words)
    found: Json = told(done, code)["trees"][0]["patches"][0]
    return found


def test_each_form_is_adapted_by_itself_and_neither_is_used_for_the_other(both: Bench) -> None:
    posted = adapt(both, "posted", "--variant", "posted")
    assert (posted.name, outcome(both, code=3)["outcome"]) == ("01.toml", "conflict")
    landed = adapt(both, "landed")
    assert landed.name == "01.landed.toml"
    assert adapt(both, "landed").name == "01.landed.toml", "the same form again replaces its own"
    for word, words in (("landed", ()), ("posted", ("--variant", "posted"))):
        found = outcome(both, *words)
        assert (found["outcome"], found["evidence"], found["variant"]) == ("adapted", f"for what was {word}", word)
        shown = told(both.program("adapt", "--show", "demo", "--tree", "old", "--json", "-q", *words))
        assert {Path(one["file"]).name: one["used"] for one in shown["adaptations"]} == {
            "01.toml": word == "posted", "01.landed.toml": word == "landed",
        }  # fmt: skip


def test_the_form_that_comes_second_gets_its_name(both: Bench) -> None:
    assert adapt(both, "landed").name == "01.toml"
    assert adapt(both, "posted", "--variant", "posted").name == "01.posted.toml"


def test_an_adapted_form_is_exported_as_it_was_applied(both: Bench, tmp_path: Path) -> None:
    for word, words in (("landed", ()), ("posted", ("--variant", "posted"))):
        adapt(both, word, *words)
        out = str(tmp_path / f"out-{word}")
        done = both.program("export", "demo", "--tree", "old", "-o", out, "--json", "-q", *words)
        (patch,) = told(done)["exported"]
        differs = ["as posted in s@e.example; the upstream commit differs"] if word == "posted" else []
        assert (patch["upstream"], patch["notes"]) == (COMMIT, [*differs, f"for what was {word}"])
        trees = taken_in(both.kernel, "old", json.loads(done.stdout)["files"], tmp_path / f"clone-{word}")
        assert trees == [tree_of(outcome(both, *words)["commit"])] == [patch["tree_object"]]


def test_variant_goes_with_what_it_can_change(both: Bench) -> None:
    done = both.program("adapt", "--continue", "--variant", "posted", "--reason", "x")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        129, "error: --variant goes with the beginning of an adaptation, or --show",
    )  # fmt: skip


def test_adapt_judges_as_apply_does(desk: Desk) -> None:
    """By text alone nobody could tell that the tree has the patch: its history says so."""
    repository = desk.repository
    repository.git("checkout", "--quiet", "main")
    text = repository.edit("\tfresh_step(context, 1);\n", "\tother_words(here);\n")
    repository.commit("core: other words", code__c=text)
    assert told(desk.apply("--tree", "mainline", "--json"))["trees"][0]["patches"][0]["outcome"] == "already-evolved"
    done = desk.program("adapt", "demo", "1", "--tree", "mainline")
    assert done.returncode == 129
    assert "nothing to adapt: mainline has patch 01, and moved on from it: contained: upstream commit" in done.stderr


def test_adapt_tells_who_brought_what_is_missing(desk: Desk) -> None:
    done = desk.program("adapt", "demo", "1", "--tree", "stable", "-n")
    assert done.returncode == 3
    assert f"Brought by {desk.needed[:12]} ('core: needed', mainline): needed." in done.stdout
