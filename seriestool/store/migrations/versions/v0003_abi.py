# SPDX-License-Identifier: GPL-2.0-or-later
"""What a series does to the user-space layout of a tree."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "abi_matrices",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("tree", sa.String(), nullable=False),
        sa.Column("matrix", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_abi_matrices_run_id_runs")),
    )
    op.create_index(op.f("ix_abi_matrices_run_id"), "abi_matrices", ["run_id"])
