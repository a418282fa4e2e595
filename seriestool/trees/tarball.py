# SPDX-License-Identifier: GPL-2.0-or-later
"""Release tarballs, on this machine or behind a URL; plain, gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from seriestool.errors import MachineFault, UsageError
from seriestool.git.importer import Readable, import_tar
from seriestool.git.objects import ObjectStore, disk_fault
from seriestool.log import Progress
from seriestool.model.tree import Source, TarballSource, Tree, TreeSpec
from seriestool.places import Cache
from seriestool.trees.imported import load_tree, tree_ref

_CHUNK = 1 << 20
_TIMEOUT = 60  # seconds without a byte


class TarballTrees:
    """``tarball = "<path or url>"``."""

    def accepts(self, source: Source) -> bool:
        """Tell whether *source* is a tarball."""
        return isinstance(source, TarballSource)

    def describe(self, source: Source) -> str:
        """Return its place."""
        assert isinstance(source, TarballSource)
        return source.location

    def known_tree(self, spec: TreeSpec, store: ObjectStore) -> Tree | None:
        """Return what was imported from this place last."""
        return load_tree(spec, store, tree_ref(spec.source))

    def import_tree(
        self, spec: TreeSpec, *, store: ObjectStore, cache: Cache, progress: Progress, update: bool
    ) -> Tree:
        """Import the tarball; one that was imported before, from wherever, is found by its bytes.

        Raises UsageError for a path that does not exist, MachineFault for a URL that does not answer, a broken
        archive, or a full disk.
        """
        source = spec.source
        assert isinstance(source, TarballSource)
        known = self.known_tree(spec, store)
        if known is not None and _is_url(source.location) and not update:
            return known
        archive = _local(source, cache, progress, update=update)
        by_bytes = tree_ref(_digest(archive))
        if store.resolve(by_bytes) is None:
            _import(archive, by_bytes, store, progress)
        commit = store.resolve(by_bytes)
        assert commit is not None
        store.set_ref(tree_ref(source), commit, known.commit if known else None)
        tree = self.known_tree(spec, store)
        assert tree is not None
        return tree


def _is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))


def _name(url: str) -> str:
    """Return the last part of a URL's path; raises UsageError for what is no URL."""
    try:
        return Path(urlsplit(url).path).name
    except ValueError as error:
        raise UsageError(f"no URL: {url}: {error}") from error


def _local(source: TarballSource, cache: Cache, progress: Progress, *, update: bool) -> Path:
    if not _is_url(source.location):
        path = Path(source.location).expanduser()
        if not path.is_file():
            raise UsageError(f"no such file: {path}", hint="a path in seriestool.toml counts from that file")
        return path
    name = hashlib.sha256(source.location.encode()).hexdigest()[:12]
    kept = cache.downloads / "tarballs" / f"{name}-{_name(source.location)}"
    if update or not kept.is_file():
        _download(source.location, kept, progress)
    return kept


def _download(url: str, kept: Path, progress: Progress) -> None:
    partial = kept.with_name(f".{kept.name}.partial")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, partial.open("wb") as file:
            length = answer.headers.get("Content-Length")
            total = float(length) if length else None
            with progress.task(f"download {_name(url)}", total, "B") as task:
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    task.advance(len(chunk))
        if length and partial.stat().st_size != int(length):
            raise MachineFault(f"{url}: {partial.stat().st_size} of {length} bytes came")
        partial.replace(kept)
    except urllib.error.URLError as error:
        raise MachineFault(f"{url}: {error.reason}", hint="is the address right, and within reach?") from error
    except OSError as error:
        raise disk_fault(error, kept.parent) from error
    finally:
        partial.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _import(archive: Path, ref: str, store: ObjectStore, progress: Progress) -> None:
    """Import *archive*. The message does not name the file: the same bytes give the same commit under any name."""
    try:
        with _unpacked(archive) as stream:
            import_tar(store, stream, ref=ref, message="A release tarball\n", progress=progress)
    except OSError as error:
        raise MachineFault(f"{archive}: {error.strerror}") from error


@contextmanager
def _unpacked(archive: Path) -> Iterator[Readable]:
    """Open *archive* for reading what is in its compression, which its first bytes tell."""
    with archive.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        if magic.startswith(b"\x1f\x8b"):
            yield _Whole(gzip.GzipFile(fileobj=raw), archive)
        elif magic.startswith(b"BZh"):
            yield _Whole(bz2.BZ2File(raw), archive)
        elif magic.startswith(b"\xfd7zXZ"):
            with lzma.LZMAFile(raw) as unpacked:
                yield _Whole(unpacked, archive)
        elif magic.startswith(b"\x28\xb5\x2f\xfd"):
            raise MachineFault(f"{archive}: zstd is not read here", hint="unpack it: zstd -d")
        else:
            yield _Whole(raw, archive)


class _Whole:
    """A stream whose damage is the archive's fault: to the importer, an OSError is one of the store."""

    def __init__(self, stream: Readable, archive: Path) -> None:
        self._stream = stream
        self._archive = archive

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise MachineFault(f"{self._archive}: broken archive: {error}") from error
