# SPDX-License-Identifier: GPL-2.0-or-later
"""The index of a mirror: a SQLite file that knows what every mail is searched by, and follows the mirror.

Each epoch remembers the last commit that was read. Mail goes in by chunks, and a chunk moves that mark in its own
transaction: what is interrupted goes on from there, and of two processes the second finds the mark moved and goes on
from where the first is. Only the index is ever written, and it can be deleted at any time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seriestool.errors import MachineFault
from seriestool.sources.inbox.entry import COMMIT_DIGITS, Entry

_VERSION = 3
"""Of the tables and of what ``read_entry`` keeps; an index of another version is made anew."""
_WAIT = 120.0  # seconds for another process's chunk
_ANY_COMMIT = -1  # stands for the commits of a mail that names too many
_TABLES = """
    CREATE TABLE epoch (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, inbox TEXT NOT NULL, mark TEXT);
    CREATE TABLE mail (
        id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, blob TEXT NOT NULL, date INTEGER NOT NULL, sender TEXT NOT NULL,
        revision INTEGER, number INTEGER, title TEXT NOT NULL, change TEXT, notice INTEGER NOT NULL
    );
    CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE cite (
        mail INTEGER NOT NULL, name INTEGER NOT NULL, own INTEGER NOT NULL, PRIMARY KEY (mail, name)
    ) WITHOUT ROWID;
    CREATE TABLE word (prefix INTEGER NOT NULL, mail INTEGER NOT NULL, PRIMARY KEY (prefix, mail)) WITHOUT ROWID;
    CREATE TABLE header (path TEXT NOT NULL, mail INTEGER NOT NULL, PRIMARY KEY (path, mail)) WITHOUT ROWID;
    CREATE INDEX mail_epoch ON mail (epoch);
    CREATE INDEX mail_blob ON mail (blob);
    CREATE INDEX mail_sender ON mail (sender, revision) WHERE revision IS NOT NULL;
    CREATE INDEX mail_change ON mail (change) WHERE change IS NOT NULL;
    CREATE INDEX mail_notice ON mail (date) WHERE notice;
    CREATE INDEX cite_name ON cite (name, own);
    CREATE INDEX word_mail ON word (mail);
    CREATE INDEX header_mail ON header (mail);
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one mail is: the epoch's path below the mirror, and the blob."""

    epoch: str
    blob: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit did: the mail *blob* came, of which *entry* is kept (None: unreadable), or was *removed*."""

    blob: str
    entry: Entry | None
    removed: bool


class InboxIndex:
    """The index in the file *path*, made where there is none. Raises MachineFault for a file that cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._faults():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # after a power cut, the last chunks are read again
            with self._changing():
                self._make_tables()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _make_tables(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:
            return
        for (table,) in self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            self._db.execute(f'DROP TABLE "{table}"')
        for statement in _TABLES.split(";"):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    # Following the mirror

    def mark(self, epoch: str, inbox: str) -> str | None:
        """Return the last commit of *epoch*, an epoch of *inbox*, that is in the index; None for none."""
        with self._faults():
            insert = "INSERT INTO epoch (path, inbox) VALUES (?, ?) ON CONFLICT DO NOTHING"
            row = self._db.execute("SELECT mark FROM epoch WHERE path = ?", (epoch,)).fetchone()
            if row is None:
                self._db.execute(insert, (epoch, inbox))
            return str(row[0]) if row and row[0] else None

    def known_epochs(self) -> tuple[str, ...]:
        """Return every epoch that was ever read."""
        with self._faults():
            return tuple(path for (path,) in self._db.execute("SELECT path FROM epoch ORDER BY id"))

    def advance(self, epoch: str, old: str | None, new: str, steps: Iterable[Step]) -> bool:
        """Make *steps*, and move the mark of *epoch* from *old* to *new*: all of it or nothing.

        Returns False, and does nothing, where another process has moved the mark.
        """
        with self._faults(), self._changing():
            row = self._db.execute("SELECT id, mark, inbox FROM epoch WHERE path = ?", (epoch,)).fetchone()
            if row is None or row[1] != old:
                return False
            for step in steps:
                if step.removed:
                    self._remove(step.blob, row[2])
                elif step.entry is not None:
                    self._add(row[0], step.blob, step.entry)
            self._db.execute("UPDATE epoch SET mark = ? WHERE id = ?", (new, row[0]))
            return True

    def forget(self, epoch: str, old: str | None) -> None:
        """Drop all mail of *epoch*, which was rewritten or is gone, unless its mark is no longer *old*."""
        with self._faults(), self._changing():
            row = self._db.execute("SELECT id, mark FROM epoch WHERE path = ?", (epoch,)).fetchone()
            if row is None or row[1] != old:
                return
            for table in ("cite", "word", "header"):
                self._db.execute(f"DELETE FROM {table} WHERE mail IN (SELECT id FROM mail WHERE epoch = ?)", row[:1])
            self._db.execute("DELETE FROM mail WHERE epoch = ?", row[:1])
            self._db.execute("DELETE FROM epoch WHERE id = ?", row[:1])

    def _add(self, epoch: int, blob: str, entry: Entry) -> None:
        values = (
            epoch, blob, entry.date, entry.sender, entry.revision, entry.number, entry.title, entry.change_id,
            entry.notice,
        )  # fmt: skip
        mail = self._db.execute(f"INSERT INTO mail VALUES (NULL{', ?' * len(values)})", values).lastrowid
        cited = [(mail, self._name(one), 1) for one in entry.message_ids]
        cited += [(mail, self._name(one), 0) for one in entry.references]
        self._db.executemany("INSERT INTO cite VALUES (?, ?, ?) ON CONFLICT DO NOTHING", cited)
        words = [_ANY_COMMIT] if entry.commits is None else [int(one, 16) for one in entry.commits]
        self._db.executemany("INSERT INTO word VALUES (?, ?)", [(word, mail) for word in sorted(words)])
        self._db.executemany("INSERT INTO header VALUES (?, ?)", [(path, mail) for path in sorted(entry.headers)])

    def _name(self, message_id: str) -> int:
        row = self._db.execute("SELECT id FROM name WHERE text = ?", (message_id,)).fetchone()
        if row is None:
            row = (self._db.execute("INSERT INTO name (text) VALUES (?)", (message_id,)).lastrowid,)
        return int(row[0])

    def _remove(self, blob: str, inbox: str) -> None:
        query = "SELECT mail.id FROM mail JOIN epoch ON epoch.id = mail.epoch WHERE blob = ? AND inbox = ?"
        for row in self._db.execute(query, (blob, inbox)).fetchall():
            for table, column in (("cite", "mail"), ("word", "mail"), ("header", "mail"), ("mail", "id")):
                self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", row)

    # Searching

    def everything(self) -> Iterator[Place]:
        """Yield every mail in the order it was read, the first of each message-id.

        Where an id is used again, public-inbox adds one of its own to the later mail: the lowest name is the older id.
        """
        query = """
            SELECT path, blob FROM mail JOIN epoch ON epoch.id = mail.epoch WHERE mail.id IN (
                SELECT min(mail) FROM (SELECT mail, min(name) AS name FROM cite WHERE own GROUP BY mail) GROUP BY name
            ) ORDER BY mail.id
        """
        return self._places(query, ())

    def thread(self, message_id: str) -> Sequence[Place]:
        """Return the mails that *message_id* is connected with by what they answer, by date, each message-id once.

        That is the thread of public-inbox without its guesses by subject; () where the message itself is not there.
        """
        query = "SELECT mail FROM cite JOIN name ON name.id = cite.name WHERE own AND text = ?"
        with self._faults():
            start = {mail for (mail,) in self._db.execute(query, (message_id,))}
            return self._once(self._connected(start))

    def related(self, commits: Iterable[str], headers: Iterable[str], since: int, until: int) -> Sequence[Place]:
        """Return the threads with a mail that may name one of *commits*, or changes one of *headers*, by date.

        For *headers* only mail counts that is dated from *since* to *until*, in seconds since 1970.
        """
        with self._faults():
            start: set[int] = set()
            for commit in commits:
                words = (int(commit[:COMMIT_DIGITS], 16), _ANY_COMMIT)
                start |= {mail for (mail,) in self._db.execute("SELECT mail FROM word WHERE prefix IN (?, ?)", words)}
            query = "SELECT mail FROM header JOIN mail ON id = header.mail WHERE path = ? AND date BETWEEN ? AND ?"
            for path in headers:
                start |= {mail for (mail,) in self._db.execute(query, (path, since, until))}
            return self._once(self._connected(start))

    def _connected(self, start: set[int]) -> set[int]:
        """Return *start* and every mail that answers one of them or is answered, however far."""
        mails, names, waiting = set(start), set[int](), list(start)
        while waiting:
            cited = self._db.execute("SELECT name FROM cite WHERE mail = ?", (waiting.pop(),)).fetchall()
            for (name,) in cited:
                if name not in names:
                    names.add(name)
                    citing = self._db.execute("SELECT mail FROM cite WHERE name = ?", (name,)).fetchall()
                    new = {mail for (mail,) in citing} - mails
                    mails |= new
                    waiting += new
        return mails

    def posted(self, revision: int, sender: str, change_id: str | None) -> Iterator[Place]:
        """Yield cover letters and patches of *revision* by *sender*, or with *change_id*; numbers first, then dates."""
        query = """
            SELECT path, blob FROM mail JOIN epoch ON epoch.id = mail.epoch
            WHERE revision = ?1 AND mail.id IN (
                SELECT id FROM mail WHERE sender = ?2 AND revision = ?1 UNION SELECT id FROM mail WHERE change = ?3
            ) ORDER BY number, date, mail.id
        """
        return self._places(query, (revision, sender, change_id))

    def notices(self, since: int, until: int) -> Iterator[Place]:
        """Yield the commit notices dated from *since* to *until*, in seconds since 1970, by date."""
        query = """
            SELECT path, blob FROM mail JOIN epoch ON epoch.id = mail.epoch
            WHERE notice AND date BETWEEN ? AND ? ORDER BY date, mail.id
        """
        return self._places(query, (since, until))

    def naming(self, commit: str) -> Iterator[Place]:
        """Yield the mails that may name *commit*, at least ``COMMIT_DIGITS`` digits of it, in the order they came."""
        query = """
            SELECT DISTINCT path, blob, mail.id
            FROM word JOIN mail ON mail.id = word.mail JOIN epoch ON epoch.id = mail.epoch
            WHERE prefix IN (?, ?) ORDER BY mail.id
        """
        return self._places(query, (int(commit[:COMMIT_DIGITS], 16), _ANY_COMMIT))

    def _once(self, mails: set[int]) -> Sequence[Place]:
        query = """
            SELECT path, blob, date, mail.id, (SELECT min(name) FROM cite WHERE mail = mail.id AND own) AS name
            FROM mail JOIN epoch ON epoch.id = mail.epoch WHERE mail.id = ?
        """
        found = (self._db.execute(query, (mail,)).fetchone() for mail in mails)
        # What another process has removed meanwhile is None.
        rows = sorted((row for row in found if row is not None), key=lambda row: row[2:4])
        first: dict[int, Place] = {}
        for path, blob, _, _, name in rows:
            first.setdefault(name, Place(path, blob))
        return tuple(first.values())

    def _places(self, query: str, values: Sequence[object]) -> Iterator[Place]:
        with self._faults():
            for path, blob, *_ in self._db.execute(query, values):
                yield Place(path, blob)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            hint = "remove the file, and the mirror is indexed again"
            raise MachineFault(f"{self.path}: {error}", hint=hint) from error
        except OSError as error:
            raise MachineFault(f"{self.path}: {error.strerror}") from error
