# SPDX-License-Identifier: GPL-2.0-or-later
"""Diffs as values: what real git writes is read, what is hostile or cut off is refused before git sees it."""

from __future__ import annotations

import time
import zlib
from base64 import b85encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriestool.errors import InputRefused
from seriestool.formats.binary_patch import LIMIT, inflate
from seriestool.formats.mail import read_message, read_patch
from seriestool.formats.patch import parse_diff, read_diff
from seriestool.formats.patch_id import patch_id
from seriestool.model.series import Change, FileDiff, HunkLine
from tests.mails import DIFF, git, mail, real_messages


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit: text, odd names, a link, an executable, binary data."""
    room = tmp_path / "repository"
    room.mkdir()
    git("init", "-q", cwd=room)
    git("config", "core.autocrlf", "false", cwd=room)
    (room / "dir").mkdir()
    (room / "dir/text").write_text("".join(f"line {number}\n" for number in range(100)))
    (room / "with space").write_text("a\nb\nc\n")
    (room / 'quo"te und ümlaut').write_text("a\nb\nc\n")
    (room / "noeol").write_text("a\nb\nc")
    (room / "crlf").write_bytes(b"a\r\nb\r\nc\r\n")
    (room / "latin").write_bytes(b"caf\xe9\n\x85\x0c\x1c\n")
    (room / "script").write_text("#!/bin/sh\n")
    (room / "link").symlink_to("dir/text")
    (room / "data").write_bytes(bytes(range(256)) * 5)
    (room / "gone").write_text("one\ntwo\n")
    git("add", "-A", cwd=room)
    git("commit", "-qm", "base", cwd=room)
    return room


def changed(room: Path, *options: str) -> bytes:
    git("add", "-A", cwd=room)
    return git("diff", "--cached", *options, cwd=room)


def everything(room: Path) -> bytes:
    """Change the repository in every way there is and return the diff."""
    lines = (room / "dir/text").read_text().splitlines(keepends=True)
    lines[3], lines[50:52], lines[97] = "drei\n", ["new\n", "\n", "x\n"], "ninety-seven\n"
    (room / "dir/text").rename(room / "dir/moved")
    (room / "dir/moved").write_text("".join(lines))
    (room / "with space").write_text("a\nB\nc\n")
    (room / 'quo"te und ümlaut').write_text("a\nB\nc\n")
    (room / "noeol").write_text("a\nb\nc\nd")
    (room / "crlf").write_bytes(b"a\r\nB\r\nc\r\n")
    (room / "latin").write_bytes(b"caf\xe8\n\x85\x0c\x1c\n")
    (room / "script").chmod(0o755)
    (room / "link").unlink()
    (room / "link").symlink_to("dir/moved")
    (room / "data").write_bytes(bytes(range(255, -1, -1)) * 5)
    (room / "more data").write_bytes(b"\0" * 3000)
    (room / "gone").unlink()
    (room / "fresh").write_text("1\n2\n")
    (room / "empty").touch()
    (room / "-- minus").write_text("-- a\n++ b\n@@ -1 +1 @@\n")
    return changed(room, "--binary", "-M")


def by_path(diff: bytes) -> dict[str, FileDiff]:
    return {file.path: file for file in parse_diff(diff)}


def test_everything_git_writes_is_read(repository: Path) -> None:
    diff = everything(repository)
    files = by_path(diff)
    stat = git("diff", "--cached", "--numstat", "-z", "--no-renames", cwd=repository).decode().split("\0")
    assert set(files) | {"dir/text"} == {entry.split("\t", 2)[2] for entry in stat if entry}
    moved = files["dir/moved"]
    assert (moved.change, moved.old_path, len(moved.hunks)) == (Change.RENAME, "dir/text", 3)
    assert (files["script"].old_mode, files["script"].new_mode, files["script"].hunks) == (0o100644, 0o100755, ())
    assert (files["link"].new_mode, files["link"].hunks[0].new) == (0o120000, (b"dir/moved",))
    assert files["noeol"].hunks[0].lines[2:] == (
        HunkLine("-", b"c"), HunkLine("+", b"c\n"), HunkLine("+", b"d"),
    )  # fmt: skip
    assert files["crlf"].hunks[0].new == (b"a\r\n", b"B\r\n", b"c\r\n")
    assert files["latin"].hunks[0].new[0] == b"caf\xe8\n"
    assert (files["gone"].change, files["gone"].new_path) == (Change.DELETE, None)
    assert (files["fresh"].change, files["fresh"].old_path, files["fresh"].new_mode) == (Change.ADD, None, 0o100644)
    assert (files["empty"].change, files["empty"].hunks) == (Change.ADD, ())
    assert files["-- minus"].hunks[0].new == (b"-- a\n", b"++ b\n", b"@@ -1 +1 @@\n")
    assert [hunk.size for hunk in files["more data"].binary] == [3000, 0]
    assert inflate(files["more data"].binary[0]) == b"\0" * 3000
    assert all(hunk.size == len(inflate(hunk)) for hunk in files["data"].binary)


def test_a_copy_is_read(repository: Path) -> None:
    (repository / "second").write_bytes((repository / "dir/text").read_bytes())
    (file,) = parse_diff(changed(repository, "-C", "--find-copies-harder"))
    assert (file.change, file.old_path, file.new_path) == (Change.COPY, "dir/text", "second")


def test_binary_files_without_data_are_told(repository: Path) -> None:
    (repository / "data").write_bytes(b"\0\1")
    (file,) = parse_diff(changed(repository))
    assert file.binary_without_data


def test_text_around_a_diff_does_not_count(repository: Path) -> None:
    diff = everything(repository)
    around = b"---\n 3 files changed\n\n" + diff + b"-- \n2.39.5\n\n--- signed ---\n"
    assert read_diff(around) == (diff, parse_diff(diff))
    assert read_diff(b"nothing\n--- here\n") == (b"", ())


def test_what_is_read_can_be_written_again(repository: Path) -> None:
    """Hunk by hunk, the values hold every byte of the diff's text."""
    diff = everything(repository)
    for file in parse_diff(diff):
        for hunk in file.hunks:
            body = b"".join(
                line.sign.encode()
                + line.text
                + (b"" if line.text.endswith(b"\n") else b"\n\\ No newline at end of file\n")
                for line in hunk.lines
            )
            assert body in diff


def test_a_bare_diff_is_read() -> None:
    bare = "--- a/x.c\t2021-04-08 12:36:05.000000000 +0200\n+++ b/x.c\t2021-04-08 12:36:06\n@@ -1 +1 @@\n-a\n+b\n"
    (file,) = parse_diff(bare.encode())
    assert (file.change, file.old_path, file.new_path, file.hunks[0].old_start) == (Change.MODIFY, "x.c", "x.c", 1)
    (file,) = parse_diff(bare.replace("a/x.c\t2021-04-08 12:36:05", "a/x.c\t1970-01-01 00:00:00").encode())
    assert (file.change, file.old_path) == (Change.ADD, None)
    (file,) = parse_diff(bare.replace("b/x.c", "/dev/null").encode())
    assert (file.change, file.new_path) == (Change.DELETE, None)
    (file,) = parse_diff(bare.replace("--- a/x.c", "--- a/x.c.orig").encode())
    assert (file.old_path, file.new_path) == ("x.c", "x.c")


def test_a_blank_line_that_lost_its_space_is_context() -> None:
    (file,) = parse_diff(DIFF.replace(" third", "").encode())
    assert file.hunks[0].lines[-1] == HunkLine(" ", b"\n")


def git_header(old: str, new: str, *more: str) -> str:
    return "\n".join([f"diff --git {old} {new}", *more, ""])


def adds(path: str, mode: str = "100644", line: str = "x") -> str:
    return (
        git_header(f"a/{path}", f"b/{path}", f"new file mode {mode}", "index 0000000..1111111", "--- /dev/null")
        + f"+++ b/{path}\n@@ -0,0 +1 @@\n+{line}\n\\ No newline at end of file\n"
    )


def literal(size: int, data: bytes) -> str:
    deflated = zlib.compress(data)
    lines = [deflated[start : start + 52] for start in range(0, len(deflated), 52)]
    encoded = [chr(len(line) + (64 if len(line) <= 26 else 70)) + b85encode(line, pad=True).decode() for line in lines]
    return git_header(
        "a/x", "b/x", "index 1111111..2222222 100644", "GIT binary patch", f"literal {size}", *encoded, ""
    )


HOSTILE = {
    "parent": (adds("../x"), "leaves the tree"),
    "parent inside": (adds("a/../../x"), "leaves the tree"),
    "parent in a bare diff": ("--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", "leaves the tree"),
    "absolute": (git_header("/etc/passwd", "/etc/passwd", "new file mode 100644", "index 0..1"), "absolute path"),
    "absolute in a bare diff": ("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", "absolute path"),
    "absolute behind the prefix": (adds("/etc/passwd"), "absolute path"),
    "dot": (adds("a/./x"), "not canonical"),
    "empty component": (adds("a//x"), "not canonical"),
    ".git": (adds(".git/hooks/post-checkout"), "git's own directory"),
    ".git below": (adds("sub/.git/config"), "git's own directory"),
    ".GIT": (adds(".GIT/config"), "git's own directory"),
    "git~1": (adds("GIT~1/config"), "git's own directory"),
    ".git with a dot": (adds(".git./config"), "git's own directory"),
    ".git with an ignored code point": (adds(".g\u200cit/config").encode().decode("latin-1"), "git's own directory"),
    "quoted parent": (adds("x").replace("b/x", '"b/\\056\\056/x"').replace("a/x", '"a/\\056\\056/x"'),
                      "leaves the tree"),
    "quoted NUL": (adds("x").replace("b/x", '"b/x\\000y"').replace("a/x", '"a/x\\000y"'), "control character"),
    "quoted newline": (adds("x").replace("b/x", '"b/x\\ny"').replace("a/x", '"a/x\\ny"'), "control character"),
    "rename out": (git_header("a/x", "b/x", "rename from x", "rename to ../y"), "leaves the tree"),
    "rename to .git": (git_header("a/x", "b/y", "rename from x", "rename to .git/y"), "git's own directory"),
    "copy from outside": (git_header("a/x", "b/y", "copy from ../x", "copy to y"), "leaves the tree"),
    "submodule": (adds("sub", "160000", "Subproject commit " + "1" * 40), "submodule"),
    "submodule changed": (git_header("a/s", "b/s", "index 1111111..2222222 160000"), "submodule"),
    "directory": (adds("sub", "040000"), "mode 040000"),
    "device": (adds("sub", "060600"), "mode 060600"),
    "strange mode": (adds("x", "10064"), "malformed file mode"),
    "link to root": (adds("l", "120000", "/etc/passwd"), "absolute path"),
    "link out": (adds("a/l", "120000", "../../etc"), "leaves the tree"),
    "link out and in": (adds("l", "120000", "../tree/x"), "leaves the tree"),
    "link into .git": (adds("l", "120000", ".git/hooks"), "git's own directory"),
    "through a link": (adds("l", "120000", "a") + adds("l/x"), "behind the symbolic link"),
    "link as binary": (literal(1, b"x").replace("100644", "120000"), "symbolic link as a binary patch"),
    "names that differ": (git_header("a/x", "b/y", "old mode 100644", "new mode 100755"), "names differ"),
    "names that contradict": (git_header("a/x", "b/x", "--- a/x", "+++ b/y") + "@@ -1 +1 @@\n-a\n+b\n", "contradict"),
    "no prefix": ("--- x\n+++ x\n@@ -1 +1 @@\n-a\n+b\n", "without a leading"),
    "nothing at all": ("--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", "between /dev/null"),
    "merge": ("diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n++a\n", "combined"),
    "negative count": (DIFF.replace("-1,3 +1,3", "-1,-3 +1,3"), "malformed header"),
    "huge count": (DIFF.replace("-1,3 +1,3", "-1,99999999999 +1,3"), "malformed header"),
    "too many": (DIFF.replace("-1,3 +1,3", "-1,300000000 +1,300000000"), "shorter than its header"),
    "shorter": (DIFF.replace(" third\n", ""), "shorter than its header"),
    "longer": (DIFF.replace(" third\n", " third\n+fourth\n"), "longer than its header"),
    "cut within a line": (DIFF[:-3], "no line ending"),
    "cut behind the names": (DIFF[: DIFF.index("@@")], "no hunk"),
    "cut in the header": (DIFF[: DIFF.index("---")], "no hunk"),
    "hunk without file": (DIFF[DIFF.index("@@") :], "without a file header"),
    "wrong sign": (DIFF.replace(" third", "third"), "shorter than its header"),
    "binary without data": (git_header("a/x", "b/x", "GIT binary patch"), "without its data"),
    "binary cut off": (literal(200, bytes(range(200)))[:-30], "malformed or truncated"),
    "binary not base85": (literal(200, bytes(range(200))).replace("\nz", "\nz\""), "malformed or truncated"),
    "binary of another size": (literal(7, b"\0" * 500), "does not inflate to the 7 bytes"),
    "binary smaller than said": (literal(501, b"\0" * 500), "does not inflate to the 501 bytes"),
    "binary beyond all limits": (literal(LIMIT + 1, b""), "over the limit"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_damaged_input_is_refused(name: str) -> None:
    text, reason = HOSTILE[name]
    with pytest.raises(InputRefused, match=reason):
        parse_diff(text.encode("latin-1", "surrogateescape"))


def test_a_line_beyond_all_limits_is_refused() -> None:
    with pytest.raises(InputRefused, match="a line is longer"):
        parse_diff(DIFF.replace("zweite", "z" * (10 << 20)).encode())


def test_a_bomb_is_not_inflated() -> None:
    bomb = literal(1000, b"\0" * (100 << 20)).encode()
    started = time.process_time()
    with pytest.raises(InputRefused, match="does not inflate to the 1000 bytes"):
        parse_diff(bomb)
    assert time.process_time() - started < 1


def test_good_links_and_names_are_let_through() -> None:
    text = adds("a/b/l", "120000", "../../c/d") + adds(".gitignore") + adds("x/.github/y") + adds("a..b/c...d")
    assert len(parse_diff(text.encode())) == 4


@given(st.integers(0, len(DIFF) - 1), st.binary(max_size=6), st.integers(0, 12))
def test_any_damage_is_read_or_refused(where: int, instead: bytes, removed: int) -> None:
    damaged = DIFF.encode()[:where] + instead + DIFF.encode()[where + removed :]
    try:
        files = parse_diff(damaged)
    except InputRefused as error:
        assert error.message
    else:
        assert all(".." not in file.path.split("/") and not file.path.startswith("/") for file in files)


# --- patch-ids -----------------------------------------------------------------------------------------------------


def git_patch_id(diff: bytes) -> str:
    return git("patch-id", "--stable", stdin=diff).decode().partition(" ")[0]


def test_a_patch_id_is_that_of_git(repository: Path) -> None:
    diff = everything(repository)
    assert patch_id(diff) == git_patch_id(diff)
    sections = [b"diff --git " + part for part in diff.split(b"diff --git ")[1:]]
    assert len(sections) == 14
    for number in range(1, len(sections) + 1):
        for part in (b"".join(sections[:number]), sections[number - 1]):
            assert patch_id(part) == git_patch_id(part)


def test_a_patch_id_ignores_what_moves(repository: Path) -> None:
    diff = DIFF.encode()
    moved = diff.replace(b"-1,3 +1,3", b"-100,3 +120,3").replace(b"1111111..2222222", b"3333333..4444444")
    assert patch_id(b"Why.\n---\n" + moved.replace(b" third", b" \t\tthird") + b"-- \n2.39.5\n") == patch_id(diff)
    assert patch_id(diff.replace(b"zweite", b"2.")) != patch_id(diff)


def test_the_patch_id_of_a_bare_diff_is_that_of_its_commit(repository: Path) -> None:
    (repository / "with space").write_text("a\nB\nc\n")
    (repository / "gone").unlink()
    (repository / "fresh").write_text("1\n2")
    diff = changed(repository)
    bare = b"".join(
        line for line in diff.splitlines(keepends=True) if line[:5] not in (b"diff ", b"index", b"new f", b"delet")
    )
    assert bare.startswith(b"--- ")
    raw = mail("[PATCH] a", "Why.\n---\n") + bare
    assert read_patch(read_message(raw), "01").patch_id == git_patch_id(diff)


def test_a_patch_id_needs_a_diff() -> None:
    with pytest.raises(InputRefused, match="no diff"):
        patch_id(b"Why.\n---\n")


@pytest.mark.parametrize("folder", ["shared_mail", "shared_lore"])
def test_patch_ids_of_real_mail_are_those_of_git(folder: str, request: pytest.FixtureRequest) -> None:
    checked = 0
    for name, one in real_messages(request.getfixturevalue(folder)):
        try:
            patch = read_patch(one, "01")
        except InputRefused:
            continue
        if patch.diff.startswith(b"diff --git"):
            assert patch.patch_id == git_patch_id(patch.diff), name
            checked += 1
    assert checked >= 70


def test_twelve_patches_are_parsed_fast(shared_lore: Path) -> None:
    from gzip import decompress

    from seriestool.formats.mail import read_messages

    threads = ("20210408103605.1676875-1-elver@google.com", "20210422191823.79012-1-elver@google.com")
    mails = [
        one
        for thread in threads
        for one in read_messages(decompress((shared_lore / thread / "t.mbox.gz").read_bytes()))
    ]
    diffs = [read_patch(one, "01").diff for one in mails if one.prefix and not one.prefix.is_cover]
    assert len(diffs) == 12
    best = min(_seconds(diffs) for _ in range(5))
    assert best < 0.03


def _seconds(diffs: list[bytes]) -> float:
    started = time.process_time()
    for diff in diffs:
        parse_diff(diff)
    return time.process_time() - started
