# SPDX-License-Identifier: GPL-2.0-or-later
"""The first schema: series, runs, and what they found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "series",
        _id("series"),
        _text("slug"),
        sa.Column("revision", sa.Integer(), nullable=False),
        _text("title"),
        sa.UniqueConstraint("slug", "revision", "title", name=op.f("uq_series_slug_revision_title")),
    )
    op.create_table(
        "runs",
        _id("runs"),
        *_parent("runs", "series_id", "series"),
        _text("started"),
        _text("finished", nullable=True),
        _text("command"),
        _json("arches"),
        _json("known"),
        _text("verdict"),
        sa.Column("exit_code", sa.Integer(), nullable=False),
    )
    op.create_table(
        "patches",
        _id("patches"),
        *_parent("patches", "run_id", "runs"),
        *(_text(name) for name in ("number", "role", "subject", "message_id")),
        *(_text(name, nullable=True) for name in ("patch_id", "upstream", "file", "note")),
        _text("author"),
    )
    op.create_table("trailers", _id("trailers"), *_parent("trailers", "patch_id", "patches"), _text("line"))
    op.create_table(
        "tree_outcomes",
        _id("tree_outcomes"),
        *_parent("tree_outcomes", "run_id", "runs"),
        *(_text(name) for name in ("tree", "version", "commit")),
    )
    op.create_table(
        "patch_outcomes",
        _id("patch_outcomes"),
        *_parent("patch_outcomes", "tree_outcome_id", "tree_outcomes"),
        *(_text(name) for name in ("number", "subject", "message_id", "outcome", "evidence")),
        _json("hunks"),
        *(_text(name) for name in ("commit", "tree_object")),
    )
    op.create_table(
        "stage_results",
        _id("stage_results"),
        *_parent("stage_results", "run_id", "runs"),
        *(_text(name) for name in ("stage", "status", "detail")),
        sa.Column("seconds", sa.Double(), nullable=False),
        *(_text(name, nullable=True) for name in ("tree", "arch", "state", "commit", "key")),
        sa.Column("cached", sa.Boolean(), nullable=False),
        *(_text(name, nullable=True) for name in ("command", "log")),
        _json("warnings"),
        _json("tests"),
    )
    op.create_table(
        "findings",
        _id("findings"),
        *_parent("findings", "run_id", "runs"),
        _text("text"),
        sa.Column("against", sa.Boolean(), nullable=False),
    )
    _create_indexes()


def _create_indexes() -> None:
    for table, columns in (
        ("runs", ["series_id"]),
        ("patches", ["run_id"]),
        ("trailers", ["patch_id"]),
        ("tree_outcomes", ["run_id"]),
        ("patch_outcomes", ["tree_outcome_id"]),
        ("stage_results", ["run_id"]),
        ("stage_results", ["key", "status"]),
        ("findings", ["run_id"]),
    ):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def _id(table: str) -> sa.Column[int]:
    # The primary key's own name comes from the metadata's naming convention.
    return sa.Column("id", sa.Integer(), primary_key=True, nullable=False)


def _parent(table: str, column: str, parent: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        sa.Column(column, sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}_{parent}")),
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)
