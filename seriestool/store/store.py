# SPDX-License-Identifier: GPL-2.0-or-later
"""What a workspace remembers: series, runs, and the result of every stage as soon as it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session, selectinload

from seriestool.errors import ExitCode
from seriestool.model.abi import AbiMatrix
from seriestool.model.outcome import TreeOutcome
from seriestool.model.run import Finding, PatchStatus, RunRecord, StageResult, Status
from seriestool.model.series import KnownFollowUp
from seriestool.store import faults
from seriestool.store.database import WRITES, connect
from seriestool.store.rows import (
    finding_to_row,
    known_to_json,
    matrix_to_row,
    patch_to_row,
    run_from_row,
    stage_from_row,
    stage_to_row,
    tree_to_row,
)
from seriestool.store.tables import PatchRow, RunRow, SeriesRow, StageResultRow, TreeOutcomeRow


def open_store(place: Path | str) -> Store:
    """Open the database at *place* and bring it to this program's schema; use it in a ``with`` block.

    *place* is the path of an SQLite file, made when it is not there, or an SQLAlchemy URL such as
    ``postgresql://host/database``. Raises UsageError for a URL that makes no sense, MachineFault for a file that is
    broken, foreign, newer than this program, or cannot be written.
    """
    return Store(*connect(place))


class Store:
    """An open database. Every call is one transaction of its own: what returned is on disk, also after kill -9.

    Every call raises MachineFault where the database cannot be read or written.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**WRITES)
        self._name = name

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def begin_run(
        self,
        *,
        slug: str,
        title: str,
        revision: int,
        arches: Sequence[str],
        command: str,
        started: str,
        patches: Sequence[PatchStatus],
        known: Sequence[KnownFollowUp],
    ) -> int:
        """Record that a run has begun and return its id; *started* is UTC, ISO 8601."""
        with self._writing() as session:
            row = RunRow(
                series=_series(session, slug, title, revision),
                started=started,
                command=command,
                arches=list(arches),
                known=known_to_json(known),
                patches=[patch_to_row(patch) for patch in patches],
                verdict="",
                exit_code=int(ExitCode.CANNOT_TELL),
            )
            session.add(row)
            session.flush()
            return row.id

    def record_tree(self, run_id: int, outcome: TreeOutcome) -> None:
        """Record what became of the patches on one tree."""
        with self._writing() as session:
            session.add(tree_to_row(run_id, outcome))

    def record_stage(self, run_id: int, result: StageResult) -> None:
        """Record one finished stage."""
        with self._writing() as session:
            session.add(stage_to_row(run_id, result))

    def record_abi(self, run_id: int, matrix: AbiMatrix) -> None:
        """Record what the series does to the user-space layout of one tree."""
        with self._writing() as session:
            session.add(matrix_to_row(run_id, matrix))

    def finish_run(self, run_id: int, findings: Sequence[Finding], verdict: str, exit_code: int, finished: str) -> None:
        """Record how the run ended; *finished* is UTC, ISO 8601."""
        with self._writing() as session:
            row = session.get_one(RunRow, run_id)
            row.verdict, row.exit_code, row.finished = verdict, int(exit_code), finished
            session.add_all(finding_to_row(run_id, finding) for finding in findings)

    def cached_stage(self, key: str) -> StageResult | None:
        """Return the newest verdict with this *key*, of any run: PASSED or FAILED, never what could not tell."""
        query = (
            select(StageResultRow)
            .where(StageResultRow.key == key, StageResultRow.status.in_((Status.PASSED.value, Status.FAILED.value)))
            .order_by(StageResultRow.id.desc())
            .limit(1)
        )
        with self._reading() as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else stage_from_row(row)

    def load_run(self, run_id: int) -> RunRecord | None:
        """Return the run with this id, or None; one that never ended has ``finished`` None and exit code 125."""
        return next(iter(self._load(select(RunRow).where(RunRow.id == run_id))), None)

    def latest_run(self, slug: str) -> RunRecord | None:
        """Return the run of *slug* that began last, or None."""
        return next(iter(self._load(_newest(slug).limit(1))), None)

    def runs(self, slug: str | None = None) -> tuple[RunRecord, ...]:
        """Return all runs, or those of *slug*, newest first."""
        return self._load(_newest(slug))

    def slugs(self) -> tuple[str, ...]:
        """Return the slugs of all series that were ever run, in alphabetical order."""
        with self._reading() as session:
            return tuple(sorted(session.scalars(select(SeriesRow.slug).distinct())))

    def _load(self, query: Select[RunRow]) -> tuple[RunRecord, ...]:
        query = query.options(
            selectinload(RunRow.series),
            selectinload(RunRow.patches).selectinload(PatchRow.trailers),
            selectinload(RunRow.trees).selectinload(TreeOutcomeRow.patches),
            selectinload(RunRow.stages),
            selectinload(RunRow.findings),
            selectinload(RunRow.abi),
        )
        with self._reading() as session:
            return tuple(run_from_row(row) for row in session.scalars(query))

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with faults.explained(self._name), Session(self._writer) as session, session.begin():
            yield session

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with faults.explained(self._name), Session(self._engine) as session, session.begin():
            try:
                yield session
            except (ValueError, KeyError, TypeError) as error:  # rows that were not written here
                raise faults.damaged(self._name, error) from error


def _series(session: Session, slug: str, title: str, revision: int) -> SeriesRow:
    """Return the row of this revision of the series, a new one where it is the first run of it."""
    found = session.scalars(select(SeriesRow).filter_by(slug=slug, title=title, revision=revision)).one_or_none()
    return found or SeriesRow(slug=slug, title=title, revision=revision)


def _newest(slug: str | None) -> Select[RunRow]:
    query = select(RunRow).order_by(RunRow.id.desc())
    return query if slug is None else query.join(RunRow.series).where(SeriesRow.slug == slug)
