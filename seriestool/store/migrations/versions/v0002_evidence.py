# SPDX-License-Identifier: GPL-2.0-or-later
"""What an outcome rests on, the form of the patch that was tried, and where a patch landed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("released", "notice"):
        op.add_column("patches", sa.Column(name, sa.String(), nullable=True))
    op.add_column("patch_outcomes", sa.Column("evidence_class", sa.String(), nullable=True))
    op.add_column("patch_outcomes", sa.Column("variant", sa.String(), nullable=False, server_default="posted"))
    op.add_column("patch_outcomes", sa.Column("context", sa.Integer(), nullable=True))
