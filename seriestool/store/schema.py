# SPDX-License-Identifier: GPL-2.0-or-later
"""Which schema a database has, and how it gets to ours: by the migrations beside this file, from the first one on."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003"
"""The newest migration; a test compares it with ``migrations/versions``."""

MIGRATIONS = Path(__file__).parent / "migrations"
_OURS = frozenset({"series", "runs", "stage_results"})


class Schema(Enum):
    """What was found in a database."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


def look(connection: Connection) -> Schema:
    """Tell whose schema *connection* has; imports alembic only where it differs from ours."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return Schema.EMPTY
    if "alembic_version" not in tables or not tables >= _OURS:
        return Schema.FOREIGN
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if version == HEAD:
        return Schema.CURRENT
    return Schema.OLDER if version in _known_versions() else Schema.NEWER


def migrate(connection: Connection) -> None:
    """Run the migrations that *connection*'s database lacks, within its transaction."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _known_versions() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    # The option goes through configparser, to which a "%" of the path would be an interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
