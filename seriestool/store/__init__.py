# SPDX-License-Identifier: GPL-2.0-or-later
"""What a workspace remembers, in SQLite or PostgreSQL; import it late, SQLAlchemy takes its time."""

from seriestool.store.store import Store, open_store

__all__ = ["Store", "open_store"]
