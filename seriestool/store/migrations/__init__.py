# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations, run by ``store.schema`` whenever a database is older than the program (or empty).

A change of ``store/tables.py`` needs one more file in ``versions/``, with the next number, and ``HEAD`` of
``store/schema.py`` set to it; the tests compare what the migrations make with what the tables say. A migration that
was released is never edited, and uses only what SQLite and PostgreSQL share (``op.batch_alter_table`` for ALTER).
"""
