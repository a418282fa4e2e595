# SPDX-License-Identifier: GPL-2.0-or-later
"""The same store on PostgreSQL: needs ``POSTGRES_URL`` of an empty database, and a driver."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from seriestool.model.run import Stage, StageResult, Status
from seriestool.store import open_store
from seriestool.store.tables import Base
from tests.records import flagship, hostile
from tests.store.test_roundtrip import begin, write

URL = os.environ.get("POSTGRES_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="POSTGRES_URL names no database")


def test_the_migrations_make_exactly_the_tables() -> None:
    open_store(URL).close()
    engine = create_engine(URL)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_records_come_out_equal() -> None:
    with open_store(URL) as store:
        for record in (flagship(), hostile()):
            run_id = write(store, record)
            assert store.load_run(run_id) == replace(record, id=run_id)
            assert store.latest_run(record.slug) == replace(record, id=run_id)


def test_what_it_refuses_is_replaced() -> None:
    result = StageResult(Stage.BOOT, Status.FAILED, "a\0b\udcff", 1.0, key="odd", warnings=("\0",))
    with open_store(URL) as store:
        store.record_stage(begin(store, flagship()), result)
        assert store.cached_stage("odd") == replace(result, detail="a\ufffdb\ufffd")
