# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn a source tarball into a reproducible orphan commit.

The tar stream goes through ``git fast-import`` into a repository of its own beside the store; its pack is moved into
the store when it is whole and the ref is set last. A killed import leaves that side repository, which the next one
removes.
"""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tarfile import EOFHeaderError, HeaderError, ReadError  # type: ignore[attr-defined]  # not in typeshed
from typing import IO, Protocol, Self

from seriestool.errors import CommandFailed, InputRefused, MachineFault
from seriestool.git.command import Git, feed_git, git_at, run_git
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.log import QUIET, Progress, Task

IDENTITY = "seriestool <seriestool@localhost> 0 +0000"
_BRANCH = "refs/heads/import"
_SETTINGS = ("core.compression=1", "pack.compression=1", "fastimport.unpackLimit=0")
_READ = 1 << 20
# Bytes below which a failed fast-import is a full disk: it speaks of "disk corruption" when a write came up short.
_FULL = 32 << 20
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,@#=:")


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, none at the end."""


def import_tar(
    store: ObjectStore,
    stream: Readable,
    *,
    ref: str,
    message: str,
    size: int | None = None,
    progress: Progress = QUIET,
    strip: int = 1,
) -> str:
    """Import an uncompressed tar *stream* as a commit without parents, point *ref* at it and return its id.

    Every file is taken, whatever a .gitignore in it says; executable bits and symlinks are kept, hard links become
    copies, folders without files vanish. *strip* leading folders are taken off each path. Identity and date are fixed,
    so the same tar and message always give the same id. *size* is the stream's length in bytes, where known.

    Raises InputRefused for paths that leave the tree and for devices; MachineFault when the stream ends early or the
    disk is full.
    """
    with store.lock(progress=progress), _side_repository(store) as git, progress.task("import", size, "B") as task:
        source = _Counting(stream, task)
        try:
            feed_git(
                git, "fast-import", "--quiet", "--done", "--depth=0", "--date-format=raw",
                feed=lambda pipe: _Writer(pipe, strip).commit(source, message), settings=_SETTINGS,
            )  # fmt: skip
        except tarfile.TarError as error:
            raise MachineFault(f"broken tar archive: {error}") from error
        except CommandFailed as error:
            if shutil.disk_usage(store.path).free < _FULL:
                raise disk_fault(OSError(errno.ENOSPC, ""), store.path) from error
            raise
        commit = run_git(git, "rev-parse", "--verify", _BRANCH)
        _adopt(git, store)
        store.close()  # its git cat-file looks for packs again
        store.set_ref(ref, commit, store.resolve(ref))
        return commit


@contextmanager
def _side_repository(store: ObjectStore) -> Iterator[Git]:
    """Make an empty repository that borrows the store's objects, and remove it however the block ends."""
    side = store.path / "incoming"
    shutil.rmtree(side, ignore_errors=True)  # what a killed import left; we hold the lock
    try:
        side.mkdir()
        git = git_at(side)
        run_git(git, "init", "--quiet", "--bare", "--template=", "--object-format=sha1")
        (side / "objects" / "info" / "alternates").write_text("../../objects\n")
        yield git
    except OSError as error:
        raise disk_fault(error, store.path) from error
    finally:
        shutil.rmtree(side, ignore_errors=True)


def _adopt(git: Git, store: ObjectStore) -> None:
    """Move finished packs into the store, each index last: git sees a pack by its index."""
    target = store.path / "objects" / "pack"
    for index in sorted((Path(str(git.working_dir)) / "objects" / "pack").glob("pack-*.idx")):
        for path in (index.with_suffix(".pack"), index):
            path.replace(target / path.name)


class _Counting:
    """The tar stream, telling how far it is."""

    def __init__(self, stream: Readable, task: Task) -> None:
        self._stream = stream
        self._task = task

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._task.advance(len(data))
        return data


class _Member(tarfile.TarInfo):
    """A member of an archive that must be whole: tarfile takes a cut or damaged header for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except EOFHeaderError:  # the end, as it should be
            raise
        except HeaderError as error:
            raise ReadError(str(error)) from error


class _Writer:
    """Writes one commit in git fast-import's language (git-fast-import(1))."""

    def __init__(self, pipe: IO[bytes], strip: int) -> None:
        self._pipe = pipe
        self._strip = strip
        self._files: set[str] = set()

    def commit(self, source: _Counting, message: str) -> None:
        text = message.encode()
        self._pipe.write(b"commit %s\ncommitter %s\n" % (_BRANCH.encode(), IDENTITY.encode()))
        self._pipe.write(b"data %d\n%s\n" % (len(text), text))
        with tarfile.open(fileobj=source, mode="r|", bufsize=_READ, tarinfo=_Member) as archive:  # type: ignore[call-overload]
            for member in archive:
                self._member(archive, member)
                archive.members = []  # tarfile remembers every member; a kernel has 80,000
        if not self._files:
            raise MachineFault("the source archive holds no files")
        self._pipe.write(b"done\n")

    def _member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if member.isdir():
            return
        path = inner_path(member.name, self._strip)
        if member.isreg():
            content = archive.extractfile(member)
            assert content is not None
            self._file(path, 0o100755 if member.mode & 0o100 else 0o100644, content.read())
        elif member.issym():
            self._file(path, 0o120000, member.linkname.encode("utf-8", "surrogateescape"))
        elif member.islnk():
            self._copy(inner_path(member.linkname, self._strip), path)
        else:
            raise InputRefused(f"the source archive holds something that is no file: {member.name}")

    def _file(self, path: str, mode: int, data: bytes) -> None:
        self._files.add(path)
        self._pipe.write(b"M %o inline %s\ndata %d\n" % (mode, quoted(path), len(data)))
        self._pipe.write(data)
        self._pipe.write(b"\n")

    def _copy(self, source: str, path: str) -> None:
        if source not in self._files:
            raise InputRefused(f"the source archive links {path} to {source}, which is not before it")
        self._files.add(path)
        self._pipe.write(b"C %s %s\n" % (quoted(source), quoted(path)))


def inner_path(name: str, strip: int) -> str:
    """Take *strip* folders off a member's name. Raises InputRefused when the rest is no path inside a tree."""
    parts = [part for part in name.split("/") if part != "."]
    inner = parts[strip:]
    if name.startswith("/") or not inner or any(part in ("", "..") or part.lower() == ".git" for part in parts):
        raise InputRefused(f"the source archive holds a path that leaves the tree: {name}")
    return "/".join(inner)


def quoted(path: str) -> bytes:
    """Write a path for fast-import: C-style quotes where any byte is unusual."""
    raw = os.fsencode(path)
    if _PLAIN.issuperset(raw):
        return raw
    return b'"' + b"".join(b"\\%03o" % byte if byte not in _PLAIN else bytes((byte,)) for byte in raw) + b'"'
