# SPDX-License-Identifier: GPL-2.0-or-later
"""The one bare object store: objects in and out, refs with compare-and-swap, and its lock.

Reading goes through one persistent ``git cat-file --batch``, writing makes loose objects inside this process: no git
is started per object.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from git.exc import GitCommandNotFound
from gitdb.base import IStream  # type: ignore[import-untyped]  # gitdb, GitPython's object database, has no types
from gitdb.db import LooseObjectDB  # type: ignore[import-untyped]

from seriestool.errors import CommandFailed, MachineFault, ProgramMissing
from seriestool.git.command import feed_git, git_at, run_git
from seriestool.git.disk import disk_fault, hold
from seriestool.git.treeobject import TREE, Entry, Oid, decode_tree, encode_tree
from seriestool.log import QUIET, Progress

_EMPTY_TREE = Oid.of("tree", b"")
_BLOB_CACHE = 64 << 20  # bytes of blobs kept per process
_SETTINGS = {
    "gc.auto": "0",
    "core.compression": "1",
    "core.logAllRefUpdates": "false",
    "core.hooksPath": "/dev/null",
    "core.autocrlf": "false",
    "extensions.worktreeConfig": "false",
}
# The highest place attributes can come from (gitattributes(5)): a tree's own .gitattributes never changes a byte.
_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding -export-subst\n"


def open_store(path: Path) -> ObjectStore:
    """Open the bare repository at *path*, and create it first where there is none.

    Raises MachineFault when it cannot be created, ProgramMissing without git.
    """
    if not (path / "info" / "attributes").is_file():
        _create(path)
    return ObjectStore(path)


def _create(path: Path) -> None:
    """Make the repository; everything is idempotent, so one that was killed half-way is completed."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        git = git_at(path.resolve())
        run_git(git, "init", "--quiet", "--bare", "--template=", "--object-format=sha1")
        for name, value in _SETTINGS.items():
            run_git(git, "config", name, value)
        (path / "info").mkdir(exist_ok=True)
        (path / "info" / "attributes").write_text(_ATTRIBUTES)
    except OSError as error:
        raise disk_fault(error, path) from error


class ObjectStore:
    """A bare git repository. Use it as a context manager: leaving the block ends its ``git cat-file``."""

    empty_tree = _EMPTY_TREE

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._git = git_at(self.path)
        self._loose = LooseObjectDB(str(self.path / "objects"))
        self._trees: dict[str, dict[str, Entry]] = {}
        self._blobs: dict[str, bytes] = {}
        self._blob_bytes = 0
        self._known: set[str] = set()
        self._lock_depth = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the helper processes; the store can still be used and starts them again."""
        self._git.clear_cache()

    # Reading

    def resolve(self, rev: str) -> Oid | None:
        """Return the commit that *rev* names (gitrevisions(7)), None where it names none."""
        return self._peel(rev, "commit")

    def find_blob(self, prefix: str) -> Oid | None:
        """Return the one blob whose id begins with *prefix*, hex digits; None where there is none, or several."""
        oid = self._peel(prefix, "blob")
        return oid if oid is not None and oid.startswith(prefix) else None

    def tree_of(self, rev: str) -> Oid:
        """Return the tree object of a commit. Raises MachineFault when there is none."""
        tree = self._peel(rev, "tree")
        if tree is None:
            raise MachineFault(f"no such commit in {self.path}: {rev}")
        return tree

    def _peel(self, rev: str, kind: str) -> Oid | None:
        if not rev or "\n" in rev or "\0" in rev:
            return None
        try:
            name, found, _ = self._git.get_object_header(f"{rev}^{{{kind}}}")
        except ValueError as error:
            if "ambiguous" in str(error):
                self.close()  # git names the candidates on standard error: a pipe that nobody empties
            return None
        except GitCommandNotFound as error:
            raise ProgramMissing("git") from error
        except BrokenPipeError as error:
            raise self._ended() from error
        return Oid(_text(name)) if _text(found) == kind else None

    def read(self, oid: str, kind: str) -> bytes:
        """Return the content of an object. Raises MachineFault when it is missing or of another kind."""
        try:
            _, found, _, data = self._git.get_object_data(oid)
        except ValueError as error:
            raise MachineFault(f"no {kind} {oid} in {self.path}") from error
        except GitCommandNotFound as error:
            raise ProgramMissing("git") from error
        except BrokenPipeError as error:
            raise self._ended() from error
        if _text(found) != kind:
            raise MachineFault(f"{oid} in {self.path} is a {_text(found)}, not a {kind}")
        return data

    def _ended(self) -> MachineFault:
        self.close()
        return MachineFault(f"git cat-file ended unexpectedly in {self.path}")

    def read_blob(self, oid: str) -> bytes:
        """Return the content of a blob."""
        data = self._blobs.get(oid)
        if data is None:
            data = self.read(oid, "blob")
            self._keep(oid, data)
        return data

    def read_tree(self, oid: str) -> Mapping[str, Entry]:
        """Return the entries of one tree object, by name."""
        entries = self._trees.get(oid)
        if entries is None:
            entries = self._trees[oid] = decode_tree(self.read(oid, "tree")) if oid != _EMPTY_TREE else {}
        return entries

    def entry(self, tree: str, path: str) -> Entry | None:
        """Return what *path* (slashes, no leading one) is in a tree object, None where it is nothing."""
        *folders, name = path.split("/")
        for folder in folders:
            found = self.read_tree(tree).get(folder)
            if found is None or not found.is_tree:
                return None
            tree = found.oid
        return self.read_tree(tree).get(name)

    # Writing

    def write_blob(self, data: bytes) -> Oid:
        """Store *data* and return its name."""
        oid = self._write("blob", data)
        self._keep(oid, data)
        return oid

    def write_tree(self, entries: Mapping[str, Entry]) -> Oid:
        """Store one tree object and return its name."""
        oid = self._write("tree", encode_tree(entries))
        self._trees[oid] = dict(entries)
        return oid

    def write_commit(self, data: bytes) -> Oid:
        """Store a commit object, headers and message as git keeps them, and return its name."""
        return self._write("commit", data)

    def update_tree(self, tree: str, changes: Mapping[str, Entry | None]) -> Oid:
        """Return *tree* with *changes* made (None removes); only the levels that change are written.

        Folders appear with their first file and go with their last. A file in the place of a needed folder is
        replaced: callers that mind check before.
        """
        entries = dict(self.read_tree(tree))
        below: dict[str, dict[str, Entry | None]] = {}
        for path, change in changes.items():
            head, slash, rest = path.partition("/")
            if slash:
                below.setdefault(head, {})[rest] = change
            elif change is None:
                entries.pop(head, None)
            else:
                entries[head] = change
        for folder, inner in below.items():
            old = entries.get(folder)
            new = self.update_tree(old.oid if old and old.is_tree else _EMPTY_TREE, inner)
            if new != _EMPTY_TREE:
                entries[folder] = Entry(TREE, new)
            elif old and old.is_tree:
                del entries[folder]
        return self.write_tree(entries)

    def _write(self, kind: str, data: bytes) -> Oid:
        oid = Oid.of(kind, data)
        if oid not in self._known:
            if not (self.path / "objects" / oid[:2] / oid[2:]).is_file():
                try:
                    self._loose.store(IStream(kind.encode(), len(data), io.BytesIO(data)))
                except OSError as error:
                    raise disk_fault(error, self.path) from error
            self._known.add(oid)
        return oid

    def _keep(self, oid: str, data: bytes) -> None:
        if oid in self._blobs:
            return
        self._blobs[oid] = data
        self._blob_bytes += len(data)
        while self._blob_bytes > _BLOB_CACHE:
            oldest = next(iter(self._blobs))
            self._blob_bytes -= len(self._blobs.pop(oldest))

    # Refs

    def set_ref(self, name: str, new: str, old: str | None) -> None:
        """Move a ref from *old* (None: it must not exist) to *new*. Raises MachineFault when it is elsewhere."""
        self.set_refs({name: (new, old)})

    def set_refs(self, moves: Mapping[str, tuple[str, str | None]]) -> None:
        """Move refs, name -> (new, old), all of them or none. Raises MachineFault when one is not where it should be.

        A ref that somebody else has moved to the same place meanwhile is where it should be.
        """
        wanted = {name: move for name, move in moves.items() if move[0] != move[1]}
        if not wanted:
            return
        lines = [f"update {name}\0{new}\0{old or '0' * 40}\0".encode() for name, (new, old) in wanted.items()]
        try:
            feed_git(self._git, "update-ref", "--stdin", "-z", feed=lambda pipe: _write_lines(pipe, lines))
        except CommandFailed as error:
            if any(self.resolve(name) != new for name, (new, _) in wanted.items()):
                self._check_whole(wanted)
                raise MachineFault(f"a ref in {self.path} was moved by somebody else: {error.message}") from error

    def _check_whole(self, names: Iterable[str]) -> None:
        """Raise MachineFault where one of the refs *names* holds a commit that is not there."""
        for name in names:
            with suppress(CommandFailed):
                commit = run_git(self._git, "rev-parse", "--verify", "--quiet", name)
                if self.resolve(commit) is None:
                    raise MachineFault(
                        f"{self.path} is damaged: {name} is {commit[:12]}, which is not there",
                        hint=f"remove {self.path}: what it holds can be made again",
                    )

    # Locking

    @contextmanager
    def lock(self, *, progress: Progress = QUIET, timeout: float = 1800.0) -> Iterator[None]:
        """Keep other processes from importing into this store and from moving its worktrees.

        Waits up to *timeout* seconds and says so; may be taken again inside. Raises MachineFault at the time limit.
        """
        if self._lock_depth:
            yield
            return
        with hold(self.path / "seriestool.lock", self.path, progress=progress, timeout=timeout):
            self._lock_depth += 1
            try:
                yield
            finally:
                self._lock_depth -= 1


def _text(word: str | bytes) -> str:
    """GitPython declares str and gives bytes."""
    return word.decode("ascii") if isinstance(word, bytes) else word


def _write_lines(pipe: IO[bytes], lines: list[bytes]) -> None:
    for line in lines:
        pipe.write(line)


__all__ = ["ObjectStore", "disk_fault", "open_store"]
