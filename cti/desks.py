"""`cti desk`: the desk phones, how each registers, who sits there, and people's PINs.

No logic here: `cti.store.desks` works. `cti.cli` adds the group. A running engine learns a PIN at once; people sit down
and get up by their phone or page only, since the engine owns that.
"""

import asyncio
import secrets
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from cti import variables
from cti.config.names import did_you_mean
from cti.database import open_database
from cti.errors import NotFound
from cti.store.commands import Place
from cti.store.desks import StoredDesks
from cti.store.directory import Directory
from cti.store.schema import upgrade

_HOME = click.option("--home", type=click.Path(path_type=Path), help="Default: the home of `make run`.")
_PIN_DIGITS = 6


@click.group()
def desk() -> None:
    """Desk phones at which people log in."""


@desk.command(name="list")
@_HOME
def show(*, home: Path | None) -> None:
    """Every desk phone, and who sits there."""
    place = Place(home, None)
    upgrade(place.url)
    centre = place.centre
    table = Table("desk", "name", "registers as", "who")
    names = asyncio.run(_sitting(place.url))
    for one in centre.desks.values() if centre is not None else ():
        table.add_row(one.key, one.name.en, variables.desk_endpoint(one.key), names.get(one.key, ""))
    Console().print(table)


async def _sitting(url: str) -> dict[str, str]:
    database = open_database(url)
    try:
        people = {person.agent_id: person for person in await Directory(database).everyone()}
        seats = await StoredDesks(database).seats()
        return {seat.desk: people[seat.agent_id].name for seat in seats if seat.agent_id in people}
    finally:
        await database.close()


@desk.command()
@click.argument("key")
@_HOME
def password(*, key: str, home: Path | None) -> None:
    """The SIP password of a desk phone, for whoever sets it up."""
    place = Place(home, None)
    centre = place.centre
    if place.home is None or centre is None or key not in centre.desks:
        raise NotFound(f"There is no desk phone {key!r}{did_you_mean(key, centre.desks if centre is not None else ())}")
    click.echo(place.home.desk_secret(key))


@desk.command()
@click.argument("login")
@_HOME
def pin(*, login: str, home: Path | None) -> None:
    """Give somebody a PIN for desk phones, and open its lock.

    Asked for without showing it, or the first line of standard input; an empty one has a PIN made and printed.
    """
    place = Place(home, None)
    if sys.stdin.isatty():
        digits = click.prompt("PIN, or nothing for a new one", hide_input=True, default="", show_default=False)
    else:
        digits = sys.stdin.readline(100).strip()
    made = digits or f"{secrets.randbelow(10**_PIN_DIGITS):0{_PIN_DIGITS}}"
    upgrade(place.url)
    asyncio.run(_set_pin(place.url, login, made))
    click.echo(f"{login} has a PIN." if digits else made)


async def _set_pin(url: str, login: str, digits: str) -> None:
    database = open_database(url)
    try:
        person = await Directory(database).by_login(login)
        await StoredDesks(database).set_pin(person.agent_id, digits)
    finally:
        await database.close()
