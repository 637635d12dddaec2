"""Bringing a database to the schema of this version, by the migrations beside this module.

Called at every start and by the commands; a database that is there already takes milliseconds.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database, open_database
from cti.errors import ConfigError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0009"
"""Revision of the newest migration."""
_LOCK: Final = 8_746_863
"""Key of PostgreSQL's advisory lock: two centres that start at once upgrade one after the other."""


def upgrade(url: str) -> None:
    """Create or migrate the schema; again is harmless. Blocks. Raises DatabaseDown, ConfigError.

    In one transaction: a migration that fails leaves the database as it was.
    """
    database = open_database(url)
    try:
        upgrade_database(database)
    finally:
        database.close_now()


def upgrade_database(database: Database) -> None:
    """As `upgrade`, for one that is open."""
    if database.read_now(_revision) != HEAD:
        database.write_now(_migrate)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command, util

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    try:
        command.upgrade(config(connection), "head")
    except util.CommandError as error:
        raise ConfigError(
            f"The database has schema {_revision(connection)}, which this Triune does not know (its newest is "
            f"{HEAD}). Start the version that made it, or restore the backup made before the upgrade."
        ) from error


def config(connection: Connection) -> "Config":
    """Alembic's configuration, for this connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    made.attributes["connection"] = connection
    return made
