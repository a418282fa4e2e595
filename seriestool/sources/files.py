# SPDX-License-Identifier: GPL-2.0-or-later
"""Series in files: an mbox, plain or gzipped, and a directory of patches or mails."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import InputRefused, MachineFault
from seriestool.formats.mail import Message, read_messages
from seriestool.sources.source import Found, Surroundings

SIZE_LIMIT = 96 << 20
"""Bytes of one mbox, inflated."""

_GZIP = b"\x1f\x8b"
_PATCH_FILE = re.compile(r"(?!\.).*\.(?:patch|eml|mbox|mbx|diff)(?:\.gz)?")


@dataclass(frozen=True, slots=True)
class MboxSource:
    """An mbox or a single mail, plain or gzipped."""

    name: str = "mbox or mbox.gz"

    def accepts(self, spec: str) -> bool:
        """Tell whether *spec* is a file, or a pipe with one in it (``<(git format-patch --stdout ...)``)."""
        try:
            return Path(spec).exists() and not Path(spec).is_dir()
        except OSError:  # too long for a path
            return False

    def read(self, spec: str, around: Surroundings) -> Found:
        """Return every mail of the file; raises as ``read_mail_file`` does."""
        return Found(read_mail_file(Path(spec)))


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """A directory of patch files, or a maildir."""

    name: str = "directory of patches, or maildir"

    def accepts(self, spec: str) -> bool:
        """Tell whether *spec* is a directory."""
        try:
            return Path(spec).is_dir()
        except OSError:  # too long for a path
            return False

    def read(self, spec: str, around: Surroundings) -> Found:
        """Return the mail of every file, ordered by file name.

        Raises InputRefused where there is none, otherwise as ``read_mail_file`` does.
        """
        files = mail_files(Path(spec))
        if not files:
            raise InputRefused(f"{spec}: no *.patch in it, and no maildir")
        return Found(tuple(message for file in files for message in read_mail_file(file)))


def mail_files(directory: Path) -> Sequence[Path]:
    """Return the files of *directory* that hold mail, ordered by name: those of a maildir, else patches and mboxes."""
    if (directory / "cur").is_dir() and (directory / "new").is_dir():
        return sorted((path for name in ("cur", "new") for path in (directory / name).iterdir() if path.is_file()),
                      key=lambda path: path.name)  # fmt: skip
    return sorted(path for path in directory.iterdir() if path.is_file() and _PATCH_FILE.fullmatch(path.name))


def read_mail_file(path: Path) -> tuple[Message, ...]:
    """Return every mail of an mbox or mail file, gzipped or not.

    Raises InputRefused, naming the file, for what is empty, binary, truncated or too large; MachineFault where it
    cannot be read.
    """
    with _named(path):
        return read_messages(inflated(_read(path)))


def check_mail_file(path: Path) -> None:
    """Raise what ``read_mail_file`` would, for a file that somebody else is about to read: too large, or damaged."""
    with _named(path):
        inflated(_read(path))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise MachineFault(f"{path}: {error.strerror}") from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except InputRefused as error:
        raise InputRefused(f"{path}: {error.message}", hint=error.hint) from error


def inflated(data: bytes) -> bytes:
    """Return *data*, gunzipped where it is gzip (RFC 1952), at most ``SIZE_LIMIT`` bytes of it.

    Raises InputRefused for damaged or truncated gzip, and for one that inflates to more.
    """
    if data.startswith(_GZIP) and len(data) <= SIZE_LIMIT:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                data = stream.read(SIZE_LIMIT + 1)
        except EOFError as error:
            raise InputRefused("truncated: the gzip data ends too early") from error
        except (OSError, zlib.error) as error:
            raise InputRefused(f"damaged gzip data: {error}") from error
    if len(data) > SIZE_LIMIT:
        raise InputRefused(f"more than {SIZE_LIMIT} bytes of mail")
    return data
