# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports: what git, quilt and patch make of them is the tree object that apply computed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from seriestool.errors import UsageError
from seriestool.formats.mail import read_messages
from seriestool.formats.patch_id import patch_id
from seriestool.formats.posting import mails
from seriestool.model.export import ExportFormat, UpstreamStyle
from seriestool.model.outcome import Outcome
from seriestool.pipeline.apply import apply_tree
from seriestool.pipeline.context import find_tree
from seriestool.pipeline.exporting.exporter import Exporter
from seriestool.pipeline.exporting.prepare import ExportRequest
from seriestool.pipeline.library import open_library
from seriestool.pipeline.series import open_series
from seriestool.pipeline.terms import Terms
from tests.git.room import Blob, Files
from tests.mails import git
from tests.pipeline.outgoing import SLUG, TREE, Outgoing, Step, lines, mail_files, taken_in

BINARY = bytes(range(256)) * 4
SIGNED = "Signed-off-by: C O Mitter <committer@example.com>"
AM = ("am", "--quiet", "--empty=drop")
UPSTREAM = {1: f'upstream = "{"a" * 40}"\nreleased = "v5.13"'}


@pytest.fixture
def outgoing(tmp_path: Path) -> Outgoing:
    return Outgoing.make(tmp_path)


def one(**texts: bytes) -> dict[str, Blob]:
    return {name.replace("_", "."): Blob(data) for name, data in texts.items()}


A, A7 = one(a_c=lines()), one(a_c=lines("7 changed"))
CASES: dict[str, tuple[Files, list[Files]]] = {
    "edit": (A, [A7, one(a_c=lines("7 changed", "20 too"))]),
    "new file": (A, [{**A, "d/new.sh": Blob(b"#!/bin/sh\n", 0o100755)}]),
    "empty file": (A, [{**A, "empty": Blob(b"")}]),
    "deletion": ({**A, "b": Blob(lines())}, [A]),
    "mode": (A, [{"a.c": Blob(lines(), 0o100755)}, {"a.c": Blob(lines("7 changed"))}]),
    "rename": ({**A, "old/b.c": Blob(lines("3 b"))}, [{**A, "new/b.c": Blob(lines("3 b"))}]),
    "rename with edit": ({"old.c": Blob(lines())}, [{"new.c": Blob(lines("7 changed"), 0o100755)}]),
    "binary": ({**A, "f.bin": Blob(BINARY)}, [{**A, "f.bin": Blob(BINARY[::-1]), "g.bin": Blob(BINARY)}, A]),
    "no newline at the end": (one(a_c=lines()[:-1]), [one(a_c=lines("7 changed")), one(a_c=lines()[:-1] + b"x")]),
    "carriage returns": (
        one(a_c=lines().replace(b"\n", b"\r\n")), [one(a_c=lines("7 changed").replace(b"\n", b"\r\n")), A7],
    ),
    "latin-1": (one(a_c=lines() + b"gr\xfc\xdfe\n"), [one(a_c=lines() + b"gr\xfc\xdfe!\n\xe9\n")]),
    "long lines": (A, [one(a_c=lines() + b"x" * 3000 + b"\n")]),
    "odd paths": ({"two words": Blob(lines())}, [{"two words": Blob(lines("7 x")), "ü\"q": Blob(lines())}]),
    "lines that look like mail": (A, [one(a_c=lines() + b"From here\n-- \n---\ndiff --git a/x b/x\n")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_git_am_gives_the_tree_that_apply_computed(outgoing: Outgoing, case: str) -> None:
    before, after = CASES[case]
    outgoing.series(before, *map(Step, after))
    export = outgoing.export()
    assert len(export.patches) == len(after)
    taken_in(export, outgoing.checkout(), *AM, *mail_files(outgoing.out))


MESSAGES = [
    "core: ändern\n\nGrößer.\n\nReviewed-by: Ľ <l@example.org>  # ok\nSigned-off-by: Zoë Üml <zoe@example.org>\n",
    "core: a title that is longer than any line of a mail's header should be, and goes on and on to be folded\n",
    "core: odd lines\n\nFrom here on\n>From there\n\n-- \nend\n",
    "core: a second\n paragraph\n\nSubject: no header\n",
    "core: many\n\n" + "words " * 400 + "end\n",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_messages(outgoing: Outgoing, message: str) -> None:
    outgoing.series(A, Step(A7, message))
    export = outgoing.export()
    assert export.patches[0].message.rstrip("\n").split("\n")[-1] == SIGNED
    taken_in(export, outgoing.checkout(), *AM, *mail_files(outgoing.out))


def test_a_message_of_the_signers_own_that_begins_like_a_header(outgoing: Outgoing) -> None:
    own = {"GIT_AUTHOR_NAME": "C O Mitter", "GIT_AUTHOR_EMAIL": "committer@example.com"}
    outgoing.series(A, Step(A7, "core: change\n\nplain text\n", own))
    export = outgoing.export()
    assert b"\n\nplain text" in Path(mail_files(outgoing.out)[1]).read_bytes()  # no From: above it
    taken_in(export, outgoing.checkout(), *AM, *mail_files(outgoing.out))


def adapted(outgoing: Outgoing) -> None:
    """Two patches; on the tree the first one's context differs and its second hunk has nothing to act on."""
    states = lines("7 changed", "25 changed"), lines("7 changed", "25 changed", "15 too")
    outgoing.series(A, *(Step(one(a_c=state)) for state in states), stable=one(a_c=lines("6 other", "25 gone")),
                    extra=UPSTREAM)  # fmt: skip
    (path,) = (outgoing.root / "patches" / SLUG).glob("0001*.patch")
    text = path.read_bytes()
    outgoing.adaptation("01", f"""\
patch-id = "{patch_id(text[text.index(b"diff --git"):])}"
tree = "{TREE}"
made-on = "5.10.7"
author = "Jane Doe <jane@example.org>"
date = 2026-01-31
reason = "line 6 is another one here"

[[hunk]]
file = "a.c"
number = 1
reason = "context"
edits = [{{ line = 3, becomes = [" line 6 other"] }}]

[[hunk]]
file = "a.c"
number = 2
reason = "line 25 is gone"
omit = true
""")


def test_adapted_patch_says_so(outgoing: Outgoing) -> None:
    adapted(outgoing)
    export = outgoing.export()
    first, second = export.patches
    assert (first.verdict.outcome, second.verdict.outcome) == (Outcome.ADAPTED, Outcome.APPLIES)
    assert first.message.splitlines()[2:] == [
        f"commit {'a' * 40} upstream.",
        "",
        "Why.",
        "",
        "Signed-off-by: A U Thor <author@example.com>",
        "[ C O Mitter: line 6 is another one here ]",
        "[ C O Mitter: a.c hunk 2 left out: line 25 is gone ]",
        SIGNED,
    ]
    assert "no upstream commit is known" in second.message
    taken_in(export, outgoing.checkout(), *AM, *mail_files(outgoing.out))
    cover = Path(mail_files(outgoing.out)[0]).read_text()
    assert "Patches that change this tree (2 of 2)" in cover
    assert "     adapted\n     line 6 is another one here\n" in cover
    assert f"     upstream {'a' * 40}, in v5.13\n" in cover
    assert f"\nbase-commit: {export.tree.commit}\n-- \n" in cover


@pytest.mark.parametrize(
    ("outcome", "note"),
    [
        (Outcome.THREE_WAY, "merged three-way: a.c (base 1234567)"),
        (Outcome.APPLIES_REDUCED, "context reduced to 1 line: a.c (base 1234567)"),
    ],
)
def test_a_merge_and_less_context_are_noted(outgoing: Outgoing, outcome: Outcome, note: str) -> None:
    """However a state came about, its mail leads to it exactly, and says how."""
    adapted(outgoing)
    ctx, request = outgoing.ctx, ExportRequest(SLUG, TREE)
    job, spec = open_series(ctx, SLUG), find_tree(ctx, TREE)
    with open_library(ctx) as library:
        applied = apply_tree(library, job, spec, Terms())
        first, *others = applied.outcome.patches
        first = replace(first, outcome=outcome, evidence="a.c (base 1234567)", hunks=(), context=1)
        merged = replace(applied.outcome, patches=(first, *others))
        export = Exporter(library, job, spec, replace(applied, outcome=merged), request).export()
    outgoing.out.mkdir()
    for file in mails(export, "The cover.\n"):
        (outgoing.out / file.name).write_bytes(file.data)
    assert f"\n[ C O Mitter: {note} ]\n{SIGNED}\n" in export.patches[0].message
    taken_in(export, outgoing.checkout(), *AM, *mail_files(outgoing.out))


def test_same_inputs_same_bytes(outgoing: Outgoing) -> None:
    adapted(outgoing)
    first = outgoing.prepare().files
    shutil.rmtree(outgoing.ctx.cache.root)
    assert outgoing.prepare().files == first


def test_the_thread(outgoing: Outgoing) -> None:
    outgoing.series(A, *map(Step, [A7, one(a_c=lines("7 changed", "20 x"))]))
    outgoing.export(ExportRequest(SLUG, TREE, reroll=2))
    assert [Path(path).name for path in mail_files(outgoing.out)] == [
        "v2-0000-cover-letter.patch", "v2-0001-core-change-things.patch", "v2-0002-core-change-things.patch",
    ]  # fmt: skip
    cover, *patches = read_messages(b"".join(Path(path).read_bytes() for path in mail_files(outgoing.out)))
    assert [each.subject.partition("]")[0] for each in (cover, *patches)] == [
        "[PATCH 5.10.y v2 0/2", "[PATCH 5.10.y v2 1/2", "[PATCH 5.10.y v2 2/2",
    ]  # fmt: skip
    assert cover.subject.endswith("core: a demo, größer")
    assert [each.in_reply_to for each in patches] == [cover.message_id] * 2
    assert len({cover.message_id, *(each.message_id for each in patches)}) == 3


def test_one_patch_without_a_cover_letter(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7))
    (file,) = outgoing.prepare(ExportRequest(SLUG, TREE, cover=False, prefix="PATCH net")).files
    assert b"\nSubject: [PATCH net] core: change things\n" in file.data


def test_what_the_tree_has_is_left_out(outgoing: Outgoing) -> None:
    both = one(a_c=lines("7 changed", "20 too"))
    outgoing.series(A, Step(A7), Step(both), stable=A7)
    export = outgoing.export()
    assert [patch.verdict.number for patch in export.patches] == ["02"]
    assert [each.number for each in export.left_out] == ["01"]
    cover = Path(mail_files(outgoing.out)[0]).read_text()
    assert "(1 of 2)" in cover
    assert "Left out, because the tree has them:\n\n- core: change things\n     already: " in cover
    taken_in(export, outgoing.checkout(), *AM, *mail_files(outgoing.out))


def test_what_is_not_included_is_told(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7), Step(one(a_c=lines("7 changed", "20 too")), "core: finish it\n"))
    path = outgoing.root / "patches" / SLUG / "series.toml"
    known = '[[known]]\ntitle = "core: later"\nmessage-id = "later@example.org"\nnote = "amends it"\n'
    follow_up = '[[follow-up]]\nrole = "follow-up"\nnumber = "02"'
    path.write_text(path.read_text().replace('[[patch]]\nnumber = "02"', follow_up) + known)
    done = outgoing.program("export", SLUG, "--tree", TREE, "-o", str(outgoing.out))
    warned = [line for line in done.stderr.decode().splitlines() if line.startswith("warning: ")]
    assert warned == ["warning: not included: patch 2", "warning: not included: core: later"]
    assert "\n\n- patch 2\n- core: later\n     amends it\n     https://lore.kernel.org/r/later@example.org\n" in (
        outgoing.out / "0000-cover-letter.patch"
    ).read_text()
    export = outgoing.prepare(ExportRequest(SLUG, TREE, terms=Terms(with_follow_ups=True))).export
    assert export is not None
    assert [patch.title for patch in export.patches] == ["core: change things", "core: finish it"]
    assert [each.title for each in export.not_included] == ["core: later"]
    assert export.command == "seriestool export demo --tree stable --with-follow-ups"


def test_nothing_to_export(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7), stable=A7)
    done = outgoing.program("export", SLUG, "--tree", TREE, "-o", "out")
    assert (done.returncode, done.stdout) == (0, b"nothing to export: stable has all 1 patches\n")
    assert not (outgoing.root / "out").exists()


def test_what_does_not_apply_is_refused(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7), stable=one(a_c=lines("7 other")))
    done = outgoing.program("export", SLUG, "--tree", TREE, "-o", "out")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines()[-2:] == [
        "error: nothing exported: does not apply to stable: 01 conflict",
        "hint: seriestool apply demo --tree stable says why",
    ]
    assert not (outgoing.root / "out").exists()
    done = outgoing.program("export", SLUG, "--tree", TREE, "-o", "out", "--json")
    assert done.returncode == 3
    assert [each["number"] for each in json.loads(done.stdout)["refused"]] == ["01"]


def test_an_upstream_commit_must_be_whole(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7), extra={1: 'upstream = "1234567890ab"'})
    git("checkout", "--quiet", "-B", "upstream", "stable", cwd=outgoing.kernel)
    commit = outgoing.commit(A7, "upstream: change things")
    with pytest.raises(UsageError, match=r"only the beginning is known of: 01 \(1234567890ab\)"):
        outgoing.prepare()
    export = outgoing.export(ExportRequest(SLUG, TREE, allow_abbreviated=True, style=UpstreamStyle.BRACKET))
    assert "\n\n[ Upstream commit 1234567890ab ]\n\nWhy." in export.patches[0].message
    path = outgoing.root / "patches" / SLUG / "series.toml"
    path.write_text(path.read_text().replace("1234567890ab", commit[:12]))
    assert outgoing.export().patches[0].upstream == commit, "the tree's repository knows the rest of it"


def test_without_identity(outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing.series(A, Step(A7))
    for name in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_COMMITTER_{name}")
    with pytest.raises(UsageError, match="git does not know who you are") as caught:
        outgoing.prepare()
    assert "git config --global user.name" in str(caught.value.hint)
    git("init", "--quiet", cwd=outgoing.root)
    for name, value in (("user.name", "Workspace's Own"), ("user.email", "own@example.org")):
        git("config", name, value, cwd=outgoing.root)
    assert str(outgoing.export().signer) == "Workspace's Own <own@example.org>"


def test_a_mail_that_would_give_another_tree_is_never_written(outgoing: Outgoing, tmp_path: Path) -> None:
    """A git that writes another diff than the one between the two trees stands for any fault in between."""
    outgoing.series(A, Step(A7))
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "git"
    wrong = f'{real} "$@" | sed "s/changed/changes/"'
    fake.write_text(f'#!/bin/sh\ncase "$*" in *diff-tree*) {wrong} ;; *) exec {real} "$@" ;; esac\n')
    fake.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    done = outgoing.program("export", SLUG, "--tree", TREE, "-o", "out", PATH=path)
    assert done.returncode == 128
    assert b"0001-core-change-things.patch does not give what was applied" in done.stderr
    assert not (outgoing.root / "out").exists()


def test_standard_output_is_an_mbox(outgoing: Outgoing, tmp_path: Path) -> None:
    outgoing.series(A, *map(Step, [A7, one(a_c=lines("7 changed").replace(b"\n", b"\r\n"))]))
    export = outgoing.export()
    done = outgoing.program("export", SLUG, "--tree", TREE, "--stdout", "--quiet")
    (tmp_path / "mbox").write_bytes(done.stdout)
    taken_in(export, outgoing.checkout(), *AM, str(tmp_path / "mbox"))


def test_program_lists_what_it_writes(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7))
    words = ("export", SLUG, "--tree", TREE, "-o", "new/out", "--quiet")
    names = ["new/out/0000-cover-letter.patch", "new/out/0001-core-change-things.patch"]
    done = outgoing.program(*words, "-n")
    assert (done.returncode, done.stdout.decode().split()) == (0, names)
    assert not (outgoing.root / "new").exists()
    done = outgoing.program(*words, "--json")
    found = json.loads(done.stdout)
    assert found["files"] == names
    assert found["exported"][0]["file"] == names[1]
    assert sorted(path.name for path in (outgoing.root / "new").rglob("*.patch")) == [Path(name).name for name in names]
    done = outgoing.program(*words)
    assert done.returncode == 129
    assert done.stderr.startswith(b"error: new/out is not empty\n")
    assert outgoing.program(*words, "--force", "--no-cover-letter").returncode == 0
    assert [path.name for path in (outgoing.root / "new" / "out").iterdir()] == ["0001-core-change-things.patch"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "one of -o DIR and --stdout says where the export goes"),
        (("-o", "x", "--stdout"), "one of -o DIR and --stdout says where the export goes"),
        (("--stdout", "--json"), "--stdout writes mails"),
        (("--stdout", "--format", "quilt"), "--stdout writes mails"),
        (("-o", "x", "--branch", "y"), "--branch is for --format git"),
        (("-o", "x", "--tree", "none"), "unknown tree: none"),
        (("-o", "seriestool.toml",), "seriestool.toml is there and no directory"),
    ],
)  # fmt: skip
def test_usage(outgoing: Outgoing, words: tuple[str, ...], message: str) -> None:
    done = outgoing.program("export", SLUG, *([] if "none" in words else ["--tree", TREE]), *words)
    assert (done.returncode, done.stdout) == (129, b"")
    assert done.stderr.decode().splitlines()[0].startswith(f"error: {message}")


QUILT = ExportRequest(SLUG, TREE, ExportFormat.QUILT)
# patch(1) knows git's extended headers, quilt's own bookkeeping needs files that are named by their old path.
QUILT_CASES = [case for case in CASES if case not in ("binary", "odd paths")]


def tree_of(directory: Path) -> str:
    """Return the tree object of what is checked out in *directory*."""
    git("add", "--all", "--force", ".", ":!.pc", cwd=directory)
    return git("write-tree", cwd=directory).decode().strip()


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch(1) on this machine")
@pytest.mark.parametrize("case", QUILT_CASES)
def test_patch_takes_a_quilt_series(outgoing: Outgoing, case: str) -> None:
    """With the options that dpkg-source gives to patch(1): no fuzz."""
    before, after = CASES[case]
    outgoing.series(before, *map(Step, after))
    export = outgoing.export(QUILT)
    clone = outgoing.checkout()
    for name in (line for line in (outgoing.out / "series").read_text().splitlines() if not line.startswith("#")):
        command = ["patch", "-t", "-F0", "-N", "-p1", "-s", "-i", str(outgoing.out / name)]
        subprocess.run(command, cwd=clone, check=True)
    assert tree_of(clone) == export.patches[-1].after


@pytest.mark.skipif(shutil.which("quilt") is None, reason="no quilt on this machine")
@pytest.mark.parametrize("case", QUILT_CASES)
def test_quilt_takes_it(outgoing: Outgoing, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = CASES[case]
    outgoing.series(before, *map(Step, after))
    export = outgoing.export(QUILT)
    clone = outgoing.checkout()
    monkeypatch.setenv("QUILT_PATCHES", str(outgoing.out))
    subprocess.run(["quilt", "--quiltrc=-", "push", "-a", "-q", "--fuzz=0"], cwd=clone, check=True)
    assert tree_of(clone) == export.patches[-1].after
    subprocess.run(["quilt", "--quiltrc=-", "pop", "-a", "-q"], cwd=clone, check=True)
    assert tree_of(clone) == export.patches[0].before


def test_dep3(outgoing: Outgoing) -> None:
    adapted(outgoing)
    outgoing.export(QUILT)
    first, second = sorted(outgoing.out.glob("*.patch"))
    assert first.read_text().partition("\n\n")[0].splitlines() == [
        "From: Zoë Üml <zoe@example.org>",
        "Subject: core: change things",
        f"Origin: backport, commit:{'a' * 40}",
        "Forwarded: not-needed",
        f"Applied-Upstream: v5.13, commit:{'a' * 40}",
        "Last-Update: 2026-01-31",
    ]
    assert second.read_text().partition("\n\n")[0].splitlines()[2:] == ["Forwarded: no", "Last-Update: 2021-04-08"]
    comment = [line for line in (outgoing.out / "series").read_text().splitlines() if line.startswith("#")]
    assert comment[0].startswith('# "core: a demo')


def test_a_branch_in_a_repository(outgoing: Outgoing) -> None:
    """It stands on the commit that the repository has, whose history stays whole; nothing is checked out."""
    adapted(outgoing)
    clone = outgoing.checkout()
    words = ("export", SLUG, "--tree", TREE, "--format", "git", "-o", str(clone))
    done = outgoing.program(*words, "--quiet")
    branch = f"{SLUG}/{TREE}"
    tip = git("rev-parse", branch, cwd=clone).decode().strip()
    assert done.stdout.decode() == f"{clone} {branch} {tip} (2 commits)\n"
    assert git("log", "--format=%cn %ad %cd", "--date=raw", "-1", branch, cwd=clone).decode() == (
        "C O Mitter 1617878165 +0200 1617878165 +0200\n"
    )
    assert git("rev-list", "--count", f"stable..{branch}", cwd=clone).strip() == b"2"
    assert git("rev-parse", "--is-shallow-repository", cwd=clone).strip() == b"false"
    assert git("status", "--porcelain", cwd=clone) == b""
    assert outgoing.program(*words).returncode == 0, "the same again changes nothing"
    done = outgoing.program(*words, "--upstream-style", "bracket")
    assert (done.returncode, done.stderr.decode().splitlines()[-2:]) == (129, [
        f"error: {clone} has a branch {branch} already", "hint: --force moves it, --branch names another",
    ])  # fmt: skip
    assert outgoing.program(*words, "--upstream-style", "bracket", "--force").returncode == 0
    assert b"\n[ Upstream commit" in git("log", "-1", "--format=%B", f"{branch}~1", cwd=clone)


def test_a_branch_in_a_repository_without_the_base(outgoing: Outgoing, tmp_path: Path) -> None:
    outgoing.series(A, Step(A7))
    git("init", "--quiet", str(tmp_path / "other"))
    done = outgoing.program("export", SLUG, "--tree", TREE, "--format", "git", "-o", str(tmp_path / "other"))
    assert done.returncode == 129
    assert b"does not have the commit the series was applied to" in done.stderr
    assert git("for-each-ref", cwd=tmp_path / "other") == b""


def test_a_branch_in_a_new_repository(outgoing: Outgoing, tmp_path: Path) -> None:
    outgoing.series(A, Step(A7))
    words = ("export", SLUG, "--tree", TREE, "--format", "git", "-o", "new.git", "--branch", "b")
    done = outgoing.program(*words, "--json")
    found = json.loads(done.stdout)
    assert (found["branch"], found["directory"], found["files"]) == ("b", "new.git", [])
    git("clone", "--quiet", str(outgoing.root / "new.git"), str(tmp_path / "copy"))
    tree = git("rev-parse", "HEAD^{tree}", cwd=tmp_path / "copy").decode().strip()
    assert tree == found["exported"][0]["tree_object"]
    assert sorted(path.name for path in outgoing.root.iterdir() if "new" in path.name) == ["new.git"]


@pytest.mark.parametrize(
    ("words", "message"),
    [(("-o", "patches"), "is no git repository"), (("-o", "x", "--branch", "a..b"), "no name for a branch: a..b")],
)
def test_no_branch(outgoing: Outgoing, words: tuple[str, ...], message: str) -> None:
    outgoing.series(A, Step(A7))
    git("init", "--quiet", cwd=outgoing.root)  # one around the directory is not meant
    done = outgoing.program("export", SLUG, "--tree", TREE, "--format", "git", *words)
    assert (done.returncode, message in done.stderr.decode()) == (129, True)
    assert not (outgoing.root / "x").exists()


def test_the_branch_that_is_checked_out_stays(outgoing: Outgoing) -> None:
    outgoing.series(A, Step(A7))
    clone = outgoing.checkout()
    words = ("export", SLUG, "--tree", TREE, "--format", "git", "-o", str(clone), "--branch", "stable", "--force")
    done = outgoing.program(*words)
    assert (done.returncode, b"the branch stable is checked out" in done.stderr) == (129, True)


def test_quilt_refuses_binary_patches(outgoing: Outgoing) -> None:
    before, after = CASES["binary"]
    outgoing.series(before, *map(Step, after))
    with pytest.raises(UsageError, match=r"patch 01 changes a binary file, .*: f\.bin"):
        outgoing.prepare(QUILT)
