# SPDX-License-Identifier: GPL-2.0-or-later
"""What a database can do wrong, told so that a user knows which file it is and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, InternalError, OperationalError

from seriestool.errors import MachineFault

# What SQLite says (sqlite3_errstr in https://www.sqlite.org/rescode.html), and what it means for a user.
_SQLITE = (
    ("disk is full", "no space left for the database", "make room on that disk; finished stages are kept"),
    ("disk i/o error", "the database cannot be written", "make room on that disk, or look into dmesg"),
    ("readonly", "the database is read-only", "check the owner and mode of the file and its directory"),
    ("unable to open", "the database cannot be opened", "check the owner and mode of the file and its directory"),
    ("locked", "the database is busy", "another seriestool is writing; try again when it is done"),
    ("not a database", "not a seriestool database", "move the file away, and a new one is made"),
    ("malformed", "the database is damaged", "move the file away, and a new one is made"),
)  # fmt: skip


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn the faults of the database *name* into MachineFault; our own mistakes in SQL stay what they are."""
    try:
        yield
    except DatabaseError as error:
        if type(error) is not DatabaseError and not isinstance(error, OperationalError | InternalError):
            raise
        said = str(error.orig).strip()
        for sign, message, hint in _SQLITE:
            if sign in said.lower():
                raise MachineFault(f"{name}: {message}: {said}", hint=hint) from error
        raise MachineFault(f"{name}: {said.splitlines()[0] if said else error}") from error


def damaged(name: str, error: Exception) -> MachineFault:
    """Return the fault for rows that seriestool never wrote."""
    return MachineFault(f"{name}: the database is damaged: {error}", hint="move the file away, and a new one is made")


def newer(name: str) -> MachineFault:
    """Return the fault for a schema this program does not know yet."""
    return MachineFault(f"{name}: written by a newer seriestool", hint="update seriestool, or move the file away")


def foreign(name: str) -> MachineFault:
    """Return the fault for a database of another program."""
    return MachineFault(f"{name}: not a seriestool database", hint="move the file away, and a new one is made")
