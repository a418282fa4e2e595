# SPDX-License-Identifier: GPL-2.0-or-later
"""A tarball becomes one commit, always the same, with every file of it; or nothing at all."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seriestool.errors import InputRefused, MachineFault
from seriestool.git.importer import import_tar
from seriestool.git.objects import ObjectStore, open_store
from tests.git.room import Blob, tar_of
from tests.mails import git

REF = "refs/seriestool/trees/test"
FILES = {
    ".gitignore": Blob(b"/*\n"),
    "Makefile": Blob(b"VERSION = 5\n"),
    "scripts/run.sh": Blob(b"#!/bin/sh\n", 0o100755),
    "scripts/gcc-x86_32-has-stack-protector.sh": Blob(b"", 0o100755),
    "include/dt-bindings": Blob(b"../../../../include/dt-bindings", 0o120000),
    "dangling": Blob(b"nowhere/at/all", 0o120000),
    "with space": Blob(b"s"),
    'a "quoted"\\name': Blob(b"q"),
    "line\nbreak": Blob(b"n"),
    os.fsdecode(b"latin-\xe9"): Blob(b"not UTF-8"),
    "\u00fc/\u6f22": Blob(bytes(range(256))),
    "deep/" * 60 + "file": Blob(b"longer than the 100 bytes of a ustar name"),
}


def put(store: ObjectStore, data: bytes, ref: str = REF) -> str:
    return import_tar(store, io.BytesIO(data), ref=ref, message="A test\n")


def listing(store: ObjectStore, rev: str) -> dict[str, tuple[str, bytes]]:
    """Return what the real git finds in a commit: path -> (mode, content)."""
    rows = git("ls-tree", "-r", "-z", rev, cwd=store.path).split(b"\0")[:-1]
    found = {}
    for row in rows:
        mode, _, rest = row.partition(b" ")
        blob, _, path = rest.removeprefix(b"blob ").partition(b"\t")
        found[os.fsdecode(path)] = mode.decode(), git("cat-file", "blob", blob.decode(), cwd=store.path)
    return found


def test_every_file(store: ObjectStore) -> None:
    commit = put(store, tar_of(FILES))
    assert listing(store, commit) == {path: (f"{blob.mode:o}", blob.data) for path, blob in FILES.items()}
    assert store.resolve(REF) == commit
    git("fsck", "--strict", "--no-dangling", cwd=store.path)


def test_commit(store: ObjectStore) -> None:
    """It has no parents, a fixed identity and no date."""
    shown = git("show", "-s", "--format=%P|%an <%ae> %ad|%cn <%ce> %cd|%B", "--date=raw", put(store, tar_of(FILES)),
                cwd=store.path)  # fmt: skip
    who = "seriestool <seriestool@localhost> 0 +0000"
    assert shown.decode().strip() == f"|{who}|{who}|A test"


def test_same_tar_same_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another store, for another user, at another time, and however the tar orders its files."""
    found = set()
    for number in range(2):
        monkeypatch.setenv("GIT_COMMITTER_NAME", f"Somebody {number}")
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{number}617878165 +0200")
        monkeypatch.setenv("HOME", str(tmp_path / f"home{number}"))
        files = dict(reversed(FILES.items())) if number else FILES
        with open_store(tmp_path / f"store{number}") as store:
            found.add(put(store, tar_of(files, top=f"linux-{number}/")))
    assert len(found) == 1


def test_import_again_is_the_same(store: ObjectStore) -> None:
    assert put(store, tar_of(FILES)) == put(store, tar_of(FILES))
    other = put(store, tar_of({"Makefile": Blob(b"VERSION = 6\n")}))
    assert store.resolve(REF) == other
    assert len(list((store.path / "objects" / "pack").glob("*.pack"))) == 2


def test_folders_and_headers_do_not_count(store: ObjectStore) -> None:
    """Directories, a global pax header (git archive writes one) and a leading ./ are no files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "0" * 40}) as archive:
        for name in ("./linux", "./linux/empty"):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
        archive.addfile(tarfile.TarInfo("./linux/file"))
    assert listing(store, put(store, out.getvalue())) == {"file": ("100644", b"")}


def one_member(change: Callable[[tarfile.TarInfo], None], name: str = "linux/link") -> bytes:
    """Return a tar of a file and one more member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        first = tarfile.TarInfo("linux/first")
        first.size, first.mode = 5, 0o755
        archive.addfile(first, io.BytesIO(b"first"))
        member = tarfile.TarInfo(name)
        change(member)
        archive.addfile(member)
    return out.getvalue()


def hard_link(target: str) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = tarfile.LNKTYPE, target

    return change


def test_hard_link_is_a_copy(store: ObjectStore) -> None:
    found = listing(store, put(store, one_member(hard_link("linux/first"))))
    assert found == {"first": ("100755", b"first"), "link": ("100755", b"first")}


@pytest.mark.parametrize("target", ["linux/missing", "../first", "/etc/passwd"])
def test_hard_link_to_nothing(store: ObjectStore, target: str) -> None:
    with pytest.raises(InputRefused):
        put(store, one_member(hard_link(target)))


@pytest.mark.parametrize(
    "name",
    ["linux/../evil", "../evil", "/etc/evil", "linux/a/../../evil", "linux/.git/config", "linux/a/.GIT/x", "evil"],
)
def test_path_that_leaves_the_tree(store: ObjectStore, name: str) -> None:
    with pytest.raises(InputRefused, match="leaves the tree") as caught:
        put(store, one_member(lambda member: None, name))
    assert name in caught.value.message
    assert_nothing(store)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_device(store: ObjectStore, kind: bytes) -> None:
    def change(member: tarfile.TarInfo) -> None:
        member.type = kind

    with pytest.raises(InputRefused, match="no file: linux/link"):
        put(store, one_member(change))
    assert_nothing(store)


def assert_nothing(store: ObjectStore) -> None:
    """Nothing of a failed import is left."""
    assert git("for-each-ref", cwd=store.path) == b""
    assert not (store.path / "incoming").exists()
    assert list((store.path / "objects" / "pack").glob("*")) == []


BIG = {f"file{number}": Blob(os.urandom(5000)) for number in range(40)}


END = 36 * (512 + 5120)  # of the 36th file


@pytest.mark.parametrize("keep", [0, 300, 512, 3000, 100_000, END, END + 248, 40 * (512 + 5120)])
def test_truncated(store: ObjectStore, keep: int) -> None:
    """Also between two members, or in a header, or where only the end marker is missing."""
    with pytest.raises(MachineFault, match=r"broken tar archive|holds no files"):
        put(store, tar_of(BIG)[:keep])
    assert_nothing(store)
    put(store, tar_of(BIG))


def test_damaged_header(store: ObjectStore) -> None:
    data = tar_of(BIG)
    with pytest.raises(MachineFault, match="broken tar archive"):
        put(store, data[:END] + b"\xff" * 100 + data[END + 100 :])
    assert_nothing(store)


def test_noise(store: ObjectStore) -> None:
    with pytest.raises(MachineFault):
        put(store, b"\xff" * 20_000)
    assert_nothing(store)


def test_no_files(store: ObjectStore) -> None:
    with pytest.raises(MachineFault, match="holds no files"):
        put(store, tar_of({}))
    assert_nothing(store)


_IMPORT = """
import sys
from pathlib import Path
from seriestool.git.importer import import_tar
from seriestool.git.objects import open_store
import_tar(open_store(Path(sys.argv[1])), sys.stdin.buffer, ref=sys.argv[2], message="A test\\n")
"""


def test_kill(store: ObjectStore) -> None:
    """Kill -9 half-way leaves no ref; the next import clears up and succeeds."""
    data = tar_of(BIG)
    side = store.path / "incoming"
    command = [sys.executable, "-c", _IMPORT, str(store.path), REF]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdin is not None
        child.stdin.write(data[: len(data) // 2])
        child.stdin.flush()
        deadline = time.monotonic() + 30
        while not list(side.glob("objects/pack/tmp_pack_*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        child.kill()
    assert side.is_dir()
    assert store.resolve(REF) is None
    commit = put(store, data)
    assert listing(store, commit) == {path: ("100644", blob.data) for path, blob in BIG.items()}
    assert not side.exists()

