# SPDX-License-Identifier: GPL-2.0-or-later
"""The object store: git's own names and bytes, refs that are compared before they move, one lock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seriestool.errors import MachineFault, ProgramMissing
from seriestool.git.objects import ObjectStore, open_store
from seriestool.git.treeobject import EXECUTABLE, FILE, GITLINK, SYMLINK, TREE, Entry, Oid, decode_tree, encode_tree
from seriestool.log import QUIET, Task
from tests.mails import git

ROOT = Path(__file__).parents[2]
EMPTY = Oid.of("tree", b"")
NAMES = st.binary(min_size=1, max_size=6).filter(lambda name: not set(name) & {0, ord("/")}).map(os.fsdecode)
OIDS = st.binary(max_size=3).map(lambda data: Oid.of("blob", data))
ENTRIES = st.builds(Entry, st.sampled_from([FILE, EXECUTABLE, SYMLINK, GITLINK, TREE]), OIDS)


def empty_commit(store: ObjectStore, message: str) -> Oid:
    who = "A U Thor <author@example.com> 0 +0000"
    tree = store.write_tree({})
    return store.write_commit(f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}\n".encode())


@pytest.mark.parametrize("value", ["", "0" * 39, "0" * 41, "A" * 40, "g" * 40, "HEAD", f"{'0' * 40}\n"])
def test_oid_is_forty_hex_digits(value: str) -> None:
    with pytest.raises(ValueError, match="not an object id"):
        Oid(value)


@pytest.mark.parametrize("data", [b"", b"text\n", bytes(range(256)) * 5000])
def test_blob(store: ObjectStore, data: bytes) -> None:
    oid = store.write_blob(data)
    assert git("cat-file", "blob", oid, cwd=store.path) == data
    assert git("hash-object", "--stdin", stdin=data).decode().strip() == oid
    with ObjectStore(store.path) as other:
        assert other.read_blob(oid) == data


@given(entries=st.dictionaries(NAMES, ENTRIES, max_size=6))
def test_tree_object_there_and_back(entries: dict[str, Entry]) -> None:
    assert decode_tree(encode_tree(entries)) == entries


def test_tree_object_is_in_gits_order(store: ObjectStore) -> None:
    """A directory sorts as if its name ended in a slash: a.c, a (a directory), a0."""
    blob = Entry(FILE, store.write_blob(b""))
    inner = Entry(TREE, store.write_tree({"x": blob}))
    oid = store.write_tree({"a0": blob, "a": inner, "a.c": blob, "a-": blob})
    assert git("ls-tree", "--name-only", oid, cwd=store.path).split() == [b"a-", b"a.c", b"a", b"a0"]
    git("fsck", "--strict", cwd=store.path)


DATA = st.binary(max_size=4)
PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/f", "g/h/i/j"])


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.dictionaries(PATHS, DATA), changes=st.dictionaries(PATHS, st.none() | DATA))
def test_update_tree(store: ObjectStore, before: dict[str, bytes], changes: dict[str, bytes | None]) -> None:
    """Changing a tree gives what writing the result anew gives; folders come and go with their files."""

    def entry(data: bytes | None) -> Entry | None:
        return None if data is None else Entry(FILE, store.write_blob(data))

    after = {path: data for path, data in {**before, **changes}.items() if data is not None}
    tree = store.update_tree(EMPTY, {path: entry(data) for path, data in before.items()})
    changed = store.update_tree(tree, {path: entry(data) for path, data in changes.items()})
    assert changed == store.update_tree(EMPTY, {path: entry(data) for path, data in after.items()})
    for path, data in after.items():
        assert store.entry(changed, path) == entry(data)


def test_entry_of_what_is_not_there(store: ObjectStore) -> None:
    tree = store.update_tree(EMPTY, {"d/file": Entry(FILE, store.write_blob(b""))})
    for path in ("file", "d/other", "d/file/below", "e/file"):
        assert store.entry(tree, path) is None
    found = store.entry(tree, "d")
    assert found is not None
    assert found.is_tree


def test_missing_and_wrong_objects(store: ObjectStore) -> None:
    blob = store.write_blob(b"text")
    with pytest.raises(MachineFault, match=f"no blob {'1' * 40}"):
        store.read_blob("1" * 40)
    with pytest.raises(MachineFault, match="is a blob, not a tree"):
        store.read_tree(blob)
    with pytest.raises(MachineFault, match="no such commit"):
        store.tree_of("nothing")


@pytest.mark.parametrize("rev", ["", "nothing", "refs/heads/x", "1" * 40, "a\nb", "--all", "a\0b"])
def test_resolve_of_nothing(store: ObjectStore, rev: str) -> None:
    assert store.resolve(rev) is None


def test_resolve(store: ObjectStore) -> None:
    commit = empty_commit(store, "one")
    store.set_ref("refs/test/one", commit, None)
    for rev in (commit, commit[:12], "refs/test/one", "refs/test/one^0"):
        assert store.resolve(rev) == commit
    assert store.resolve(f"{commit}^{{tree}}") is None
    assert store.tree_of("refs/test/one") == EMPTY


def test_store_survives_the_end_of_its_helper(store: ObjectStore) -> None:
    commit = empty_commit(store, "one")
    assert store.resolve(commit) == commit
    store.close()
    assert store.resolve(commit) == commit


def test_a_store_that_lost_a_commit_is_called_damaged(store: ObjectStore) -> None:
    one, two = (empty_commit(store, name) for name in ("one", "two"))
    store.set_ref("refs/test/a", one, None)
    (store.path / "objects" / one[:2] / one[2:]).unlink()
    store.close()
    with pytest.raises(MachineFault, match=f"is damaged: refs/test/a is {one[:12]}, which is not there") as caught:
        store.set_ref("refs/test/a", two, store.resolve("refs/test/a"))
    assert caught.value.hint == f"remove {store.path}: what it holds can be made again"


def test_refs_compare_and_swap(store: ObjectStore) -> None:
    one, two, three = (empty_commit(store, name) for name in ("one", "two", "three"))
    store.set_ref("refs/test/a", one, None)
    store.set_ref("refs/test/a", two, one)
    assert store.resolve("refs/test/a") == two
    for old in (None, one):
        with pytest.raises(MachineFault, match="moved by somebody else"):
            store.set_ref("refs/test/a", three, old)
    assert store.resolve("refs/test/a") == two
    store.set_ref("refs/test/a", two, one)  # it is where it should be
    store.set_ref("refs/test/a", two, two)


def test_refs_move_together_or_not_at_all(store: ObjectStore) -> None:
    one, two = (empty_commit(store, name) for name in ("one", "two"))
    store.set_ref("refs/test/b", one, None)
    with pytest.raises(MachineFault):
        store.set_refs({"refs/test/a": (two, None), "refs/test/b": (two, None), "refs/test/c": (two, None)})
    assert git("for-each-ref", "--format=%(refname) %(objectname)", cwd=store.path).decode() == f"refs/test/b {one}\n"


@pytest.mark.parametrize("read", [lambda store: store.resolve("HEAD"), lambda store: store.read_blob("0" * 40)])
def test_a_machine_without_git_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[ObjectStore], object]
) -> None:
    with open_store(tmp_path / "store.git") as store:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ProgramMissing) as caught:
            read(store)
    assert caught.value.program == "git"


def test_caller_in_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from a git hook or alias, with its environment and with a configuration that breaks things."""
    other = tmp_path / "other"
    git("init", "--quiet", str(other))
    config = tmp_path / "config"
    config.write_text("[core]\n\tautocrlf = true\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git" / "objects"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    with open_store(tmp_path / "kernel.git") as store:
        commit = empty_commit(store, "one")
        store.set_ref("refs/test/one", commit, None)
    assert list((other / ".git" / "objects").glob("??")) == []
    found = git("--git-dir", str(tmp_path / "kernel.git"), "rev-parse", "refs/test/one")
    assert found.decode().strip() == commit


def test_half_made_store_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "kernel.git"
    with open_store(path) as store:
        commit = empty_commit(store, "one")
    (path / "info" / "attributes").unlink()
    with open_store(path) as store:
        assert store.resolve(commit) == commit
        assert (path / "info" / "attributes").is_file()


def test_store_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way\n")
    with pytest.raises(MachineFault, match=r"kernel\.git"):
        open_store(tmp_path / "file" / "kernel.git")


@dataclass
class Listener:
    """Somebody who hears what is said while waiting."""

    notes: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.notes.append(message)

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        with QUIET.task(label, total, unit) as task:
            yield task


_HOLD = """
import sys
from pathlib import Path
from seriestool.git.objects import ObjectStore
with ObjectStore(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(store: ObjectStore) -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold the store's lock."""
    command = [sys.executable, "-c", _HOLD, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield other
        other.kill()


def test_lock_is_waited_for(store: ObjectStore) -> None:
    listener = Listener()
    with held(store):
        started = time.monotonic()
        busy = pytest.raises(MachineFault, match=r"still busy with .*kernel\.git after 0\.3 s")
        with busy, store.lock(progress=listener, timeout=0.3):
            pytest.fail("two have it")
        assert time.monotonic() - started >= 0.3
    assert listener.notes == [f"waiting for another seriestool that is busy with {store.path}"]


def test_lock_goes_with_a_killed_process(store: ObjectStore) -> None:
    with held(store) as other:
        other.kill()
        with store.lock(timeout=10), store.lock(timeout=0):
            pass


def test_lock_is_free_after_an_error(store: ObjectStore) -> None:
    with pytest.raises(KeyboardInterrupt), store.lock():
        raise KeyboardInterrupt
    with ObjectStore(store.path).lock(timeout=0):
        pass
