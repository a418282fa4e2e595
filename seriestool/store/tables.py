# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables, as SQLAlchemy sees them; ``migrations/`` creates them and a test compares the two.

A run keeps the patches and trailers as the archive knew them when it began: an old report stays what it was. Enums are
stored by their value, so that a database can be read without this program. What is never searched for (hunks, tests,
warnings) is JSON.
"""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import JSON, Dialect, Double, ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


class SafeText(TypeDecorator[str]):
    """Text of any length; what no database's text can hold becomes U+FFFD.

    PostgreSQL refuses NUL and UTF-8 has no lone surrogates, but both occur in consoles and in mail, and a finished
    stage must not get lost over one odd character.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace NUL and lone surrogates."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in value)


class Base(DeclarativeBase):
    """What all tables share: constraint names that are the same everywhere, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: SafeText}  # noqa: RUF012  # SQLAlchemy's own form


class SeriesRow(Base):
    """One revision of a tracked series."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("slug", "revision", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    revision: Mapped[int]
    title: Mapped[str]


class RunRow(Base):
    """One run; ``finished`` stays NULL when it is killed."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    started: Mapped[str]
    finished: Mapped[str | None]
    command: Mapped[str]
    arches: Mapped[list[Json]] = mapped_column(JSON)
    known: Mapped[list[Json]] = mapped_column(JSON)
    verdict: Mapped[str]
    exit_code: Mapped[int]

    series: Mapped[SeriesRow] = relationship()
    patches: Mapped[list[PatchRow]] = relationship(order_by="PatchRow.id")
    trees: Mapped[list[TreeOutcomeRow]] = relationship(order_by="TreeOutcomeRow.id")
    stages: Mapped[list[StageResultRow]] = relationship(order_by="StageResultRow.id")
    findings: Mapped[list[FindingRow]] = relationship(order_by="FindingRow.id")
    abi: Mapped[list[AbiMatrixRow]] = relationship(order_by="AbiMatrixRow.id")


class PatchRow(Base):
    """One patch as the archive knew it when the run began."""

    __tablename__ = "patches"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    number: Mapped[str]
    role: Mapped[str]
    subject: Mapped[str]
    message_id: Mapped[str]
    patch_id: Mapped[str | None]
    upstream: Mapped[str | None]
    file: Mapped[str | None]
    note: Mapped[str | None]
    author: Mapped[str]
    released: Mapped[str | None]
    notice: Mapped[str | None]

    trailers: Mapped[list[TrailerRow]] = relationship(order_by="TrailerRow.id")


class TrailerRow(Base):
    """One trailer of a patch, the whole line."""

    __tablename__ = "trailers"

    id: Mapped[int] = mapped_column(primary_key=True)
    patch_id: Mapped[int] = mapped_column(ForeignKey("patches.id"), index=True)
    line: Mapped[str]


class TreeOutcomeRow(Base):
    """The series on one tree."""

    __tablename__ = "tree_outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    tree: Mapped[str]
    version: Mapped[str]
    commit: Mapped[str]

    patches: Mapped[list[PatchOutcomeRow]] = relationship(order_by="PatchOutcomeRow.id")


class PatchOutcomeRow(Base):
    """One patch on one tree."""

    __tablename__ = "patch_outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    tree_outcome_id: Mapped[int] = mapped_column(ForeignKey("tree_outcomes.id"), index=True)
    number: Mapped[str]
    subject: Mapped[str]
    message_id: Mapped[str]
    outcome: Mapped[str]
    evidence: Mapped[str]
    hunks: Mapped[list[Json]] = mapped_column(JSON)
    commit: Mapped[str]
    tree_object: Mapped[str]
    evidence_class: Mapped[str | None]
    variant: Mapped[str] = mapped_column(server_default="posted")
    context: Mapped[int | None]


class StageResultRow(Base):
    """One finished stage; ``key`` finds it again for a later run."""

    __tablename__ = "stage_results"
    __table_args__ = (Index(None, "key", "status"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    stage: Mapped[str]
    status: Mapped[str]
    detail: Mapped[str]
    seconds: Mapped[float] = mapped_column(Double)
    tree: Mapped[str | None]
    arch: Mapped[str | None]
    state: Mapped[str | None]
    commit: Mapped[str | None]
    key: Mapped[str | None]
    cached: Mapped[bool]
    command: Mapped[str | None]
    log: Mapped[str | None]
    warnings: Mapped[list[Json]] = mapped_column(JSON)
    tests: Mapped[list[Json]] = mapped_column(JSON)


class AbiMatrixRow(Base):
    """What the series does to the user-space layout of one tree."""

    __tablename__ = "abi_matrices"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    tree: Mapped[str]
    matrix: Mapped[dict[str, Json]] = mapped_column(JSON)


class FindingRow(Base):
    """One finding of a run."""

    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    text: Mapped[str]
    against: Mapped[bool]
