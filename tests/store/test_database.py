# SPDX-License-Identifier: GPL-2.0-or-later
"""New, broken, foreign, newer and full databases, and the migrations that make ours."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect
from sqlalchemy.pool import Pool

from seriestool.errors import MachineFault, UsageError
from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import Outcome
from seriestool.model.run import Stage, StageResult, Status
from seriestool.model.series import Variant
from seriestool.store import database, open_store
from seriestool.store.schema import HEAD, MIGRATIONS
from seriestool.store.tables import Base
from tests.records import flagship
from tests.store.test_roundtrip import begin

ROOT = Path(__file__).parents[2]
RESULT = StageResult(Stage.FETCH, Status.PASSED, "11 patches", 0.1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def faulty(path: Path) -> MachineFault:
    with pytest.raises(MachineFault) as caught, open_store(path) as store:
        store.runs()
    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.hint
    return caught.value


def test_the_migrations_make_exactly_the_tables(path: Path) -> None:
    open_store(path).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, Base.metadata) == []
        made = inspect(connection)
        for table in Base.metadata.sorted_tables:
            primary = made.get_pk_constraint(table.name)["constrained_columns"]
            assert primary == ["id"]
            assert {key["referred_table"] for key in made.get_foreign_keys(table.name)} == {
                key.column.table.name for key in table.foreign_keys
            }
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_directories_on_the_way_are_made_whatever_they_are_called(tmp_path: Path) -> None:
    path = tmp_path / "100 % of it" / "?x=y" / "state.sqlite"
    with open_store(path) as store:
        assert store.runs() == ()
    assert path.is_file()


def test_a_current_database_opens_without_alembic(path: Path) -> None:
    open_store(path).close()
    code = (
        "import sys; from seriestool.store import open_store; open_store(sys.argv[1]).close();"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


def test_sqlite_logs_ahead_and_checks_foreign_keys(path: Path) -> None:
    seen: list[tuple[object, ...]] = []
    with on_each_connection("PRAGMA foreign_keys", seen), open_store(path) as store:
        store.runs()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert set(seen) == {(1,)}


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 4, b"\0" * 4096])
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "not a seriestool database" in faulty(path).message
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    assert "not a seriestool database" in faulty(path).message
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("bookmarks",)]


def test_a_newer_database_is_left_alone(path: Path) -> None:
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    fault = faulty(path)
    assert "newer seriestool" in fault.message
    assert fault.hint is not None
    assert "update seriestool" in fault.hint


def test_a_truncated_database_is_named(path: Path) -> None:
    with open_store(path) as store:
        begin(store, flagship())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "damaged" in faulty(path).message


def test_a_row_nobody_wrote_is_damage(path: Path) -> None:
    with open_store(path) as store:
        store.record_stage(begin(store, flagship()), RESULT)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE stage_results SET status = 'perhaps'")
    assert "perhaps" in faulty(path).message


def test_a_directory_in_the_way_is_named(path: Path) -> None:
    path.mkdir()
    assert "cannot be opened" in faulty(path).message


def test_a_file_where_a_directory_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineFault, match=r"file: (Not a directory|File exists)"):
        open_store(tmp_path / "file" / "state.sqlite")


def test_a_full_disk_keeps_what_was_finished(path: Path) -> None:
    with open_store(path) as store:
        run_id = begin(store, flagship())
        store.record_stage(run_id, RESULT)
    # As a disk that has room for what is there, and for nothing more (https://www.sqlite.org/pragma.html).
    pages = path.stat().st_size // 4096
    with on_each_connection(f"PRAGMA max_page_count={pages}"), open_store(path) as store:
        with pytest.raises(MachineFault, match="no space left") as caught:
            for _ in range(100):
                store.record_stage(run_id, StageResult(Stage.BUILD, Status.PASSED, "x" * 4096, 1.0))
        assert str(path) in caught.value.message
        assert caught.value.hint == "make room on that disk; finished stages are kept"
        record = store.load_run(run_id)
        assert record is not None
        assert record.stages[0] == RESULT
    with open_store(path) as store:
        store.record_stage(run_id, RESULT)


def test_a_file_that_cannot_grow_is_a_fault_and_not_a_bug(path: Path) -> None:
    open_store(path).close()
    code = """
import resource, signal, sys
from seriestool.errors import MachineFault
from seriestool.store import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_store(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))
    try:
        for number in range(50):
            store.begin_run(slug="s", title="x" * 20000, revision=number, arches=(), command="c", started="t",
                            patches=(), known=())
    except MachineFault as error:
        print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.startswith(f"{path}: the database cannot be written: ")


def test_a_reader_of_a_busy_database_does_not_wait_but_a_second_writer_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database._SQLITE_ARGS, "timeout", 0.1)
    with open_store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        run_id = begin(store, flagship())
        other.execute("BEGIN IMMEDIATE")
        assert store.load_run(run_id) is not None
        with pytest.raises(MachineFault, match="busy"):
            store.record_stage(run_id, RESULT)
        other.execute("ROLLBACK")
        store.record_stage(run_id, RESULT)


@pytest.mark.parametrize("url", ["nothing://user:secret@host/db", "postgresql+nothing://user:secret@host/db"])
def test_a_url_without_a_driver_is_a_usage_error_without_the_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url)
    assert "secret" not in caught.value.message
    assert caught.value.hint


def test_a_sqlite_url_is_as_good_as_a_path(path: Path) -> None:
    with open_store(f"sqlite:///{path}") as store:
        begin(store, flagship())
    with open_store(path) as store:
        assert store.slugs() == ("synchronous-perf-signals",)


@contextmanager
def on_each_connection(statement: str, seen: list[tuple[object, ...]] | None = None) -> Iterator[None]:
    """Run *statement* whenever SQLAlchemy has opened a connection for use, and keep its first row in *seen*."""

    def run(connection: sqlite3.Connection, *_: object) -> None:
        row = connection.execute(statement).fetchone()
        if seen is not None:
            seen.append(row)

    event.listen(Pool, "checkout", run)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", run)


def test_a_database_of_the_first_version_is_upgraded(path: Path) -> None:
    """What 0001 wrote is read as what it meant: a posted patch, without the evidence that came later."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    hunk = (
        '[{"path": "a", "number": 1, "applied": true, "line": 1, "offset": 0, "cause": null, "expected": null, '
        '"found": null}]'
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO series VALUES (1, 's', 4, 'a title')",
            "INSERT INTO runs VALUES (1, 1, '2026-10-21T09:00:00+00:00', NULL, 'seriestool run s', '[]', '[]', '', 0)",
            "INSERT INTO patches VALUES (1, 1, '01', 'series', 'a', 'id', NULL, NULL, NULL, NULL, 'A')",
            "INSERT INTO tree_outcomes VALUES (1, 1, 't', '5.10', 'c')",
        ):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            "INSERT INTO patch_outcomes VALUES (1, 1, '01', 'a', 'id', 'applies', 'exact', ?, 'c', 't')", (hunk,)
        )
    engine.dispose()
    with open_store(path) as store:
        record = store.load_run(1)
    assert record is not None
    (patch,) = record.trees[0].patches
    assert (patch.outcome, patch.variant, patch.evidence_class) == (Outcome.APPLIES, Variant.POSTED, None)
    assert patch.hunks[0].introduced == ()
    assert record.abi == ()


def test_a_database_of_the_second_version_is_upgraded(path: Path) -> None:
    """A run of a version that did not look at layouts has none, and new ones find their place."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in (
            "INSERT INTO series VALUES (1, 's', 4, 'a title')",
            "INSERT INTO runs VALUES (1, 1, '2026-10-21T09:00:00+00:00', NULL, 'seriestool run s', '[]', '[]', '', 0)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    matrix = AbiMatrix("s", "t", "5.10", (), (), ())
    with open_store(path) as store:
        before = store.load_run(1)
        store.record_abi(1, matrix)
        after = store.load_run(1)
    assert before is not None
    assert after is not None
    assert (before.abi, after.abi) == ((), (matrix,))


def test_a_matrix_nobody_wrote_is_damage(path: Path) -> None:
    with open_store(path) as store:
        store.record_abi(begin(store, flagship()), AbiMatrix("s", "t", "5.10", (), (), ()))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE abi_matrices SET matrix = '{\"series\": 1}'")
    assert "damaged" in faulty(path).message
