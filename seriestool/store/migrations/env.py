# SPDX-License-Identifier: GPL-2.0-or-later
"""What alembic runs: the migrations, on the connection that ``store.schema.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from seriestool.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot ALTER a constraint: the table is copied instead
)
with context.begin_transaction():
    context.run_migrations()
