"""The migrations make the very tables that the models describe, once and again."""

import stat
from operator import methodcaller
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cti import store
from cti.database import Database, open_database
from cti.errors import ConfigError
from cti.store import people, schema
from cti.store.models import Base

pytestmark = pytest.mark.server


def test_migrated_twice_from_nothing_the_tables_are_those_of_the_models(empty_url: str) -> None:
    store.upgrade(empty_url)
    store.upgrade(empty_url)
    database = open_database(empty_url)
    differences = database.read_now(lambda c: compare_metadata(MigrationContext.configure(c), Base.metadata))
    database.close_now()
    assert differences == []


def test_people_entered_before_sites_and_profiles_stay_and_may_be_taken_back(empty_url: str) -> None:
    database = open_database(empty_url)
    database.write_now(lambda connection: command.upgrade(schema.config(connection), "0001"))
    insert = (
        "INSERT INTO people (login, name, role, language, active, sessions_from_ms) VALUES ('v', 'V', 'agent', 'en', "
    )
    database.write_now(lambda connection: connection.execute(sa.text(f"{insert} true, 0)")))
    store.upgrade(empty_url)
    (vera,) = database.read_now(people.everyone)
    assert (vera.login, vera.site_id, vera.capacity) == ("v", None, None)
    database.write_now(lambda connection: command.downgrade(schema.config(connection), "0001"))
    columns = database.read_now(
        lambda connection: {one["name"] for one in sa.inspect(connection).get_columns("people")}
    )
    database.close_now()
    assert "login" in columns
    assert not columns & {"site_id", "capacity"}


def test_customers_entered_before_managers_stay_and_may_be_taken_back(empty_url: str) -> None:
    database = open_database(empty_url)
    database.write_now(lambda connection: command.upgrade(schema.config(connection), "0002"))
    for insert in (
        "INSERT INTO projects (project_id, name_en, name_ru) VALUES ('p', 'P', 'P')",
        "INSERT INTO customers (project_id, name, tier, language) VALUES ('p', 'Anna', 'gold', 'ru')",
    ):
        database.write_now(methodcaller("execute", sa.text(insert)))
    store.upgrade(empty_url)
    read = sa.text("SELECT name, tier, manager FROM customers")
    assert database.read_now(lambda connection: connection.execute(read).all()) == [("Anna", "gold", None)]
    database.write_now(lambda connection: command.downgrade(schema.config(connection), "0002"))
    columns = database.read_now(
        lambda connection: {one["name"] for one in sa.inspect(connection).get_columns("customers")}
    )
    database.close_now()
    assert "tier" in columns
    assert "manager" not in columns


def test_a_database_of_a_later_version_is_left_alone(url: str) -> None:
    database = open_database(url)
    database.write_now(
        lambda connection: connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    )
    database.close_now()
    with pytest.raises(ConfigError, match="restore the backup"):
        store.upgrade(url)


def test_the_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "triune.sqlite"
    store.upgrade(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_what_is_neither_sqlite_file_nor_postgresql_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_database(url)


def test_the_newest_migration_is_the_one_that_a_start_looks_for(database: Database) -> None:
    newest = ScriptDirectory.from_config(database.read_now(schema.config)).get_current_head()
    assert newest == schema.HEAD


@pytest.mark.usefixtures("impatient_database")
async def test_a_read_that_takes_too_long_is_a_database_that_does_not_answer(database: Database) -> None:
    from cti.errors import DatabaseDown

    slow = (
        "SELECT pg_sleep(1)"
        if not database.is_sqlite
        else ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n")
    )
    with pytest.raises(DatabaseDown, match=r"within 0\.05 s"):
        await database.read(lambda connection: connection.execute(sa.text(slow)).all(), within_s=0.05)
