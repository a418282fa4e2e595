# SPDX-License-Identifier: GPL-2.0-or-later
"""The one place that knows which database it is: connecting, and what SQLite needs to be told."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from seriestool.errors import MachineFault, UsageError
from seriestool.store import faults
from seriestool.store.schema import Schema, look, migrate

_BUSY = 30.0
"""Seconds to wait for another writer; one transaction takes milliseconds."""

WRITES = {"seriestool_writes": True}
"""Execution options of a connection that is going to write."""


def connect(place: Path | str) -> tuple[Engine, str]:
    """Open the database at *place*, a path or an SQLAlchemy URL, and return it with the name to call it by.

    A new database gets its tables from the migrations, an older one those that it lacks. Raises UsageError for a URL
    that makes no sense, MachineFault for what cannot be opened or is no database of ours.
    """
    url, name = _url(place)
    try:
        engine = create_engine(url, **({"connect_args": _SQLITE_ARGS} if url.get_backend_name() == "sqlite" else {}))
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(f"{name}: {error}", hint="a path, or a URL such as postgresql://host/database") from error
    except ImportError as error:
        raise UsageError(f"{name}: no driver for it: {error}", hint="install it, e.g. pip install psycopg") from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    try:
        with faults.explained(name):
            _bring_to_head(engine, name)
    except BaseException:
        engine.dispose()
        raise
    return engine, name


_SQLITE_ARGS = {
    "timeout": _BUSY,
    # sqlite3 then never opens a transaction by itself, and CREATE TABLE takes part in ours: a migration that is
    # killed leaves nothing behind.
    "isolation_level": None,
}


def _url(place: Path | str) -> tuple[URL, str]:
    if isinstance(place, str) and "://" in place:
        try:
            url = make_url(place)
        except ArgumentError as error:
            raise UsageError(f"{place}: {error}", hint="a path, or a URL such as postgresql://host/database") from error
        return url, url.render_as_string(hide_password=True)
    path = Path(place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineFault(f"{error.filename}: {error.strerror}") from error
    return URL.create("sqlite", database=str(path)), str(path)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        # Write-ahead logging: readers and the writer do not wait for each other (https://www.sqlite.org/wal.html).
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes fails at once, whatever the timeout, when another one wrote in
        # between; IMMEDIATE waits for its turn instead (https://www.sqlite.org/lang_transaction.html, 2.1).
        writes = connection.get_execution_options().get("seriestool_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_to_head(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        found = look(connection)
    if found in (Schema.EMPTY, Schema.OLDER):
        with engine.execution_options(**WRITES).begin() as connection:
            found = look(connection)  # another process may have been faster
            if found in (Schema.EMPTY, Schema.OLDER):
                migrate(connection)
                found = Schema.CURRENT
    if found is Schema.NEWER:
        raise faults.newer(name)
    if found is Schema.FOREIGN:
        raise faults.foreign(name)
